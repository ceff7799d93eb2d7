"""Solids: things with sharp, defocused or moving contours, with holes, and letters."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.canvas import SHIFT, SUPERSAMPLING, fixed, paint
from matting.data.synthetic.colours import lighting, surface
from matting.data.synthetic.shapes import blob, log_uniform, noise, rotate, silhouette

FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def polygon(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a polygon, a star, or a bar, float64 (M, 2) in pixels."""
    centre = rng.uniform(0.3, 0.7, 2) * size
    if rng.random() < 0.25:
        half = np.array([rng.uniform(0.2, 0.7), log_uniform(rng, 0.006, 0.15)]) * size
        return rotate(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + centre, rng.uniform(0, np.pi), centre)
    corners = int(rng.integers(3, 12))
    theta = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radii = size * rng.uniform(0.12, 0.4) * rng.uniform(0.4, 1.0, corners)
    return centre + np.stack([np.cos(theta), np.sin(theta)], axis=1) * radii[:, None]


def letters(rng: np.random.Generator, mask: np.ndarray) -> None:
    """Write a few letters into a mask (S, S), changed in place."""
    size = mask.shape[0]
    for _ in range(rng.integers(1, 4)):
        text = "".join(chr(rng.integers(33, 123)) for _ in range(rng.integers(1, 6)))
        scale = size / 25 * log_uniform(rng, 0.15, 0.8)
        origin = (int(rng.uniform(0, 0.5) * size), int(rng.uniform(0.4, 0.95) * size))
        font = FONTS[int(rng.integers(len(FONTS)))]
        cv2.putText(mask, text, origin, font, scale, 255, max(int(scale * log_uniform(rng, 0.5, 3)), 1), cv2.LINE_AA)


def outline(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return the coverage of a random solid with holes, float32 (size, size) in [0, 1]."""
    mask = np.zeros((size * SUPERSAMPLING, size * SUPERSAMPLING), np.uint8)
    kind = rng.random()
    if kind < 0.1:
        letters(rng, mask)
    else:
        parts = silhouette(rng, size) if kind < 0.6 else []
        while not parts or rng.random() < 0.4:
            round_one = blob(rng, rng.uniform(0.1, 0.9, 2) * size, log_uniform(rng, 0.03, 0.3) * size, 0.4)
            parts.append(polygon(rng, size) if rng.random() < 0.5 else round_one)
        for part in parts:
            cv2.fillPoly(mask, [fixed(part)], 255, cv2.LINE_AA, SHIFT)
    for _ in range(int(rng.integers(0, 9)) if rng.random() < 0.5 else 0):
        hole = blob(rng, rng.uniform(0.1, 0.9, 2) * size, log_uniform(rng, 0.008, 0.08) * size, 0.3)
        cv2.fillPoly(mask, [fixed(hole)], 0, cv2.LINE_AA, SHIFT)
    return cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def coloured(rng: np.random.Generator, alpha: np.ndarray, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Paint an alpha with a surface, lit more often than not; returns a layer."""
    colour = surface(rng, alpha.shape[0], textures)
    if rng.random() < 0.6:
        depth = cv2.distanceTransform((alpha > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        colour = colour * lighting(rng, depth)[..., None]
    return paint(alpha, colour)


def sharp(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw solids with antialiased edges; returns a layer (size, size, 4)."""
    return coloured(rng, outline(rng, size), textures)


def soft(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw solids that are out of focus by a varying amount, or moving; returns a layer (size, size, 4)."""
    alpha = outline(rng, size)
    if rng.random() < 0.35:
        alpha = moved(rng, alpha)
    stack = [alpha]
    strongest = log_uniform(rng, 2, size / 18)
    for sigma in strongest / 2.0 ** np.arange(3, -1, -1):
        stack.append(cv2.GaussianBlur(alpha, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    vary = rng.uniform(0, 1.2) * noise(rng, size, rng.uniform(1, 4)) + rng.uniform(1, 4)
    vary = np.clip(vary, 0, len(stack) - 1)
    mixed = sum(level * np.maximum(1 - np.abs(vary - n), 0) for n, level in enumerate(stack))
    # The tails of a Gaussian never end; a photo's do, at the rim of the circle of confusion.
    return coloured(rng, np.clip((mixed - 0.01) / 0.98, 0, 1), textures)


def moved(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Smear an alpha along a straight or bent stroke, as a moving thing is."""
    size = alpha.shape[0]
    length = log_uniform(rng, 3, size / 10)
    reach = int(length) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    step = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    bow = rng.normal(0, length / 8) * np.array([-np.sin(angle), np.cos(angle)])
    stroke = np.stack([-step, bow, step]) + reach
    curve = np.rint(stroke * (1 << SHIFT)).astype(np.int32)
    cv2.polylines(kernel, [curve], False, 1.0, 1, cv2.LINE_8, SHIFT)
    return cv2.filter2D(alpha, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)
