"""Folders, files and lists by name; one sentence names what is missing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


def inside(root: Path, *names: str) -> Path:
    """Return root/name for the first name that is a folder there, or root itself: users point at either."""
    return next((root / name for name in names if (root / name).is_dir()), root)


def folder(root: Path, *names: str) -> Path:
    """Return root/name for the first name that is a folder there.

    Raises:
        ValueError: where none is.
    """
    for name in names:
        if (root / name).is_dir():
            return root / name
    others = f" (or {', '.join(names[1:])})" if names[1:] else ""
    raise ValueError(f"The folder {root / names[0]}{others} is missing; check the data set's root and layout.")


def pictures(directory: Path, ending: str = "") -> dict[str, Path]:
    """Map the stems of a folder's pictures to their paths, sorted by stem; `ending` is cut off stems and required.

    Stems are composed (NFC): a Mac may have written the same name in another form.

    Raises:
        ValueError: where there is no such folder, or two pictures have one stem.
    """
    if not directory.is_dir():
        raise ValueError(f"The folder {directory} is missing; check its name.")
    found: dict[str, Path] = {}
    for path in sorted(directory.iterdir()):
        hidden = path.name.startswith(".")  # macOS leaves ._NAME.png beside NAME.png
        if hidden or path.suffix.lower() not in SUFFIXES or not path.stem.endswith(ending):
            continue
        stem = composed(path.stem.removesuffix(ending))
        if stem in found:
            raise ValueError(f"{found[stem]} and {path} have one name; take one of them away.")
        found[stem] = path
    return dict(sorted(found.items()))


def composed(name: str) -> str:
    """Return a name in Unicode's composed form, in which é is one character."""
    return unicodedata.normalize("NFC", name)


def some(directory: Path, ending: str = "") -> dict[str, Path]:
    """Do as `pictures`, and raise ValueError where there is none."""
    found = pictures(directory, ending)
    if not found:
        raise ValueError(f"The folder {directory} holds no picture; check the data set's root and layout.")
    return found


def partner(found: Mapping[str, Path], stem: str, directory: Path, kind: str = "", what: str = "picture") -> Path:
    """Return the picture of a stem, or else STEM_KIND, as `python -m matting matte` names its alphas and trimaps.

    `what` is the word for it where it is missing.

    Raises:
        ValueError: where the folder, `directory`, has none.
    """
    stem = composed(stem)
    path = found.get(stem) or found.get(f"{stem}_{kind}")
    if path is None:
        raise ValueError(f"The {what} {stem} is missing in {directory}.")
    return path


def matched(stems: Iterable[str], directory: Path, ending: str = "", kind: str = "") -> dict[str, Path]:
    """Map each stem to its `partner` in a folder; raises ValueError for the first that is missing."""
    found = pictures(directory, ending)
    return {stem: partner(found, stem, directory, kind) for stem in stems}


def optional(stems: Iterable[str], root: Path, name: str, ending: str = "", kind: str = "") -> dict[str, Path]:
    """Do as `matched` in root/name, or return nothing where the data set came without this folder."""
    return matched(stems, root / name, ending, kind) if (root / name).is_dir() else {}


def names_list(path: Path) -> list[str]:
    """Read a list of file names, one a line, and return their stems in its order.

    Raises:
        ValueError: where the file is missing, empty, or no text.
    """
    if not path.is_file():
        raise ValueError(f"The list {path} is missing; it comes with the data set.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"The list {path} should be text with one file name a line, but it is not.") from error
    # The lists were written on several systems: a name may stand behind a folder of either.
    stems = [composed(Path(line.strip().replace("\\", "/")).stem) for line in lines if line.strip()]
    if not stems:
        raise ValueError(f"The list {path} holds no name.")
    return stems
