"""Photos with a mask or an alpha each, in any of the usual folder layouts."""

from __future__ import annotations

from pathlib import Path

from matting.data.layouts.example import Example
from matting.data.layouts.files import matched, pictures, some

PHOTOS = (".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
PUBLISHED = ("input_training_lowres", "gt_training_lowres")


def read_masked(root: Path) -> tuple[Example, ...]:
    """Find the photos below a root, each with its mask or alpha, sorted by name.

    Read are `image/` with `alpha/` or `mask/`, alphamatting.com's `input_training_lowres/` with
    `gt_training_lowres/`, and a folder of NAME.jpg with NAME.png.

    Raises:
        ValueError: where the root is laid out otherwise, or a mask is missing.
    """
    for photos, masks in (PUBLISHED, ("image", "alpha"), ("image", "mask")):
        if (root / photos).is_dir() and (root / masks).is_dir():
            images = some(root / photos)
            found = matched(images, root / masks)
            return tuple(Example(name=name, image=path, alpha=found[name]) for name, path in images.items())
    found = sorted(path for path in root.glob("*") if path.suffix.lower() in PHOTOS)
    beside = {path: path.with_suffix(".png") for path in found}
    if not found or not all(mask.is_file() for mask in beside.values()):
        raise ValueError(
            f"{root} should hold image/ with alpha/ or mask/, alphamatting.com's folders, or NAME.jpg with NAME.png "
            "each; or give two folders by --photos and --masks."
        )
    return tuple(Example(name=photo.stem, image=photo, alpha=mask) for photo, mask in beside.items())


def read_two_folders(photos: Path, masks: Path) -> tuple[Example, ...]:
    """Pair the masks of a folder with the photos of their names in another, which may hold more.

    Raises:
        ValueError: where a folder is missing or holds no picture, or a mask's photo is missing.
    """
    images, found = pictures(photos), some(masks)
    if alone := sorted(found.keys() - images.keys()):
        raise ValueError(f"The mask {found[alone[0]]} has no photo {alone[0]} in {photos}.")
    return tuple(Example(name=name, image=images[name], alpha=mask) for name, mask in found.items())
