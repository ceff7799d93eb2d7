"""What a method is given beside the photo: a coarse mask, a trimap, or a trimap that was made from the mask.

Coarse masks by name: a number N (the paper's simulated one, eroded by N), "true" (the true alpha cut at 1/2), "given"
(the data set's), a segmenter's name, with weights of one's own NAME:SOURCE, or a folder with a mask for each photo.
Trimaps: "given", "1", "2", "3" (alphamatting.com's), "true-K" (from the true alpha with ellipses of K pixels),
"pseudo-W" (from the mask by erosion and dilation with an ellipse of W pixels), "tgn" (TGN's from the mask), or a
folder.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from matting.coarse import (
    ALIASES,
    SEGMENTERS,
    WITH_SOURCE,
    Prompts,
    Segmenter,
    SegmenterUnavailable,
    as_asked,
    load_segmenter,
)
from matting.data.composites.coarse_masks import simulated_mask
from matting.data.layouts.files import partner, pictures
from matting.data.planes import read_sized_mask, read_sized_trimap
from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.clicks import box_around, innermost
from matting.evaluation.methods import load_pipeline
from matting.files import digest_of
from matting.trimaps.algebra import from_alpha, from_mask

PROMPTS = ("nothing", "click", "box")
"""What a segmenter is told: nothing, a click in the middle of the true object, or a box a little wider than it."""

TRIMAP_NUMBERS = {"1": "1", "2": "2", "3": "3", "small": "1", "large": "2", "user": "3"}
"""alphamatting.com's trimaps by number and by the paper's names."""


@dataclass(frozen=True)
class Guidance:
    """Which guidance a method gets.

    Attributes:
        trimap: the trimap's kind; None for methods that start from the mask alone.
        mask: the coarse mask's kind, or None.
        prompt: what a segmenter is told, one of PROMPTS.
        kernel: diameter of the ellipses that make the simulated mask's initial trimap.
        weights: where TGN's weights are; None for the bundled ones.
        device: where TGN and segmenters run.
    """

    trimap: str | None
    mask: str | None = None
    prompt: str = "nothing"
    kernel: int = 15
    weights: str | None = None
    device: str | None = None

    @property
    def erosion(self) -> int | None:
        """The N of a simulated mask, or None."""
        return int(self.mask) if self.mask is not None and self.mask.isdecimal() else None

    @property
    def from_truth(self) -> bool:
        """Whether the trimap was made by someone who knew the object: the protocol is trimap-needed."""
        return self.trimap is not None and self.trimap != "tgn" and not self.trimap.startswith("pseudo-")


def check_kinds(guidance: Guidance) -> None:
    """Raise ValueError, in one sentence, for a kind of mask or trimap that there is not."""
    trimap, mask = guidance.trimap, guidance.mask
    plain = trimap in (None, "given", "tgn", *TRIMAP_NUMBERS)
    if not plain and not re.fullmatch(r"(true|pseudo)-[1-9][0-9]*", trimap) and not Path(trimap).is_dir():
        raise ValueError(
            f"A trimap is given, tgn, 1, 2, 3, small, large, user, true-PIXELS, pseudo-PIXELS or a folder, "
            f"got {trimap}."
        )
    known = mask in (None, "given", "true") or mask.isdecimal() or is_segmenter(mask) or is_folder(mask)
    if not known:
        names = ", ".join((*SEGMENTERS, *WITH_SOURCE))
        raise ValueError(f"A coarse mask is a number N (eroded by N), true, given, a folder, or {names}; got {mask}.")
    if trimap is not None and (trimap == "tgn" or trimap.startswith("pseudo-")) and mask is None:
        raise ValueError(f"The trimap {trimap} is made from a coarse mask; name one with --mask.")


def prepare(guidance: Guidance) -> None:
    """Load what makes the guidance, so that missing weights are reported before the work; raises ValueError."""
    if guidance.trimap == "tgn":
        load_pipeline(guidance.weights, guidance.device)
    if is_segmenter(guidance.mask):
        try:
            load_cached_segmenter(guidance.mask, guidance.device)
        except SegmenterUnavailable as error:
            name, reason = guidance.mask.partition(":")[0], str(error).partition(";")[0].removesuffix(".")
            raise ValueError(
                f"{reason}; name its weights with --mask {name}:FILE, or other masks: 20, grabcut, a folder."
            ) from error


def is_segmenter(kind: str | None) -> bool:
    """Tell a segmenter's NAME or NAME:SOURCE from other kinds of masks."""
    names = {*SEGMENTERS, *ALIASES, *(written.partition(":")[0] for written in WITH_SOURCE)}
    return kind is not None and kind.partition(":")[0] in names


