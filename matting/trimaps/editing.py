"""Help with a trimap's edit: the unknown band's width in % of the object, and where TGN is least certain."""

from __future__ import annotations

import math

import cv2
import numpy as np

from matting.trimaps.algebra import band_width, narrow, object_size, widen

FIRST_WIDTHS = (1.0, 2.5, 6.0)
"""Band widths in % of the object that are offered where there is no band yet."""

SMOOTHING = 0.01
"""Uncertainty is averaged over about this share of the photo's longer side before its peak is sought."""

LEAST_UNCERTAINTY = 0.05
"""Below this there is no place worth painting."""


def band_percent(trimap: np.ndarray) -> float:
    """Mean width of the unknown band in % of the object's size; 0 without an object.

    Raises:
        ValueError: If it is not a trimap, uint8 (H, W) in {0, 128, 255}.
    """
    size = object_size(trimap)
    return float(100 * band_width(trimap) / size) if size else 0.0


def set_band_percent(trimap: np.ndarray, percent: float) -> np.ndarray:
    """Widen or narrow the unknown band, from both its sides alike, to about `percent` of the object's size.

    Edges move by whole pixels; where there is no band yet, any width above 0 opens one of a pixel on either side.

    Raises:
        ValueError: If it is not a trimap or percent is negative.
    """
    if not percent >= 0:
        raise ValueError(f"A band's width should be 0 % of the object or more, got {percent}.")
    present = band_width(trimap)
    change = percent / 100 * object_size(trimap) - present
    # Widths are measured between pixels' centres, and an edge lies half a pixel before the first one.
    pixels = abs(change) / 2 + 0.5
    if change < 0:
        return narrow(trimap, pixels)
    return widen(trimap, pixels if present or not percent else max(1.0, pixels))


def candidate_bands(trimap: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Offer three band widths, narrow to wide: (percent of the object, trimap) each.

    They are half the present width, the trimap as it is, and twice the width; FIRST_WIDTHS where there is no band yet.

    Raises:
        ValueError: If it is not a trimap.
    """
    present = band_percent(trimap)
    if not present:
        return [(percent, set_band_percent(trimap, percent)) for percent in FIRST_WIDTHS]
    others = {percent: set_band_percent(trimap, percent) for percent in (present / 2, 2 * present)}
    return sorted([*others.items(), (present, trimap.copy())], key=lambda candidate: candidate[0])


def uncertainty(probabilities: np.ndarray) -> np.ndarray:
    """How little TGN can decide between the regions: the entropy of its probabilities, as a share of the most.

    Args:
        probabilities: floats (H, W, 3) that sum to one.

    Returns:
        float32 (H, W) in [0, 1]: 0 where one region is certain, 1 where all three are equally likely.

    Raises:
        ValueError: If the shape is another one.
    """
    if probabilities.ndim != 3 or probabilities.shape[2] != 3:
        raise ValueError(f"Trimap probabilities should have the shape (H, W, 3), got {probabilities.shape}.")
    least = np.finfo(np.float32).tiny  # whose product with its logarithm is as good as 0
    entropy = -(probabilities * np.log(np.maximum(probabilities, least))).sum(axis=2)
    return np.clip(entropy / math.log(3), 0, 1).astype(np.float32)


def paint_next(uncertain: np.ndarray, painted: np.ndarray | None = None) -> tuple[int, int] | None:
    """Find the place most worth painting: the pixel (x, y) around which TGN is least certain on average.

    Args:
        uncertain: float32 (H, W) by `uncertainty`.
        painted: Booleans (H, W), what a person has decided already; these pixels count as certain.

    Returns:
        (x, y), or None where nothing is uncertain.

    Raises:
        ValueError: If the sizes differ.
    """
    if painted is not None and painted.shape != uncertain.shape:
        raise ValueError(f"The painted mask should have the size {uncertain.shape}, got {painted.shape}.")
    undecided = uncertain if painted is None else np.where(painted, np.float32(0), uncertain)
    side = 2 * round(SMOOTHING * max(undecided.shape) / 2) + 1
    # Twice, so that a spot's peak is at its middle; and boxes cost the same at every size.
    smooth = cv2.blur(cv2.blur(undecided, (side, side)), (side, side))
    if painted is not None:
        smooth[painted] = 0
    if smooth.max() < LEAST_UNCERTAINTY:
        return None
    row, column = np.unravel_index(smooth.argmax(), smooth.shape)
    return int(column), int(row)
