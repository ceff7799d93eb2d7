"""What a reader finds of one example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Example:
    """The files of one example; None where its data set has none.

    Attributes:
        name: the file's stem, unique within its split.
        image: the photo.
        alpha: the true alpha.
        trimap: the trimap; the first where there are several.
        foreground: the foreground's own colours, of alpha's size.
        background: what the foreground is to be put before, of any size.
        trimaps: all trimaps by their names: "1", "2", "3" of alphamatting.com.
        coarse_mask: a segmentation that comes with the photo.
        detail: RWP-636's detail map, above 0 where hair is scored apart.
        type: AIM-500's type: "SO" salient opaque, "STM" salient transparent or meticulous, "NS" non-salient.
    """

    name: str
    image: Path | None = None
    alpha: Path | None = None
    trimap: Path | None = None
    foreground: Path | None = None
    background: Path | None = None
    trimaps: Mapping[str, Path] = field(default_factory=dict)
    coarse_mask: Path | None = None
    detail: Path | None = None
    type: str | None = None
