"""Colours of drawn things: photo textures, gradients, shading, and the colours of hair."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.shapes import log_uniform, noise

HAIR = (
    np.array(
        [
            [20, 16, 15],
            [45, 31, 24],
            [83, 57, 40],
            [122, 86, 58],
            [166, 126, 84],
            [206, 172, 122],
            [228, 205, 165],
            [140, 70, 35],
            [170, 95, 60],
            [128, 124, 120],
            [190, 186, 180],
            [236, 232, 226],
        ],
        np.float32,
    )
    / 255
)


def shifted(rng: np.random.Generator, colour: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Vary colours (…, 3) in [0, 1] as one: brightness, contrast, saturation and tint; still in [0, 1]."""
    gray = colour.mean(axis=-1, keepdims=True)
    saturation = rng.choice([rng.uniform(0, 0.3), rng.uniform(0.6, 1.3), rng.uniform(1.2, 1.8)], p=[0.25, 0.67, 0.08])
    varied = gray + (colour - gray) * (1 + (saturation - 1) * strength)
    gamma = log_uniform(rng, 0.6, 1.7) ** strength
    tint = 1 + rng.uniform(-0.12, 0.12, 3) * strength
    low, high = sorted(rng.uniform(0, 1, 2)) if rng.random() < 0.2 * strength else (0.0, 1.0)
    varied = np.clip(varied * tint, 0, 1) ** gamma
    return (low + (high - low) * varied).astype(np.float32)


def gradient(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a smooth field of a few colours, float32 (size, size, 3) in [0, 1]."""
    count = int(rng.integers(2, 5))
    grid = rng.uniform(0, 1, 3) + rng.normal(0, 0.25, (count, count, 3))
    field = cv2.resize(grid.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(field, 0, 1)


def crop(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Return a random crop of a random texture resized to float32 (size, size, 3) in [0, 1]."""
    texture = textures[int(rng.integers(len(textures)))]
    height, width = texture.shape[:2]
    side = max(int(min(height, width) * log_uniform(rng, 0.15, 1.0)), min(8, height, width))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    part = texture[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    part = cv2.resize(part, (size, size), interpolation=method)
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.rot90(part, int(rng.integers(4))).astype(np.float32) / 255


def surface(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Return a surface, float32 (size, size, 3) in [0, 1]: a photo, a gradient, or both at once."""
    kind = rng.random()
    if kind < 0.6:
        field = crop(rng, size, textures)
    elif kind < 0.8:
        field = gradient(rng, size)
    else:
        field = gradient(rng, size) * (0.4 + 1.2 * crop(rng, size, textures).mean(axis=2, keepdims=True))
    if rng.random() < 0.25:
        field = field * (1 + rng.uniform(0.02, 0.15) * noise(rng, size, size / 4)[..., None])
    return np.clip(shifted(rng, np.clip(field, 0, 1)), 0, 1)


def lighting(rng: np.random.Generator, depth: np.ndarray) -> np.ndarray:
    """Return Lambert-like shading, float32 (H, W) about 1, of a body that bulges with its depth (H, W)."""
    size = depth.shape[0]
    scale = max(float(depth.max()), 1.0)
    height = cv2.GaussianBlur(np.sqrt(depth / scale).astype(np.float32), (0, 0), max(size / 40, 1.0)) * scale
    height += noise(rng, size, 6, 2) * scale * rng.uniform(0, 0.06)
    angle, ambient = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.75)
    dx, dy = (
        cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125),
        cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125),
    )
    lit = (1 - dx * np.cos(angle) - dy * np.sin(angle)) / np.sqrt(2 * (1 + dx**2 + dy**2))
    return (ambient + (1.25 - ambient) * np.clip(lit * 1.2, 0, 1.2)).astype(np.float32)


def hair_colour(rng: np.random.Generator, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Return one colour (3,) in [0, 1]: mostly natural hair, sometimes any colour of a texture or of dye."""
    kind = rng.random()
    if kind < 0.7:
        first, second = rng.integers(len(HAIR), size=2)
        colour = HAIR[first] * 0.7 + HAIR[second] * 0.3
    elif kind < 0.94:
        texture = textures[int(rng.integers(len(textures)))]
        colour = texture[int(rng.integers(texture.shape[0])), int(rng.integers(texture.shape[1]))] / 255
    else:
        colour = rng.uniform(0, 1, 3)
    return np.clip(colour * rng.uniform(0.85, 1.2, 3), 0.02, 0.98).astype(np.float32)
