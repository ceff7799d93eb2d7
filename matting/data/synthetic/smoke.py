"""Smoke, clouds, flames and spray: alpha from fractal noise."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.canvas import SHIFT, SUPERSAMPLING, blank, fixed, over, paint, reduce
from matting.data.synthetic.colours import gradient, surface
from matting.data.synthetic.shapes import blob, log_uniform, noise, warped


def plume(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a soft patch in which smoke lies, float32 (size, size) in [0, 1], zero outside."""
    patch = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 5))):
        contour = blob(rng, rng.uniform(0.2, 0.8, 2) * size, size * rng.uniform(0.08, 0.28), 0.4)
        cv2.fillPoly(patch, [np.rint(contour).astype(np.int32)], 1.0)
    wide = cv2.GaussianBlur(patch, (0, 0), size * rng.uniform(0.02, 0.07))
    return np.clip((wide - 0.04) / 0.9, 0, 1)


def smoke(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw smoke, a cloud, a flame or spray; returns a layer (size, size, 4)."""
    swirl = np.stack([noise(rng, size, 3, 3), noise(rng, size, 3, 3)], axis=2) * size * rng.uniform(0.01, 0.06)
    field = warped(noise(rng, size, log_uniform(rng, 2, 10), 6, rng.uniform(0.4, 0.65)), swirl)
    if rng.random() < 0.35:
        field = 1.2 - 2.2 * np.abs(field)  # ridges: wisps
    contrast = rng.uniform(0.15, 0.5)
    patch = warped(plume(rng, size), swirl * rng.uniform(0, 1.5))
    density = np.clip(patch * (0.5 + contrast * field) + 0.6 * (patch - 0.6) * rng.uniform(0, 1.5), 0, None)
    alpha = 1 - np.exp(-density * log_uniform(rng, 0.5, 6))
    tone = rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0.1, 0.7)])
    colour = np.clip(tone + 0.25 * gradient(rng, size) - 0.12 + 0.08 * field[..., None], 0, 1)
    if rng.random() < 0.2:  # fire
        heat = np.clip(alpha * 1.3, 0, 1)[..., None]
        colour = np.concatenate([np.clip(heat * 3, 0.5, 1), np.clip(heat * 1.5 - 0.2, 0, 1), heat**3], axis=2)
    elif rng.random() < 0.2:
        colour = surface(rng, size, textures)
    layer = paint(alpha, colour)
    return over(spray(rng, size), layer) if rng.random() < 0.2 else layer


def spray(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw drops, sparks or snow; returns a layer."""
    canvas = blank(size)
    centre, spread = rng.uniform(0.2, 0.8, 2) * size, size * rng.uniform(0.08, 0.3)
    flight = rng.normal(0, 1, 2) * size * rng.uniform(0, 0.02)
    tone = rng.uniform(0.6, 1.0)
    for at in centre + rng.normal(0, spread, (int(log_uniform(rng, 40, 1200)), 2)):
        width = max(round(log_uniform(rng, 0.5, 4) * SUPERSAMPLING * size / 512), 1)
        value = (tone * 255,) * 3 + (255,)
        line = fixed(np.stack([at, at + flight]))
        cv2.polylines(canvas, [line], False, value, width, cv2.LINE_AA, SHIFT)
    return reduce(canvas)
