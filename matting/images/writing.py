"""Alphas and pictures become files, whole or not at all: PNG, and for pictures WebP and JPEG too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from matting.files import whole_file
from matting.images.carried import Carried

NOTHING = Carried()

KINDS = {
    ".png": ("PNG", {"compress_level": 3}),  # a third of the usual time, 8 % larger
    ".webp": ("WEBP", {"lossless": True, "exact": True}),  # keeps colours where alpha is 0, as PNG does
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
}
"""Pillow's format and options by a file's ending. PNG and WebP keep every value."""


def write_alpha(path: str | os.PathLike[str], alpha: np.ndarray, told: Carried = NOTHING) -> None:
    """Write alpha, floats (H, W) in [0, 1], as a 16-bit gray PNG, right to half a step of 1/65535.

    `told` is what the file says beside, as `carried` gives it.

    Raises:
        ValueError: If alpha has another shape, type or range.
    """
    if alpha.ndim != 2 or not np.issubdtype(alpha.dtype, np.floating) or not alpha.size:
        raise ValueError(f"alpha should be floats of shape (H, W), got {alpha.dtype} {alpha.shape}.")
    if not (alpha.min() >= 0 and alpha.max() <= 1):
        raise ValueError(f"alpha should lie in [0, 1], got {alpha.min():.4g} to {alpha.max():.4g}.")
    write_png(path, Image.fromarray(np.rint(alpha.astype(np.float64) * 65535).astype(np.uint16)), told)


def write_png(path: str | os.PathLike[str], image: np.ndarray | Image.Image, told: Carried = NOTHING) -> None:
    """Write a PIL picture or a uint8 array, (H, W), (H, W, 3) or (H, W, 4), as a PNG; `told` as in `write_alpha`."""
    with whole_file(path) as part, part.open("wb") as file:
        save_png(file, image, told)


def save_png(file: BinaryIO, image: np.ndarray | Image.Image, told: Carried = NOTHING) -> None:
    """Write what `write_png` writes to an open file, such as a pipe."""
    _save(file, image, ".png", told)


def write_picture(path: str | os.PathLike[str], image: np.ndarray | Image.Image, told: Carried = NOTHING) -> None:
    """Write what `write_png` takes as the path's ending says: .png, .webp or .jpg.

    JPEG knows no transparency: there, an RGBA picture lies on white.

    Raises:
        ValueError: If the ending is another one.
    """
    ending = Path(path).suffix
    if ending not in KINDS:
        raise ValueError(f"Pictures are written as {', '.join(KINDS)}, got {os.fspath(path)}.")
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    if ending == ".jpg" and picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    with whole_file(path) as part, part.open("wb") as file:
        _save(file, picture, ending, told)


def _save(file: BinaryIO, image: np.ndarray | Image.Image, ending: str, told: Carried) -> None:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    form, options = KINDS[ending]
    picture.save(file, format=form, **options, **told)
