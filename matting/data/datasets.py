"""Where foregrounds and backgrounds come from: pools, data sets in their published layouts, several of them together.

A pipeline knows a `ForegroundSource` alone; another kind of source needs its two methods and nothing else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from matting import images
from matting.compositing import estimate_foreground
from matting.data.layouts import LAYOUTS, Example, read_layout
from matting.data.planes import read_sized_alpha
from matting.data.pools.pool import photo_paths, read_foreground, read_photo, read_pool
from matting.data.synthetic import Foreground
from matting.images import read_cutout


@runtime_checkable
class ForegroundSource(Protocol):
    """Foregrounds by number. It travels to worker processes, so it holds paths and reads on demand."""

    def __len__(self) -> int:
        """Count the foregrounds to choose from."""

    def read(self, index: int) -> Foreground:
        """Read foreground `index`; the same index gives the same foreground, whatever was read before."""


class PoolFiles:
    """The files of one or more pools (`matting.data.pools.pool`)."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int) -> Foreground:
        """Read a file of the pool; raises ValueError where it is damaged."""
        return read_foreground(self.paths[index])


class HeldForegrounds:
    """Foregrounds in memory, such as `matting.data.draw_foregrounds` draws."""

    def __init__(self, foregrounds: Sequence[Foreground]) -> None:
        self.foregrounds = tuple(foregrounds)

    def __len__(self) -> int:
        return len(self.foregrounds)

    def read(self, index: int) -> Foreground:
        """Return foreground `index`."""
        return self.foregrounds[index]


class DatasetForegrounds:
    """Examples of a data set as foregrounds, whole and at their own size.

    Where an example has a photo alone, the foreground's colours are estimated at every reading, which costs time and
    spares the disk: a data set of ten thousand portraits would fill tens of gigabytes.

    Args:
        examples: each with alpha, and with a foreground or an image.
        kind: what the foregrounds are called.
    """

    def __init__(self, examples: Sequence[Example], kind: str) -> None:
        self.examples, self.kind = tuple(examples), kind

    def __len__(self) -> int:
        return len(self.examples)

    def read(self, index: int) -> Foreground:
        """Read an example; raises ValueError where a file is damaged or the sizes differ."""
        example = self.examples[index]
        colour, alpha = read_layers(example, example.foreground or example.image)
        if example.foreground is None:
            colour = estimate_foreground(colour, alpha)
        return Foreground(colour, alpha, self.kind)


class JoinedForegrounds:
    """Several sources, one after the other; every foreground of all of them is as likely as any other."""

    def __init__(self, sources: Sequence[ForegroundSource]) -> None:
        self.sources = tuple(sources)
        self.ends = list(accumulate(len(source) for source in self.sources))

    def __len__(self) -> int:
        return self.ends[-1]

    def read(self, index: int) -> Foreground:
        """Read foreground `index`, counted through the sources."""
        number = bisect_right(self.ends, index)
        return self.sources[number].read(index - (self.ends[number - 1] if number else 0))


class PhotoFiles(Sequence[np.ndarray]):
    """Photos that are read when they are asked for, as backgrounds: uint8 (H, W, 3), RGB.

    Args:
        paths: the photos' files.
        max_side: larger photos are shrunk until their longer side has this many pixels.
    """

    def __init__(self, paths: Sequence[Path], max_side: int = 2048) -> None:
        self.paths, self.max_side = tuple(paths), max_side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> np.ndarray:
        return read_photo(self.paths[index], self.max_side)


