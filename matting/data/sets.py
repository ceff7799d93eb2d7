"""Data to train on, in one call each: composites, photos with mattes, photos without; and a batch to look at.

Foregrounds are drawn (`draw_foregrounds`) or lie in a folder (`foregrounds_in`); backgrounds are photos in memory
(`read_photos`). What is returned goes into `matting.training.train` and `matting.training.adapt`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from matting.data.composites.compose import CompositeData, SPAMattNetSamples, U2NetSamples
from matting.data.composites.object_scenes import tgn_samples
from matting.data.composites.settings import REALISTIC, CompositeSettings, PhotoSettings
from matting.data.datasets import (
    DatasetForegrounds,
    ForegroundSource,
    HeldForegrounds,
    PoolFiles,
    training_examples,
)
from matting.data.photos.with_mattes import PhotoData, SPAMattNetPhotos, TGNPhotos, U2NetPhotos
from matting.data.photos.without_mattes import AdaptationSamples, UnlabelledData, unlabelled_examples
from matting.data.pools.pool import draw_number, load_textures, present, read_pool
from matting.data.tensors import Sample

Data = CompositeData | PhotoData | UnlabelledData

SAMPLES: dict[tuple[type, str], Callable[[Data, int], Dataset[Sample]]] = {
    (CompositeData, "tgn"): tgn_samples,
    (CompositeData, "spamattnet"): SPAMattNetSamples,
    (CompositeData, "u2net"): U2NetSamples,
    (PhotoData, "tgn"): TGNPhotos,
    (PhotoData, "spamattnet"): SPAMattNetPhotos,
    (PhotoData, "u2net"): U2NetPhotos,
    (UnlabelledData, "adaptation"): AdaptationSamples,
}
"""What a network's samples are made by, by the kind of data and the network."""


def read_photos(*folders: Path | str, max_side: int = 1024) -> list[np.ndarray]:
    """Read all photos of some folders, uint8 (H, W, 3), RGB; larger ones are shrunk to `max_side` pixels.

    Raises:
        ValueError: where a folder holds none, or one cannot be read.
    """
    return load_textures(folders, max_side)


def draw_foregrounds(
    count: int, textures: Sequence[np.ndarray], size: int = 256, seed: int = 0, kind: str | None = None
) -> HeldForegrounds:
    """Draw foregrounds with exact alpha and hold them in memory; a second for four or so at 256 pixels.

    Args:
        count: how many; number i depends on (seed, i) and the textures alone.
        textures: photos that their colours come from.
        size: side in pixels.
        seed: seed of all randomness.
        kind: one of `matting.data.synthetic.KINDS`; by default drawn by their frequencies.

    Raises:
        ValueError: where the size is too small, there is no texture, or the kind is unknown.
    """
    return HeldForegrounds([draw_number(index, textures, size, seed, kind) for index in range(count)])


def foregrounds_in(folder: Path | str) -> ForegroundSource:
    """Find the foregrounds of a folder: those of a pool, or `image/` (or `foreground/`) with `alpha/`.

    Where there are photos alone, the foregrounds' colours are estimated at every reading.

    Raises:
        ValueError: where there is neither, or a file is missing.
    """
    if present(Path(folder)):
        return PoolFiles(read_pool(folder))
    return DatasetForegrounds(training_examples(f"folder:{folder}"), "folder")


def composed(
    foregrounds: ForegroundSource,
    photos: Sequence[np.ndarray],
    crop: int = 256,
    seed: int = 0,
    settings: CompositeSettings = REALISTIC,
) -> CompositeData:
    """Put foregrounds before photos: every sample another composite, with exact alpha.

    Args:
        foregrounds: `draw_foregrounds`, `foregrounds_in`, or any `ForegroundSource`.
        photos: backgrounds, uint8 (H, W, 3).
        crop: side of a sample in pixels.
        seed: sample i depends on (seed, i).
        settings: how often and how much is done to them, see `matting.data.composites.settings`.

    Raises:
        ValueError: where there is no foreground or no photo.
    """
    if not len(foregrounds) or not len(photos):
        raise ValueError("Composites need a foreground and a photo at least, but one of them is lacking; give both.")
    return CompositeData(foregrounds, photos, crop, seed, settings)


def photos_with_mattes(
    folder: Path | str, crop: int = 256, seed: int = 0, windows: Sequence[int] = (), kernel: int = 15
) -> PhotoData:
    """Take photos with mattes as they are: `image/` and `alpha/` in a folder; `trimap/`, `coarse_mask/` may guide.

    Args:
        folder: holds files of one name in each.
        crop: side of a sample in pixels.
        seed: sample i depends on (seed, i).
        windows: sides of the windows that are resized to `crop`; by default `crop` itself.
        kernel: diameter of the ellipse that makes TGN's true trimap, in the photo's pixels.

    Raises:
        ValueError: where a folder or a file is missing, or a foreground has no photo.
    """
    examples = training_examples(f"folder:{folder}")
    return PhotoData(examples, PhotoSettings(crop, tuple(windows) or (crop,), kernel), seed)


def photos_without_mattes(
    folder: Path | str,
    masks: Path | str,
    photos: Sequence[np.ndarray],
    crop: int = 256,
    batch: int = 6,
    seed: int = 0,
    band: tuple[int, int] = (10, 30),
) -> UnlabelledData:
    """Take photos and their coarse masks, for the adaptation.

    Args:
        folder: the photos.
        masks: files of the same names.
        photos: other backgrounds, uint8 (H, W, 3).
        crop: side of a sample in pixels.
        batch: samples of a step, among which backgrounds are exchanged.
        seed: sample i depends on (seed, i).
        band: smallest and largest diameter of the pseudo trimap's ellipses, in pixels at 512².

    Raises:
        ValueError: where there is no photo, or one without a mask.
    """
    examples = unlabelled_examples([f"photos:{folder}"], Path(masks))
    return UnlabelledData(examples, photos, crop, band, batch, seed)


def batch(data: Data, network: str, count: int = 8, first: int = 0) -> dict[str, Tensor]:
    """Make samples number `first` to `first + count - 1` of a network, as it gets them in training.

    Args:
        data: what the functions of this module return.
        network: "tgn", "spamattnet" or "u2net"; "adaptation" for photos without mattes.
        count: how many.
        first: number of the first one.

    Returns:
        tensors (count, C, crop, crop) by name; see the samples' classes for their ranges.

    Raises:
        ValueError: where the network does not learn from such data.
    """
    if (type(data), network) not in SAMPLES:
        able = ", ".join(name for kind, name in SAMPLES if kind is type(data))
        raise ValueError(f"From {type(data).__name__} these can learn: {able}; {network} cannot.")
    samples = SAMPLES[type(data), network](data, first + count)
    return default_collate([samples[index] for index in range(first, first + count)])
