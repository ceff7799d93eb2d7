"""The options of `evaluate` as dataclasses, and what is checked before any work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matting.commands import check_device, check_json


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a call runs and where its results go; the fields are the options' names."""

    first: int | None = None
    device: str | None = None
    json: Path | None = None
    cache: Path | None = None
    no_cache: bool = False
    workers: int = 1


@dataclass(frozen=True, kw_only=True)
class BenchmarkOptions(RunOptions):
    """`evaluate BENCHMARK`: which photos, what each method gets, what is scored; None is the benchmark's default."""

    benchmark: str
    root: Path
    backgrounds: Path | None = None
    split: str = "training"
    trimap: str | None = None
    mask: Sequence[str] | None = None
    prompt: str = "nothing"
    method: Sequence[str] | None = None
    weights: str | None = None
    vitmatte: str | None = None
    predictions: str | None = None
    flip: bool = False
    region: str | None = None
    save: Path | None = None
    against: Path | None = None


@dataclass(frozen=True, kw_only=True)
class TrimapOptions(RunOptions):
    """`evaluate trimaps`: a data set's photos, or composites where `data` is None, and networks by their weights."""

    data: str | None = None
    root: Path | None = None
    backgrounds: Path | None = None
    pool: Sequence[Path] | None = None
    photos: Sequence[Path] | None = None
    count: int = 100
    seed: int = 0
    size: int = 512
    mask: Sequence[str] = ("20", "30", "40", "50")
    prompt: str = "nothing"
    weights: Sequence[str | None] = (None,)


def prepare(options: RunOptions) -> Path | None:
    """Check what can be checked before any work, and return the cache's folder; raises ValueError or OSError."""
    for option, value in (("--workers", options.workers), ("--first", options.first)):
        if value is not None and value < 1:
            raise ValueError(f"{option} should be 1 or more, got {value}.")
    check_json(options.json)
    check_device(options.device)
    if options.no_cache:
        return None
    folder = options.cache or Path(os.environ.get("TRIMATTE_CACHE", Path.home() / ".cache" / "trimatte"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
