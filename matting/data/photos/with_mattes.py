"""Samples cut out of real photos with their alphas: the photo itself is the input, nothing is composed.

So the paper trains on P3M-10k and for AIM-500 (Sections IV-B6 and IV-B7). What guides the networks may be files, such
as U2Net's masks for TGN and TGN's trimaps for SPAMattNet; where an example has none it is drawn from alpha.
Sample number i depends on (seed, i) and the files alone, and every photo comes once an epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.composites.coarse_masks import paper_mask
from matting.data.composites.compose import generator
from matting.data.composites.crops import crop_around, cut_layer, cut_plane, window_around
from matting.data.composites.settings import PhotoSettings
from matting.data.composites.trimaps import paper_trimap
from matting.data.datasets import read_layers
from matting.data.layouts import Example
from matting.data.layouts.files import partner, pictures
from matting.data.planes import read_sized_mask, read_sized_trimap
from matting.data.synthetic import Foreground
from matting.data.tensors import Sample, classes, colours, plane, trimap_plane
from matting.trimaps.algebra import UNKNOWN, from_alpha


@dataclass(frozen=True)
class PhotoData:
    """Where samples of real photos come from.

    Attributes:
        examples: with image and alpha (`matting.data.datasets.training_examples`).
        settings: how they are cut.
        seed: seed of all randomness.
    """

    examples: Sequence[Example]
    settings: PhotoSettings
    seed: int

    def __post_init__(self) -> None:
        for example in self.examples:
            if example.image is None or example.alpha is None:
                raise ValueError(f"Photos with alphas were expected, but {example.name} has no photo or no alpha.")

    def choose(self, index: int) -> Example:
        """Return the example of sample `index`, see `choose`."""
        return choose(self.examples, self.seed, index)


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

    def guidance(self, values: np.ndarray, interpolation: int) -> np.ndarray:
        """Cut a network's mask or trimap, (H, W), which may be wrong and is kept so; (crop, crop)."""
        window = window_around(self.centre, self.side, values.shape)
        return self.mirror(cut_plane(values, window, self.crop, interpolation))

    def mirror(self, values: np.ndarray) -> np.ndarray:
        """Mirror (H, W) or (H, W, C) if the view is mirrored."""
        return np.ascontiguousarray(values[:, ::-1]) if self.mirrored else values


class _Photos(Dataset[Sample]):
    """What the samples of all networks share: where they come from, and how many there are."""

    def __init__(self, data: PhotoData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length


class SPAMattNetPhotos(_Photos):
    """Samples for SPAMattNet: image, trimap, alpha. A photo's layers are unknown, so none are given."""

    def __getitem__(self, index: int) -> Sample:
        """Cut sample number `index`; tensors (C, crop, crop), trimap in {0, 1/2, 1}, the rest in [0, 1]."""
        rng = generator(self.data.seed, index)
        view, photo, truth = draw_view(rng, self.data, index)
        path = view.example.trimap
        cut, trimap = view.layer(photo, paper_trimap(rng, photo.alpha) if path is None else truth)
        if path is not None:
            trimap = view.guidance(read_sized_trimap(path, photo.alpha.shape), cv2.INTER_NEAREST)
        return {"image": colours(cut.colour), "alpha": plane(cut.alpha), "trimap": trimap_plane(trimap)}


class TGNPhotos(_Photos):
    """Samples for TGN: image, coarse mask, and the class of every pixel."""

    def __getitem__(self, index: int) -> Sample:
        """Cut sample `index`: image (3, crop, crop), coarse_mask (1, crop, crop), classes (crop, crop) int64."""
        rng = generator(self.data.seed, index)
        view, photo, truth = draw_view(rng, self.data, index)
        cut, trimap = view.layer(photo, truth)
        path = view.example.coarse_mask
        if path is None:
            mask = paper_mask(rng, cut.alpha)
        else:
            whole = np.rint(255 * read_sized_mask(path, photo.alpha.shape)).astype(np.uint8)
            mask = view.guidance(whole, cv2.INTER_AREA).astype(np.float32) / 255
        return {"image": colours(cut.colour), "coarse_mask": plane(mask), "classes": classes(trimap)}


class U2NetPhotos(_Photos):
    """Samples for U2Net: whole photos, whatever their shape, and their alphas as the masks to find."""

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`, half of them mirrored: image (3, crop, crop) and alpha (1, crop, crop) in [0, 1]."""
        rng = generator(self.data.seed, index)
        example = self.data.choose(index)
        photo = Foreground(*read_layers(example, example.image), "photo")
        small = cut_layer(photo, (slice(None), slice(None)), self.data.settings.crop)
        step = -1 if rng.random() < 0.5 else 1
        image, alpha = (np.ascontiguousarray(values[:, ::step]) for values in (small.colour, small.alpha))
        return {"image": colours(image), "alpha": plane(alpha)}


def choose(examples: Sequence[Example], seed: int, index: int) -> Example:
    """Return the example of sample `index`: each comes once an epoch, in an order of the epoch's own."""
    epoch, place = divmod(index, len(examples))
    # The third word keeps an epoch's generator apart from every sample's.
    order = np.random.default_rng([seed, epoch, 1]).permutation(len(examples))
    return examples[order[place]]


def draw_view(rng: np.random.Generator, data: PhotoData, index: int) -> tuple[View, Foreground, np.ndarray]:
    """Draw a window of sample `index`'s photo, half around an unknown pixel, half anywhere; half are mirrored.

    The paper crops as Li et al. do, the authors of P3M-10k and AIM-500, whose code does this.

    Returns:
        the view, the whole photo with its alpha, and its true trimap, uint8 (H, W).
    """
    example = data.choose(index)
    photo = Foreground(*read_layers(example, example.image), "photo")
    truth = from_alpha(photo.alpha, data.settings.kernel, data.settings.kernel)
    centre = rng.integers(photo.alpha.shape)
    unknown = np.argwhere(truth == UNKNOWN)
    if rng.random() < 0.5 and len(unknown):
        centre = unknown[rng.integers(len(unknown))]
    side = int(min(rng.choice(data.settings.sides), *photo.alpha.shape))
    return View(example, centre, side, data.settings.crop, bool(rng.random() < 0.5)), photo, truth


def guided(
    examples: Sequence[Example], coarse_masks: Path | None = None, trimaps: Path | None = None
) -> tuple[Example, ...]:
    """Give examples the masks or trimaps that a network made: files NAME in a folder, trimaps also NAME_trimap.

    The latter is how `python -m matting matte` names them, beside its other files.

    Raises:
        ValueError: where one is missing.
    """
    masks, regions = (pictures(folder) if folder else {} for folder in (coarse_masks, trimaps))
    return tuple(
        replace(
            example,
            coarse_mask=partner(masks, example.name, coarse_masks, "alpha") if coarse_masks else example.coarse_mask,
            trimap=_trimap(regions, example.name, trimaps) if trimaps else example.trimap,
        )
        for example in examples
    )


def _trimap(found: Mapping[str, Path], name: str, folder: Path) -> Path:
    return found.get(f"{name}_trimap") or partner(found, name, folder)
