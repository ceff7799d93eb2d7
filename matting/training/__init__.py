"""Training: schedules, losses, one loop with observers, a stage per network; what one calls is at hand here.

>>> from matting.training import LiveCurves, Schedule, train
>>> train("tgn", data, Schedule(steps=480, batch=4), "runs/tgn", observers=[LiveCurves()])  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "AdaptationSchedule": "matting.training.schedules",
    "ClickSchedule": "matting.training.schedules",
    "LiveCurves": "matting.training.observers.live",
    "Observer": "matting.training.observers",
    "ProgressBar": "matting.training.observers",
    "Schedule": "matting.training.schedules",
    "StoppedError": "matting.training.stopping",
    "adapt": "matting.training.jobs",
    "find_schedule": "matting.training.schedules",
    "read_log": "matting.training.observers",
    "train": "matting.training.jobs",
    "train_clicks": "matting.training.jobs",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
