"""A coat of strands on a body: what hair and fur have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from matting.data.synthetic.canvas import blank, blur, coverage, over, paint, reduce, tinted
from matting.data.synthetic.colours import crop, hair_colour, lighting, shifted, surface
from matting.data.synthetic.shapes import Body, combed, log_uniform, noise
from matting.data.synthetic.strands import Growth, draw, grow, grow_clumped, shade, taper

PIECES, POINTS = (
    5,
    26,
)  # colours along a strand, and at most so many points; POINTS - 1 is a multiple of PIECES
SEGMENT = 3.0  # pixels: shorter segments would overlap so often that a strand looks like beads


@dataclass(frozen=True)
class Coat:
    """What a coat is like.

    Attributes:
        count: Number of strands.
        length: Typical length in pixels.
        width: Width of a strand at its root in pixels.
        reach: How far inside the contour strands take root, in pixels.
        growth: How the strands grow.
    """

    count: int
    length: float
    width: float
    reach: float
    growth: Growth


@dataclass(frozen=True)
class Roots:
    """Where strands begin.

    Attributes:
        places: (N, 2), pixels.
        angles: (N,), radians.
        lengths: (N,), pixels.
        colours: (N, 3) in [0, 1].
    """

    places: np.ndarray
    angles: np.ndarray
    lengths: np.ndarray
    colours: np.ndarray

    def take(self, part: np.ndarray) -> "Roots":
        """Return some of the roots by a boolean or integer index."""
        return Roots(self.places[part], self.angles[part], self.lengths[part], self.colours[part])


def points_along(length: float) -> int:
    """Return how many points a strand of a length in pixels needs, one more than a multiple of PIECES."""
    return 1 + PIECES * int(np.clip(length / (PIECES * SEGMENT), 1, (POINTS - 1) // PIECES))


def at(points: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Read a field (H, W) or (H, W, C) at points (N, 2) in pixels, the nearest pixel of the frame."""
    cells = np.rint(points).astype(int).clip(0, field.shape[0] - 1)
    return field[cells[:, 1], cells[:, 0]]


