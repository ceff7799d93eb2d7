"""Pictures for display only, drawn on copies: shrunk, shaded, with a ring."""

from __future__ import annotations

import cv2
import numpy as np

PROXY_SIDE = 1536
"""Longer side in pixels of what the page shows."""

SHADE = 0.3
"""How bright the photo stays outside the selection."""
WHITE = (255, 255, 255)
INK = (20, 20, 20)


def shrink(image: np.ndarray, interpolation: int = cv2.INTER_AREA, side: int = PROXY_SIDE) -> np.ndarray:
    """Return an image whose longer side has at most `side` pixels, by default the size that is shown.

    A trimap needs cv2.INTER_NEAREST_EXACT, which invents no values.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=interpolation)


def spotlight(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Shade an RGB image outside a mask, uint8 (H, W) of any size, and outline what is selected."""
    height, width = image.shape[:2]
    fitted = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    light = SHADE + (1 - SHADE) * fitted[:, :, None].astype(np.float32) / 255
    canvas = np.rint(image * light).astype(np.uint8)
    outlines, _ = cv2.findContours((fitted >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    line = max(1, round(max(height, width) / 600))
    return cv2.drawContours(canvas, outlines, -1, WHITE, line, cv2.LINE_AA)


def ring(image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """Return a copy of an RGB image with a ring around a pixel (x, y)."""
    marked, unit = image.copy(), max(image.shape[:2]) / 120
    for colour, width in ((INK, max(4, round(unit))), (WHITE, max(2, round(unit / 2)))):
        cv2.circle(marked, place, round(4 * unit), colour, width, cv2.LINE_AA)
    return marked