def foreground_sources(specs: Sequence[str], pools: Sequence[Path]) -> ForegroundSource:
    """Collect what to train on: the foregrounds of pools, then those of data sets.

    Args:
        specs: data sets as LAYOUT:ROOT, LAYOUT one of `matting.data.layouts.LAYOUTS`; their training split is taken.
        pools: folders of pools, in the order that sample numbers refer to.

    Returns:
        all foregrounds as one source. Without specs it gives, number by number, what the pools' files in order give.

    Raises:
        ValueError: where there is nothing to train on, a data set is there to be scored, or files are missing.
    """
    sources: list[ForegroundSource] = [PoolFiles(read_pool(pool)) for pool in pools]
    for spec in specs:
        sources.append(DatasetForegrounds(training_examples(spec), spec.partition(":")[0]))
    if not sources:
        raise ValueError("Foregrounds to train on were expected, but neither a pool nor a data set was given.")
    return JoinedForegrounds(sources)


def background_photos(specs: Sequence[str], folders: Sequence[Path], held_out: Sequence[str] = ()) -> PhotoFiles:
    """Collect backgrounds: the photos of folders, then those of data sets as LAYOUT:ROOT, such as bg20k:ROOT.

    Photos of folders whose name, without suffix, ends as one of `held_out` are left out.

    Unlike `load_textures` it keeps nothing in memory, so tens of thousands will do.

    Raises:
        ValueError: where there is none, or a data set has no backgrounds.
    """
    paths = [path for folder in folders for path in photo_paths(folder) if not path.stem.endswith(tuple(held_out))]
    for spec in specs:
        name, root = _parsed(spec)
        found = [example.background for example in read_layout(name, root, LAYOUTS[name].splits[0])]
        if None in found:
            raise ValueError(f"The data set {spec} has no backgrounds; one of photos without an object is bg20k.")
        paths += found
    if not paths:
        raise ValueError("Background photos were expected, but neither a folder nor a data set was given.")
    return PhotoFiles(paths)


def gives_backgrounds(spec: str) -> bool:
    """Whether a data set, LAYOUT:ROOT, holds photos without an object; raises ValueError for another form."""
    return LAYOUTS[_parsed(spec)[0]].backgrounds


def training_examples(spec: str) -> tuple[Example, ...]:
    """Read the training split of a data set given as LAYOUT:ROOT.

    Raises:
        ValueError: where the layout is unknown or there to be scored, or a file of it is missing.
    """
    name, root = _parsed(spec)
    split = LAYOUTS[name].training
    if split is None:
        able = ", ".join(name for name, layout in LAYOUTS.items() if layout.training)
        raise ValueError(f"There is nothing to train on in {name}: it is there to be scored, or has no alpha; "
                         f"what can be trained on is {able}.")  # fmt: skip
    return read_layout(name, root, split)


def photographs(spec: str) -> tuple[Example, ...]:
    """Read the photos of a data set given as LAYOUT:ROOT: a plain folder's, or those of a split to train on.

    Raises:
        ValueError: where there are none to train on, or they are foregrounds without a photo.
    """
    name, root = _parsed(spec)
    examples = read_layout(name, root) if name == "photos" else training_examples(spec)
    if alone := next((example.name for example in examples if example.image is None), None):
        raise ValueError(f"Photos were expected, but {alone} of {spec} is a foreground without one; leave {spec} out.")
    return examples


def read_layers(example: Example, picture: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a picture of an example and its alpha: RGB uint8 (H, W, 3), and float32 (H, W) in [0, 1] in steps of 1/255.

    Raises:
        ValueError: where a file is damaged or the sizes differ.
    """
    # A bare foreground keeps its colours where nothing of it shows; a photo has been seen on white.
    colour = read_cutout(picture)[0] if picture == example.foreground else images.read_photo(picture)[0]
    alpha = read_sized_alpha(example.alpha, colour.shape[:2])
    return colour, np.rint(alpha * 255) / np.float32(255)


def _parsed(spec: str) -> tuple[str, Path]:
    name, colon, root = spec.partition(":")
    if not colon or not root or name not in LAYOUTS:
        raise ValueError(f"A data set is given as LAYOUT:ROOT with LAYOUT one of {', '.join(LAYOUTS)}, got {spec!r}.")
    return name, Path(root)
