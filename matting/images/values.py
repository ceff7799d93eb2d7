"""Values of any depth, checked and scaled to [0, 1], to bytes, or to one gray channel.

`matting.images` is the door that calls this; `name` is what sentences call the source.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from matting.images.decoding import Notices, check_size

CHANNELS = (1, 2, 3, 4)
ALREADY = {"u": (8, 16)}
"""Bits of the integer types that say their own scale, by kind."""


def checked(array: np.ndarray, name: str) -> np.ndarray:
    """Return a picture's array as (H, W) or (H, W, C), uint8, uint16, bool or float, in this machine's byte order.

    Channels may come first, and a batch of one counts as its picture; integers of any type are read by their range.

    Raises:
        ValueError: If its shape, type, range or size cannot be those of a picture.
    """
    arranged = _channels_last(array)
    if arranged.ndim not in (2, 3) or (arranged.ndim == 3 and arranged.shape[2] not in CHANNELS):
        raise ValueError(f"{name} should have the shape (H, W) or (H, W, 1 to 4), got {array.shape}.")
    if not any(np.issubdtype(array.dtype, kind) for kind in (np.integer, np.bool_, np.floating)):
        raise ValueError(f"{name} should be integers, bool, or float in [0, 1], got {array.dtype}.")
    check_size(arranged.shape[:2], name)
    if np.issubdtype(array.dtype, np.integer) and array.dtype.itemsize * 8 not in ALREADY.get(array.dtype.kind, ()):
        return _narrowed(arranged, name)
    return np.ascontiguousarray(arranged, array.dtype.newbyteorder("="))


def _channels_last(array: np.ndarray) -> np.ndarray:
    if array.ndim == 4 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[2] not in CHANNELS and array.shape[0] in CHANNELS:
        array = np.moveaxis(array, 0, 2)
    return array


def _narrowed(array: np.ndarray, name: str) -> np.ndarray:
    """Read integers of other types as those of 8 or 16 bits that their values fit."""
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise ValueError(f"{name} has values from {low} to {high}; give 0 to 255, or 0 to 65535.")
    return np.ascontiguousarray(array, np.uint8 if high <= 255 else np.uint16)


def is_deep(picture: Image.Image) -> bool:
    """Tell whether a picture's gray values have more than 8 bits."""
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def deep_values(picture: Image.Image, name: str) -> np.ndarray:
    """Return a deep picture's values, (H, W), as uint8, uint16 or as floats in [0, 1].

    Raises:
        ValueError: If their scale cannot be told: neither [0, 1] (floats), nor 8, nor 16 bits.
    """
    values = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        return values.astype(np.uint16)
    low, high = float(values.min()), float(values.max())
    if picture.mode == "F" and high <= 1.01:
        return values
    if not (low >= 0 and high <= 65535):
        raise ValueError(f"{name} has values from {low:.4g} to {high:.4g}; save it with 8 or 16 bits.")
    if picture.mode == "I" or (values == np.rint(values)).all():
        return values.astype(np.uint8 if high <= 255 else np.uint16)
    return values / (255 if high <= 255 else 65535)


def to_unit(array: np.ndarray, name: str) -> np.ndarray:
    """Scale values to float32 in [0, 1]."""
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    low, high = float(array.min()), float(array.max())
    # Resampling may overshoot by a hair; anything more is another scale, and so is NaN.
    if not (low >= -0.01 and high <= 1.01):
        raise ValueError(f"{name} should have float values in [0, 1], got {low:.4g} to {high:.4g}.")
    return np.clip(array, 0, 1).astype(np.float32)


def to_bytes(array: np.ndarray, name: str) -> np.ndarray:
    """Scale values to uint8."""
    return array if array.dtype == np.uint8 else np.rint(to_unit(array, name) * 255).astype(np.uint8)


def to_gray(values: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Reduce channels, alpha disregarded, to one."""
    if values.ndim == 2:
        return values, ()
    first = np.ascontiguousarray(values[:, :, 0])
    if values.shape[2] < 3 or all(np.array_equal(first, values[:, :, other]) for other in (1, 2)):
        return first, ()
    integers = np.issubdtype(values.dtype, np.integer)
    numbers = np.ascontiguousarray(values[:, :, :3]).astype(values.dtype if integers else np.float32)
    return cv2.cvtColor(numbers, cv2.COLOR_RGB2GRAY), (f"{name} is in colour; its brightness is used.",)
