"""Layers and canvases: exact coverage by supersampling, and colours that reach beyond the alpha.

A *layer* is premultiplied RGBA, float32 (H, W, 4) in [0, 1]. A *canvas* is the same as uint8, SUPERSAMPLING
times as large: OpenCV draws antialiased shapes of colour (r, g, b, 255) into it, which on premultiplied
values is exactly the "over" operator, so that the reduced canvas holds the coverage of every pixel.
"""

import cv2
import numpy as np

SUPERSAMPLING = 4
SHIFT = 4  # fractional bits of the coordinates that OpenCV's drawing takes


def blank(size: int) -> np.ndarray:
    """Return an empty canvas, uint8 (4 * size, 4 * size, 4)."""
    return np.zeros((size * SUPERSAMPLING, size * SUPERSAMPLING, 4), np.uint8)


def fixed(points: np.ndarray) -> np.ndarray:
    """Convert points (…, 2) in pixels of the layer to OpenCV's fixed-point numbers on the canvas, int32."""
    scaled = (points + 0.5) * SUPERSAMPLING - 0.5
    return np.rint(np.clip(scaled, -30000, 30000) * (1 << SHIFT)).astype(np.int32)


def opaque(colour: np.ndarray) -> tuple[float, float, float, float]:
    """Return a colour (3,) in [0, 1] as OpenCV's opaque drawing colour on a canvas."""
    red, green, blue = (float(min(max(value, 0.0), 1.0) * 255) for value in colour)
    return red, green, blue, 255.0


def fill(canvas: np.ndarray, contours: list[np.ndarray], colour: np.ndarray) -> None:
    """Fill polygons [(M, 2)] in pixels with one colour, antialiased; their overlaps become holes."""
    cv2.fillPoly(canvas, [fixed(contour) for contour in contours], opaque(colour), cv2.LINE_AA, SHIFT)


def reduce(canvas: np.ndarray) -> np.ndarray:
    """Average a canvas down to a layer."""
    size = canvas.shape[0] // SUPERSAMPLING
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def coverage(contours: list[np.ndarray], size: int) -> np.ndarray:
    """Return the coverage of the union of polygons, float32 (size, size) in [0, 1]."""
    canvas = np.zeros((size * SUPERSAMPLING, size * SUPERSAMPLING), np.uint8)
    for contour in contours:
        cv2.fillPoly(canvas, [fixed(contour)], 255, cv2.LINE_AA, SHIFT)
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def paint(alpha: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Make a layer of alpha (H, W) and colour (H, W, 3), both in [0, 1]."""
    alpha = np.clip(alpha, 0, 1)[..., None].astype(np.float32)
    return np.concatenate([np.clip(colour, 0, 1).astype(np.float32) * alpha, alpha], axis=2)


def tinted(layer: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Multiply a layer's colour by (H, W) or (H, W, 3), never beyond white; the alpha stays."""
    factor = factor if factor.ndim == 3 else factor[..., None]
    return np.concatenate([np.minimum(layer[..., :3] * factor, layer[..., 3:]), layer[..., 3:]], axis=2)


def over(*layers: np.ndarray) -> np.ndarray:
    """Stack layers, the first on top."""
    result = layers[-1]
    for layer in layers[-2::-1]:
        result = layer + result * (1 - layer[..., 3:])
    return result


def blur(layer: np.ndarray, sigma: float) -> np.ndarray:
    """Defocus a layer by a Gaussian of sigma pixels; premultiplied, hence exact."""
    return layer if sigma < 0.2 else cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def extend(layer: np.ndarray) -> np.ndarray:
    """Return straight colour float32 (H, W, 3) in [0, 1], defined everywhere.

    Where alpha is (nearly) zero the colour comes from a pyramid, in which opaque pixels count more than faint
    ones, so that resampling the colour and the alpha apart makes no fringe.
    """
    alpha = layer[..., 3:]
    trust = np.minimum(alpha * 20, 1)
    own = (layer[..., :3] / np.maximum(alpha, 1e-6)).clip(0, 1)
    return own * trust + filled(layer * alpha) * (1 - trust)


def filled(weighted: np.ndarray) -> np.ndarray:
    """Return colours (H, W, 3) of weighted colours and weights (H, W, 4), holes filled from coarser ones."""
    weight = weighted[..., 3:]
    height, width = weight.shape[:2]
    own = (weighted[..., :3] / np.maximum(weight, 1e-9)).clip(0, 1)
    if min(height, width) <= 1:
        return own
    half = cv2.resize(weighted, ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
    beyond = cv2.resize(filled(half), (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, 3)
    trust = np.minimum(weight * 20, 1)
    return own * trust + beyond * (1 - trust)
