"""A folder of one's own: `image/` and `alpha/` with files of one name. What is wrong with each pair, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from matting.data.layouts.files import folder, pictures
from matting.data.own.leaks import ALIKE, distance, fingerprint
from matting.images import read_mask, read_photo

SOFT = 0.02
"""Alpha is soft where it is at least so far from 0 and from 1."""

FEW_SOFT = 1e-3
"""Share of soft pixels below which a matte is a mask."""

SAME = 0.97
"""Correlation with the photo's brightness above which an alpha is the photo itself."""


@dataclass(frozen=True)
class Pair:
    """A photo and its matte.

    Attributes:
        name: the stem that both files share.
        size: (width, height) of the photo, or None where it cannot be read.
        soft: share of soft pixels of the matte, or None.
        complaints: what is wrong, each in a sentence; none where all is well.
    """

    name: str
    size: tuple[int, int] | None
    soft: float | None
    complaints: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FolderReport:
    """What `check_folder` found, by name; shown as a table.

    Attributes:
        pairs: every name that `image/` or `alpha/` holds.
        fingerprints: of every photo that can be read, see `leaks.fingerprint`.
    """

    pairs: Sequence[Pair]
    fingerprints: Mapping[str, np.ndarray]

    @property
    def usable(self) -> list[str]:
        """Names of the pairs without a complaint."""
        return [pair.name for pair in self.pairs if not pair.complaints]

    def split(self, test: float = 0.2, seed: int = 0) -> tuple[list[str], list[str]]:
        """Divide the usable pairs at random: names to train on and names to test on.

        Photos that are alike go to the same side, so that no test photo has a twin in the training.

        Args:
            test: share of the pairs that is kept for testing; at least one pair is.
            seed: of the chance.

        Raises:
            ValueError: where there are fewer than two photos that differ.
        """
        groups = self._alike()
        if len(groups) < 2:
            raise ValueError("Training and test need two photos that differ, at least; add some.")
        wanted = max(1, round(test * len(self.usable)))
        kept: list[str] = []
        order = np.random.default_rng(seed).permutation(len(groups))
        for number in order[:-1]:  # the last one is always left to train on
            if len(kept) < wanted:
                kept += groups[number]
        return [name for name in self.usable if name not in kept], [name for name in self.usable if name in kept]

    def _alike(self) -> list[list[str]]:
        groups: list[list[str]] = []
        for name in self.usable:
            own = self.fingerprints[name]
            twins = [one for one in groups if min(distance(own, self.fingerprints[other]) for other in one) <= ALIKE]
            groups = [one for one in groups if one not in twins] + [[*(name for one in twins for name in one), name]]
        return groups

    def to_markdown(self) -> str:
        """A row for each pair: its name, size, share of soft pixels, and what is wrong."""
        lines = ["| Name | Size | Soft pixels | Complaint |", "|---|---:|---:|---|"]
        for pair in self.pairs:
            size = f"{pair.size[0]} x {pair.size[1]}" if pair.size else "–"
            soft = f"{pair.soft:.1%}" if pair.soft is not None else "–"
            lines.append(f"| {pair.name} | {size} | {soft} | {' '.join(pair.complaints)} |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def check_folder(root: Path | str) -> FolderReport:
    """Look at every pair of a folder before it is trained on; nothing is changed.

    Args:
        root: holds `image/` and `alpha/`, with files of one name.

    Raises:
        ValueError: where a folder is missing, or two of its files have one name.
    """
    photos, mattes = (pictures(folder(Path(root), name)) for name in ("image", "alpha"))
    pairs, prints = [], {}
    for name in sorted({*photos, *mattes}):
        pair, image = _look(name, photos.get(name), mattes.get(name))
        pairs.append(pair)
        if image is not None:
            prints[name] = fingerprint(image)
    return FolderReport(pairs, prints)


def complaints_about(image: np.ndarray, alpha: np.ndarray) -> list[str]:
    """Say what is wrong with a matte, floats (H, W) in [0, 1], of a photo, uint8 (H, W, 3)."""
    if image.shape[:2] != alpha.shape:
        sizes = [f"{plane.shape[1]} x {plane.shape[0]}" for plane in (image, alpha)]
        return [f"The photo is {sizes[0]} pixels and its matte {sizes[1]}: one of them was resized or cropped."]
    if alpha.max() < SOFT:
        return ["The matte is black: nothing is marked as object."]
    if alpha.min() > 1 - SOFT:
        return ["The matte is white: all is marked as object."]
    brightness = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).ravel()
    if brightness.std() and np.corrcoef(brightness, alpha.ravel())[0, 1] > SAME:
        return ["The matte is the photo itself in gray: a file was saved under the wrong name."]
    if soft_share(alpha) < FEW_SOFT:
        return ["The matte is a mask without a soft edge: it would teach hard edges."]
    return []


def soft_share(alpha: np.ndarray) -> float:
    """Share of soft pixels of a matte, floats (H, W) in [0, 1]."""
    return float(((alpha > SOFT) & (alpha < 1 - SOFT)).mean())


def _look(name: str, photo: Path | None, matte: Path | None) -> tuple[Pair, np.ndarray | None]:
    if photo is None:
        return Pair(name, None, None, ("The matte has no photo of its name.",)), None
    try:
        image, _ = read_photo(photo)
        size = image.shape[1::-1]
        if matte is None:
            return Pair(name, size, None, ("The photo has no matte of its name.",)), image
        with Image.open(matte) as picture:
            shape = picture.size[::-1]
        alpha, _ = read_mask(matte, shape)
    except (OSError, ValueError) as error:
        return Pair(name, None, None, (str(error),)), None
    said = complaints_about(image, alpha)
    if not said and matte.suffix.lower() in (".jpg", ".jpeg"):
        said = ["The matte is a JPEG, whose blocks are errors of alpha: export it as PNG."]
    return Pair(name, size, soft_share(alpha), tuple(said)), image