def is_folder(kind: str | None) -> bool:
    """Tell a folder of one's own from other kinds of masks or trimaps; a segmenter's name means the segmenter."""
    return kind is not None and not is_segmenter(kind) and kind != "true" and Path(kind).is_dir()


@lru_cache(maxsize=4)
def mask_identity(kind: str | None) -> str:
    """Tell masks apart that one kind may give: files that hold a segmenter's weights are told by what they hold."""
    source = Path(kind.partition(":")[2].partition("#")[0]) if is_segmenter(kind) and ":" in kind else None
    if source is None or not source.exists():
        return str(kind)
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if path.is_file():
            digest.update(digest_of(path).encode())
    return f"{kind} {digest.hexdigest()[:16]}"


def coarse_mask(photo: Photo, guidance: Guidance) -> np.ndarray | None:
    """Make or read the coarse mask, float32 (H, W) in [0, 1]; None where the method gets none.

    Raises:
        ValueError: where it cannot be had, naming the photo or file.
    """
    kind = guidance.mask
    if kind is None:
        return None
    if guidance.erosion is not None:
        return simulated_mask(_truth(photo), guidance.erosion, kernel=guidance.kernel)
    if kind == "true":
        return (_truth(photo) >= 0.5).astype(np.float32)
    if kind == "given":
        return _given(photo, photo.coarse_mask, "coarse mask")
    if is_folder(kind):
        path = partner(pictures_of(kind), photo.name, Path(kind), "alpha")
        return read_sized_mask(path, photo.image.shape[:2])
    segmenter = load_cached_segmenter(kind, guidance.device)
    prompts = as_asked(kind, _prompts(photo, guidance.prompt), photo.image.shape[:2])
    return segmenter.segment(segmenter.embed(photo.image), prompts).best


def trimap(photo: Photo, mask: np.ndarray | None, guidance: Guidance) -> np.ndarray | None:
    """Make or read the trimap, uint8 (H, W) in {0, 128, 255}; None where the method gets none.

    Raises:
        ValueError: where it cannot be had, naming the photo or file.
    """
    kind = guidance.trimap
    if kind is None:
        return None
    if kind == "given" or kind in TRIMAP_NUMBERS:  # `photos.load` has taken the one of this number
        return _given(photo, photo.trimap, "trimap")
    if kind == "tgn":
        return load_pipeline(guidance.weights, guidance.device).trimap(photo.image, mask)
    if Path(kind).is_dir():
        path = partner(pictures_of(kind), photo.name, Path(kind), "trimap")
        return read_sized_trimap(path, photo.image.shape[:2])
    how, _, pixels = kind.partition("-")
    if how == "true":
        return from_alpha(_truth(photo), int(pixels), int(pixels))
    return from_mask(mask, int(pixels))


@lru_cache(maxsize=4)
def pictures_of(folder: str) -> dict[str, Path]:
    """Map a folder's pictures by stem; read once for all photos of a run."""
    return pictures(Path(folder))


@lru_cache(maxsize=1)
def load_cached_segmenter(name: str, device: str | None) -> Segmenter:
    """Load a segmenter once for each process; raises ValueError or SegmenterUnavailable as `load_segmenter`."""
    return load_segmenter(name, device=device or "cpu")


def _prompts(photo: Photo, prompt: str) -> Prompts:
    if prompt == "click":
        return Prompts([(*innermost(_truth(photo) >= 0.5), 1)])
    if prompt == "box":
        return Prompts(box=box_around(_truth(photo)))
    return Prompts()


def _truth(photo: Photo) -> np.ndarray:
    return _given(photo, photo.truth, "true alpha")


def _given(photo: Photo, plane: np.ndarray | None, what: str) -> np.ndarray:
    if plane is None:
        raise ValueError(f"{photo.name} has no {what} in its data set.")
    return plane
