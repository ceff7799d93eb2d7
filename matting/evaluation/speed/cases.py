"""What is matted when cost is measured: one photo and its trimap at several sizes and unknown shares."""

from __future__ import annotations

import cv2
import numpy as np

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN


def at_size(image: np.ndarray, trimap: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Bring a photo and its trimap to (height, width), whatever their proportions."""
    grown = size[0] > image.shape[0]
    photo = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC if grown else cv2.INTER_AREA)
    return photo, cv2.resize(trimap, size[::-1], interpolation=cv2.INTER_NEAREST)


def with_unknown_share(trimap: np.ndarray, share: float) -> np.ndarray:
    """Narrow or widen the unknown region until it is a share of the photo, in (0, 1]; the rest keeps its side.

    What lies nearest to the unknown region joins it first, and what lies nearest to the known ones leaves it first.

    Raises:
        ValueError: where the share is not in (0, 1], or the trimap lacks a region to measure distances from.
    """
    if not 0 < share <= 1:
        raise ValueError(f"The unknown share should be more than 0 and at most 1, got {share}.")
    unknown = trimap == UNKNOWN
    if not unknown.any() or unknown.all():
        raise ValueError("The trimap should have known and unknown pixels, so that the unknown ones can be widened.")
    depth = (_distance(~unknown) - _distance(unknown)).round(3)  # OpenCV's last digits differ from call to call
    wanted = np.zeros(trimap.size, bool)
    wanted[np.argsort(depth, axis=None, kind="stable")[: max(1, round(share * trimap.size))]] = True
    wanted = wanted.reshape(trimap.shape)
    nearer = _distance(trimap != FOREGROUND) < _distance(trimap != BACKGROUND)
    return np.where(wanted, UNKNOWN, np.where(nearer, FOREGROUND, BACKGROUND)).astype(np.uint8)


def _distance(region: np.ndarray) -> np.ndarray:
    """Distance of every pixel of a region to what is outside of it, 0 outside."""
    return cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
