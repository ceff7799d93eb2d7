"""The colours of every figure; trimaps have those of the page."""

from __future__ import annotations

import numpy as np

from matting.trimaps.algebra import PALETTE, clean

COLOURS = ("#005aff", "#d97900", "#009646", "#b3005e", "#6b6b6b", "#00a5b5")
"""Of lines and bars, in this order: they differ in lightness as well as in hue."""


def coloured_trimap(trimap: np.ndarray) -> np.ndarray:
    """Colour a trimap, uint8 (H, W), as it is shown everywhere; returns uint8 (H, W, 3)."""
    table = np.zeros((256, 3), np.uint8)
    for value, colour in PALETTE.items():
        table[value] = colour
    return table[clean(trimap)]
