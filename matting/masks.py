"""Mask tools: grow, shrink, invert, keep the largest part, fill holes; and the connected parts they stand on.

A mask is floats (H, W) in [0, 1]; inside is where mask >= 0.5. Every tool returns a new float32 array and keeps soft
edges where it changes nothing. Beyond the photo's border nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def grow(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Grow a mask by `pixels` (Euclidean), its new edge one pixel soft; growing by 0 is the identity.

    Raises:
        ValueError: If the mask is not floats (H, W) in [0, 1] or pixels is negative.
    """
    mask = _checked(mask)
    if not pixels >= 0:
        raise ValueError(f"A mask grows or shrinks by 0 pixels or more, got {pixels}.")
    inside = mask >= 0.5
    if not inside.any():
        return mask.copy()
    distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.maximum(mask, np.clip(pixels + 0.5 - distance, 0, 1) * (distance > 0))


def shrink(mask: np.ndarray, pixels: float) -> np.ndarray:
    """Shrink a mask by `pixels`: what is outside of it grows. Raises as `grow`."""
    return 1 - grow(1 - _checked(mask), pixels)


def invert(mask: np.ndarray) -> np.ndarray:
    """Exchange object and background, 1 - mask. Raises ValueError unless the mask is floats (H, W) in [0, 1]."""
    return 1 - _checked(mask)


def keep_largest(mask: np.ndarray) -> np.ndarray:
    """Keep the largest connected part with its soft rim, and clear the rest.

    Raises:
        ValueError: If the mask is not floats (H, W) in [0, 1].
    """
    mask = _checked(mask)
    parts = connected_parts(mask >= 0.5)
    if not parts.any():
        return mask.copy()
    largest = np.bincount(parts[parts > 0]).argmax()
    return np.where(nearest_parts(parts) == largest, mask, np.float32(0))


def fill_holes(mask: np.ndarray) -> np.ndarray:
    """Set to 1 every hole: outside that the mask closes off from the photo's border.

    Raises:
        ValueError: If the mask is not floats (H, W) in [0, 1].
    """
    mask = _checked(mask)
    # Parts of the object touch at corners too, so the outside passes through edges alone.
    _, outside = cv2.connectedComponents((mask < 0.5).astype(np.uint8), connectivity=4)
    border = np.concatenate([outside[0], outside[-1], outside[:, 0], outside[:, -1]])
    holes = (outside > 0) & ~np.isin(outside, border)
    return np.where(holes, np.float32(1), mask)


TOOLS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "grow": grow,
    "shrink": shrink,
    "invert": lambda mask, pixels: invert(mask),
    "keep largest": lambda mask, pixels: keep_largest(mask),
    "fill holes": lambda mask, pixels: fill_holes(mask),
}
"""The tools by the names that recipes use; each takes a mask and a width in pixels, which not every one needs."""


def connected_parts(inside: np.ndarray) -> np.ndarray:
    """Number the connected parts (8 neighbours) of booleans (H, W) from 1, int32 (H, W); 0 lies outside."""
    return cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)[1]


def nearest_parts(parts: np.ndarray) -> np.ndarray:
    """Give every pixel that bears 0 the number of a nearest one that does not; (H, W) integers."""
    outside = parts == 0
    if outside.all():
        return parts
    # Labels of single pixels name the nearest one by a number of OpenCV's own, which the inside translates.
    _, nearest = cv2.distanceTransformWithLabels(
        outside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(int(nearest.max()) + 1, parts.dtype)
    number[nearest[~outside]] = parts[~outside]
    return number[nearest]


def _checked(mask: np.ndarray) -> np.ndarray:
    if mask.ndim != 2 or not mask.size or not np.issubdtype(mask.dtype, np.floating):
        raise ValueError(f"A mask should be floats of shape (H, W), got {mask.dtype} {mask.shape}.")
    if not (mask.min() >= 0 and mask.max() <= 1):
        raise ValueError(f"A mask should lie in [0, 1], got {mask.min():.4g} to {mask.max():.4g}.")
    return mask.astype(np.float32, copy=False)
