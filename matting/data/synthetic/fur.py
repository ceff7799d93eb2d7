"""Fur: animals and plush toys with short dense strands, and whiskers."""

from collections.abc import Sequence

import numpy as np

from matting.data.synthetic.canvas import blank, over, reduce
from matting.data.synthetic.coat import PIECES, POINTS, Coat, coat, lit
from matting.data.synthetic.shapes import Body, body, log_uniform, silhouette
from matting.data.synthetic.strands import Growth, draw, grow, taper


def fur(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw an animal or plush toy, sometimes with whiskers; returns a layer (size, size, 4)."""
    woolly = rng.random() < 0.25
    growth = Growth(
        bend=rng.uniform(0.1, 0.7),
        curl=rng.uniform(1.0, 3.0) if woolly else log_uniform(rng, 0.03, 1.0),
        waves=log_uniform(rng, 0.5, 3),
        gravity=rng.uniform(0, 0.6),
        jitter=log_uniform(rng, 0.1, 0.5),
        clumping=rng.uniform(-0.2, 0.9),
        clump_size=log_uniform(rng, 4, 30),
    )
    ground = body(silhouette(rng, size), size)
    length = size * log_uniform(rng, 0.012, 0.12)
    look = Coat(
        count=int(log_uniform(rng, 4000, 10000)),
        length=length,
        width=log_uniform(rng, 0.2, 0.8) * size / 512,
        reach=rng.choice([max(length * 1.5, size * 0.03), size * 0.5]),
        growth=growth,
    )
    layer = coat(rng, size, textures, ground, look)
    layer = layer if rng.random() < 0.4 else lit(rng, layer)
    return over(whiskers(rng, size, ground), layer) if rng.random() < 0.3 else layer


def whiskers(rng: np.random.Generator, size: int, ground: Body) -> np.ndarray:
    """Draw some long tapered single hairs that start together; returns a layer."""
    count = int(rng.integers(6, 50))
    root = ground.roots(rng, 1, size * 0.05)[0]
    roots = root + rng.normal(0, size * 0.025, (count, 2))
    normal = ground.lookup(root[None], ground.normals)[0]
    angles = np.arctan2(normal[1], normal[0]) + rng.normal(0, 0.45, count)
    points = grow(rng, roots, angles, size * rng.uniform(0.1, 0.5, count), Growth(bend=0.5, curl=0.05), POINTS)
    base = np.repeat(np.full((1, 3), rng.choice([0.05, 0.85])), count, axis=0) * rng.uniform(0.7, 1.1, (count, 1))
    canvas = blank(size)
    widths = np.full(count, log_uniform(rng, 0.4, 1.6) * size / 512)
    draw(canvas, points, np.repeat(base[:, None], PIECES, axis=1), taper(widths, PIECES))
    return reduce(canvas)
