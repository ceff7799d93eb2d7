"""Checkpoints of a run: everything that the next step depends on, written whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch

from matting.files import whole_file

NAME = "checkpoint.pt"
FIXED = ("optimizer",)
"""What of a schedule cannot change within a run: the optimizer's state is of one kind."""


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
            part.write_bytes(data.getbuffer())


def load(
    folder: Path, settings: dict[str, Any], schedule: object = None, *, change_schedule: bool = False
) -> dict[str, Any] | None:
    """Read a run's checkpoint, or None for a new run.

    The settings (network, seed, batch, crop: what a sample is, and which are done) must be the same. So must the
    schedule (steps, rates, losses), unless `change_schedule` says that a change is meant.

    Raises:
        OtherSettingsError: where the checkpoint was written with others.
    """
    path = folder / NAME
    if not path.exists():
        return None
    state = torch.load(path, map_location="cpu", weights_only=True)
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
