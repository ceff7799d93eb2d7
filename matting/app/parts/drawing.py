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
    fitted = _fitted(image, mask)
    light = SHADE + (1 - SHADE) * fitted[:, :, None].astype(np.float32) / 255
    canvas = np.rint(image * light).astype(np.uint8)
    return _trace(canvas, fitted, WHITE, 1)


def outline(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Outline a mask, uint8 (H, W) of any size, on a copy of an RGB image, to be seen on light and on dark."""
    fitted = _fitted(image, mask)
    return _trace(_trace(image.copy(), fitted, INK, 4), fitted, WHITE, 2)


def _fitted(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _trace(canvas: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], widths: int) -> np.ndarray:
    outlines, _ = cv2.findContours((mask >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    line = max(1, round(max(canvas.shape[:2]) / 600)) * widths
    return cv2.drawContours(canvas, outlines, -1, colour, line, cv2.LINE_AA)


def ring(image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """Return a copy of an RGB image with a ring around a pixel (x, y)."""
    marked, unit = image.copy(), max(image.shape[:2]) / 120
    for colour, width in ((INK, max(4, round(unit))), (WHITE, max(2, round(unit / 2)))):
        cv2.circle(marked, place, round(4 * unit), colour, width, cv2.LINE_AA)
    return marked
