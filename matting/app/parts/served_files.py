"""Files that the browser fetches: written into Gradio's cache, whose schedule removes them again.

Gradio would encode arrays itself, slowly and through 8 bits; a path into its cache is served as it is.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from gradio import processing_utils, utils

FAST_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 2)
FINE_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90)


def show_exact(image: np.ndarray, name: str = "view") -> str:
    """Store an RGB or gray uint8 image as PNG and return its path; the pixels stay exact."""
    return _encode(image, f"{name}.png", FAST_PNG)


def show_quickly(image: np.ndarray, name: str = "view") -> str:
    """Store an RGB uint8 image as JPEG and return its path.

    Only for pictures that are sent again after every click and never read back: a PNG of a photo takes ten
    times as long to make and to send.
    """
    return _encode(image, f"{name}.jpg", FINE_JPEG)


def inline(image: np.ndarray) -> str:
    """Return an address that holds a small RGB or gray uint8 image itself, as JPEG: for pictures within HTML."""
    return "data:image/jpeg;base64," + base64.b64encode(_bytes(image, ".jpg", FINE_JPEG)).decode()


def keep(write: Callable[[Path], None], name: str) -> str:
    """Let `write` make the file `name` and return its path in the cache.

    Gradio names its folder by its content and puts it in place whole: the same picture may be on its way to a
    browser right now.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return processing_utils.save_file_to_cache(path, str(utils.get_upload_folder()))


def _encode(image: np.ndarray, name: str, options: tuple[int, int]) -> str:
    data = _bytes(image, Path(name).suffix, options)
    return keep(lambda path: path.write_bytes(data), name)


def _bytes(image: np.ndarray, kind: str, options: tuple[int, int]) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    return cv2.imencode(kind, bgr, list(options))[1].tobytes()
