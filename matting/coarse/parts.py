"""Clicks and boxes for masks that were made without them: they choose among a mask's connected parts."""

from __future__ import annotations

import numpy as np

from matting.coarse.prompts import Box, Prompts
from matting.masks import connected_parts, nearest_parts


def choose_parts(mask: np.ndarray, prompts: Prompts, parts: np.ndarray | None = None) -> np.ndarray:
    """Keep the parts of a mask that the prompts choose; the soft rim stays with its part.

    A + point chooses the part that it hits, or else the nearest one; without + points every part is chosen except
    those that a - point hits. A part that is hit by both stays. With a box, what lies outside of it goes, and without
    + points also the parts that lie mostly outside, as long as one is left.

    Args:
        mask: Floats (H, W) in [0, 1]; inside is where mask >= 0.5.
        prompts: In the photo's pixels, checked. Without any the mask is returned as it is.
        parts: The part of every pixel inside, from 1, int (H, W), where the mask's connected parts will not do.

    Returns:
        float32 (H, W).
    """
    mask = mask.astype(np.float32)
    inside = mask >= 0.5
    if not (prompts.points or prompts.box) or not inside.any():
        return mask
    parts = nearest_parts(np.where(inside, connected_parts(inside) if parts is None else parts, 0))
    chosen = {int(parts[int(y), int(x)]) for x, y in prompts.positive}
    if not chosen:
        hit = {int(parts[int(y), int(x)]) for x, y in prompts.negative if inside[int(y), int(x)]}
        chosen = set(np.unique(parts[inside]).tolist()) - hit
        if prompts.box is not None:
            chosen = _mostly_within(parts, inside, prompts.box, chosen) or chosen
    kept = np.isin(parts, list(chosen))
    if prompts.box is not None:
        kept &= _within(mask.shape, prompts.box)
    return np.where(kept, mask, np.float32(0))


def expected_iou(probability: np.ndarray, mask: np.ndarray) -> float:
    """Expected IoU of a mask cut at one half, given each pixel's probability to be the object's; floats (H, W) both."""
    inside = mask >= 0.5
    union = np.where(inside, 1, probability).sum(dtype=np.float64)
    return float(probability[inside].sum(dtype=np.float64) / union) if union else 0.0


def _mostly_within(parts: np.ndarray, inside: np.ndarray, box: Box, chosen: set[int]) -> set[int]:
    """Those of the chosen parts that lie at least half within the box."""
    area = np.bincount(parts[inside])
    within = np.bincount(parts[inside & _within(parts.shape, box)], minlength=len(area))
    return {part for part in chosen if 2 * within[part] >= area[part]}


def _within(size: tuple[int, int], box: Box) -> np.ndarray:
    """Booleans (H, W): the pixels whose centre lies in the box."""
    x0, y0, x1, y1 = box
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    return ((rows >= y0) & (rows <= y1))[:, None] & ((columns >= x0) & (columns <= x1))
