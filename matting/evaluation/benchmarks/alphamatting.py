"""The training photos of alphamatting.com, with a true alpha and two trimaps each (Rhemann et al., 2009).

The layout is the published one; only the low resolution is read:

    input_training_lowres/GT01.png
    trimap_training_lowres/Trimap1/GT01.png    Trimap1 has the narrower unknown region, Trimap2 the wider
    gt_training_lowres/GT01.png                gray alpha, some copies repeat it in three channels

The protocol: the method gets photo and trimap, the trimap's known values are written over its alpha, and the
unknown region is scored (`metrics.unknown_region_scores`) at the photo's own size.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from matting.data.layouts import Example
from matting.evaluation.metrics import Scores, unknown_region_scores
from matting.images import read_mask, read_photo, read_trimap
from matting.trimaps.algebra import FOREGROUND, UNKNOWN

TRIMAPS = (1, 2)


@dataclass(frozen=True)
class Sample:
    """One photo: `image` (H, W, 3) uint8, `trimap` (H, W) uint8, `truth` (H, W) float32 in [0, 1]."""

    name: str
    image: np.ndarray
    trimap: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Result:
    """What a method made of one photo: `alpha` (H, W) float32, known values in place, and its scores."""

    name: str
    alpha: np.ndarray
    scores: Scores


def find(root: str | os.PathLike[str], trimap: int) -> tuple[str, ...]:
    """List the photos, sorted by name; `trimap` is 1 or 2.

    Raises ValueError, naming every file that another folder leads to expect, if one is missing.
    """
    folders = _folders(root, trimap)
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"The folder {folder} is missing; the root must hold alphamatting.com's training set.")
    names = sorted({path.stem for folder in folders for path in folder.glob("*.png")})
    missing = [str(path) for name in names for path in _files(root, trimap, name) if not path.is_file()]
    if missing:
        raise ValueError(f"{len(missing)} of the benchmark's files are missing: {', '.join(missing)}.")
    if not names:
        raise ValueError(f"The folder {folders[0]} holds no .png photo.")
    return tuple(names)


def examples(root: str | os.PathLike[str], trimap: int) -> list[Example]:
    """List the photos as `find` does, each with its files and this one trimap; raises ValueError as `find`."""
    found = []
    for name in find(root, trimap):
        photo, regions, truth = _files(root, trimap, name)
        found.append(Example(name, photo, truth, regions, trimaps={str(trimap): regions}))
    return found


def read(root: str | os.PathLike[str], trimap: int, name: str) -> Sample:
    """Read one photo with its trimap and truth; raises ValueError if a file is damaged or of another size."""
    photo, trimap_file, truth_file = _files(root, trimap, name)
    image, _ = read_photo(photo)
    size = image.shape[:2]
    sample = Sample(name, image, read_trimap(trimap_file, size)[0], read_mask(truth_file, size)[0])
    for path in (trimap_file, truth_file):
        _check_size(path, size)
    return sample


def read_truths(root: str | os.PathLike[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Read each photo with its true alpha, no trimap: name, uint8 (H, W, 3), float32 (H, W) in [0, 1]; by name.

    Raises ValueError if there is no photo, a truth is missing, damaged or of another size.
    """
    photos = sorted((Path(root) / "input_training_lowres").glob("*.png"))
    if not photos:
        raise ValueError(f"There is no photo in {Path(root) / 'input_training_lowres'}.")
    truths = [Path(root) / "gt_training_lowres" / path.name for path in photos]
    for path in truths:
        if not path.is_file():
            raise ValueError(f"The true alpha {path} is missing.")
    for photo, path in zip(photos, truths, strict=True):
        image, _ = read_photo(photo)
        truth, _ = read_mask(path, image.shape[:2])
        _check_size(path, image.shape[:2])
        yield photo.stem, image, truth


def score(sample: Sample, alpha: np.ndarray) -> Result:
    """Write the trimap's known values over `alpha`, (H, W) floats in [0, 1], and score the unknown region."""
    unknown = sample.trimap == UNKNOWN
    if alpha.shape != unknown.shape:
        raise ValueError(f"The alpha for {sample.name} is {alpha.shape}, but the photo is {unknown.shape}.")
    kept = np.where(unknown, alpha, sample.trimap == FOREGROUND).astype(np.float32)
    return Result(sample.name, kept, unknown_region_scores(kept, sample.truth, unknown))


def _check_size(path: Path, size: tuple[int, ...]) -> None:
    with Image.open(path) as picture:
        width, height = picture.size
    if (height, width) != size:  # the door would resize it; a benchmark must not
        raise ValueError(f"{path} is {width}x{height} pixels, but its photo is {size[1]}x{size[0]}.")


def _folders(root: str | os.PathLike[str], trimap: int) -> tuple[Path, Path, Path]:
    if trimap not in TRIMAPS:
        raise ValueError(f"The trimap must be 1 (narrow) or 2 (wide), got {trimap}.")
    root = Path(root)
    return (
        root / "input_training_lowres",
        root / "trimap_training_lowres" / f"Trimap{trimap}",
        root / "gt_training_lowres",
    )


def _files(root: str | os.PathLike[str], trimap: int, name: str) -> tuple[Path, ...]:
    return tuple(folder / f"{name}.png" for folder in _folders(root, trimap))
