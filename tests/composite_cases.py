"""A soft disc as a foreground, and photos to put behind it."""

import numpy as np

from matting.data.synthetic import Foreground


def layer(size=(110, 110), seed=0, radius=30, softness=9):
    """A soft disc; alpha in steps of 1/255, colour everywhere."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2 - 5, x - size[1] / 2 + 4) - radius
    alpha = np.rint(np.clip(0.5 - distance / softness, 0, 1) * 255).astype(np.float32) / 255
    return Foreground(rng.integers(0, 256, (*size, 3), dtype=np.uint8), alpha, "soft")


def photos():
    rng = np.random.default_rng(9)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in ((90, 140, 3), (300, 120, 3))]
