"""Drawn foregrounds with exact alpha, as many as you like, reproducible by seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matting.data.synthetic.canvas import blur, extend, over, tinted
from matting.data.synthetic.colours import surface
from matting.data.synthetic.feathers import feathers
from matting.data.synthetic.fur import fur
from matting.data.synthetic.glass import glass
from matting.data.synthetic.hair import hair
from matting.data.synthetic.leaves import leaves
from matting.data.synthetic.nets import nets
from matting.data.synthetic.shapes import log_uniform
from matting.data.synthetic.smoke import smoke
from matting.data.synthetic.solids import outline, sharp, soft

__all__ = ["KINDS", "Foreground", "draw_foreground"]

Drawing = Callable[[np.random.Generator, int, Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Foreground:
    """A foreground layer with its true alpha.

    Attributes:
        colour: uint8 (H, W, 3), RGB; defined everywhere, also where alpha is zero.
        alpha: float32 (H, W) in [0, 1], in steps of 1 / 255.
        kind: One of KINDS.
    """

    colour: np.ndarray
    alpha: np.ndarray
    kind: str


def mixed(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw two kinds, one over the other, or hair with holes; returns a layer (size, size, 4)."""
    first = (hair, fur, feathers)[int(rng.integers(3))](rng, size, textures)
    if rng.random() < 0.3:
        return first * (1 - blur(outline(rng, size)[..., None].repeat(4, axis=2), log_uniform(rng, 0.1, 3)))
    second = (sharp, soft, nets, leaves, glass, smoke)[int(rng.integers(6))](rng, size, textures)
    return over(first, second) if rng.random() < 0.5 else over(second, first)


# How often each kind is drawn.
KINDS: dict[str, tuple[Drawing, float]] = {
    "hair": (hair, 0.34),
    "fur": (fur, 0.14),
    "feathers": (feathers, 0.06),
    "soft": (soft, 0.09),
    "sharp": (sharp, 0.06),
    "nets": (nets, 0.08),
    "leaves": (leaves, 0.08),
    "smoke": (smoke, 0.04),
    "glass": (glass, 0.06),
    "mixed": (mixed, 0.05),
}


def draw_foreground(
    rng: np.random.Generator, size: int, textures: Sequence[np.ndarray], kind: str | None = None
) -> Foreground:
    """Draw a random foreground with its true alpha.

    Args:
        rng: Source of all randomness: the same state gives the same foreground.
        size: Side in pixels, at least 32.
        textures: Photos uint8 (H, W, 3) to take colours from, at least one.
        kind: One of KINDS; by default drawn by their frequencies.

    Returns:
        A foreground of (size, size) with some background, some fractional alpha, and some solid foreground
        (but for smoke and glass).

    Raises:
        ValueError: If size is too small, there is no texture, or kind is unknown.
    """
    if size < 32:
        raise ValueError(f"A drawn foreground needs a side of at least 32 pixels, but {size} was asked for.")
    if len(textures) == 0:
        raise ValueError("Drawing a foreground needs at least one photo for its colours, but none was given.")
    if kind is None:
        shares = np.array([share for _, share in KINDS.values()])
        kind = str(rng.choice(list(KINDS), p=shares / shares.sum()))
    if kind not in KINDS:
        raise ValueError(f"The kind of a drawn foreground is one of {', '.join(KINDS)}, but {kind!r} was asked for.")
    while True:  # at 32 pixels a third of the drawings pass, at 512 nine in ten
        foreground = finish(rng, KINDS[kind][0](rng, size, textures), textures, kind)
        if well_formed(foreground):
            return foreground


def finish(rng: np.random.Generator, layer: np.ndarray, textures: Sequence[np.ndarray], kind: str) -> Foreground:
    """Photograph a layer, sometimes in patchy light, by a lens that blurs a little; part colour and alpha."""
    if rng.random() < 0.2:
        layer = tinted(layer, 0.6 + 0.8 * surface(rng, layer.shape[0], textures))
    sigma = rng.choice([0.0, rng.uniform(0.3, 0.8), rng.uniform(0.8, 1.8)], p=[0.25, 0.55, 0.2])
    layer = blur(layer, sigma * layer.shape[0] / 512)
    colour = np.rint(extend(layer) * 255).astype(np.uint8)
    alpha = np.rint(layer[..., 3].clip(0, 1) * 255).astype(np.float32) / 255
    return Foreground(colour, alpha, kind)


def well_formed(foreground: Foreground) -> bool:
    """Tell whether a foreground has the regions that its kind must have."""
    alpha = foreground.alpha
    solid = (alpha == 1).mean() >= 0.005 or foreground.kind in ("smoke", "glass")
    visible = (alpha > 0).mean() >= 0.02
    fractional = ((alpha > 0) & (alpha < 1)).mean() >= 0.001
    return bool(solid and visible and fractional and (alpha == 0).mean() >= 0.05)
