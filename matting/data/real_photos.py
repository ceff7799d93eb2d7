"""Samples cut out of real photos with their alphas: the photo itself is the input, nothing is composed.

These are the paper's recipes for P3M-10k and AIM-500 (Sections IV-B6 and IV-B7). What guides the networks may be
files, such as U2Net's masks for TGN and TGN's trimaps for SPAMattNet; where an example has none it is drawn from alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.compose import generator
from matting.data.crops import crop_around, cut_plane, window_around
from matting.data.datasets import read_layers
from matting.data.layouts import Example
from matting.data.layouts.files import matched
from matting.data.perturb import paper_mask
from matting.data.pool import decode
from matting.data.recipes import PhotoRecipe
from matting.data.synthetic import Foreground
from matting.data.tensors import Sample, classes, colours, plane, trimap_plane
from matting.data.trimaps import paper_trimap
from matting.trimap import UNKNOWN, clean, from_alpha


@dataclass(frozen=True)
class PhotoData:
    """Where samples of real photos come from.

    Attributes:
        examples: with image and alpha (`matting.data.datasets.training_examples`).
        recipe: how they are cut.
        seed: seed of all randomness.
    """

    examples: Sequence[Example]
    recipe: PhotoRecipe
    seed: int

    def __post_init__(self) -> None:
        for example in self.examples:
            if example.image is None or example.alpha is None:
                raise ValueError(f"Photos with alphas were expected, but {example.name} has no photo or no alpha.")


@dataclass(frozen=True)
class View:
    """One window of a photo, mirrored or not: the example, where it was cut, and how wide it becomes."""

    example: Example
    centre: np.ndarray
    side: int
    crop: int
    mirrored: bool

    def layer(self, photo: Foreground, trimap: np.ndarray) -> tuple[Foreground, np.ndarray]:
        """Cut the photo, its alpha and a trimap that is true; it stays true."""
        cut, regions = crop_around(self.centre, self.side, photo, trimap, self.crop)
        return Foreground(self.mirror(cut.colour), self.mirror(cut.alpha), cut.kind), self.mirror(regions)

    def guidance(self, path: Path, size: tuple[int, ...], interpolation: int) -> np.ndarray:
        """Cut a network's mask or trimap, which may be wrong and is kept so; uint8 (crop, crop)."""
        values = decode(path, cv2.IMREAD_GRAYSCALE)
        if values.shape != size:
            raise ValueError(
                f"{path} should be of its photo's size {size[1]}x{size[0]}, but is {values.shape[1]}x{values.shape[0]}."
            )
        window = window_around(self.centre, self.side, size)
        return self.mirror(cut_plane(values, window, self.crop, interpolation))

    def mirror(self, values: np.ndarray) -> np.ndarray:
        """Mirror (H, W) or (H, W, C) if the view is mirrored."""
        return np.ascontiguousarray(values[:, ::-1]) if self.mirrored else values


class SPAMattNetPhotos(Dataset[Sample]):
    """Samples for SPAMattNet: image, trimap, alpha. A photo's layers are unknown, so none are given."""

    def __init__(self, data: PhotoData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Cut sample number `index`; tensors (C, crop, crop), trimap in {0, 1/2, 1}, the rest in [0, 1]."""
        rng = generator(self.data.seed, index)
        view, photo, truth = draw_view(rng, self.data)
        path = view.example.trimap
        cut, trimap = view.layer(photo, paper_trimap(rng, photo.alpha) if path is None else truth)
        if path is not None:
            trimap = clean(view.guidance(path, photo.alpha.shape, cv2.INTER_NEAREST))
        return {"image": colours(cut.colour), "alpha": plane(cut.alpha), "trimap": trimap_plane(trimap)}


class TGNPhotos(Dataset[Sample]):
    """Samples for TGN: image, coarse mask, and the class of every pixel."""

    def __init__(self, data: PhotoData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Cut sample `index`: image (3, crop, crop), coarse_mask (1, crop, crop), classes (crop, crop) int64."""
        rng = generator(self.data.seed, index)
        view, photo, truth = draw_view(rng, self.data)
        cut, trimap = view.layer(photo, truth)
        path = view.example.coarse_mask
        if path is None:
            mask = paper_mask(rng, cut.alpha)
        else:
            mask = view.guidance(path, photo.alpha.shape, cv2.INTER_AREA).astype(np.float32) / 255
        return {"image": colours(cut.colour), "coarse_mask": plane(mask), "classes": classes(trimap)}


def draw_view(rng: np.random.Generator, data: PhotoData) -> tuple[View, Foreground, np.ndarray]:
    """Choose a photo and a window in it, half of them around an unknown pixel, half anywhere; half are mirrored.

    Returns:
        the view, the whole photo with its alpha, and its true trimap, uint8 (H, W).
    """
    example = data.examples[rng.integers(len(data.examples))]
    photo = Foreground(*read_layers(example, example.image), "photo")
    truth = from_alpha(photo.alpha, data.recipe.kernel, data.recipe.kernel)
    centre = rng.integers(photo.alpha.shape)
    unknown = np.argwhere(truth == UNKNOWN)
    if rng.random() < 0.5 and len(unknown):
        centre = unknown[rng.integers(len(unknown))]
    side = int(min(rng.choice(data.recipe.sides), *photo.alpha.shape))
    return View(example, centre, side, data.recipe.crop, bool(rng.random() < 0.5)), photo, truth


def guided(
    examples: Sequence[Example], coarse_masks: Path | None = None, trimaps: Path | None = None
) -> tuple[Example, ...]:
    """Give examples the masks or trimaps that a network made, files of the same stems in a folder.

    Raises:
        ValueError: where one is missing.
    """
    stems = [example.name for example in examples]
    masks = matched(stems, coarse_masks) if coarse_masks else {e.name: e.coarse_mask for e in examples}
    regions = matched(stems, trimaps) if trimaps else {e.name: e.trimap for e in examples}
    return tuple(replace(e, coarse_mask=masks[e.name], trimap=regions[e.name]) for e in examples)
