"""Where the files that ship with the project are, what tells files apart, how they are written: whole or not at all."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALLED, _CHECKOUT = (Path(__file__).resolve().parents[up] / "assets" for up in (0, 1))
ASSETS = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
"""Bundled weights, example photos and backgrounds: within an installed package, beside the package in a checkout."""

LOADED = time.time()
DAY = 86_400
_OWNED = re.compile(r"\.([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}(?:\.part)?$")
_HOST = f"{zlib.crc32(platform.node().encode()):08x}"


def owned_name() -> str:
    """Return a new ending for something temporary, which tells others whether the process that made it lives."""
    return f"{_HOST}-{os.getpid()}-{secrets.token_hex(4)}"


def clear_left_over(folder: str | os.PathLike[str], pattern: str = ".*") -> None:
    """Remove what killed processes left in a folder: what fits the pattern, hidden things say, with an `owned_name`."""
    for path in Path(folder).glob(pattern):
        owner = _OWNED.search(path.name)
        if owner is None or not _is_orphan(path, *owner.groups()):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _is_orphan(path: Path, host: str, process: str) -> bool:
    """Tell whether the process that made something is gone; of another machine's it is supposed after a day."""
    try:
        made = path.stat().st_mtime
    except FileNotFoundError:  # its process has just put it in place
        return False
    if host != _HOST or os.name == "nt":  # where asking after a process may end it
        return made < time.time() - DAY
    if int(process) == os.getpid():  # a container's only process has the number of the one before it
        return made < LOADED
    return not _lives(int(process))


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it is another user's
        return True
    return True


def own_folder(name: str) -> str:
    """Find or make this user's folder among the temporary files; a new one where that is not theirs alone."""
    if os.name == "nt":  # where each user has temporary files of their own
        return tempfile.mkdtemp(prefix=f"{name}-")
    folder = Path(tempfile.gettempdir(), f"{name}-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if found.st_uid != os.getuid() or found.st_mode != stat.S_IFDIR | 0o700:
            return tempfile.mkdtemp(prefix=f"{name}-")
    return str(folder)


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a hidden file beside `path` to write; it takes the place of `path` once it is on the disk.

    So an interrupted run leaves no half file that looks done. The folder has to exist; each call has a file of its
    own, which is removed if writing it fails; what a killed process leaves, `clear_left_over` removes.
    """
    path = Path(path)
    short = path.name.encode()[:64].decode(errors="ignore")  # a name as long as the disk takes would be too long
    part = path.with_name(f".{short}.{owned_name()}.part")
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


def digest_of(path: str | os.PathLike[str]) -> str:
    """Return SHA-256 of a file's bytes in hexadecimal, read piece by piece.

    Raises:
        OSError: If the file cannot be read.
    """
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()
