"""Data sets of photos: P3M-10k, AIM-500, AM-2k, RWP-636, PPM-100, any folders; with backgrounds or photos alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from matting.data.layouts.example import Example
from matting.data.layouts.files import composed, folder, inside, matched, optional, some

AIM500_TYPES = ("SO", "STM", "NS")


def read_p3m(root: Path, split: str) -> tuple[Example, ...]:
    """Read P3M-10k (Li et al., 2021); "p" has blurred faces, "np" has none.

        train/{blurred_image,mask}/
        validation/P3M-500-P/{blurred_image,mask,trimap}/
        validation/P3M-500-NP/{original_image,mask,trimap}/

    Some copies have both of the last without `validation/`.
    """
    base = inside(root, "P3M-10k")
    if split == "train":
        return _photos(folder(base, "train"), "blurred_image")
    part = folder(inside(base, "validation"), "P3M-500-P" if split == "p" else "P3M-500-NP")
    return _with_trimaps(part, "blurred_image" if split == "p" else "original_image")


def read_aim500(root: Path, split: str) -> tuple[Example, ...]:
    """Read AIM-500 (Li et al., 2021): `original/*.jpg, {mask,trimap}/*.png, aim_category_type.json`.

    Its `usr/`, a trimap that keeps only what the type allows, is not read.
    """
    base = inside(root, "AIM-500")
    types = _types(base / "aim_category_type.json")
    examples = []
    for example in _with_trimaps(base, "original"):
        if types.get(example.name) not in AIM500_TYPES:
            raise ValueError(
                f"The photo {example.name} should be of one of the types {', '.join(AIM500_TYPES)} in "
                f"{base / 'aim_category_type.json'}, but that says {types.get(example.name)}."
            )
        examples.append(replace(example, type=types[example.name]))
    return tuple(examples)


def read_am2k(root: Path, split: str) -> tuple[Example, ...]:
    """Read AM-2k (Li et al., 2022): `{train,validation}/{original,mask,trimap}/`; of training no trimaps are read."""
    part = folder(inside(root, "AM-2k", "AM2k"), split)
    return _photos(part, "original") if split == "train" else _with_trimaps(part, "original")


def read_bg20k(root: Path, split: str) -> tuple[Example, ...]:
    """Read BG-20k (Li et al., 2022): `{train,testval}/*.jpg`, backgrounds without an object."""
    found = some(folder(inside(root, "BG-20k", "BG20k"), split))
    return tuple(Example(name=name, background=path) for name, path in found.items())


def read_rwp636(root: Path, split: str) -> tuple[Example, ...]:
    """Read RWP-636 (Yu et al., 2021): `image/*.jpg, alpha/*.png, segmask/, detailmap/NAME_cloud_trimap.jpg`."""
    base = inside(root, "RealWorldPortrait-636", "RWP-636")
    images = some(folder(base, "image"))
    alphas = matched(images, folder(base, "alpha"))
    masks, details = optional(images, base, "segmask"), optional(images, base, "detailmap", "_cloud_trimap")
    return tuple(
        Example(name=name, image=path, alpha=alphas[name], coarse_mask=masks.get(name), detail=details.get(name))
        for name, path in images.items()
    )


def read_ppm100(root: Path, split: str) -> tuple[Example, ...]:
    """Read PPM-100 (Ke et al., 2022): `{image,matte}/*.jpg`, in some copies `{train,val}/{fg,alpha}/*.jpg`.

    Split "all" is whatever the copy holds, of both halves where it has them.
    """
    base = inside(root, "PPM-100")
    halves = [name for name in ("train", "val") if (base / name).is_dir()]
    wanted = [folder(base, split)] if split != "all" else [base / name for name in halves] or [base]
    examples = []
    for part in wanted:
        images = some(folder(part, "image", "fg"))
        alphas = matched(images, folder(part, "matte", "alpha"))
        examples += [Example(name=name, image=path, alpha=alphas[name]) for name, path in images.items()]
    return tuple(sorted(examples, key=lambda example: example.name))


def read_folder(root: Path, split: str) -> tuple[Example, ...]:
    """Read any pictures in folders of these names, matched by stem: `alpha/` with `image/` or `foreground/`.

    Photos in `image/` and colours free of their background in `foreground/` may both be there; `trimap/`,
    `background/` and `coarse_mask/` are read if they are there.
    """
    present = [name for name in ("image", "foreground") if (root / name).is_dir()]
    first = some(folder(root, *(present or ("image", "foreground"))))
    names = ("trimap", "background", "coarse_mask", *present)
    others = {name: optional(first, root, name, kind="trimap" if name == "trimap" else "") for name in names}
    alphas = matched(first, folder(root, "alpha"), kind="alpha")
    return tuple(
        Example(name=name, alpha=alphas[name], **{key: found.get(name) for key, found in others.items()})
        for name in first
    )


def read_plain(root: Path, split: str) -> tuple[Example, ...]:
    """Read a folder of photos that have no alpha, for the adaptation to real data."""
    return tuple(Example(name=name, image=path) for name, path in some(root).items())


def _photos(part: Path, images: str) -> tuple[Example, ...]:
    """Read photos with their alphas in `mask/`."""
    found = some(folder(part, images))
    alphas = matched(found, folder(part, "mask"))
    return tuple(Example(name=name, image=path, alpha=alphas[name]) for name, path in found.items())


def _with_trimaps(part: Path, images: str) -> tuple[Example, ...]:
    """Read photos with their alphas and trimaps; training draws its own, so only what is scored needs them."""
    examples = _photos(part, images)
    trimaps = matched([example.name for example in examples], folder(part, "trimap"))
    return tuple(replace(example, trimap=trimaps[example.name]) for example in examples)


def _types(path: Path) -> dict[str, str]:
    """Read AIM-500's types by stem, from {NAME: {"type": "SO", …}}.

    Raises:
        ValueError: where the file is missing or of another form.
    """
    if not path.is_file():
        raise ValueError(f"The file {path} is missing; it comes with the data set and says each photo's type.")
    try:
        # A key is a photo's name with its suffix or without.
        return {composed(Path(name).stem): entry["type"] for name, entry in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f'The file {path} should hold {{"NAME": {{"type": "SO"}}}}, but it does not.') from error
