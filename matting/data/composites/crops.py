"""Square windows of a layer and its trimap, resized to the side of a sample."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic import Foreground
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

Window = tuple[slice, slice]


def crop_on_unknown(
    rng: np.random.Generator,
    layer: Foreground,
    trimap: np.ndarray,
    crop: int,
    scales: Sequence[float],
) -> tuple[Foreground, np.ndarray]:
    """Cut a window around a random unknown pixel, one of `scales` times `crop` wide, resized to `crop`.

    Known pixels stay true: alpha is exactly 1 in the foreground that is left and 0 in the background.
    """
    unknown = np.argwhere(trimap == UNKNOWN)
    centre = unknown[rng.integers(len(unknown))] if len(unknown) else np.array(trimap.shape) // 2
    return crop_around(centre, int(crop * rng.choice(scales)), layer, trimap, crop)


def crop_around(
    centre: np.ndarray, side: int, layer: Foreground, trimap: np.ndarray, crop: int
) -> tuple[Foreground, np.ndarray]:
    """Cut a window of `side` pixels, or as wide as the layer allows, around (row, column), resized to `crop`."""
    window = window_around(centre, min(side, *layer.alpha.shape), layer.alpha.shape)
    layer, trimap = cut_layer(layer, window, crop), cut_plane(trimap, window, crop, cv2.INTER_NEAREST)
    return layer, known_where_true(trimap, layer.alpha)


def known_where_true(trimap: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Keep only those known pixels of a resized trimap, uint8 (H, W), that the equally resized alpha confirms.

    Resizing averages, so a pixel near a region's edge can contain a share of what lies beyond it.
    """
    mixed = ((trimap == FOREGROUND) & (alpha < 1)) | ((trimap == BACKGROUND) & (alpha > 0))
    return np.where(mixed, np.uint8(UNKNOWN), trimap)


def crop_anywhere(rng: np.random.Generator, layer: Foreground, crop: int) -> Foreground:
    """Cut a random window of 0.5 to 1 times the layer, resized to `crop`: TGN sees whole objects and parts."""
    height, width = layer.alpha.shape
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
    centre = np.array([rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width])
    return cut_layer(layer, window_around(centre.astype(int), side, (height, width)), crop)


def window_around(centre: np.ndarray, side: int, size: tuple[int, ...]) -> Window:
    """Place a square within `size` = (height, width) as near to its centre (row, column) as the borders allow."""
    starts = [int(np.clip(c - side // 2, 0, max(0, length - side))) for c, length in zip(centre, size, strict=True)]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def cut_plane(plane: np.ndarray, window: Window, crop: int, interpolation: int) -> np.ndarray:
    """Cut a window out of (H, W) or (H, W, C) and resize it to `crop` pixels square."""
    return cv2.resize(np.ascontiguousarray(plane[window]), (crop, crop), interpolation=interpolation)


def cut_layer(layer: Foreground, window: Window, crop: int) -> Foreground:
    """Cut a window out of a layer and resize it to `crop` pixels square; alpha stays in steps of 1/255."""
    colour = cut_plane(layer.colour, window, crop, cv2.INTER_AREA)
    alpha = cut_plane(layer.alpha, window, crop, cv2.INTER_AREA)
    return Foreground(colour, np.rint(alpha * 255) / np.float32(255), layer.kind)
