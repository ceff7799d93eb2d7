"""The fringe inspector: a small part of a cutout, enlarged, over the backgrounds on which a fringe shows best."""

from __future__ import annotations

import cv2
import numpy as np

from matting.compositing import blend, solid
from matting.trimaps.editing import paint_next

SIDE = 72
"""Pixels of the cutout that are shown, across and down."""

ENLARGED = 4
PLAIN = {"Black": (0, 0, 0), "White": (255, 255, 255), "Magenta": (255, 0, 255)}


def magnify(cutout: np.ndarray, place: tuple[float, float]) -> dict[str, np.ndarray]:
    """Show a cutout, RGBA uint8 (H, W, 4), around a place (x, y) at 400 %, by the background's name.

    The last background is complementary to the object's own colours there.
    """
    height, width = cutout.shape[:2]
    left, top = (
        min(max(0, int(at) - SIDE // 2), max(0, length - SIDE))
        for at, length in zip(place, (width, height), strict=True)
    )
    crop = cutout[top : top + SIDE, left : left + SIDE]
    colours, alpha = np.ascontiguousarray(crop[:, :, :3]), crop[:, :, 3] / np.float32(255)
    grounds = PLAIN | {"Complementary": complementary(colours, alpha)}
    return {
        name: cv2.resize(
            blend(colours, solid(alpha.shape, ground), alpha),
            None,
            fx=ENLARGED,
            fy=ENLARGED,
            interpolation=cv2.INTER_NEAREST,
        )
        for name, ground in grounds.items()
    }


def complementary(colours: np.ndarray, alpha: np.ndarray) -> tuple[int, int, int]:
    """Return the full colour farthest from the mean of RGB uint8 (H, W, 3), weighted by alpha (H, W) in [0, 1].

    Grays have none but black and white, which are shown already; for them it is green.
    """
    weight = max(float(alpha.sum()), 1e-6)
    mean = (colours * alpha[:, :, None]).sum(axis=(0, 1)) / weight
    red, green, blue = (255 if value < 128 else 0 for value in mean)
    return (0, 255, 0) if red == green == blue else (red, green, blue)


def most_mixed(alpha: np.ndarray) -> tuple[int, int]:
    """Return the pixel (x, y) around which alpha, floats (H, W) in [0, 1], is most between 0 and 1; else the middle."""
    mixed = (1 - np.abs(2 * alpha - 1)).astype(np.float32)
    return paint_next(mixed) or (alpha.shape[1] // 2, alpha.shape[0] // 2)
