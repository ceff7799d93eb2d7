"""What several masks for one click are to each other: the whole, its parts, or something else."""

from __future__ import annotations

import numpy as np

WITHIN = 0.9
"""A mask of which this share lies within a larger one is a part of it."""


def name_candidates(masks: np.ndarray) -> list[str]:
    """Name candidate masks, uint8 (N, H, W), by how they lie in each other; no two names are the same."""
    inside = masks >= 128
    sizes = inside.sum(axis=(1, 2))
    names = []
    for mask, size in zip(inside, sizes, strict=True):
        around = [other for other, area in zip(inside, sizes, strict=True) if area > size and _within(mask, other)]
        contains = any(area < size and _within(other, mask) for other, area in zip(inside, sizes, strict=True))
        names.append("A part" if around else "The whole" if contains else "Another")
    return [_numbered(name, names[:index].count(name)) for index, name in enumerate(names)]


def _within(mask: np.ndarray, other: np.ndarray) -> bool:
    return mask.any() and (mask & other).sum() >= WITHIN * mask.sum()


def _numbered(name: str, before: int) -> str:
    return f"{name} {before + 1}" if before else name
