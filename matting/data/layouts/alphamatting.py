"""alphamatting.com's training and test photos at low resolution (Rhemann et al., 2009)."""

from __future__ import annotations

from pathlib import Path

from matting.data.layouts.example import Example
from matting.data.layouts.files import folder, matched, some


def read_alphamatting(root: Path, split: str) -> tuple[Example, ...]:
    """Read the published layout; the root may be the folder of either part or of both.

        {input,gt}_training_lowres/GTnn.png, trimap_training_lowres/Trimap{1,2}/GTnn.png
        input_lowres/NAME.png, trimap_lowres/Trimap{1,2,3}/NAME.png

    Trimaps are "1" small and "2" large, and "3" the users' in the test split, which has no alpha.
    """
    middle = "_training" if split == "training" else ""
    numbers = ("1", "2") if split == "training" else ("1", "2", "3")
    images = some(folder(root, f"input{middle}_lowres"))
    alphas = matched(images, folder(root, "gt_training_lowres")) if split == "training" else {}
    regions = {number: matched(images, folder(root, f"trimap{middle}_lowres/Trimap{number}")) for number in numbers}
    return tuple(
        Example(
            name=name,
            image=path,
            alpha=alphas.get(name),
            trimap=regions["1"][name],
            trimaps={number: regions[number][name] for number in numbers},
        )
        for name, path in images.items()
    )
