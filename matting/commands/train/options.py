"""The options of `train` as a dataclass; its fields are the options' names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """One call of `train`; None leaves a value to the configuration's schedule or to the preset's.

    Attributes:
        stage: the network, or adaptation.
        config, without, no_enlarge, preset: which network, and by which schedule.
        run, source, keep, teacher, out, seed: where it lives, what it starts from, what of it does not learn, where its
            weights go.
        data, pool, photos, held_out, composites, guidance: what it learns from.
        validate, validate_every, validate_count: what is looked at meanwhile; how often, in minutes; how many.
        steps, batch, crop, rate, warmup, hold, kernel, ema, optimizer, change_schedule: values of the schedule.
        device, dtype, accumulate, workers, threads, time_limit: the machine; the limit is in minutes.
    """

    stage: str
    config: str | None = None
    without: Sequence[str] = ()
    no_enlarge: bool = False
    preset: str | None = None
    run: Path | None = None
    source: Path | None = None
    keep: Sequence[str] = ()
    teacher: Path | None = None
    out: Path | None = None
    seed: int = 0
    data: Sequence[str] = ()
    pool: Sequence[Path] = ()
    photos: Sequence[Path] = ()
    held_out: Sequence[str] = ()
    composites: str | None = None
    guidance: Path | None = None
    validate: Sequence[Path] = ()
    validate_every: float = 30
    validate_count: int = 16
    steps: int | None = None
    batch: int | None = None
    crop: int | None = None
    rate: float | None = None
    warmup: int | None = None
    hold: float | None = None
    kernel: int | None = None
    ema: float | None = None
    optimizer: str | None = None
    change_schedule: bool = False
    device: str = "auto"
    dtype: str | None = None
    accumulate: int = 1
    workers: int = 1
    threads: int | None = None
    time_limit: float = math.inf
