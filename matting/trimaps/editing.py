"""Help with a trimap's edit: what clicks promise, the band's width in % of the object, where TGN is least certain."""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, band_width, check, narrow, object_size, widen

FIRST_WIDTHS = (1.0, 2.5, 6.0)
"""Band widths in % of the object that are offered where there is no band yet."""

SMOOTHING = 0.01
"""Uncertainty is averaged over about this share of the photo's longer side before its peak is sought."""

LEAST_UNCERTAINTY = 0.05
"""Below this there is no place worth painting."""


PROMISED, MOST_PROMISED, LEAST_PROMISED = 0.5, 0.1, 1.5
"""Around a click this share of its depth in the mask is certain, at most so much of the object's size, at least so many
pixels."""

SEE_THROUGH = 0.97
"""Where TGN is surer than that of unknown, the object is see-through and a + click does not make it opaque."""


def keep_promises(
    trimap: np.ndarray,
    mask: np.ndarray,
    points: Iterable[tuple[float, float, int]] = (),
    box: tuple[float, float, float, float] | None = None,
    probabilities: np.ndarray | None = None,
) -> np.ndarray:
    """Hold a trimap to what was clicked: foreground around +, background around - and outside of the box.

    How far around: half of the way from the click to the mask's outline, so that no disc reaches an edge. Where TGN is
    sure of unknown (`SEE_THROUGH`) a + click changes nothing. A click that the mask contradicts, such as after it was
    inverted, is no longer meant.

    Args:
        trimap: TGN's, uint8 (H, W).
        mask: the coarse mask that it was made from, floats (H, W) in [0, 1].
        points: (x, y, 1 on the object or 0 not) in the photo's pixels.
        box: (x0, y0, x1, y1) around the object, or None.
        probabilities: TGN's, floats (H, W, 3); None takes nothing for see-through.

    Raises:
        ValueError: If it is not a trimap, or the sizes differ.
    """
    check(trimap)
    if mask.shape != trimap.shape:
        raise ValueError(f"The mask should have the trimap's size {trimap.shape}, got {mask.shape}.")
    kept, inside = trimap.copy(), mask >= 0.5
    if box is not None:
        rows, columns = np.arange(trimap.shape[0]) + 0.5, np.arange(trimap.shape[1]) + 0.5
        kept[(rows < box[1]) | (rows > box[3])] = BACKGROUND
        kept[:, (columns < box[0]) | (columns > box[2])] = BACKGROUND
    most, depths = MOST_PROMISED * object_size(mask), {}
    for x, y, label in points:
        row, column = int(y), int(x)
        if inside[row, column] != bool(label):
            continue
        if label not in depths:
            region = (inside if label else ~inside).astype(np.uint8)
            depths[label] = cv2.distanceTransform(region, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        radius = max(LEAST_PROMISED, min(PROMISED * float(depths[label][row, column]), most))
        disc = _disc(trimap.shape, x, y, radius) & (inside == bool(label))
        if label and probabilities is not None:
            disc &= probabilities[..., 1] <= SEE_THROUGH
        kept[disc] = FOREGROUND if label else BACKGROUND
    return kept


def _disc(size: tuple[int, ...], x: float, y: float, radius: float) -> np.ndarray:
    """Booleans (H, W): the pixels whose centre lies within a radius of (x, y), and the one that holds it."""
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    disc = (rows[:, None] - y) ** 2 + (columns - x) ** 2 <= radius**2
    disc[int(y), int(x)] = True
    return disc


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