def pelt(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Return the colours of a coat, float32 (size, size, 3) in [0, 1]: plain, in patches, or a photo's."""
    colour, other = hair_colour(rng, textures), hair_colour(rng, textures)
    kind = rng.random()
    if kind < 0.55:
        return np.broadcast_to(colour, (size, size, 3))
    if kind < 0.75:
        share = 1 / (1 + np.exp(-rng.uniform(2, 10) * noise(rng, size, rng.uniform(1, 8), 2)))[..., None]
        return colour * share + other * (1 - share)
    return np.clip(shifted(rng, crop(rng, size, textures)), 0, 1)


def tuft(rng: np.random.Generator, size: int, roots: Roots, look: Coat) -> np.ndarray:
    """Draw strands in clumps, in the order of their roots, and free fly-aways on top; returns a layer."""
    count = len(roots.places)
    along = points_along(look.length * (1 + look.growth.curl))
    points, clump = grow_clumped(rng, roots.places, roots.angles, roots.lengths, look.growth, along)
    colours = shade(
        rng,
        roots.colours,
        clump,
        PIECES,
        variation=rng.uniform(0.05, 0.25),
        tip=log_uniform(rng, 0.7, 1.5),
        shine=rng.uniform(0.0, 0.35) * (rng.random() < 0.6),
    )
    widths = look.width * rng.lognormal(0, 0.25, count)
    fine = rng.random(count) < rng.uniform(0.1, 0.6)
    layers = []
    for part in (~fine, fine):
        canvas = blank(size)
        draw(canvas, points[part], colours[part], taper(widths[part], PIECES))
        layers.append(reduce(canvas))
    stray = rng.random(count) < rng.uniform(0.01, 0.12)
    above = blank(size)
    loose = strays(rng, roots.take(stray), look.growth, along)
    draw(above, loose, np.clip(colours[stray] * 1.1, 0, 1), taper(widths[stray] * 0.7, PIECES))
    # Hairs thinner than the canvas resolves let light through instead.
    return over(reduce(above) * rng.uniform(0.35, 1.0), layers[0], layers[1] * rng.uniform(0.25, 0.8))


def strays(rng: np.random.Generator, roots: Roots, growth: Growth, count: int) -> np.ndarray:
    """Grow fly-aways, which bend more and obey less than the rest; returns points (N, count, 2)."""
    free = replace(growth, bend=growth.bend * 2 + 0.4, curl=growth.curl + 0.2, gravity=growth.gravity / 2, wind=0.0)
    angles = roots.angles + rng.normal(0, 0.4, len(roots.angles))
    lengths = roots.lengths * rng.uniform(0.5, 1.6, len(roots.lengths))
    return grow(rng, roots.places, angles, lengths, free, count)


def mist(rng: np.random.Generator, depth: np.ndarray, flow: np.ndarray, colours: np.ndarray, look: Coat) -> np.ndarray:
    """Draw the hairs too fine to be told apart: streaks that fade away from the contour; returns a layer.

    Signed depth (H, W) in pixels, the angles (H, W) along which hair lies, and colours (H, W, 3).
    """
    fade = look.length * rng.uniform(0.2, 1.0)
    start = rng.uniform(-0.3, 0.8) * fade
    thick = np.clip((depth + start) / fade, 0, 1) ** rng.uniform(0.7, 2)
    fine, broad = combed(rng, flow, look.width * rng.uniform(1, 3)), combed(rng, flow, rng.uniform(4, 12))
    streaks = 0.6 * fine + 0.4 * broad
    alpha = thick * np.clip(0.5 + rng.uniform(0.2, 0.7) * streaks + (thick - 0.3), 0, 1)
    return paint(alpha, colours * (0.85 + 0.2 * streaks[..., None]) * rng.uniform(0.6, 1.1))


def rooted(
    rng: np.random.Generator,
    ground: Body,
    look: Coat,
    lean: np.ndarray,
    swirl: np.ndarray,
    colours: np.ndarray,
) -> Roots:
    """Set the roots of a coat on a body.

    Strands stand off the contour, lean by a common vector (2,) and swirl by a field of angles (H, W).
    """
    patches = np.exp(rng.uniform(0, 0.5) * noise(rng, ground.size, rng.uniform(2, 10)))
    places = ground.roots(rng, look.count, look.reach)
    # Strands rooted near the contour are drawn first: those further in lie over them, as tiles on a roof.
    deep = ground.lookup(places, ground.depth)
    places = places[np.argsort(deep + rng.normal(0, 0.15 * look.reach + 2, look.count))]
    flow = ground.lookup(places, ground.normals) + lean
    angles = np.arctan2(flow[:, 1], flow[:, 0]) + at(places, swirl) + rng.normal(0, 0.15, look.count)
    lengths = look.length * at(places, patches) * rng.lognormal(0, rng.uniform(0.1, 0.4), look.count)
    return Roots(places, angles, lengths, at(places, colours))


def flesh(rng: np.random.Generator, ground: Body, flow: np.ndarray, colours: np.ndarray, look: Coat) -> np.ndarray:
    """Draw the body under the hair, streaked along the flow (H, W), soft at its edge; returns a layer."""
    streaks = combed(rng, flow, look.width * 2)[..., None]
    skin = colours * rng.uniform(0.5, 0.9) * (1 + rng.uniform(0.1, 0.4) * streaks)
    layer = blur(paint(coverage(ground.contours, ground.size), skin), log_uniform(rng, 0.3, 3.0))
    if rng.random() < 0.3:
        fade = min(look.length * rng.uniform(0.3, 1.5), 0.5 * float(ground.depth.max()))
        layer = layer * np.clip(ground.framed(ground.depth) / max(fade, 1.0), 0, 1)[..., None]
    return layer


def coat(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray], ground: Body, look: Coat) -> np.ndarray:
    """Cover a body with strands: hair in front, the body, and hair at the back; returns a layer."""
    comb = rng.uniform(0, 2 * np.pi)
    lean = rng.uniform(0, 1.2) * np.array([np.cos(comb), np.sin(comb)], np.float32)
    swirl = rng.uniform(0, 0.8) * noise(rng, size, rng.uniform(2, 6))
    normals = ground.framed(ground.normals) + lean
    flow = np.arctan2(normals[..., 1], normals[..., 0]) + swirl
    colours = pelt(rng, size, textures)
    depth = ground.framed(ground.depth)
    roots = rooted(rng, ground, look, lean, swirl, colours)
    layers = [tuft(rng, size, roots, look)]
    if rng.random() < 0.6:
        layers.append(mist(rng, depth, flow, colours, look))
    layers.append(flesh(rng, ground, flow, surface(rng, size, textures) if rng.random() < 0.2 else colours, look))
    layer = over(*layers)
    if rng.random() < 0.7:
        layer = tinted(layer, lighting(rng, np.maximum(depth, 0)))
    if rng.random() < 0.6:  # hair at the back: darker, longer, out of focus
        part = roots.take(rng.permutation(look.count)[: look.count // 3])
        part = replace(part, lengths=part.lengths * rng.uniform(1, 1.4), colours=part.colours * 0.6)
        back = blur(tuft(rng, size, part, look), log_uniform(rng, 0.3, 4.0))
        layer = over(layer, back * rng.uniform(0.6, 1.0))
    return layer


def lit(rng: np.random.Generator, layer: np.ndarray) -> np.ndarray:
    """Lay a broad play of light and shadow over a layer, sometimes a rim of light from behind."""
    size = layer.shape[0]
    layer = tinted(layer, np.exp(rng.uniform(0.1, 0.4) * noise(rng, size, rng.uniform(1, 4), 2)))
    if rng.random() < 0.4:
        thin = (1 - blur(layer, size / 60)[..., 3]).clip(0, 1)
        layer = tinted(layer, 1 + rng.uniform(0.3, 1.5) * thin)
    return layer
