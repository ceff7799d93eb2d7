"""The photos of a call, the names of their outputs, and which mask belongs to which photo."""

import argparse
import glob
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from matting.commands import UsageError
from matting.images import FORMATS

OUTPUTS = ("alpha", "cutout", "trimap")


@dataclass(frozen=True)
class Job:
    """A photo and its output files: alpha, cutout and trimap, sometimes the coarse mask."""

    photo: Path
    outputs: dict[str, Path]

    @property
    def name(self) -> str:
        """What its outputs are named after."""
        return self.outputs["alpha"].name.removesuffix("_alpha.png")


def find_photos(given: Sequence[str], out: Path) -> list[Path]:
    """Turn files and folders into photos, each once, in the order given; a folder's are sorted by name.

    A folder counts with its pictures, not with its sub-folders'; where it is the output folder too, earlier outputs
    are no photos. Files given by name are taken as they are: what is wrong with one is said when its turn comes.
    Raises UsageError for a folder without any picture.
    """
    photos: dict[Path, Path] = {}
    for path in _named(given):
        found = list(_pictures(path)) if path.is_dir() else [path]
        if path.is_dir() and out.resolve() == path.resolve():
            found = [photo for photo in found if not _is_output(photo, found)]
        if not found:
            below = any(True for folder in path.iterdir() if folder.is_dir() for _ in _pictures(folder))
            raise UsageError(f"The folder {path} holds no picture{', its folders do; name these' if below else ''}.")
        photos.update((photo.resolve(), photo) for photo in found)
    return list(photos.values())


def _named(given: Sequence[str]) -> Iterator[Path]:
    """The files and folders that are given; patterns as *.jpg, which Windows hands on as they are, are filled in."""
    for name in given:
        path = Path(name)
        matches = [] if path.exists() else sorted(glob.glob(name))
        yield from map(Path, matches or [name])


def output_names(photos: Sequence[Path]) -> list[str]:
    """Name the outputs after the photos, so that no two photos of one call write the same files.

    The name is the photo's stem; where stems meet, "a.jpg" and "a.png" become "a_jpg" and "a_png", and where these
    meet too, their folders' names come before. Upper and lower case count as equal, as they do on many disks.
    """
    names = [photo.stem for photo in photos]
    depth = [0] * len(photos)
    while clashes := {name for name, count in Counter(map(str.casefold, names)).items() if count > 1}:
        for index, photo in enumerate(photos):
            if names[index].casefold() in clashes:
                names[index] = _longer_name(photo.resolve(), depth[index], names[index])
                depth[index] += 1
    return names


def output_paths(out: Path, name: str, masks: Path | None = None) -> dict[str, Path]:
    """Tell where a photo's alpha, cutout and trimap are written, and its coarse mask if there is a folder for masks."""
    paths = {output: out / f"{name}_{output}.png" for output in OUTPUTS}
    return paths | {"mask": masks / f"{name}.png"} if masks else paths


def find_companion(photo: Path, given: Path, written: Sequence[str] = ()) -> Path:
    """Find the mask or trimap of a photo: the file given, or in the folder given the picture of the same stem.

    Where several have that stem, the one of the same full name is meant; where none has, the first of the `written`
    outputs of this program that is there. A name is the same in either form of Unicode. Raises ValueError if none or
    several fit.
    """
    if not given.is_dir():
        return given
    pictures = [path for path in _pictures(given) if path.resolve() != photo.resolve()]
    fitting = [path for path in pictures if _composed(path.stem) == _composed(photo.stem)]
    fitting = [path for path in fitting if _composed(path.name) == _composed(photo.name)] or fitting
    for output in written:
        fitting = fitting or [path for path in pictures if _composed(path.stem) == _composed(f"{photo.stem}_{output}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(f"{given} holds several files for {photo.name}: {', '.join(path.name for path in fitting)}.")
    raise ValueError(f"{given} holds no picture named {photo.stem}, like {photo.name}.")


def guidance_of(photo: Path, args: argparse.Namespace) -> Path | None:
    """Find the mask or trimap that a call's arguments give for a photo, or None. Raises ValueError."""
    if args.trimap:
        return find_companion(photo, args.trimap, ("trimap",))
    return find_companion(photo, args.mask, ("mask", "alpha", "cutout")) if args.mask else None


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _pictures(folder: Path) -> Iterator[Path]:
    suffixes = {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            yield path


def _is_output(path: Path, beside: Sequence[Path]) -> bool:
    name, _, output = path.stem.rpartition("_")
    names = {name for photo in beside for name in (photo.stem, _longer_name(photo, 0, photo.stem))}
    return path.suffix == ".png" and output in OUTPUTS and name in names


def _longer_name(photo: Path, depth: int, name: str) -> str:
    if depth == 0:
        return f"{name}_{photo.suffix.lstrip('.').lower()}"
    folders = photo.parent.parts[1:]
    if depth > len(folders):
        raise UsageError(f"Several photos would be written as {name}; cut them out in separate calls.")
    return f"{folders[-depth]}_{name}"
