"""Planes of bytes as runs of equal values: strokes and trimaps in a few hundred numbers of JSON."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def encode(plane: np.ndarray) -> list[int]:
    """Turn uint8 (H, W) into value, length, value, length, ... in reading order.

    Raises:
        ValueError: If it is not uint8 (H, W).
    """
    if plane.ndim != 2 or plane.dtype != np.uint8:
        raise ValueError(f"Run lengths are made of uint8 (H, W), got {plane.dtype} {plane.shape}.")
    values = plane.ravel()
    starts = np.flatnonzero(np.concatenate([[values.size > 0], values[1:] != values[:-1]]))
    lengths = np.diff(np.append(starts, values.size))
    return np.stack([values[starts].astype(np.int64), lengths], axis=1).ravel().tolist()


def decode(runs: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Undo `encode`: uint8 of `size` = (height, width).

    Raises:
        ValueError: If the runs are no pairs, hold no bytes, or do not fill the size exactly.
    """
    if len(runs) % 2:
        raise ValueError(f"Run lengths should be pairs of value and length, got {len(runs)} numbers.")
    # Sizes are checked before anything of that size is made.
    if not all(0 <= value <= 255 for value in runs[::2]) or not all(length > 0 for length in runs[1::2]):
        raise ValueError("Run lengths should have values from 0 to 255 and lengths of at least 1.")
    if (filled := sum(runs[1::2])) != size[0] * size[1]:
        raise ValueError(f"Run lengths should fill {size[1]}x{size[0]} pixels, got {filled}.")
    return np.repeat(np.array(runs[::2], np.uint8), runs[1::2]).reshape(size)
