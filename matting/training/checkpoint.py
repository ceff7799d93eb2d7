"""Checkpoints of a run: everything that the next step depends on, written whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch

NAME = "checkpoint.pt"


class OtherSettingsError(ValueError):
    """A run's checkpoint was written with other settings than it is to go on with."""


def save(folder: Path, state: dict[str, Any], settings: dict[str, Any]) -> None:
    """Write a checkpoint atomically; `settings` is what a resumed run must share."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{NAME}.{os.getpid()}"
    try:
        with unfinished.open("wb") as file:
            torch.save(state | {"settings": json.dumps(settings, sort_keys=True)}, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(folder / NAME)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise OSError(
            f"The checkpoint could not be written to {folder} ({error.strerror}); the last one is kept. Free some "
            "space and go on."
        ) from error


def load(folder: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Read a run's checkpoint, or None for a new run.

    Raises:
        OtherSettingsError: where the checkpoint was written with other settings.
    """
    path = folder / NAME
    if not path.exists():
        return None
    state = torch.load(path, map_location="cpu", weights_only=True)
    before = json.loads(state.pop("settings"))
    now = json.loads(json.dumps(settings))
    differing = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if differing:
        raise OtherSettingsError(
            f"The run in {folder} was made with another {', '.join(differing)}; choose another --run or "
            "the same settings."
        )
    return state


def as_settings(config: object) -> dict[str, Any]:
    """Turn a configuration dataclass into plain values."""
    if not is_dataclass(config) or isinstance(config, type):
        raise ValueError(f"Expected a configuration dataclass, got {type(config).__name__}.")
    return asdict(config)
