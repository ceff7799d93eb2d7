"""The benchmarks by name: their layout, a method's default input, their scoring, and the paper's tables for each.

A protocol is trimap-needed where the method gets a trimap that was made from the truth, and trimap-free where it
gets a coarse mask or what was made of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from matting.data.layouts import Example, read_layout
from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.metrics import region_errors, unknown_region_scores, whole_image_scores
from matting.evaluation.tables import NAMES, named
from matting.inference.fusion import hard_fusion
from matting.trimaps.algebra import UNKNOWN

BACKGROUNDS_EACH = 20
"""Backgrounds to each foreground of Distinctions-646, whose test set is composed like Composition-1k."""


@dataclass(frozen=True)
class Benchmark:
    """One benchmark.

    Attributes:
        layout: its reader's name in `matting.data.layouts`.
        split: what is scored.
        trimap: the trimap that a method gets by default, see `matting.evaluation.benchmarks.guidance`.
        mask: the coarse mask by default.
        scoring: one of SCORINGS, or "by trimap": the unknown region where the trimap is made from the truth, else
            the whole image.
        kernel: diameter in pixels of the ellipses that make the true trimap from alpha.
        side: photos are resized to this square before a method sees them, and its alpha back; None leaves them.
        needed: the paper's table of trimap-needed results.
        free: the paper's table of trimap-free results, from one coarse mask.
        eroded: the paper's table of trimap-free results from masks eroded by several N.
    """

    layout: str
    split: str
    trimap: str
    mask: str
    scoring: str = "by trimap"
    kernel: int = 15
    side: int | None = None
    needed: str | None = None
    free: str | None = None
    eroded: str | None = None


BENCHMARKS: dict[str, Benchmark] = {
    "composition-1k": Benchmark("adobe", "test", "given", "20", needed="III", free="V", eroded="VIII"),
    "distinctions-646": Benchmark("distinctions", "test", "tgn", "20", free="V", eroded="VIII"),
    "alphamatting": Benchmark("alphamatting", "training", "1", "20"),
    "rwp-636": Benchmark("rwp636", "all", "pseudo-30", "given", scoring="details", side=512, needed="X", free="X"),
    "p3m-500-p": Benchmark("p3m", "p", "tgn", "u2net", scoring="transition", kernel=30, needed="XI", free="XI"),
    "p3m-500-np": Benchmark("p3m", "np", "tgn", "u2net", scoring="transition", kernel=30, needed="XI", free="XI"),
    "aim-500": Benchmark("aim500", "all", "tgn", "u2net", scoring="transition", kernel=30, needed="XII", free="XII"),
    "ppm-100": Benchmark("ppm100", "all", "tgn", "u2net", scoring="whole"),
    "folder": Benchmark("folder", "all", "given", "given"),
}
"""Every benchmark by the name that commands know it by."""


def examples(name: str, root: Path, *, split: str | None = None, backgrounds: Path | None = None) -> list[Example]:
    """Find a benchmark's examples.

    Args:
        name: one of BENCHMARKS.
        root: the data set's folder, or the folder that holds it.
        split: another split than the one that is scored.
        backgrounds: photos to put behind foregrounds that come without: foreground number i gets photos
            20i to 20i + 19 in the order of their names, as `NAME_0` to `NAME_19`.

    Raises:
        ValueError: where something is missing; it is named.
    """
    benchmark = BENCHMARKS[name]
    found = list(read_layout(benchmark.layout, root, split or benchmark.split))
    bare = [example for example in found if example.image is None and example.background is None]
    if not bare:
        return found
    if backgrounds is None:
        raise ValueError(
            f"{name} holds foregrounds without backgrounds; name a folder of photos with --backgrounds, "
            "PASCAL VOC's JPEGImages for the paper's protocol."
        )
    photos = [example.image for example in read_photos(backgrounds)]
    if len(photos) < BACKGROUNDS_EACH * len(bare):
        raise ValueError(
            f"{BACKGROUNDS_EACH} backgrounds for each of {len(bare)} foregrounds are needed, "
            f"but {backgrounds} holds {len(photos)}."
        )
    return [
        replace(example, name=f"{example.name}_{index}", background=photos[BACKGROUNDS_EACH * number + index])
        for number, example in enumerate(bare)
        for index in range(BACKGROUNDS_EACH)
    ]


def read_photos(folder: Path) -> list[Example]:
    """List a folder's pictures by name; raises ValueError where there is none."""
    from matting.data.layouts.files import some

    if not folder.is_dir():
        raise ValueError(f"The folder of photos {folder} is missing.")
    return [Example(name=name, image=path) for name, path in some(folder).items()]


def score_unknown(alpha: np.ndarray, photo: Photo, trimap: np.ndarray | None) -> dict[str, float]:
    """Write the trimap's known values over alpha and score its unknown region."""
    if trimap is None:
        raise ValueError(f"{photo.name} has no trimap, whose unknown region would be scored.")
    if not (trimap == UNKNOWN).any():
        raise ValueError(f"The trimap of {photo.name} has no unknown region, so there is nothing to score.")
    kept = hard_fusion(alpha, trimap).astype(np.float32)
    return named(unknown_region_scores(kept, photo.truth, trimap == UNKNOWN))


def score_whole(alpha: np.ndarray, photo: Photo, trimap: np.ndarray | None) -> dict[str, float]:
    """Score every pixel."""
    return named(whole_image_scores(alpha, photo.truth))


def score_transition(alpha: np.ndarray, photo: Photo, trimap: np.ndarray | None) -> dict[str, float]:
    """Score every pixel, and the unknown region of the data set's own trimap as SAD-T, MSE-T and MAD-T."""
    if photo.trimap is None:
        raise ValueError(f"{photo.name} has no trimap of its data set, which the -T measures need.")
    return score_whole(alpha, photo, trimap) | _regional(alpha, photo, photo.trimap == UNKNOWN, "T")


def score_details(alpha: np.ndarray, photo: Photo, trimap: np.ndarray | None) -> dict[str, float]:
    """Score every pixel, and those of the detail map as SAD-Details, MSE-Details and MAD-Details."""
    if photo.details is None:
        raise ValueError(f"{photo.name} has no detail map; RWP-636's lie in detailmap.")
    return score_whole(alpha, photo, trimap) | _regional(alpha, photo, photo.details, "Details")


Scoring = Callable[[np.ndarray, Photo, np.ndarray | None], dict[str, float]]
SCORINGS: Mapping[str, Scoring] = {
    "unknown": score_unknown,
    "whole": score_whole,
    "transition": score_transition,
    "details": score_details,
}
"""Scores of an alpha, float32 (H, W) in [0, 1], by their names in the literature; the trimap is the method's."""


def check_complete(found: Sequence[Example], field: str, why: str) -> None:
    """Raise ValueError, naming them, where examples lack one of their files."""
    lacking = [example.name for example in found if not getattr(example, field)]
    if lacking:
        shown = ", ".join(lacking[:5]) + (", ..." if len(lacking) > 5 else "")
        raise ValueError(f"{len(lacking)} of {len(found)} photos have no {field.replace('_', ' ')} ({shown}); {why}.")


def _regional(alpha: np.ndarray, photo: Photo, region: np.ndarray, name: str) -> dict[str, float]:
    if not region.any():
        raise ValueError(f"{photo.name} has no pixel in the region that the -{name} measures are of.")
    errors = asdict(region_errors(alpha, photo.truth, region))
    return {f"{NAMES[field]}-{name}": value for field, value in errors.items()}
