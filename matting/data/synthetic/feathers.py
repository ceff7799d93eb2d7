"""Feathers: a shaft with barbs on both sides, split here and there, downy at the base."""

from collections.abc import Sequence

import numpy as np

from matting.data.synthetic.canvas import blank, blur, over, reduce
from matting.data.synthetic.coat import PIECES, lit
from matting.data.synthetic.colours import hair_colour
from matting.data.synthetic.shapes import log_uniform, smooth_path
from matting.data.synthetic.strands import Growth, draw, grow, shade, taper


def feather(
    rng: np.random.Generator,
    size: int,
    start: np.ndarray,
    angle: float,
    length: float,
    base: np.ndarray,
    width: float,
    canvas: np.ndarray,
) -> None:
    """Draw one feather into a canvas, changed in place."""
    shaft = smooth_path(rng, start, angle, length, 0.35, 24)
    count = int(np.clip(length / size * rng.uniform(750, 1800), 80, 1400))
    side = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    t = np.sort(rng.uniform(0.06, 1, count))
    split = np.floor(t * rng.uniform(6, 40) + rng.uniform(0, 1, count) * 0.2).astype(int)
    tilts = rng.normal(0, rng.uniform(0.02, 0.2), split.max() + 1)[split]
    place = t * (len(shaft) - 1.001)
    low = place.astype(int)
    part = (place - low)[:, None]
    roots = shaft[low] * (1 - part) + shaft[low + 1] * part
    along = shaft[low + 1] - shaft[low]
    down = rng.uniform(0.1, 1.0)  # how loose the barbs are near the base
    loose = down * np.clip(1 - t * 2.5, 0.03, 1)
    angles = np.arctan2(along[:, 1], along[:, 0]) + side * rng.uniform(0.4, 1.1) + tilts
    angles = angles + rng.normal(0, 1, count) * loose * 0.5
    profile = np.sin(np.pi * np.clip(t, 0.02, 0.99) ** rng.uniform(0.5, 1.2)) ** 0.6
    barbs = length * rng.uniform(0.08, 0.35) * profile * (1 + loose * rng.normal(0, 0.4, count)).clip(0.3, 2)
    growth = Growth(bend=0.15 + down * 0.3, curl=down * rng.uniform(0, 0.6), waves=2)
    points = grow(rng, roots, angles, barbs, growth, 16)
    order = rng.permutation(count)
    bands = 1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * (t * rng.uniform(1, 8)))
    colours = shade(rng, base * bands[:, None], split, PIECES, variation=0.12, tip=log_uniform(rng, 0.6, 1.5), shine=0)
    draw(canvas, points[order], colours[order], taper(width * rng.lognormal(0, 0.2, count), PIECES, 0.3)[order])
    stem = np.repeat(np.clip(base.mean(axis=0) * rng.uniform(0.5, 1.4), 0, 1)[None, None], 4, axis=1)
    widths = np.linspace(1, 0.35, 4)[None] * width * rng.uniform(1.5, 4)
    draw(canvas, shaft[None, np.linspace(0, 23, 13).astype(int)], stem, widths)


def feathers(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw one to many feathers: a quill, a fan, a boa; returns a layer (size, size, 4)."""
    many = rng.random() < 0.5
    count = int(rng.integers(8, 28)) if many else int(rng.integers(1, 4))
    length = size * (rng.uniform(0.15, 0.45) if many else rng.uniform(0.5, 1.0))
    path = smooth_path(rng, rng.uniform(0.1, 0.9, 2) * size, rng.uniform(0, 2 * np.pi), size * 0.9, 0.8, count + 1)
    path = path + size / 2 - path.mean(axis=0)
    fan = rng.uniform(0, 2 * np.pi)
    base = hair_colour(rng, textures)
    layers, canvas = [], blank(size)
    for n in range(count):
        start = path[n] if many else rng.uniform(0.2, 0.8, 2) * size
        angle = fan + rng.normal(0, 0.8) if many else np.arctan2(*(size / 2 - start)[::-1]) + rng.normal(0, 0.3)
        if not many:
            start = start - 0.4 * length * np.array([np.cos(angle), np.sin(angle)])
        tone = np.clip(base * rng.uniform(0.7, 1.25), 0, 1)[None]
        width = log_uniform(rng, 0.3, 1.2) * size / 512
        feather(rng, size, start, angle, length * rng.uniform(0.7, 1.2), tone, width, canvas)
        if n == count // 2:
            layers, canvas = [blur(reduce(canvas), log_uniform(rng, 0.05, 2.5))], blank(size)
    return lit(rng, over(reduce(canvas), *layers))
