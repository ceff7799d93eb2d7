"""Prompts for an object, the masks that answer them, and the interface of every segmenter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

CENTRED_SHARE = 0.8
"""The side of the box that stands in where nobody said which object is meant, as a share of the photo's."""

Point = tuple[float, float, int]
Box = tuple[float, float, float, float]


class SegmenterUnavailable(RuntimeError):  # noqa: N818 (it names a state of this machine, not a mistake)
    """A segmenter cannot be loaded here; the message says why and what to do, in one sentence."""


@dataclass(frozen=True)
class Prompts:
    """Prompts for one object; lists work as well as tuples.

    Coordinates are the photo's pixels, (0, 0) the upper left corner of the upper left pixel.

    Attributes:
        points: (x, y, label) each; label 1 lies on the object, 0 does not.
        box: (x0, y0, x1, y1) around the object, or None.
        words: what the object is called, as in "person, hat"; for segmenters that know names.
    """

    points: tuple[Point, ...] = ()
    box: Box | None = None
    words: str = ""

    def __post_init__(self) -> None:
        """Make tuples of plain numbers, which can be hashed, compared and pickled."""
        object.__setattr__(self, "points", tuple(_point(point) for point in self.points))
        if self.box is not None:
            object.__setattr__(self, "box", _box(self.box))

    @property
    def positive(self) -> tuple[tuple[float, float], ...]:
        """The (x, y) that lie on the object."""
        return tuple((x, y) for x, y, label in self.points if label)

    @property
    def negative(self) -> tuple[tuple[float, float], ...]:
        """The (x, y) that do not lie on the object."""
        return tuple((x, y) for x, y, label in self.points if not label)

    def checked(self, size: tuple[int, int]) -> Prompts:
        """Return the prompts for a photo of `size` (height, width), the box cut at the photo's frame.

        Raises:
            ValueError: If a point lies outside the photo, or the box is inverted, empty or outside of it.
        """
        height, width = size
        for x, y, _ in self.points:
            if not (0 <= x < width and 0 <= y < height):
                raise ValueError(f"The point ({x:g}, {y:g}) lies outside the photo, which is {width}x{height} pixels.")
        return self if self.box is None else replace(self, box=_cut(self.box, height, width))

    def or_centred(self, size: tuple[int, int]) -> Prompts:
        """Return the prompts, with a box in the middle of the photo if neither a + point nor a box is given."""
        if self.positive or self.box is not None:
            return self
        height, width = size
        margin = (1 - CENTRED_SHARE) / 2
        box = (margin * width, margin * height, (1 - margin) * width, (1 - margin) * height)
        return replace(self, box=box)


@dataclass(frozen=True)
class CoarseMasks:
    """Candidate masks of one object, best first.

    Attributes:
        masks: float32 (N, H, W) in [0, 1], at the photo's size.
        scores: float32 (N,), the segmenter's own estimate of each mask's IoU with the object.
    """

    masks: np.ndarray
    scores: np.ndarray

    @property
    def best(self) -> np.ndarray:
        """The mask of the highest score, float32 (H, W) in [0, 1]."""
        return self.masks[0]

    @classmethod
    def ranked(cls, masks: np.ndarray, scores: np.ndarray) -> CoarseMasks:
        """Sort candidates by falling score; equal ones keep their order."""
        order = np.argsort(-np.asarray(scores, np.float32), kind="stable")
        return cls(np.asarray(masks, np.float32)[order], np.asarray(scores, np.float32)[order])


class Segmenter(Protocol):
    """Photo and prompts in, candidate coarse masks out.

    The photo is looked at once, by `embed`; each further click costs `segment` alone.
    """

    name: str

    def embed(self, image: np.ndarray) -> Any:
        """Look at a photo, RGB uint8 (H, W, 3); the result lives on the CPU and can be pickled."""

    def segment(self, embedding: Any, prompts: Prompts) -> CoarseMasks:
        """Find the object that the prompts mean; raises ValueError if they do not fit the photo."""


def _point(point: Iterable[float]) -> Point:
    try:
        x, y, label = (float(value) for value in point)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A point is (x, y, 1 or 0), got {point!r}.") from error
    if label not in (0, 1):
        raise ValueError(f"A point's label is 1 (on the object) or 0 (not on it), got {label:g}.")
    return x, y, int(label)


def _box(box: Iterable[float]) -> Box:
    try:
        x0, y0, x1, y1 = (float(value) for value in box)
    except (TypeError, ValueError) as error:
        raise ValueError(f"A box is (x0, y0, x1, y1), got {box!r}.") from error
    if not all(map(math.isfinite, (x0, y0, x1, y1))):
        raise ValueError(f"A box is four finite numbers, got {box!r}.")
    return x0, y0, x1, y1


def _cut(box: Box, height: int, width: int) -> Box:
    x0, y0, x1, y1 = box
    shown = f"({x0:g}, {y0:g}, {x1:g}, {y1:g})"
    if x1 <= x0 or y1 <= y0:
        raise ValueError(f"The box {shown} is inverted or empty; give its upper left corner, then its lower right one.")
    x0, y0, x1, y1 = max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height))
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise ValueError(f"The box {shown} covers less than a pixel of the photo, which is {width}x{height} pixels.")
    return x0, y0, x1, y1
