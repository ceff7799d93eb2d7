"""What a photo's outputs were made from, kept beside them: "done" means the same photo and the same settings.

The folder of the outputs has a hidden folder with one JSON file for each photo.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from matting.commands.matte.naming import Job, guidance_of
from matting.files import digest_of, write_whole

FOLDER = ".trimatte"
LOST = "none"
"""Stands for the digest of a file that cannot be read: such a photo is not done, and fails when its turn comes."""


@dataclass(frozen=True)
class Record:
    """The source of a photo's outputs.

    Attributes:
        photo: where it lay.
        pixels: digest of its file.
        settings: digest of what it was cut out by: guidance, networks, choices.
        whole: whether all outputs are in place; if not, a process was killed while it put them there.
    """

    photo: str
    pixels: str
    settings: str
    whole: bool = False


class Records:
    """The records of one call's photos, made ones and those to be."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._folder = Path(args.out, FOLDER)

    def state(self, job: Job) -> str:
        """Tell how a job stands: "done", "new", "changed" (to be made again), or "foreign" (not to be written over).

        Files of other photos are foreign, and so is what no record speaks of: a person's own, or an older version's.
        Raises OSError where the disk takes no file of such a name.
        """
        there = [path for path in job.outputs.values() if _exists(path)]
        if not there:
            return "new"
        made, asked = self._read(job), self.describe(job)
        if made is None:
            return "foreign"
        if made.pixels != asked.pixels and made.photo != asked.photo:
            return "foreign"
        same = made.whole and (made.pixels, made.settings) == (asked.pixels, asked.settings)
        return "done" if same and len(there) == len(job.outputs) and asked.pixels != LOST else "changed"

    def describe(self, job: Job) -> Record:
        """Tell what a job's outputs would be made from now."""
        try:
            found = guidance_of(job.photo, self._args)
            companion = found and _digest(found)
        except ValueError:  # it has none, or several
            companion = LOST
        settings = json.dumps([companion, self._choices], sort_keys=True)
        return Record(str(job.photo.resolve()), _digest(job.photo), hashlib.sha256(settings.encode()).hexdigest())

    @contextmanager
    def kept(self, job: Job, record: Record) -> Iterator[None]:
        """Write down what a job's outputs are made from, around putting them in place."""
        self._folder.mkdir(exist_ok=True)
        self._write(job, record)
        yield
        self._write(job, replace(record, whole=True))

    def _write(self, job: Job, record: Record) -> None:
        write_whole(self._path(job), json.dumps(vars(record), indent=2) + "\n")

    def _path(self, job: Job) -> Path:
        return self._folder / f"{job.name}.json"

    def _read(self, job: Job) -> Record | None:
        try:
            return Record(**json.loads(self._path(job).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @cached_property
    def _choices(self) -> list[object]:
        """Everything but the photo and its companion that decides on the outputs."""
        args = self._args
        drawn = args.mask or args.trimap
        asked = None if drawn else [args.coarse, _source(args.coarse.partition(":")[2]), args.points, args.box]
        return [
            "mask" if args.mask else "trimap" if args.trimap else asked,
            args.fusion,
            args.dtype,
            args.strip,
            args.keep_place,
            _networks(args),
        ]


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _networks(args: argparse.Namespace) -> list[str]:
    from matting.networks.weights import FILES, find_folder

    return [_digest(find_folder(args.weights) / name) for name in FILES.values()]


def _source(weights: str) -> str:
    return _digest(Path(weights)) if weights and Path(weights).is_file() else weights


def _digest(path: str | os.PathLike[str]) -> str:
    try:
        return digest_of(path)
    except OSError:
        return LOST
