"""Trimap algebra: make, widen, narrow, encode, paint and show the three regions of a photo.

A trimap is uint8 (H, W) with the values BACKGROUND, UNKNOWN and FOREGROUND = 0, 128, 255. Three-channel
encodings keep that order. Every function returns a new array. Beyond the photo's border nothing is assumed:
a region that touches the border is not eaten from there.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255

PALETTE: dict[int, tuple[int, int, int]] = {
    BACKGROUND: (0, 90, 255),
    UNKNOWN: (255, 214, 0),
    FOREGROUND: (0, 150, 70),
}
"""RGB of each region wherever a trimap is shown; told apart by lightness as well as by hue."""


def clean(values: np.ndarray) -> np.ndarray:
    """Snap uint8 (H, W) values to a trimap: <= 10 is background, >= 245 foreground, the rest unknown."""
    table = np.full(256, UNKNOWN, np.uint8)
    table[:11] = BACKGROUND
    table[245:] = FOREGROUND
    return cv2.LUT(values, table)


def from_alpha(alpha: np.ndarray, foreground_kernel: int, background_kernel: int) -> np.ndarray:
    """Draw a trimap from a true alpha by eroding its opaque and its empty part (Section IV-A).

    Args:
        alpha: Floats (H, W) in [0, 1]; only exact ones and exact zeros count as known.
        foreground_kernel: Diameter in pixels of the ellipse that erodes alpha == 1; 1 leaves it as it is.
        background_kernel: The same for alpha == 0.

    Raises:
        ValueError: If alpha is not a float (H, W) array or a kernel is smaller than 1.
    """
    _check_plane(alpha, "alpha")
    if not np.issubdtype(alpha.dtype, np.floating):
        raise ValueError(f"alpha should be floats in [0, 1], got {alpha.dtype}; divide it by its largest value.")
    foreground = _erode(alpha == 1, foreground_kernel)
    background = _erode(alpha == 0, background_kernel)
    return _assemble(background, foreground)


def from_mask(mask: np.ndarray, kernel: int) -> np.ndarray:
    """Draw a trimap around a mask's outline by erosion and dilation with one ellipse.

    Args:
        mask: Floats (H, W) in [0, 1] or booleans; the object is where mask >= 0.5.
        kernel: Diameter of the ellipse in pixels; the unknown band is about as wide.

    Raises:
        ValueError: If the mask is not (H, W) or the kernel is smaller than 1.
    """
    _check_plane(mask, "mask")
    inside = mask >= 0.5
    return _assemble(_erode(~inside, kernel), _erode(inside, kernel))


def widen(trimap: np.ndarray, pixels: float) -> np.ndarray:
    """Turn known pixels unknown that lie within `pixels` (Euclidean) of anything else than their own region.

    Where foreground and background touch, a band opens between them. Widening by 0 is the identity.

    Raises:
        ValueError: If the trimap is not a trimap or pixels is negative.
    """
    check(trimap)
    _check_width(pixels)
    foreground = distance_to(trimap != FOREGROUND) > pixels
    background = distance_to(trimap != BACKGROUND) > pixels
    return _assemble(background, foreground)


def narrow(trimap: np.ndarray, pixels: float) -> np.ndarray:
    """Give unknown pixels within `pixels` (Euclidean) of a known region to that region, the nearer one first.

    Pixels equally far from both stay unknown, and so do those that no known region reaches.

    Raises:
        ValueError: If the trimap is not a trimap or pixels is negative.
    """
    check(trimap)
    _check_width(pixels)
    to_foreground = distance_to(trimap == FOREGROUND)
    to_background = distance_to(trimap == BACKGROUND)
    foreground = (to_foreground <= pixels) & (to_foreground < to_background)
    background = (to_background <= pixels) & (to_background < to_foreground)
    return _assemble(background, foreground)


def distance_to(region: np.ndarray) -> np.ndarray:
    """Euclidean distance of each pixel to a region, booleans (H, W), in pixels; infinite where there is none."""
    if not region.any():
        return np.full(region.shape, np.inf, np.float32)
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def object_size(region: np.ndarray) -> float:
    """Return the object's size in pixels, the square root of its area, as the unit of relative widths.

    Args:
        region: A trimap, of which all but the background counts, or a mask (floats in [0, 1] or booleans),
            of which mask >= 0.5 counts.
    """
    _check_plane(region, "trimap or mask")
    inside = region != BACKGROUND if region.dtype == np.uint8 else region >= 0.5
    return math.sqrt(np.count_nonzero(inside))


def band_width(trimap: np.ndarray) -> float:
    """Estimate the mean width of the unknown band in pixels, twice its area over its perimeter.

    The perimeter is Crofton's: region changes counted along rows, columns and both diagonals. Without unknown
    the width is 0; it is never more than the photo's longer side.
    """
    check(trimap)
    unknown = trimap == UNKNOWN
    changes = [
        np.count_nonzero(unknown[1:] != unknown[:-1]),
        np.count_nonzero(unknown[:, 1:] != unknown[:, :-1]),
        np.count_nonzero(unknown[1:, 1:] != unknown[:-1, :-1]) / math.sqrt(2),
        np.count_nonzero(unknown[1:, :-1] != unknown[:-1, 1:]) / math.sqrt(2),
    ]
    perimeter = math.pi / 8 * sum(changes)
    area = np.count_nonzero(unknown)
    longest = float(max(trimap.shape))
    return min(2 * area / perimeter, longest) if perimeter else longest * bool(area)


def from_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Take the most probable region of each pixel; ties stay unknown.

    Args:
        probabilities: Floats (H, W, 3) in the order background, unknown, foreground.

    Raises:
        ValueError: If the shape is another one.
    """
    if probabilities.ndim != 3 or probabilities.shape[2] != 3:
        raise ValueError(f"Trimap probabilities should have the shape (H, W, 3), got {probabilities.shape}.")
    background, unknown, foreground = np.moveaxis(probabilities, 2, 0)
    return _assemble(
        (background > unknown) & (background > foreground), (foreground > unknown) & (foreground > background)
    )


