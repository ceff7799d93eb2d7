"""How well a segmenter finds the object from one click, three clicks, a box or nothing (IoU).

Both mask and true alpha are cut at one half. A click is simulated where a person would place it: in the middle of
the object, and each further one, + or -, in the middle of the largest region that is still wrong.
"""

from __future__ import annotations

import cv2
import numpy as np

from matting.coarse import Prompts, Segmenter

BOX_MARGIN = 0.03
"""How much wider than the object the box is drawn, on each side, as a share of the object's own."""

MEASURES = ("1 click", "3 clicks", "box", "nothing")
"""What a segmenter is told, each a column of the table."""


def score(image: np.ndarray, truth: np.ndarray, segmenter: Segmenter) -> dict[str, float]:
    """Score a segmenter on one photo.

    Args:
        image: RGB uint8 (H, W, 3).
        truth: true alpha (H, W) in [0, 1], somewhere at least one half.
        segmenter: what is to be scored.

    Returns:
        for each of MEASURES the IoU in [0, 1] of the best-scored mask with the object.
    """
    embedding = segmenter.embed(image)

    def ask(prompts: Prompts) -> np.ndarray:
        return segmenter.segment(embedding, prompts).best

    points = [(*innermost(truth >= 0.5), 1)]
    first = mask = ask(Prompts(points))
    for _ in range(2):
        click = next_click(mask, truth)
        if click is None:
            break
        points.append(click)
        mask = ask(Prompts(points))
    masks = first, mask, ask(Prompts(box=box_around(truth))), ask(Prompts())
    return {told: intersection_over_union(mask, truth) for told, mask in zip(MEASURES, masks, strict=True)}


def intersection_over_union(mask: np.ndarray, truth: np.ndarray) -> float:
    """Return |A ∩ B| / |A ∪ B| of two (H, W) arrays, each cut at one half; two empty ones agree."""
    first, second = mask >= 0.5, truth >= 0.5
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def innermost(region: np.ndarray) -> tuple[int, int]:
    """Return (x, y) of the pixel of a boolean region, (H, W), that lies farthest from its boundary and the frame."""
    depth = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.unravel_index(depth[1:-1, 1:-1].argmax(), region.shape)
    return int(column), int(row)


def next_click(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, int] | None:
    """Return (x, y, label) in the middle of the largest wrong region, or None if none is wrong."""
    wrong = (mask >= 0.5) != (truth >= 0.5)
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=4)
    if len(statistics) == 1:
        return None
    x, y = innermost(pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax())
    return x, y, int(truth[y, x] >= 0.5)


def box_around(truth: np.ndarray) -> tuple[float, float, float, float]:
    """Return a box (x0, y0, x1, y1) around the object, wider by BOX_MARGIN on each side, within the photo."""
    rows, columns = np.flatnonzero((truth >= 0.5).any(axis=1)), np.flatnonzero((truth >= 0.5).any(axis=0))
    x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    dx, dy = BOX_MARGIN * (x1 - x0), BOX_MARGIN * (y1 - y0)
    height, width = truth.shape
    return max(0.0, x0 - dx), max(0.0, y0 - dy), min(float(width), x1 + dx), min(float(height), y1 + dy)
