"""Composites for training: foregrounds of any source on photos, in GCA's order (Li and Lu 2020, Section IV-B).

Second foreground, at times the whole resized to a small side, affine, trimap, crop centred on an unknown pixel, colour
jitter, composition, camera; the settings say how often and how much.
Sample number i depends on (seed, i) and the files alone, so a run resumes by counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.composites.augment import affine, background_like, jitter, merge_foregrounds
from matting.data.composites.crops import crop_anywhere, crop_on_unknown, cut_layer, known_where_true
from matting.data.composites.hard_cases import plain_screen, with_clutter, with_like_colours, with_soft_rim
from matting.data.composites.settings import REALISTIC, CompositeSettings
from matting.data.datasets import ForegroundSource, PoolFiles
from matting.data.synthetic import Foreground
from matting.data.tensors import Sample, classes, colours, plane, trimap_plane
from matting.trimaps.algebra import from_alpha


@dataclass(frozen=True)
class Composite:
    """One composite at its final size: all uint8 (H, W, 3) but alpha, float32 (H, W) in [0, 1]."""

    image: np.ndarray
    foreground: np.ndarray
    background: np.ndarray
    alpha: np.ndarray


@dataclass(frozen=True)
class CompositeData:
    """Where composites come from.

    Attributes:
        foregrounds: a source of foregrounds (`matting.data.datasets`); a list of a pool's files becomes one.
        photos: backgrounds, uint8 (H, W, 3).
        crop: side of a sample in pixels.
        seed: seed of all randomness.
        settings: how composites are made.
    """

    foregrounds: ForegroundSource
    photos: Sequence[np.ndarray]
    crop: int
    seed: int
    settings: CompositeSettings = REALISTIC

    def __post_init__(self) -> None:
        if not isinstance(self.foregrounds, ForegroundSource):
            object.__setattr__(self, "foregrounds", PoolFiles(self.foregrounds))


class SPAMattNetSamples(Dataset[Sample]):
    """Samples for SPAMattNet: image, trimap, alpha, foreground and background."""

    def __init__(self, data: CompositeData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Compose sample number `index`; tensors (C, crop, crop), trimap in {0, 1/2, 1}, the rest in [0, 1]."""
        rng = generator(self.data.seed, index)
        settings = self.data.settings
        foreground = draw_layer(rng, self.data)
        trimap = settings.trimap(rng, foreground.alpha)
        side = settings.side(rng, self.data.crop)
        layer, trimap = crop_on_unknown(rng, foreground, trimap, side, settings.scales)
        composite, trimap = enlarge(compose_layer(rng, layer, self.data), trimap, self.data.crop)
        return _tensors(composite) | {"trimap": trimap_plane(trimap)}


class TGNSamples(Dataset[Sample]):
    """Samples for TGN: image, perturbed coarse mask, and the class of every pixel."""

    def __init__(self, data: CompositeData, length: int, kernel: int = 15) -> None:
        self.data, self.length, self.kernel = data, length, kernel

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Compose sample `index`: image (3, crop, crop), coarse_mask (1, crop, crop), classes (crop, crop) int64."""
        rng = generator(self.data.seed, index)
        composite = self.draw(rng)
        trimap = from_alpha(composite.alpha, self.kernel, self.kernel)
        coarse = self.data.settings.mask(rng, composite.alpha, composite.image)
        return {"image": colours(composite.image), "coarse_mask": plane(coarse), "classes": classes(trimap)}

    def draw(self, rng: np.random.Generator) -> Composite:
        """Compose a window of a foreground, (crop, crop)."""
        layer = crop_anywhere(rng, draw_layer(rng, self.data), self.data.crop)
        return compose_layer(rng, layer, self.data)


class U2NetSamples(Dataset[Sample]):
    """Samples for U2Net: whole composites and their alphas as the masks to find."""

    def __init__(self, data: CompositeData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Compose sample `index`: image (3, crop, crop) and alpha (1, crop, crop) in [0, 1]."""
        rng = generator(self.data.seed, index)
        layer = cut_layer(draw_layer(rng, self.data), (slice(None), slice(None)), self.data.crop)
        composite = compose_layer(rng, layer, self.data)
        return {"image": colours(composite.image), "alpha": plane(composite.alpha)}


def draw_layer(rng: np.random.Generator, data: CompositeData) -> Foreground:
    """Choose a foreground, at times merge a second one into it, warp the result, at times take it out of focus."""
    settings = data.settings
    layer = read_any(rng, data.foregrounds)
    if rng.random() < settings.second:
        layer = merge_foregrounds(layer, affine(rng, read_any(rng, data.foregrounds)))
    if settings.whole and rng.random() < settings.whole:
        layer = cut_layer(layer, (slice(None), slice(None)), settings.whole_side)
    layer = affine(rng, layer)
    return with_soft_rim(rng, layer) if settings.soft and rng.random() < settings.soft else layer


def compose_layer(rng: np.random.Generator, layer: Foreground, data: CompositeData) -> Composite:
    """Compose a layer onto a background and imitate a camera."""
    background = draw_background(rng, layer.alpha.shape, data)
    layer = Foreground(jitter(rng, layer.colour), layer.alpha, layer.kind)
    if data.settings.alike and rng.random() < data.settings.alike:
        background = with_like_colours(rng, background, layer)
    alpha = layer.alpha[..., None]
    image = np.rint(layer.colour * alpha + background * (1 - alpha)).astype(np.uint8)
    return Composite(data.settings.seen(rng, image), layer.colour, background, layer.alpha)


def enlarge(composite: Composite, trimap: np.ndarray, side: int) -> tuple[Composite, np.ndarray]:
    """Enlarge a composite and its trimap to a square of `side` pixels, as small photos are enlarged."""
    if composite.alpha.shape == (side, side):
        return composite, trimap
    pictures = (composite.image, composite.foreground, composite.background)
    image, foreground, background = (cv2.resize(p, (side, side), interpolation=cv2.INTER_CUBIC) for p in pictures)
    alpha = cv2.resize(composite.alpha, (side, side), interpolation=cv2.INTER_LINEAR)
    trimap = known_where_true(cv2.resize(trimap, (side, side), interpolation=cv2.INTER_NEAREST), alpha)
    return Composite(image, foreground, background, alpha), trimap


def draw_background(rng: np.random.Generator, size: tuple[int, int], data: CompositeData) -> np.ndarray:
    """Cut a background of (height, width) out of a random photo, at times with another object, or make a screen."""
    if data.settings.plain and rng.random() < data.settings.plain:
        return plain_screen(rng, size)
    background = background_like(rng, data.photos, size)
    if data.settings.clutter and rng.random() < data.settings.clutter:
        background = with_clutter(rng, background, read_any(rng, data.foregrounds))
    return background


def read_any(rng: np.random.Generator, foregrounds: ForegroundSource) -> Foreground:
    """Read a random foreground, each as likely as the others."""
    return foregrounds.read(int(rng.integers(len(foregrounds))))


def generator(seed: int, index: int) -> np.random.Generator:
    """Return the generator of sample `index`, and keep OpenCV to one thread: samples are made in many processes."""
    cv2.setNumThreads(1)
    return np.random.default_rng([seed, index])


def _tensors(composite: Composite) -> Sample:
    return {
        "image": colours(composite.image),
        "foreground": colours(composite.foreground),
        "background": colours(composite.background),
        "alpha": plane(composite.alpha),
    }
