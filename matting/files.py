"""Where the files that ship with the project are, and how files are written: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALLED, _CHECKOUT = (Path(__file__).resolve().parents[up] / "assets" for up in (0, 1))
ASSETS = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
"""Bundled weights, example photos and backgrounds: within an installed package, beside the package in a checkout."""


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a hidden file beside `path` to write; it takes the place of `path` once it is on the disk.

    So an interrupted run leaves no half file that looks done. The folder has to exist; each process has a file of its
    own, which is removed if writing it fails.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write text (as UTF-8) or bytes to a file, whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
