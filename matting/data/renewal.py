"""A pool that renews itself as a function of (seed, sample), by a writer beside the training.

The pool has `slots`. Foreground number n = s + g * slots is what slot s holds in its generation g, and is drawn from
(seed, n) and the textures alone, as in any pool. Sample i chooses among the `slots` numbers below slots + i // every:
every so many samples the oldest foreground goes and a new one comes. What a sample gets thus depends on its number and
not on what the writer has done by then: a number that is not on the disk is drawn by the reader. That only takes
longer, and once the pool is full there is never more than one drawing in `every` samples.

The writer draws what samples will soon name and deletes what none can name any more, keeping a margin for a run that
resumes from an earlier checkpoint. It learns from a file how far the samples are, so a pool serves one run at a time.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from matting.data.pools.pool import load_textures, photo_paths, present, read_foreground, write_foreground
from matting.data.synthetic import Foreground, draw_foreground

SETTINGS, PROGRESS = "renewal.json", "progress.json"
IDLE_SECONDS = 2.0


@dataclass(frozen=True)
class Renewal:
    """What the numbers of a pool that renews itself depend on.

    Attributes:
        slots: how many foregrounds a sample chooses from.
        every: samples after which one foreground is replaced.
        size: side of the foregrounds in pixels.
        seed: seed of the pool.
        textures: folders of the photos that colours come from.
        fingerprint: of the photos' names and sizes, since the foregrounds depend on them.
    """

    slots: int
    every: int
    size: int
    seed: int
    textures: tuple[str, ...]
    fingerprint: str

    def head(self, sample: int) -> int:
        """Return the first number that is too new for a sample."""
        return self.slots + sample // self.every

    def number(self, slot: int, sample: int) -> int:
        """Return the number that a slot holds for a sample: the newest of its generations."""
        return slot + (self.head(sample) - 1 - slot) // self.slots * self.slots

    @property
    def margin(self) -> int:
        """How many numbers are drawn ahead and kept behind."""
        return max(8, self.slots // 8)


class RenewedPool:
    """A pool that renews itself, as a source of foregrounds.

    Raises:
        ValueError: where the folder has no readable settings.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.settings = read_settings(self.folder)
        self._reported = -1

    def __len__(self) -> int:
        return self.settings.slots

    def read(self, index: int, sample: int = 0) -> Foreground:
        """Read what slot `index` holds for a sample, or draw it where the writer has not been there yet."""
        self._report(sample)
        number = self.settings.number(index, sample)
        try:
            return read_foreground(next(self.folder.glob(f"{number:06d}_*.png")))
        except (StopIteration, FileNotFoundError):  # not drawn yet, or deleted between the two steps
            foreground = self.draw(number)
            write_foreground(self.folder, number, foreground)
            return foreground

    def draw(self, number: int) -> Foreground:
        """Draw foreground `number`."""
        cv2.setNumThreads(1)
        generator = np.random.default_rng([self.settings.seed, number])
        return draw_foreground(generator, self.settings.size, self.textures)

    @cached_property
    def textures(self) -> list[np.ndarray]:
        """The photos that colours come from; read when something is drawn for the first time."""
        if fingerprint(self.settings.textures) != self.settings.fingerprint:
            raise ValueError(
                f"The photos of {', '.join(self.settings.textures)} are not those that {self.folder} was begun with, "
                "and other photos give other foregrounds; bring them back, or begin another pool."
            )
        return load_textures(self.settings.textures)

    def _report(self, sample: int) -> None:
        """Tell the writer how far the samples are, once for every new number."""
        if (head := self.settings.head(sample)) != self._reported:
            _write_json(self.folder / PROGRESS, {"sample": sample})
            self._reported = head


def begin(
    folder: Path, textures: Sequence[Path], slots: int, every: int, size: int = 512, seed: int = 0
) -> RenewedPool:
    """Begin a pool that renews itself, or go on with one.

    Foregrounds that `fill_pool` drew there by the same seed, size and textures are its first generation.

    Raises:
        ValueError: where a number is too small, the textures are missing, or the folder's pool has other settings.
    """
    for name, value in (("slots", slots), ("samples for each new foreground", every)):
        if value < 1:
            raise ValueError(f"A pool that renews itself needs at least 1 of its {name}, but got {value}.")
    folders = tuple(str(Path(texture).resolve()) for texture in textures)
    settings = Renewal(slots, every, size, seed, folders, fingerprint(folders))
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SETTINGS).exists():
        _write_json(folder / SETTINGS, asdict(settings))
    elif (found := read_settings(folder)) != settings:
        raise ValueError(f"The pool {folder} was begun with {found}; go on with these settings, or begin another pool.")
    return RenewedPool(folder)


def renew(pool: RenewedPool) -> int:
    """Delete what no sample can name any more and draw the most urgent missing foreground; returns how many it drew."""
    settings, have = pool.settings, present(pool.folder)
    head = settings.head(_progress(pool.folder))
    for number, path in have.items():
        if number < head - settings.slots - settings.margin:
            path.unlink(missing_ok=True)
    missing = (number for number in range(head - settings.slots, head + settings.margin) if number not in have)
    if (number := next(missing, None)) is None:
        return 0
    write_foreground(pool.folder, number, pool.draw(number))
    return 1


def renew_on(pool: RenewedPool) -> None:
    """Renew a pool until the process is ended, as its lowest priority, so that a training never waits for it."""
    os.nice(19)
    while True:
        if not renew(pool):
            time.sleep(IDLE_SECONDS)


def read_settings(folder: Path) -> Renewal:
    """Read the settings of a pool that renews itself.

    Raises:
        ValueError: where they are missing or damaged.
    """
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return Renewal(**values | {"textures": tuple(values["textures"])})
    except FileNotFoundError as error:
        raise ValueError(f"A pool that renews itself was expected, but {folder} has no {SETTINGS}.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"The settings {folder / SETTINGS} are damaged; begin another pool.") from error


def fingerprint(folders: Sequence[str]) -> str:
    """Tell photos by the order of their folders, their names and sizes in bytes."""
    listed = [(path.name, path.stat().st_size) for folder in folders for path in photo_paths(folder)]
    return sha256(json.dumps(listed).encode()).hexdigest()[:16]


def _progress(folder: Path) -> int:
    """Return the sample that a run reported last, 0 before any."""
    path = folder / PROGRESS
    return json.loads(path.read_text(encoding="utf-8"))["sample"] if path.exists() else 0


def _write_json(path: Path, values: dict) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
