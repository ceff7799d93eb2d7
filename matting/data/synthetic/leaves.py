"""Plants: branches, leaves, grass, and crowns of many small leaves."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.canvas import SHIFT, SUPERSAMPLING, blank, blur, fill, fixed, opaque, over, reduce, tinted
from matting.data.synthetic.colours import crop, surface
from matting.data.synthetic.shapes import log_uniform, noise, rotate, smooth_path

GREENS = (
    np.array(
        [
            [58, 92, 38],
            [96, 128, 52],
            [140, 158, 74],
            [38, 66, 40],
            [120, 86, 40],
            [172, 96, 44],
            [186, 160, 70],
            [70, 110, 90],
        ],
        np.float32,
    )
    / 255
)


def leaf(rng: np.random.Generator, at: np.ndarray, angle: float, length: float, width: float, lobes: int) -> np.ndarray:
    """Return a pointed, possibly lobed leaf, float64 (M, 2) in pixels, whose stalk is at `at`."""
    t = np.linspace(0, 1, 14)
    half = width * np.sin(np.pi * t**0.8) * (1 + 0.3 * np.abs(np.sin(lobes * np.pi * t)) * (lobes > 0))
    bow = rng.normal(0, 0.12) * length * t**2
    upper = np.stack([t * length, bow - half], axis=1)
    lower = np.stack([t * length, bow + half], axis=1)[::-1]
    return rotate(np.concatenate([upper, lower]) + at, angle, at)


def paint_leaf(canvas: np.ndarray, shape: np.ndarray, tone: np.ndarray, other: float) -> None:
    """Draw a leaf whose two halves face the light differently, with its midrib; changes the canvas."""
    middle = (shape[:14] + shape[:13:-1]) / 2
    fill(canvas, [shape], tone)
    fill(canvas, [np.concatenate([shape[:14], middle[::-1]])], tone * other)
    cv2.polylines(canvas, [fixed(middle)], False, opaque(tone * 1.3), 1, cv2.LINE_AA, SHIFT)


def branches(rng: np.random.Generator, size: int) -> list[tuple[np.ndarray, float]]:
    """Return branches as (path (K, 2), width in pixels), thick ones first."""
    start = np.array([rng.uniform(0.2, 0.8), rng.uniform(0.8, 1.05)]) * size
    todo = [
        (
            start,
            -np.pi / 2 + rng.normal(0, 0.3),
            size * rng.uniform(0.4, 0.8),
            size * log_uniform(rng, 0.005, 0.04),
            0,
        )
    ]
    depth = int(rng.integers(2, 5))
    done = []
    while todo and len(done) < 220:
        at, angle, length, width, level = todo.pop(0)
        path = smooth_path(rng, at, angle, length, 0.35, 12)
        done.append((path, width))
        for _ in range(int(rng.integers(2, 6)) if level < depth else 0):
            place = int(rng.integers(3, 12))
            turn = angle + rng.choice([-1, 1]) * rng.uniform(0.3, 1.1)
            todo.append((path[place], turn, length * rng.uniform(0.4, 0.7), max(width * 0.6, 0.3), level + 1))
    return done


def plant(rng: np.random.Generator, size: int, greens: np.ndarray) -> np.ndarray:
    """Draw a branching plant with leaves; returns a layer."""
    canvas = blank(size)
    bark = np.array([0.35, 0.27, 0.2]) * rng.uniform(0.4, 1.6)
    length = size * log_uniform(rng, 0.015, 0.14)
    slender, lobes = log_uniform(rng, 0.08, 0.5), int(rng.choice([0, 0, 0, 2, 4]))
    density = rng.choice([0.0, rng.uniform(0.2, 1), rng.uniform(1, 3)], p=[0.2, 0.4, 0.4])
    for path, width in branches(rng, size):
        steps = np.linspace(1, 0.5, len(path) - 1) * width * SUPERSAMPLING
        for n, thick in enumerate(steps):
            tone = opaque(bark * (0.8 + 0.3 * rng.random()))
            cv2.polylines(canvas, [fixed(path[n : n + 2])], False, tone, max(round(thick), 1), cv2.LINE_AA, SHIFT)
        for at in path[3:]:
            for _ in range(rng.poisson(density)):
                tone = greens[int(rng.integers(len(greens)))] * rng.uniform(0.5, 1.4)
                angle, reach = rng.uniform(0, 2 * np.pi), length * rng.uniform(0.5, 1.3)
                shape = leaf(rng, at, angle, reach, reach * slender * rng.uniform(0.5, 1.1), lobes)
                paint_leaf(canvas, shape, tone, rng.uniform(0.7, 1.3))
    return reduce(canvas)


def grass(rng: np.random.Generator, size: int, greens: np.ndarray) -> np.ndarray:
    """Draw blades of grass, reeds or needles that rise together; returns a layer."""
    canvas = blank(size)
    count = int(log_uniform(rng, 40, 700))
    spread, base = rng.uniform(0.05, 0.6) * size, size * rng.uniform(0.7, 1.05)
    for _ in range(count):
        at = np.array([size / 2 + rng.normal(0, spread), base + rng.uniform(0, 0.1) * size])
        length = size * rng.uniform(0.2, 0.8)
        path = smooth_path(rng, at, -np.pi / 2 + rng.normal(0, 0.35), length, 0.5, 14)
        half = size * log_uniform(rng, 0.0008, 0.008) * np.linspace(1, 0.05, 14)[:, None] ** 0.7
        normal = np.gradient(path, axis=0)[:, ::-1] * [-1, 1]
        normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
        shape = np.concatenate([path + normal * half, (path - normal * half)[::-1]])
        fill(canvas, [shape], greens[int(rng.integers(len(greens)))] * rng.uniform(0.4, 1.5))
    return reduce(canvas)


def crown(rng: np.random.Generator, size: int, greens: np.ndarray) -> np.ndarray:
    """Draw a crown or a heap: hundreds of small leaves scattered about a few centres; returns a layer."""
    canvas = blank(size)
    centres = rng.uniform(0.2, 0.8, (int(rng.integers(2, 9)), 2)) * size
    spread = size * rng.uniform(0.04, 0.14)
    length, slender = size * log_uniform(rng, 0.008, 0.05), log_uniform(rng, 0.15, 0.5)
    count = int(log_uniform(rng, 400, 3500))
    for n in range(count):
        at = centres[int(rng.integers(len(centres)))] + rng.normal(0, spread, 2)
        tone = greens[int(rng.integers(len(greens)))] * rng.uniform(0.5, 1.2) * (0.5 + 0.7 * n / count)
        shape = leaf(rng, at, rng.uniform(0, 6.3), length * rng.uniform(0.5, 1.4), length * slender, 0)
        paint_leaf(canvas, shape, tone, other=0.8)
    return reduce(canvas)


def leaves(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw a plant, grass or a crown, some of it out of focus; returns a layer (size, size, 4)."""
    greens = GREENS[rng.choice(len(GREENS), 3)] * rng.uniform(0.7, 1.3, (1, 3))
    if rng.random() < 0.3:
        patch = crop(rng, 16, textures).reshape(-1, 3)
        greens = patch[rng.choice(len(patch), 5)]
    kinds = (plant, grass, crown)
    layers = []
    for _ in range(int(rng.choice([1, 1, 2]))):
        drawn = kinds[int(rng.choice(3, p=[0.5, 0.2, 0.3]))](rng, size, greens)
        layers.append(blur(drawn, log_uniform(rng, 0.05, 2.0)) if layers else drawn)
    layer = tinted(over(*layers), np.exp(rng.uniform(0, 0.35) * noise(rng, size, size / rng.uniform(8, 40), 2)))
    if rng.random() < 0.5:
        layer = tinted(layer, 0.5 + surface(rng, size, textures).mean(axis=2))
    return rot(layer, int(rng.integers(4))) if rng.random() < 0.4 else layer


def rot(layer: np.ndarray, quarters: int) -> np.ndarray:
    """Turn a layer by quarter turns."""
    return np.ascontiguousarray(np.rot90(layer, quarters))
