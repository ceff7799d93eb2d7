"""Coarse masks: where the object is, roughly, from a photo and a click, a box or nothing at all.

A segmenter looks at the photo once (`embed`) and then answers prompts (`segment`) with candidate masks, best first:

>>> segmenter = load_segmenter()                                                  # doctest: +SKIP
>>> embedding = segmenter.embed(photo)                                            # doctest: +SKIP
>>> segmenter.segment(embedding, Prompts(points=[(320, 240, 1)])).best            # doctest: +SKIP

Your own weights follow the name after a colon: "u2net:weights/u2net.pth", "sam:someone/some-sam".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matting.coarse.bundled import CLICKS
from matting.coarse.prompts import Box, CoarseMasks, Point, Prompts, Segmenter, SegmenterUnavailable

__all__ = [
    "ALIASES",
    "DEFAULT",
    "SEGMENTERS",
    "WITH_SOURCE",
    "Box",
    "CoarseMasks",
    "Point",
    "Prompts",
    "Segmenter",
    "SegmenterUnavailable",
    "as_asked",
    "knows_names",
    "load_segmenter",
    "needs_prompts",
]

Loader = Callable[[str, str | Path | None, str], Segmenter]


def _load_grabcut(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.classical.grabcut import GrabCut

    if source is not None:
        raise ValueError(f"{name} has no weights, so it takes no source, got {source!s}.")
    return GrabCut()


def _load_clicks(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.clicks import load_clicks

    return load_clicks(source, device=device)


def _load_sam(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.sam import load_sam

    return load_sam(name, source=source, device=device)


def _load_u2net(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.u2net import load_u2net

    return load_u2net(name, source=source, device=device)


def _load_segment_anything(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.segment_anything import load_segment_anything

    return load_segment_anything(source, device=device)


def _load_transformers(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.transformers_segmentation import load_transformers_segmentation

    return load_transformers_segmentation(source, device=device)


@dataclass(frozen=True)
class _Entry:
    description: str
    load: Loader
    needs_prompts: bool = True
    knows_names: bool = False
    source: str | None = None  # how to write what it cannot do without


# A segmenter of another kind is one more line here: its name, what to tell people, and what loads it.
_REGISTRY = {
    "clicks": _Entry("ClickNet: knows objects, no download", _load_clicks, needs_prompts=False),
    "grabcut": _Entry("GrabCut: works everywhere, no download", _load_grabcut),
    "sam2.1-tiny": _Entry("SAM 2.1 tiny: fast and precise, 156 MB", _load_sam),
    "sam-vit-b": _Entry("SAM ViT-B: precise, 375 MB", _load_sam),
    "sam-vit-l": _Entry("SAM ViT-L: more precise and slower, 1.2 GB", _load_sam),
    "sam-vit-h": _Entry("SAM ViT-H: most precise and slowest, 2.6 GB", _load_sam),
    "u2netp": _Entry("U2NetP: what stands out, no click needed, no download", _load_u2net, needs_prompts=False),
    "u2net": _Entry("U2Net: what stands out, no click needed, 176 MB", _load_u2net, needs_prompts=False),
    "segment-anything": _Entry(
        "SAM from an official checkpoint file", _load_segment_anything, source="sam_vit_b_01ec64.pth"
    ),
    "transformers": _Entry(
        "any image-segmentation model of the hub, with the labels that are the object",
        _load_transformers,
        needs_prompts=False,
        knows_names=True,
        source="FOLDER_OR_HUB_ID#person, hat",
    ),
}

SEGMENTERS: dict[str, str] = {name: e.description for name, e in _REGISTRY.items() if e.source is None}
"""The segmenters that a name is enough for, each with a line that says what it is."""

WITH_SOURCE: dict[str, str] = {f"{name}:{e.source}": e.description for name, e in _REGISTRY.items() if e.source}
"""The segmenters that need weights of one's own, as they are written, each with a line that says what it is."""

DEFAULT = "clicks" if CLICKS.is_file() else "grabcut"
"""The segmenter that understands prompts where nobody chooses another: ClickNet, or GrabCut where the package stands
without its weights; neither needs a download."""

ALIASES = {"sam": "sam2.1-tiny"}
"""Short names for the ones above."""


def load_segmenter(name: str = DEFAULT, *, source: str | Path | None = None, device: str = "cpu") -> Segmenter:
    """Load a segmenter by its name.

    Args:
        name: One of SEGMENTERS or ALIASES, or NAME:SOURCE as in WITH_SOURCE.
        source: For a network, a local file or folder or a hub id to use instead of the usual weights; the same as
            writing it after the name.
        device: Where a network runs: "cpu", "cuda", "mps", ...

    Raises:
        ValueError: If there is no segmenter of that name, or its source is missing or given twice.
        SegmenterUnavailable: If its weights are neither on this machine nor on the hub.
    """
    full, written = _split(name)
    if written and source:
        raise ValueError(f"Two sources are given for {full}, {written} and {source}; give one.")
    entry = _REGISTRY[full]
    if entry.source and not (written or source):
        raise ValueError(f"{full} needs weights of your own; write them as {full}:{entry.source}.")
    return entry.load(full, written or source, device)


def needs_prompts(name: str) -> bool:
    """Tell whether a segmenter needs prompts: without click or box, it gets a centred box.

    Raises:
        ValueError: If there is no segmenter of that name.
    """
    return _REGISTRY[_split(name)[0]].needs_prompts


def knows_names(name: str) -> bool:
    """Tell whether a segmenter knows what objects are called, so that `Prompts.words` can ask for one.

    Raises:
        ValueError: If there is no segmenter of that name.
    """
    return _REGISTRY[_split(name)[0]].knows_names


def as_asked(name: str, prompts: Prompts, size: tuple[int, int]) -> Prompts:
    """Return the prompts that a segmenter gets: checked, and never fewer than it needs.

    Args:
        name: The segmenter's.
        prompts: The visitor's or caller's prompts, possibly none.
        size: The photo's (height, width).

    Raises:
        ValueError: If there is no such segmenter, it knows no names where one is said, or the prompts do not fit the
            photo.
    """
    prompts = prompts.checked(size)
    if prompts.words and not knows_names(name):
        raise ValueError(f"{name} understands clicks and boxes, but no words; click on the object.")
    return prompts.or_centred(size) if needs_prompts(name) else prompts


def _split(name: str) -> tuple[str, str | None]:
    """Split NAME or NAME:SOURCE into the full name and the source."""
    short, _, source = name.partition(":")
    full = ALIASES.get(short, short)
    if full not in _REGISTRY:
        choice = ", ".join((*SEGMENTERS, *ALIASES, *WITH_SOURCE))
        raise ValueError(f"There is no segmenter {name!r}; choose one of {choice}.")
    return full, source or None
