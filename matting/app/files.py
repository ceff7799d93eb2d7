"""Files that the browser fetches: written into Gradio's cache, whose schedule removes them again.

Gradio would encode arrays itself, slowly and through 8 bits; a path into its cache is served as it is.
"""

from __future__ import annotations

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
    return _store(_encode(".png", image, FAST_PNG), f"{name}.png")


def show_quickly(image: np.ndarray, name: str = "view") -> str:
    """Store an RGB uint8 image as JPEG and return its path.

    Only for pictures that are sent again after every click and never read back: a PNG of a photo takes ten
    times as long to make and to send.
    """
    return _store(_encode(".jpg", image, FINE_JPEG), f"{name}.jpg")


def keep(write: Callable[[Path], None], name: str) -> str:
    """Let `write` make the file `name` and return its path in the cache."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return _store(path.read_bytes(), name)


def _encode(ending: str, image: np.ndarray, options: tuple[int, int]) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    return cv2.imencode(ending, bgr, list(options))[1].tobytes()


def _store(data: bytes, name: str) -> str:
    return processing_utils.save_bytes_to_cache(data, name, str(utils.get_upload_folder()))
