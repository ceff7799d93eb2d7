"""Checkpoints of a run: everything that the next step depends on, written whole or not at all, the last two of them.

PyTorch's files are ZIP archives, which hold a checksum of each of their parts.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch

from matting.files import clear_left_over, owned_name, whole_file

NAME = "checkpoint.pt"
BEFORE = "checkpoint.before.pt"
"""The one before the last, for the case that the last is damaged."""

FIXED = ("optimizer",)
"""What of a schedule cannot change within a run: the optimizer's state is of one kind."""


logger = logging.getLogger(__name__)


class DamagedCheckpointError(ValueError):
    """A run cannot go on, since its checkpoints are damaged or are none of ours."""


class OtherSettingsError(ValueError):
    """A run's checkpoint was written with other settings than those to resume with."""


@contextmanager
def writing(what: str, folder: Path) -> Iterator[None]:
    """Turn a failed write, for example on a full disk, into an OSError with one sentence."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"The {what} could not be written to {folder} ({error.strerror}); the last checkpoint is kept. Free some "
            "space and go on."
        ) from error


def save(folder: Path, state: dict[str, Any], settings: dict[str, Any], schedule: object = None) -> None:
    """Write a checkpoint atomically.

    Args:
        folder: the run's folder.
        state: tensors and plain values.
        settings: what a resumed run must share.
        schedule: the dataclass by which it learns; a resumed run shares it unless told otherwise.
    """
    data = io.BytesIO()
    texts = {"settings": json.dumps(settings, sort_keys=True)}
    if schedule is not None:
        texts["schedule"] = json.dumps(as_settings(schedule), sort_keys=True)
    # Into memory first: on a full disk PyTorch's own writer fails in ways that no longer tell why.
    torch.save(state | texts, data)
    with writing("checkpoint", folder):
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / NAME) as part:
            part.write_bytes(data.getvalue())  # a view in the error's traceback can crash Python (cpython#111049)
            _keep_the_one_before(folder)


def _keep_the_one_before(folder: Path) -> None:
    """Give the last checkpoint its second name; where the disk can do that, it keeps its first one all the time."""
    last, aside = folder / NAME, folder / f".{BEFORE}.{owned_name()}"
    try:
        os.link(last, aside)
    except FileNotFoundError:  # it is the first one
        return
    except OSError:  # this disk knows no second names
        last.replace(folder / BEFORE)
    else:
        aside.replace(folder / BEFORE)


def load(
    folder: Path, settings: dict[str, Any], schedule: object = None, *, change_schedule: bool = False
) -> dict[str, Any] | None:
    """Read a run's checkpoint, or None for a new run.

    The settings (network, seed, batch, crop: what a sample is, and which are done) must be the same. So must the
    schedule (steps, rates, losses), unless `change_schedule` says that a change is meant.

    Where the last checkpoint is damaged, the one before it is read, and the log says so.

    Raises:
        OtherSettingsError: where the checkpoint was written with others.
        DamagedCheckpointError: where there is none that can be read.
    """
    clear_left_over(folder)
    state = _read_last(folder)
    if state is None:
        return None
    differing = _differing(json.loads(state.pop("settings")), settings)
    if differing:
        raise OtherSettingsError(
            f"The run in {folder} was made with another {', '.join(differing)}; choose another folder (--run) or the "
            "same settings."
        )
    written = state.pop("schedule", None)
    if schedule is not None and written is None:
        raise OtherSettingsError(
            f"The checkpoint in {folder} does not say by which schedule it learns; begin another run."
        )
    if schedule is not None:
        _check_schedule(folder, json.loads(written), as_settings(schedule), change_schedule)
    return state


@contextmanager
def fitting(folder: Path) -> Iterator[None]:
    """Turn the failure to go on from a state of other shapes or names into a DamagedCheckpointError."""
    try:
        yield
    except (RuntimeError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DamagedCheckpointError(
            f"The checkpoint in {folder} does not fit the run that it is for; choose another folder (--run)."
        ) from error


def _read_last(folder: Path) -> dict[str, Any] | None:
    """Read the last whole checkpoint; None if there never was one."""
    there = [folder / name for name in (NAME, BEFORE) if (folder / name).exists()]
    for path in there:
        if (state := _read(path)) is not None:
            if path.name == BEFORE:
                logger.warning(
                    "The last checkpoint in %s is damaged or missing; the one before it, of step %s, is taken.",
                    folder,
                    state.get("step"),
                )
            return state
    if there:
        raise DamagedCheckpointError(
            f"{there[0]} is damaged or is no checkpoint of a run, and there is no whole one before it; put back a copy "
            "of it, or choose another folder (--run)."
        )
    return None


def _read(path: Path) -> dict[str, Any] | None:
    """Read a checkpoint, or None for one that is damaged or none of ours; nothing of it is run."""
    try:
        with zipfile.ZipFile(path) as parts:
            if parts.testzip() is not None:
                return None
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, RuntimeError, ValueError, EOFError, KeyError):
        return None
    return state if isinstance(state, dict) and isinstance(state.get("settings"), str) else None


def as_settings(config: object) -> dict[str, Any]:
    """Turn a configuration dataclass into plain values."""
    if not is_dataclass(config) or isinstance(config, type):
        raise ValueError(f"Expected a configuration dataclass, got {type(config).__name__}.")
    return asdict(config)


def _check_schedule(folder: Path, before: dict[str, Any], schedule: dict[str, Any], change_schedule: bool) -> None:
    differing = _differing(before, schedule)
    if fixed := [name for name in differing if name in FIXED]:
        raise OtherSettingsError(
            f"The run in {folder} was made with another {fixed[0]}; choose another folder (--run)."
        )
    if differing and not change_schedule:
        changes = ", ".join(f"{name} {before.get(name)} (now {schedule.get(name)})" for name in differing)
        raise OtherSettingsError(
            f"The run in {folder} was made with {changes}; give the same, or change_schedule (--change-schedule) if "
            "this is meant."
        )


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    before, now = (json.loads(json.dumps(values)) for values in (before, now))  # JSON has lists where we have tuples
    return sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