def to_one_hot(trimap: np.ndarray) -> np.ndarray:
    """Encode a trimap as float32 (H, W, 3), one plane for background, unknown and foreground."""
    check(trimap)
    return np.stack([trimap == BACKGROUND, trimap == UNKNOWN, trimap == FOREGROUND], axis=2).astype(np.float32)


def merge_strokes(trimap: np.ndarray, strokes: np.ndarray, painted: np.ndarray) -> np.ndarray:
    """Lay painted strokes over a trimap.

    Args:
        trimap: The trimap painted on, uint8 (H, W).
        strokes: The painted regions, uint8 (H, W), read where `painted` holds.
        painted: Booleans (H, W).

    Raises:
        ValueError: If the sizes differ or a painted value is not 0, 128 or 255.
    """
    check(trimap)
    if not trimap.shape == strokes.shape == painted.shape or painted.dtype != bool:
        raise ValueError(
            f"Strokes and their boolean painted mask should have the trimap's size {trimap.shape}, "
            f"got {strokes.shape} and {painted.dtype} {painted.shape}."
        )
    merged = np.where(painted, strokes, trimap)
    check(merged)
    return merged


def tint(image: np.ndarray, trimap: np.ndarray, strength: float = 0.45) -> np.ndarray:
    """Lay the palette's colours over a photo.

    Args:
        image: RGB, uint8 (H, W, 3).
        trimap: uint8 (H, W) of the same size.
        strength: 0 shows the photo alone, 1 the palette alone.

    Returns:
        RGB, uint8 (H, W, 3).

    Raises:
        ValueError: If the sizes differ.
    """
    check(trimap)
    if image.shape != (*trimap.shape, 3):
        raise ValueError(f"The photo should have the trimap's size {trimap.shape}, got {image.shape}.")
    table = np.zeros((256, 3), np.uint8)
    for value, colour in PALETTE.items():
        table[value] = colour
    return cv2.addWeighted(image, 1 - strength, table[trimap], strength, 0)


def check(trimap: np.ndarray) -> None:
    """Raise ValueError unless this is a trimap, uint8 (H, W) with no value but 0, 128 and 255."""
    _check_plane(trimap, "trimap")
    if trimap.dtype != np.uint8 or not np.array_equal(trimap, clean(trimap)):
        raise ValueError("A trimap should be uint8 with the values 0, 128 and 255 only; clean() makes it one.")


def _check_plane(values: np.ndarray, name: str) -> None:
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"The {name} should have the shape (H, W), got {values.shape}.")


def _check_width(pixels: float) -> None:
    if not pixels >= 0:
        raise ValueError(f"A width should be 0 pixels or more, got {pixels}.")


def _assemble(background: np.ndarray, foreground: np.ndarray) -> np.ndarray:
    trimap = np.full(background.shape, UNKNOWN, np.uint8)
    trimap[background] = BACKGROUND
    trimap[foreground] = FOREGROUND
    return trimap


def _erode(region: np.ndarray, kernel: int) -> np.ndarray:
    if kernel < 1:
        raise ValueError(f"An erosion's kernel should be at least 1 pixel wide, got {kernel}.")
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
    # OpenCV's default border is neutral, so the photo's edge erodes nothing.
    return cv2.erode(region.astype(np.uint8), ellipse).astype(bool)
