"""The colours of every figure, in notebooks and on the page."""

from __future__ import annotations

import cv2
import numpy as np

from matting.trimaps.algebra import PALETTE, clean

COLOURS = ("#005aff", "#d97900", "#009646", "#b3005e", "#6b6b6b", "#00a5b5")
"""Of lines and bars, in this order: they differ in lightness as well as in hue."""

HEAT, SIGNED = "inferno", "RdBu"
"""Matplotlib's scales of amounts (errors, attention: dark is little) and of differences (blue above 0, red below)."""


def coloured_trimap(trimap: np.ndarray) -> np.ndarray:
    """Colour a trimap, uint8 (H, W), as it is shown everywhere; returns uint8 (H, W, 3)."""
    table = np.zeros((256, 3), np.uint8)
    for value, colour in PALETTE.items():
        table[value] = colour
    return table[clean(trimap)]


def heat_map(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Lay a map, floats (H, W) in [0, 1], over a photo of its size: dark where it is 0, bright where it is 1."""
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    levels = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return cv2.addWeighted(gray, 0.3, colours, 0.7, 0)


def beside_even(attention: np.ndarray, most: float) -> np.ndarray:
    """Map attention that sums to one, (..., h, w), to [0, 1] on a log scale; even attention, 1 / (h w), becomes 0.5.

    The scale is the same for every map: 0 is `most` times less than even attention, 1 is `most` times more.
    """
    even = attention * (attention.shape[-2] * attention.shape[-1])
    return 0.5 + np.log(np.clip(even, 1 / most, most)) / (2 * np.log(most))
