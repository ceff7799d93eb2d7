"""Data sets as they lie on a user's disk: one reader per layout, all of them giving `Example`s.

Nothing is opened but folders and lists: an `Example` holds paths. A root may be the data set's own folder or the one
that holds it. Suffixes may be in upper or lower case, and a photo and its alpha may be of different formats; files
belong together by their stems.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from matting.data.layouts.alphamatting import read_alphamatting
from matting.data.layouts.example import Example
from matting.data.layouts.foregrounds import read_adobe, read_distinctions
from matting.data.layouts.photos import (
    read_aim500,
    read_am2k,
    read_bg20k,
    read_folder,
    read_p3m,
    read_plain,
    read_ppm100,
    read_rwp636,
)

__all__ = ["LAYOUTS", "Example", "Layout", "read_layout"]


@dataclass(frozen=True)
class Layout:
    """How one data set lies on the disk.

    Attributes:
        read: reads a split of the data set below a root.
        splits: the names of its splits.
        training: the split to train on; None where the data set is there to be scored, or has no alpha.
        test: the split that is scored; None where it has no alpha.
        backgrounds: whether it holds photos without an object.
    """

    read: Callable[[Path, str], tuple[Example, ...]]
    splits: tuple[str, ...]
    training: str | None
    test: str | None
    backgrounds: bool = False


LAYOUTS: dict[str, Layout] = {
    "adobe": Layout(read_adobe, ("train", "test"), "train", "test"),
    "distinctions": Layout(read_distinctions, ("train", "test"), "train", "test"),
    "p3m": Layout(read_p3m, ("train", "p", "np"), "train", "p"),
    "aim500": Layout(read_aim500, ("all",), None, "all"),
    "am2k": Layout(read_am2k, ("train", "validation"), "train", "validation"),
    "bg20k": Layout(read_bg20k, ("train", "testval"), None, None, backgrounds=True),
    "rwp636": Layout(read_rwp636, ("all",), None, "all"),
    "ppm100": Layout(read_ppm100, ("all", "train", "val"), None, "all"),
    "alphamatting": Layout(read_alphamatting, ("training", "test"), None, "training"),
    "folder": Layout(read_folder, ("all",), "all", "all"),
    "photos": Layout(read_plain, ("all",), None, None),
}
"""Every layout by the name that commands know it by."""


def read_layout(name: str, root: Path | str, split: str | None = None) -> tuple[Example, ...]:
    """Find the examples of a data set.

    Args:
        name: one of LAYOUTS.
        root: the data set's folder, or the folder that holds it.
        split: one of the layout's splits; by default the one that is scored, or its first where none is.

    Returns:
        the examples, sorted by name (Adobe's in the order of its lists).

    Raises:
        ValueError: where there is no such layout or split, or a folder or file of it is missing; the sentence names it.
    """
    if name not in LAYOUTS:
        raise ValueError(f"A data set's layout is one of {', '.join(LAYOUTS)}, but {name!r} was asked for.")
    layout = LAYOUTS[name]
    split = split or layout.test or layout.splits[0]
    if split not in layout.splits:
        raise ValueError(f"The layout {name} has the splits {', '.join(layout.splits)}, but {split!r} was asked for.")
    return layout.read(Path(root), split)
