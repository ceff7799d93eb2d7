"""alphamatting.com's training and test photos at low resolution (Rhemann et al., 2009)."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from matting.data.layouts.example import Example
from matting.data.layouts.files import folder, pictures, some

TRIMAPS = {"training": {"1": "narrow", "2": "wide"}, "test": {"1": "narrow", "2": "wide", "3": "users'"}}
"""The trimaps of each split by number, and how wide their unknown regions are."""


def read_alphamatting(root: Path, split: str, trimaps: Collection[str] | None = None) -> tuple[Example, ...]:
    """Read the published layout; the root may be the folder of either part or of both.

        input_training_lowres/GTnn.png
        gt_training_lowres/GTnn.png                gray alpha; some copies repeat it in three channels
        trimap_training_lowres/Trimap{1,2}/GTnn.png
        input_lowres/NAME.png, trimap_lowres/Trimap{1,2,3}/NAME.png

    Args:
        root: the data set's folder.
        split: "training" or "test", which has no alpha.
        trimaps: numbers of the trimaps to read, the others may be missing; by default all of TRIMAPS. An example's
            `trimap` is the first.

    Raises:
        ValueError: where there is no such trimap, a folder is missing, or a file that another folder leads to expect.
    """
    known = TRIMAPS[split]
    numbers = tuple(known if trimaps is None else trimaps)
    for number in numbers:
        if number not in known:
            words = " or ".join(f"{one} ({width})" for one, width in known.items())
            raise ValueError(f"A trimap of the {split} photos is {words}, got {number}.")
    middle = "_training" if split == "training" else ""
    folders = {"image": folder(root, f"input{middle}_lowres")}
    if split == "training":
        folders["alpha"] = folder(root, "gt_training_lowres")
    folders |= {number: folder(root, f"trimap{middle}_lowres/Trimap{number}") for number in numbers}
    some(folders["image"])
    files = {key: pictures(directory) for key, directory in folders.items()}
    names = sorted(set().union(*files.values()))
    missing = [str(folders[key] / f"{name}.png") for name in names for key in files if name not in files[key]]
    if missing:
        others = f", and {len(missing) - 1} more: {', '.join(missing[1:])}" if missing[1:] else ""
        raise ValueError(f"The picture {missing[0]} is missing{others}.")
    return tuple(
        Example(
            name=name,
            image=files["image"][name],
            alpha=files["alpha"][name] if split == "training" else None,
            trimap=files[numbers[0]][name] if numbers else None,
            trimaps={number: files[number][name] for number in numbers},
        )
        for name in names
    )
