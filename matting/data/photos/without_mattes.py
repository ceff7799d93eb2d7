"""Samples for the real-data adaptation (Section IV-B4): photos with coarse masks, and backgrounds, but no alpha.

Sample number i depends on (seed, i), the batch's size and the files alone, so a run resumes by counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from torch.utils.data import Dataset

from matting.data.composites.compose import generator
from matting.data.composites.crops import cut_plane, window_around
from matting.data.composites.trimaps import pseudo_trimap
from matting.data.datasets import photographs
from matting.data.layouts import Example
from matting.data.photos.with_mattes import choose, guided
from matting.data.planes import read_sized_mask
from matting.data.tensors import Sample, classes, colours, plane, trimap_plane
from matting.images import read_photo
from matting.trimaps.algebra import UNKNOWN, from_mask

BAND_SIDE = 512
"""Side of the crops at which the pseudo trimap's band is given in pixels; in smaller ones it has three at least."""


@dataclass(frozen=True)
class UnlabelledData:
    """Where the samples come from.

    Attributes:
        examples: with image and coarse mask (`unlabelled_examples`).
        photos: backgrounds, uint8 (H, W, 3).
        crop: side of a sample in pixels.
        band: smallest and largest diameter of the pseudo trimap's ellipses at 512², in pixels.
        batch: samples of one step, among which backgrounds are exchanged.
        seed: seed of all randomness.
    """

    examples: Sequence[Example]
    photos: Sequence[np.ndarray]
    crop: int
    band: tuple[int, int]
    batch: int
    seed: int

    def choose(self, index: int) -> Example:
        """Return the example of sample `index`: each comes once an epoch."""
        return choose(self.examples, self.seed, index)


class AdaptationSamples(Dataset[Sample]):
    """Photo I, coarse mask S, pseudo trimap T̃ as plane and as classes, and the background B̄ of a composite."""

    def __init__(self, data: UnlabelledData, length: int) -> None:
        self.data, self.length = data, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Cut sample `index`.

        image and background (3, crop, crop), coarse_mask (1, crop, crop) in [0, 1], trimap (1, crop, crop) in
        {0, 1/2, 1}, classes (crop, crop) int64.
        """
        rng, image, mask = cut_photo(self.data, index)
        band = tuple(max(3, round(width * self.data.crop / BAND_SIDE)) for width in self.data.band)
        trimap = pseudo_trimap(rng, mask, band)
        return {
            "image": colours(image),
            "coarse_mask": plane(mask),
            "trimap": trimap_plane(trimap),
            "classes": classes(trimap),
            "background": colours(draw_background(rng, self.data, index)),
        }


def cut_photo(data: UnlabelledData, index: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Cut the photo and the mask of sample `index` around a random pixel of the outline; half are mirrored.

    The window is 0.6 to 1 times as wide as the photo's shorter side: objects are seen whole or nearly so.

    Returns:
        the sample's generator, for what else is drawn; the image, uint8 (crop, crop, 3); the mask, float32 (crop, crop)
        in [0, 1].
    """
    rng, example = generator(data.seed, index), data.choose(index)
    photo, _ = read_photo(example.image)
    mask = np.rint(255 * read_sized_mask(example.coarse_mask, photo.shape[:2])).astype(np.uint8)
    outline = np.argwhere(from_mask(mask / 255, 3) == UNKNOWN)
    centre = outline[rng.integers(len(outline))] if len(outline) else np.array(mask.shape) // 2
    window = window_around(centre, int(min(mask.shape) * rng.uniform(0.6, 1)), mask.shape)
    step = -1 if rng.random() < 0.5 else 1
    image, mask = (cut_plane(values, window, data.crop, cv2.INTER_AREA)[:, ::step] for values in (photo, mask))
    return rng, np.ascontiguousarray(image), mask.astype(np.float32) / 255


def draw_background(rng: np.random.Generator, data: UnlabelledData, index: int) -> np.ndarray:
    """Draw B̄ for sample `index`, uint8 (crop, crop, 3), shifted sideways.

    Half are windows of separate photos, half are photos of the same step's batch, never the sample's own: all are moved
    on by one random distance, or on to the next that shows another photo. Where none does, a separate one is taken.
    """
    place = exchanged(data, index) if rng.random() < 0.5 else None
    background = _separate(rng, data) if place is None else cut_photo(data, place)[1]
    return shifted(background, int(rng.integers(2 * data.crop)))


def exchanged(data: UnlabelledData, index: int) -> int | None:
    """Return the sample of the same step whose photo becomes the background of sample `index`; None if none can."""
    step, place = divmod(index, data.batch)
    # The third word keeps a step's generator apart from every sample's and every epoch's.
    distance = int(np.random.default_rng([data.seed, step, 2]).integers(1, max(2, data.batch)))
    others = ((place + distance + further) % data.batch for further in range(data.batch))
    own = data.choose(index)
    return next((step * data.batch + o for o in others if data.choose(step * data.batch + o) != own), None)


def shifted(image: np.ndarray, pixels: int) -> np.ndarray:
    """Shift (H, W, 3) to the left; what comes in is its mirror image, so that no seam tells it from a photo."""
    width = image.shape[1]
    columns = (np.arange(width) + pixels) % (2 * width)
    return image[:, np.where(columns < width, columns, 2 * width - 1 - columns)]


def unlabelled_examples(specs: Sequence[str], coarse_masks: Path | None = None) -> tuple[Example, ...]:
    """Collect photos of data sets, LAYOUT:ROOT, with coarse masks: files of their names, or what the sets have.

    Raises:
        ValueError: where there is no photo, or one without a mask.
    """
    examples = [example for spec in specs for example in photographs(spec)]
    if not examples:
        raise ValueError("Photos were expected, but no data set was given.")
    if coarse_masks:
        return guided(examples, coarse_masks=coarse_masks)
    if alone := next((example.name for example in examples if example.coarse_mask is None), None):
        raise ValueError(f"The photo {alone} has no coarse mask; name a folder of them.")
    return tuple(examples)


def _separate(rng: np.random.Generator, data: UnlabelledData) -> np.ndarray:
    """Cut a window of half to all of a background photo's shorter side; half are mirrored."""
    photo = data.photos[rng.integers(len(data.photos))]
    side = max(1, int(min(photo.shape[:2]) * rng.uniform(0.5, 1)))
    window = window_around(rng.integers(photo.shape[:2]), side, photo.shape[:2])
    interpolation = cv2.INTER_AREA if side > data.crop else cv2.INTER_LINEAR
    return cut_plane(photo, window, data.crop, interpolation)[:, :: -1 if rng.random() < 0.5 else 1]
