"""Guidance and answers with nothing in them: an error where a whole photo is matted at once, not an empty cutout."""

from __future__ import annotations

import numpy as np

MARKED = 0.5
"""A mask marks an object where it reaches this."""

FAINTEST = 1 / 255
"""An alpha below this everywhere is nothing that anyone could see."""


def check_mask(mask: np.ndarray, name: str) -> None:
    """Raise ValueError if a mask, floats (H, W) in [0, 1], marks no object; `name` begins the sentence."""
    if mask.max() < MARKED:
        raise ValueError(f"{name} marks no object; give one with the object white on black.")


def check_found(mask: np.ndarray, segmenter: str) -> None:
    """Raise ValueError if a segmenter's mask, floats (H, W) in [0, 1], has no object in it."""
    if mask.max() < MARKED:
        raise ValueError(f"The segmenter {segmenter} found no object; give a point on it, a box around it, or a mask.")


def check_trimap(trimap: np.ndarray, name: str) -> None:
    """Raise ValueError if a trimap, uint8 (H, W) in {0, 128, 255}, is background everywhere."""
    if not trimap.any():
        raise ValueError(f"{name} is background everywhere; mark foreground in it, or unknown where it may be.")


def keeps_nothing(alpha: np.ndarray) -> bool:
    """Tell whether an alpha, floats (H, W) in [0, 1], leaves nothing of the photo."""
    return bool(alpha.max() < FAINTEST)


def check_alpha(alpha: np.ndarray) -> None:
    """Raise ValueError if an alpha, floats (H, W) in [0, 1], leaves nothing of the photo."""
    if keeps_nothing(alpha):
        raise ValueError("Nothing of the photo is left in the matte; mark foreground in the trimap or the mask.")
