"""Strands: how they grow, clump, taper and shine, and how they are drawn."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from matting.data.synthetic.canvas import SHIFT, SUPERSAMPLING, fixed


@dataclass(frozen=True)
class Growth:
    """How strands grow; angles in radians, the rest as fractions of a strand.

    Attributes:
        bend: Deviation of the total turn from root to tip.
        curl: Amplitude of the waves of the direction.
        waves: Number of waves from root to tip.
        gravity: Downward pull at the tip, relative to the strand's own direction.
        wind: Sideways pull at the tip, likewise.
        jitter: Deviation of a strand's direction from its clump's.
        clumping: 0 for strands that stay parallel, 1 for clumps that meet at the tip, below 0 to spread.
        clump_size: Average number of strands to a clump.
    """

    bend: float = 0.5
    curl: float = 0.2
    waves: float = 1.5
    gravity: float = 0.0
    wind: float = 0.0
    jitter: float = 0.1
    clumping: float = 0.6
    clump_size: float = 25.0


def grow(
    rng: np.random.Generator,
    roots: np.ndarray,
    angles: np.ndarray,
    lengths: np.ndarray,
    growth: Growth,
    count: int = 16,
) -> np.ndarray:
    """Grow free strands from roots (N, 2), angles (N,) and lengths (N,) in pixels; returns (N, count, 2)."""
    strands = len(roots)
    t = np.linspace(0, 1, count)[None]
    column = (strands, 1)
    turn = angles[:, None] + growth.bend * rng.normal(size=column) * t
    waves = growth.waves * rng.uniform(0.6, 1.4, column)
    turn = turn + growth.curl * np.sqrt(t) * np.sin(2 * np.pi * (waves * t + rng.random(column)))
    x, y = np.cos(turn) + growth.wind * t, np.sin(turn) + growth.gravity * t
    norm = np.maximum(np.hypot(x, y), 1e-6)
    steps = np.stack([x / norm, y / norm], axis=2) * (lengths / (count - 1))[:, None, None]
    steps[:, 0] = 0
    return roots[:, None] + np.cumsum(steps, axis=1)


def grow_clumped(
    rng: np.random.Generator,
    roots: np.ndarray,
    angles: np.ndarray,
    lengths: np.ndarray,
    growth: Growth,
    count: int = 16,
) -> tuple[np.ndarray, np.ndarray]:
    """Grow strands that follow their clump's guide; returns points (N, count, 2) and clump numbers (N,)."""
    strands = len(roots)
    guides = max(int(strands / growth.clump_size), 1)
    chosen = rng.choice(strands, guides, replace=False)
    clump = cKDTree(roots[chosen]).query(roots)[1]
    paths = grow(rng, roots[chosen], angles[chosen], lengths[chosen], growth, count)
    own = grow(rng, np.zeros_like(roots), angles, lengths * growth.jitter, growth, count)
    t = np.linspace(0, 1, count)[None]
    reach = np.clip(lengths / lengths[chosen][clump], 0.3, 1.0)[:, None] * t * (count - 1)
    low = np.minimum(reach.astype(int), count - 2)
    part = (reach - low)[..., None]
    guided = paths[clump[:, None], low] * (1 - part) + paths[clump[:, None], low + 1] * part
    offset = (roots - roots[chosen][clump])[:, None] * (1 - growth.clumping * t**0.7)[..., None]
    return guided + offset + own, clump


def draw(canvas: np.ndarray, points: np.ndarray, colours: np.ndarray, widths: np.ndarray) -> None:
    """Draw strands in order, later ones on top.

    Args:
        canvas: uint8 (S, S, 4), changed in place.
        points: (N, K, 2) in pixels.
        colours: (N, P, 3) in [0, 1]: one colour for each of P pieces along a strand, P divides K - 1.
        widths: (N, P) in pixels; the least that can be drawn is 1 / SUPERSAMPLING.
    """
    pieces = colours.shape[1]
    stride = (points.shape[1] - 1) // pieces
    coordinates = fixed(points)
    values = np.concatenate([colours.clip(0, 1) * 255, np.full((*colours.shape[:2], 1), 255.0)], axis=2).tolist()
    thickness = np.maximum(np.rint(widths * SUPERSAMPLING), 1).astype(int).tolist()
    inside = visible(points, canvas.shape[0] // SUPERSAMPLING)
    for n in np.flatnonzero(inside):
        for piece in range(pieces):
            part = coordinates[n, piece * stride : (piece + 1) * stride + 1]
            cv2.polylines(canvas, [part], False, values[n][piece], thickness[n][piece], cv2.LINE_AA, SHIFT)


def visible(points: np.ndarray, size: int) -> np.ndarray:
    """Tell which strands (N, K, 2) come near the frame, boolean (N,)."""
    return ((points.max(axis=1) > -8) & (points.min(axis=1) < size + 8)).all(axis=1)


def shade(
    rng: np.random.Generator,
    base: np.ndarray,
    clump: np.ndarray,
    pieces: int,
    *,
    variation: float,
    tip: float,
    shine: float,
) -> np.ndarray:
    """Return colours (N, pieces, 3) of strands with base colours (N, 3).

    Strands drawn first lie deep and are darker; each clump has its own tone; `tip` is the gain at the tip
    over the root; `shine` the height of a highlight at about the same place on every strand of a clump.
    """
    strands = len(base)
    # Each strand's own shift keeps the pieces of neighbours from lining up into bands.
    t = (np.arange(pieces)[None] + rng.uniform(0, 1, (strands, 1))) / pieces
    depth = np.linspace(0.55, 1.05, strands) ** rng.uniform(0.3, 1.0)
    tones = np.exp(rng.normal(0, variation, int(clump.max()) + 1)[clump] + rng.normal(0, variation, strands))
    along = 1 + (tip - 1) * t
    place = np.clip(rng.uniform(0.2, 0.7) + rng.normal(0, 0.12, int(clump.max()) + 1)[clump], 0, 1)[:, None]
    highlight = shine * np.exp(-(((t - place) / 0.18) ** 2)) * rng.uniform(0.4, 1, (strands, 1))
    gain = (depth * tones)[:, None] * along
    hue = 1 + rng.normal(0, variation * 0.25, (strands, 1, 3))
    return np.clip(base[:, None] * gain[..., None] * hue + highlight[..., None], 0, 1)


def taper(widths: np.ndarray, pieces: int, power: float = 0.5) -> np.ndarray:
    """Return widths (N, pieces) in pixels that shrink from the root's width (N,) to a third at the tip."""
    t = (np.arange(pieces) + 0.5) / pieces
    return widths[:, None] * np.maximum((1 - t) ** power, 0.3)[None]
