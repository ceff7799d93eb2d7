"""Data sets of foregrounds with alpha, for any background: Adobe's and Distinctions-646."""

from __future__ import annotations

from pathlib import Path

from matting.data.layouts.example import Example
from matting.data.layouts.files import folder, inside, matched, names_list, partner, pictures, some

BACKGROUNDS_EACH = 20


def read_adobe(root: Path, split: str) -> tuple[Example, ...]:
    """Read Adobe Image Matting (Xu et al., 2017).

        Combined_Dataset/Training_set/{Adobe-licensed images,Other}/{fg,alpha}/
        Combined_Dataset/Test_set/Adobe-licensed images/{fg,alpha,trimaps}/
        {training,test}_{fg,bg}_names.txt in the set's folder or one above

    Split "train" gives every foreground of both folders. Split "test" is Composition-1k: foreground number i with
    backgrounds 20i to 20i + 19 of the list, named `NAME_0` to `NAME_19` like their trimaps. The backgrounds are
    PASCAL VOC's: `bg/` in the test set's folder, or `VOCdevkit/VOC2012/JPEGImages` in or beside the root.
    """
    combined = inside(root, "Combined_Dataset")
    return _adobe_train(combined) if split == "train" else _adobe_test(combined, root)


def read_distinctions(root: Path, split: str) -> tuple[Example, ...]:
    """Read Distinctions-646 (Qiao et al., 2020): `Distinctions-646/{Train,Test}/{FG,GT}/*.png`."""
    part = folder(inside(root, "Distinctions-646"), "Train" if split == "train" else "Test")
    return _pairs(folder(part, "FG"), folder(part, "GT"))


def _adobe_train(combined: Path) -> tuple[Example, ...]:
    part = folder(combined, "Training_set")
    licensed, other = folder(part, "Adobe-licensed images"), part / "Other"
    # Adobe's own part comes alone in some copies.
    sets = [licensed, *([other] if other.is_dir() else [])]
    examples = [example for one in sets for example in _pairs(folder(one, "fg"), folder(one, "alpha"))]
    return tuple(sorted(examples, key=lambda example: example.name))


def _adobe_test(combined: Path, root: Path) -> tuple[Example, ...]:
    part = folder(combined, "Test_set")
    images = folder(part, "Adobe-licensed images")
    names = names_list(_list(part, "test_fg_names.txt"))
    listed = names_list(_list(part, "test_bg_names.txt"))
    if len(listed) < BACKGROUNDS_EACH * len(names):
        raise ValueError(
            f"{BACKGROUNDS_EACH} backgrounds for each of {len(names)} foregrounds were expected in "
            f"{_list(part, 'test_bg_names.txt')}, but it lists {len(listed)}."
        )
    foregrounds, alphas = (matched(names, folder(images, kind)) for kind in ("fg", "alpha"))
    trimaps, photos = folder(images, "trimaps"), _voc(part, root)
    found_trimaps, found_photos = pictures(trimaps), pictures(photos)
    return tuple(
        Example(
            name=f"{name}_{index}",
            alpha=alphas[name],
            trimap=partner(found_trimaps, f"{name}_{index}", trimaps),
            foreground=foregrounds[name],
            background=partner(found_photos, listed[BACKGROUNDS_EACH * number + index], photos),
        )
        for number, name in enumerate(names)
        for index in range(BACKGROUNDS_EACH)
    )


def _list(part: Path, name: str) -> Path:
    """Return where a list lies: in the set's own folder or above it."""
    places = [part / name, part.parent / name, part.parent.parent / name]
    return next((path for path in places if path.is_file()), places[0])


def _voc(part: Path, root: Path) -> Path:
    voc = Path("VOCdevkit", "VOC2012", "JPEGImages")
    places = [part / "bg", root / voc, root.parent / voc, part.parent.parent / voc]
    for place in places:
        if place.is_dir():
            return place
    raise ValueError(f"PASCAL VOC's photos are missing; put them, or a link to them, at {places[0]} or {places[1]}.")


def _pairs(foregrounds: Path, alphas: Path) -> tuple[Example, ...]:
    found = some(foregrounds)
    truths = matched(found, alphas)
    return tuple(Example(name=name, alpha=truths[name], foreground=path) for name, path in found.items())
