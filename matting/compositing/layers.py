"""I = αF + (1-α)B: compositing, cutouts, new backgrounds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image, ImageColor

if TYPE_CHECKING:
    from torch import Tensor


def compose(foreground: Tensor, background: Tensor, alpha: Tensor) -> Tensor:
    """Blend two layers, I = αF + (1-α)B (Eq. 1).

    Layers are (B, 3, H, W), alpha is (B, 1, H, W); all lie in [0, 1].
    """
    return alpha * foreground + (1 - alpha) * background


def blend(foreground: np.ndarray, background: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blend two 8-bit layers by Eq. 1 and round.

    Args:
        foreground: RGB, uint8 (H, W, 3).
        background: RGB, uint8 (H, W, 3).
        alpha: Floats (H, W) in [0, 1].

    Returns:
        RGB, uint8 (H, W, 3); every value lies between its two layers.

    Raises:
        ValueError: If shapes or types are others.
    """
    check_layer(foreground, alpha, "foreground")
    check_layer(background, alpha, "background")
    composite = np.empty_like(foreground)
    # Bands of rows keep the float copies in the processor's cache and the memory small at any size.
    for top in range(0, len(alpha), 64):
        rows = slice(top, top + 64)
        back = background[rows].astype(np.float32)
        difference = foreground[rows].astype(np.float32) - back
        composite[rows] = np.rint(back + alpha[rows, :, None].astype(np.float32) * difference)
    return composite


def cutout(foreground: np.ndarray, alpha: np.ndarray) -> Image.Image:
    """Join uint8 (H, W, 3) colours and alpha, floats (H, W) in [0, 1], into RGBA with 8-bit alpha."""
    check_layer(foreground, alpha, "foreground")
    return Image.fromarray(np.dstack([foreground, np.rint(alpha * 255).astype(np.uint8)]))


def checkerboard(size: tuple[int, int], tile: int = 16) -> np.ndarray:
    """Return the usual picture of transparency, white and gray squares of `tile` pixels, uint8 (H, W, 3)."""
    if tile < 1:
        raise ValueError(f"A checkerboard's tile should be at least 1 pixel wide, got {tile}.")
    height, width = size
    dark = (np.arange(height)[:, None] // tile + np.arange(width) // tile) % 2
    return np.repeat(np.where(dark, 204, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def solid(size: tuple[int, int], colour: str | tuple[int, int, int]) -> np.ndarray:
    """Return one colour, uint8 (H, W, 3).

    Args:
        size: (height, width) in pixels.
        colour: (red, green, blue) in [0, 255], or text: a name, "#rrggbb", or the "rgba(r, g, b, a)" of web
            colour pickers, whose numbers may have decimals and whose alpha is dropped.

    Raises:
        ValueError: If it is not a colour.
    """
    rgb = _parse_colour(colour) if isinstance(colour, str) else tuple(colour)
    if len(rgb) != 3 or not all(0 <= value <= 255 for value in rgb):
        raise ValueError(f"A colour should be red, green and blue from 0 to 255, got {rgb}.")
    return np.full((*size, 3), rgb, np.uint8)


def fit_background(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale and crop a picture from its centre so that it just covers `size` = (height, width).

    Takes and returns RGB, uint8 (H, W, 3).
    """
    height, width = size
    scale = min(image.shape[0] / height, image.shape[1] / width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (image.shape[0] - rows) // 2, (image.shape[1] - columns) // 2
    crop = image[top : top + rows, left : left + columns]
    return cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)


def check_layer(layer: np.ndarray, alpha: np.ndarray, name: str) -> None:
    """Raise ValueError where a layer is not uint8 (H, W, 3) or alpha not floats (H, W)."""
    if alpha.ndim != 2 or not np.issubdtype(alpha.dtype, np.floating):
        raise ValueError(f"alpha should be floats of shape (H, W), got {alpha.dtype} {alpha.shape}.")
    if layer.dtype != np.uint8 or layer.shape != (*alpha.shape, 3):
        raise ValueError(
            f"The {name} should be uint8 with alpha's size {alpha.shape} and 3 colours, "
            f"got {layer.dtype} {layer.shape}."
        )


def _parse_colour(text: str) -> tuple[int, int, int]:
    numbers = re.fullmatch(r"rgba?\(([\d.]+),\s*([\d.]+),\s*([\d.]+)(?:,\s*[\d.]+)?\)", text.strip())
    if numbers:
        red, green, blue = (min(255, round(float(number))) for number in numbers.groups())
        return red, green, blue
    try:
        return ImageColor.getrgb(text)[:3]
    except ValueError as error:
        raise ValueError(f"Expected a colour such as #00b140, got {text!r}.") from error
