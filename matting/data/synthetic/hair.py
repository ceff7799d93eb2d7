"""Hair: heads, manes and locks of thousands of strands."""

from collections.abc import Sequence

import numpy as np

from matting.data.synthetic.canvas import blank, blur, over, reduce
from matting.data.synthetic.coat import PIECES, POINTS, Coat, coat, lit
from matting.data.synthetic.colours import hair_colour
from matting.data.synthetic.shapes import body, log_uniform, silhouette, smooth_path
from matting.data.synthetic.strands import Growth, draw, grow, shade, taper


def hair(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw a head or body with long hair, or locks alone; returns a layer (size, size, 4)."""
    if rng.random() < 0.15:
        return lit(rng, lock(rng, size, textures))
    frizzy = rng.random() < 0.2
    growth = Growth(
        bend=rng.uniform(0.1, 1.2),
        curl=rng.uniform(1.2, 3.0) if frizzy else log_uniform(rng, 0.03, 1.2),
        waves=log_uniform(rng, 2, 7) if frizzy else log_uniform(rng, 0.5, 5),
        gravity=rng.choice([0.0, rng.uniform(0, 1), rng.uniform(1, 4)]),
        wind=rng.normal(0, 0.6),
        jitter=log_uniform(rng, 0.03, 0.35),
        clumping=rng.uniform(-0.6, 0.95),
        clump_size=log_uniform(rng, 6, 80),
    )
    look = Coat(
        count=int(log_uniform(rng, 1800, 8000)),
        length=size * (rng.uniform(0.25, 0.7) if rng.random() < 0.4 else log_uniform(rng, 0.06, 0.25)),
        width=log_uniform(rng, 0.2, 0.8) * size / 512,
        reach=size * rng.uniform(0.03, 0.3),
        growth=growth,
    )
    layer = coat(rng, size, textures, body(silhouette(rng, size), size), look)
    return layer if rng.random() < 0.5 else lit(rng, layer)


def lock(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw locks, tails or tresses: strands that flow along a few paths and spread; returns a layer."""
    base = hair_colour(rng, textures)
    layers = [tress(rng, size, base) for _ in range(rng.integers(1, 4))]
    return over(*layers)


def tress(rng: np.random.Generator, size: int, base: np.ndarray) -> np.ndarray:
    """Draw one lock of a base colour (3,) from anywhere across the middle of the frame; returns a layer."""
    start = rng.uniform(-0.05, 1.05, 2) * size
    angle = np.arctan2(*(size / 2 - start)[::-1]) + rng.normal(0, 0.4)
    length = size * rng.uniform(0.5, 1.1)
    path = smooth_path(rng, start, angle, length, 0.6, POINTS)
    count = int(log_uniform(rng, 400, 2500))
    spread = size * log_uniform(rng, 0.02, 0.12)
    t = np.linspace(0, 1, POINTS)[None, :, None]
    clump = rng.integers(0, max(count // 25, 1), count)
    # Each clump keeps its place across the lock and gathers its strands.
    middles = rng.normal(0, spread, (int(clump.max()) + 1, 2))[clump]
    scatter = middles + rng.normal(0, spread * rng.uniform(0.1, 0.6), (count, 2))
    opening = 0.3 + t ** rng.uniform(0.5, 2) * rng.uniform(0.2, 2.5)
    swing = Growth(bend=1.5, curl=log_uniform(rng, 0.05, 1.5), waves=3)
    waves = grow(rng, np.zeros((count, 2)), rng.uniform(0, 2 * np.pi, count), np.full(count, length / 6), swing, POINTS)
    ends = np.sort(rng.uniform(0.6, 1.0, count))[:, None, None]
    along = np.stack([np.interp(ends[:, 0] * t[0, :, 0], t[0, :, 0], path[:, axis]) for axis in (0, 1)], axis=2)
    points = along + scatter[:, None] * opening + waves * rng.uniform(0.1, 0.6)
    colours = shade(
        rng,
        np.repeat(base[None], count, axis=0),
        clump,
        PIECES,
        variation=rng.uniform(0.1, 0.3),
        tip=log_uniform(rng, 0.8, 1.4),
        shine=rng.uniform(0, 0.4),
    )
    canvas = blank(size)
    widths = np.full(count, log_uniform(rng, 0.2, 0.9) * size / 512) * rng.lognormal(0, 0.25, count)
    draw(canvas, points, colours, taper(widths, PIECES))
    return blur(reduce(canvas), log_uniform(rng, 0.05, 2.0))
