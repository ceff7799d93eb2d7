"""Coarse masks: where the object is, roughly, from a photo and a click, a box or nothing at all.

A segmenter looks at the photo once (`embed`) and then answers prompts (`segment`) with candidate masks, best first:

>>> segmenter = load_segmenter("grabcut")
>>> embedding = segmenter.embed(photo)                                            # doctest: +SKIP
>>> segmenter.segment(embedding, Prompts(points=[(320, 240, 1)])).best            # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matting.coarse.prompts import Box, CoarseMasks, Point, Prompts, Segmenter, SegmenterUnavailable

__all__ = [
    "ALIASES",
    "SEGMENTERS",
    "Box",
    "CoarseMasks",
    "Point",
    "Prompts",
    "Segmenter",
    "SegmenterUnavailable",
    "load_segmenter",
]

Loader = Callable[[str, str | Path | None, str], Segmenter]


def _load_grabcut(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.grabcut import GrabCut

    if source is not None:
        raise ValueError(f"{name} has no weights, so it takes no source, got {source!s}.")
    return GrabCut()


def _load_sam(name: str, source: str | Path | None, device: str) -> Segmenter:
    from matting.coarse.sam import load_sam

    return load_sam(name, source=source, device=device)


@dataclass(frozen=True)
class _Entry:
    description: str
    load: Loader


# A segmenter of another kind is one more line here: its name, what to tell people, and what loads it.
_REGISTRY = {
    "grabcut": _Entry("GrabCut: works everywhere, no download", _load_grabcut),
    "sam2.1-tiny": _Entry("SAM 2.1 tiny: fast and precise, 156 MB", _load_sam),
    "sam-vit-b": _Entry("SAM ViT-B: precise, 375 MB", _load_sam),
    "sam-vit-l": _Entry("SAM ViT-L: more precise and slower, 1.2 GB", _load_sam),
    "sam-vit-h": _Entry("SAM ViT-H: most precise and slowest, 2.6 GB", _load_sam),
}

SEGMENTERS: dict[str, str] = {name: entry.description for name, entry in _REGISTRY.items()}
"""The segmenters by name, each with a line that says what it is."""

ALIASES = {"sam": "sam2.1-tiny"}
"""Short names for the ones above."""


def load_segmenter(
    name: str = "grabcut", *, source: str | Path | None = None, device: str = "cpu"
) -> Segmenter:
    """Load a segmenter by its name.

    Args:
        name: One of SEGMENTERS or ALIASES.
        source: For a network, a local folder or a hub id to use instead of the usual weights.
        device: Where a network runs: "cpu", "cuda", "mps", ...

    Raises:
        ValueError: If there is no segmenter of that name.
        SegmenterUnavailable: If its weights can be had neither from this machine nor from the hub.
    """
    full = ALIASES.get(name, name)
    if full not in _REGISTRY:
        raise ValueError(f"There is no segmenter {name!r}; choose one of {', '.join((*SEGMENTERS, *ALIASES))}.")
    return _REGISTRY[full].load(full, source, device)
