"""Whole objects before photos, as TGN sees them in use: a view around the object, often with other things in it.

Where the source cut an object off at its own border, the view cuts it off too. In half of the views the background
holds other things, lettering or logos that are in neither the mask nor alpha. Sample i depends on (seed, i) and the
files alone.
"""

from __future__ import annotations

import numpy as np

from matting.data.composites.augment import background_like, jitter, warp
from matting.data.composites.compose import Composite, CompositeData, TGNSamples, read_any
from matting.data.composites.hard_cases import with_clutter, with_like_colours
from matting.data.composites.lettering import with_lettering
from matting.data.synthetic import Foreground

EXTENTS = (0.45, 1.25)
"""Least and most of the view's side that an object extends over."""

LARGEST_VIEW = 1.7
"""A view is up to so many times as wide as the sample, which is then a window of it."""

MOST_ENLARGED = 1.6
"""Objects are enlarged no more than this."""

CUT_OFF = 0.01
"""An object is cut off at a border of its layer where it covers more than this share of it."""


class ObjectSamples(TGNSamples):
    """Samples for TGN of whole objects."""

    def draw(self, rng: np.random.Generator) -> Composite:
        """Compose one object before a photo, (crop, crop)."""
        return draw_object(rng, self.data)


def tgn_samples(data: CompositeData, length: int, kernel: int = 15) -> TGNSamples:
    """Make the samples that the settings ask for: whole objects, or windows of foregrounds."""
    return (ObjectSamples if data.settings.objects else TGNSamples)(data, length, kernel)


def draw_object(rng: np.random.Generator, data: CompositeData) -> Composite:
    """Compose one object before a photo, (crop, crop)."""
    settings, size = data.settings, (data.crop, data.crop)
    layer = place(rng, read_any(rng, data.foregrounds), data.crop)
    background = background_like(rng, data.photos, size)
    if rng.random() < settings.clutter:
        background = crowded(rng, background, data)
    if rng.random() < settings.alike:
        background = with_like_colours(rng, background, layer)
    if rng.random() < 0.35:
        layer = Foreground(jitter(rng, layer.colour), layer.alpha, layer.kind)
    if rng.random() < settings.dark:
        layer = Foreground(_darkened(rng, layer.colour), layer.alpha, layer.kind)
        background = _darkened(rng, background) if rng.random() < 0.5 else background
    alpha = layer.alpha[..., None]
    image = np.rint(layer.colour * alpha + background * (1 - alpha)).astype(np.uint8)
    return Composite(settings.seen(rng, image), layer.colour, background, layer.alpha)


def crowded(rng: np.random.Generator, background: np.ndarray, data: CompositeData) -> np.ndarray:
    """Put one or two other things, lettering or logos into a background, uint8 (H, W, 3)."""
    for _ in range(rng.integers(1, 3)):
        if rng.random() < 0.5:
            background = with_lettering(rng, background)
        else:
            background = with_clutter(rng, background, read_any(rng, data.foregrounds), (0.15, 0.9))
    return background


def place(rng: np.random.Generator, layer: Foreground, side: int) -> Foreground:
    """Put a layer's object into a view at a random scale, and cut out a window of `side` pixels.

    Returns:
        (side, side), alpha in steps of 1/255, 0 outside of the layer.
    """
    if rng.random() < 0.5:
        mirrored = (np.ascontiguousarray(values[:, ::-1]) for values in (layer.colour, layer.alpha))
        layer = Foreground(*mirrored, layer.kind)
    view = side * (1.0 if rng.random() < 0.5 else np.exp(rng.uniform(0, np.log(LARGEST_VIEW))))
    low, high, first, last = _bounds(layer.alpha)
    scale = np.exp(rng.uniform(*np.log(EXTENTS))) * view / max(high - low) * np.exp(rng.uniform(-0.1, 0.1, 2))
    scale = np.minimum(scale, MOST_ENLARGED)
    through = first & last  # cut off at both borders: it fills the view
    scale = np.where(through, np.maximum(scale, 1.02 * view / (high - low)), scale)
    extent = scale * (high - low)
    start = np.sort([-0.1 * extent, view - 0.9 * extent], axis=0)
    start = rng.uniform(*start)
    beyond = rng.uniform(0, 0.06, 2) * extent
    start = np.where(first, -beyond, start)
    start = np.where(last, view - extent + beyond, start)
    start = np.where(through, (view - extent) * rng.uniform(0, 1, 2), start)
    angle = 0.0 if (first | last).any() else np.deg2rad(rng.normal(0, 8))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.clip(start + rng.uniform(0, 1, 2) * extent, 0, view)
    window = np.clip(middle - side / 2, 0, view - side)
    matrix = turn @ np.diag(scale)
    offset = start + extent / 2 - window - matrix @ ((low + high) / 2)
    placed = warp(layer, np.hstack([matrix, offset[:, None]]), side)
    return Foreground(placed.colour, np.rint(placed.alpha * 255) / np.float32(255), layer.kind)


def _bounds(alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Where an object begins and ends, as (x, y), and whether its layer's first and last borders cut it off."""
    columns, rows = (np.flatnonzero((alpha > 0.1).any(axis)) for axis in (0, 1))
    if not len(rows):
        columns, rows = np.arange(alpha.shape[1]), np.arange(alpha.shape[0])
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1] + 1, rows[-1] + 1])
    first, last = (np.array([(border > 0.5).mean() > CUT_OFF for border in (alpha[:, n], alpha[n])]) for n in (0, -1))
    return low, high, first, last


def _darkened(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Take most of the light away, as from dark clothes: uint8 (H, W, 3)."""
    return np.rint(colour * np.float32(rng.uniform(0.15, 0.6))).astype(np.uint8)
