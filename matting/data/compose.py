"""Composites for training: foregrounds from a pool before photos, in GCA's order (Li and Lu 2020, Section IV-B).

Second foreground, affine, trimap, crop centred on an unknown pixel, colour jitter, composition, camera.
Sample number i depends on (seed, i) and the files alone, so a run resumes by counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from matting.data.augment import affine, background_like, camera, jitter, merge_foregrounds
from matting.data.perturb import perturb_mask
from matting.data.pool import read_foreground
from matting.data.synthetic import Foreground
from matting.data.trimaps import random_trimap
from matting.trimap import BACKGROUND, FOREGROUND, UNKNOWN, from_alpha

Sample = dict[str, torch.Tensor]


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
        foregrounds: files of one or more pools.
        photos: backgrounds, uint8 (H, W, 3).
        crop: side of a sample in pixels.
        seed: seed of all randomness.
    """

    foregrounds: Sequence[Path]
    photos: Sequence[np.ndarray]
    crop: int
    seed: int


class SPAMattNetSamples(Dataset[Sample]):
    """Samples for SPAMattNet: image, trimap, alpha, foreground and background."""

    def __init__(self, data: CompositeData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Compose sample number `index`; tensors (C, crop, crop), trimap in {0, 1/2, 1}, the rest in [0, 1]."""
        rng = _generator(self.data.seed, index)
        foreground = draw_layer(rng, self.data)
        trimap = random_trimap(rng, foreground.alpha)
        layer, trimap = crop_on_unknown(rng, foreground, trimap, self.data.crop)
        composite = compose_layer(rng, layer, self.data.photos)
        return _tensors(composite) | {"trimap": _plane(_trimap_values(trimap))}


class TGNSamples(Dataset[Sample]):
    """Samples for TGN: image, perturbed coarse mask, and the class of every pixel."""

    def __init__(self, data: CompositeData, length: int, kernel: int = 15) -> None:
        self.data, self.length, self.kernel = data, length, kernel

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Compose sample `index`: image (3, crop, crop), coarse_mask (1, crop, crop), classes (crop, crop) int64."""
        rng = _generator(self.data.seed, index)
        layer = crop_anywhere(rng, draw_layer(rng, self.data), self.data.crop)
        composite = compose_layer(rng, layer, self.data.photos)
        trimap = from_alpha(composite.alpha, self.kernel, self.kernel)
        coarse = perturb_mask(rng, composite.alpha)
        classes = (trimap >= UNKNOWN).astype(np.int64) + (trimap == FOREGROUND)
        image = torch.from_numpy(composite.image).permute(2, 0, 1).float().div(255)
        return {"image": image, "coarse_mask": _plane(coarse), "classes": torch.from_numpy(classes)}


def draw_layer(rng: np.random.Generator, data: CompositeData) -> Foreground:
    """Choose a foreground, at times merge a second one into it, and warp the result."""
    layer = _read(rng, data.foregrounds)
    if rng.random() < 0.4:
        layer = merge_foregrounds(layer, affine(rng, _read(rng, data.foregrounds)))
    return affine(rng, layer)


def compose_layer(rng: np.random.Generator, layer: Foreground, photos: Sequence[np.ndarray]) -> Composite:
    """Put a layer before a random photo and let a camera see it."""
    size = layer.alpha.shape
    background = background_like(rng, photos, size)
    colour = jitter(rng, layer.colour)
    alpha = layer.alpha[..., None]
    image = np.rint(colour * alpha + background * (1 - alpha)).astype(np.uint8)
    return Composite(camera(rng, image), colour, background, layer.alpha)


def crop_on_unknown(
    rng: np.random.Generator, layer: Foreground, trimap: np.ndarray, crop: int
) -> tuple[Foreground, np.ndarray]:
    """Cut a window around a random unknown pixel, 1 to 1.6 times `crop` wide, resized to `crop`.

    Known pixels stay true: alpha is exactly 1 in the foreground that is left and 0 in the background.
    """
    unknown = np.argwhere(trimap == UNKNOWN)
    centre = unknown[rng.integers(len(unknown))] if len(unknown) else np.array(trimap.shape) // 2
    side = min(int(crop * rng.choice([1.0, 1.0, 1.25, 1.6])), *layer.alpha.shape)
    window = _window(centre, side, layer.alpha.shape)
    layer, trimap = _resize(layer, window, crop), _cut(trimap, window, crop, cv2.INTER_NEAREST)
    # Averaged, a pixel beside a region's edge can hold a share of what lies beyond it.
    mixed = ((trimap == FOREGROUND) & (layer.alpha < 1)) | ((trimap == BACKGROUND) & (layer.alpha > 0))
    return layer, np.where(mixed, np.uint8(UNKNOWN), trimap)


def crop_anywhere(rng: np.random.Generator, layer: Foreground, crop: int) -> Foreground:
    """Cut a random window of 0.5 to 1 times the layer, resized to `crop`: TGN sees whole objects and parts."""
    height, width = layer.alpha.shape
    side = int(min(height, width) * rng.uniform(0.5, 1.0))
    centre = np.array([rng.uniform(0.3, 0.7) * height, rng.uniform(0.3, 0.7) * width])
    return _resize(layer, _window(centre.astype(int), side, (height, width)), crop)


def _window(centre: np.ndarray, side: int, size: tuple[int, int]) -> tuple[slice, slice]:
    """Place a square as near to its centre as the borders allow."""
    starts = [
        int(np.clip(c - side // 2, 0, max(0, length - side))) for c, length in zip(centre, size, strict=True)
    ]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def _cut(plane: np.ndarray, window: tuple[slice, slice], crop: int, interpolation: int) -> np.ndarray:
    return cv2.resize(np.ascontiguousarray(plane[window]), (crop, crop), interpolation=interpolation)


def _resize(layer: Foreground, window: tuple[slice, slice], crop: int) -> Foreground:
    colour = _cut(layer.colour, window, crop, cv2.INTER_AREA)
    alpha = _cut(layer.alpha, window, crop, cv2.INTER_AREA)
    return Foreground(colour, np.rint(alpha * 255) / np.float32(255), layer.kind)


def _read(rng: np.random.Generator, paths: Sequence[Path]) -> Foreground:
    return read_foreground(paths[rng.integers(len(paths))])


def _generator(seed: int, index: int) -> np.random.Generator:
    cv2.setNumThreads(1)
    return np.random.default_rng([seed, index])


def _tensors(composite: Composite) -> Sample:
    layers = {
        "image": composite.image,
        "foreground": composite.foreground,
        "background": composite.background,
    }
    tensors = {
        name: torch.from_numpy(layer).permute(2, 0, 1).float().div(255) for name, layer in layers.items()
    }
    return tensors | {"alpha": _plane(composite.alpha)}


def _plane(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]


def _trimap_values(trimap: np.ndarray) -> np.ndarray:
    """{0, 128, 255} to {0, 1/2, 1}."""
    return np.select([trimap == FOREGROUND, trimap == UNKNOWN], [1.0, 0.5], 0.0)
