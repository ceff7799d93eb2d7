"""Masks, alphas and trimaps of exactly their photo's size: the door would resize them, they must not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from matting.images import Notices, read_alpha, read_mask, read_trimap, upright_size

Reader = Callable[[Path, tuple[int, int]], tuple[np.ndarray, Notices]]


def read_sized_alpha(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read an alpha of exactly this (height, width), float32 in [0, 1]; raises ValueError, naming the file."""
    return _sized(read_alpha, path, size)


def read_sized_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read a mask of exactly this (height, width), float32 in [0, 1]; raises ValueError, naming the file."""
    return _sized(read_mask, path, size)


def read_sized_trimap(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read a trimap of exactly this (height, width), uint8 in {0, 128, 255}; raises ValueError, naming the file."""
    return _sized(read_trimap, path, size)


def _sized(read: Reader, path: Path, size: tuple[int, int]) -> np.ndarray:
    if not path.is_file():
        raise ValueError(f"The picture {path} is missing.")
    height, width = upright_size(path)
    if (height, width) != tuple(size):
        raise ValueError(f"{path} is {width}x{height} pixels, but its photo is {size[1]}x{size[0]}.")
    return read(path, size)[0]
