"""Stopping a run from outside: Ctrl-C or SIGTERM end it after the step under way, a second one at once."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(KeyboardInterrupt):
    """A run was stopped by a signal; its checkpoint is written."""

    def __init__(self, step: int, steps: int, folder: Path) -> None:
        super().__init__(
            f"Stopped after step {step} of {steps}; the checkpoint is in {folder}. The same command goes on from it."
        )


class StopRequests:
    """Records signals within a `with` block; outside the main thread there are none.

    Attributes:
        noted: whether one came.
    """

    def __init__(self) -> None:
        self.noted = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> StopRequests:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noted = True
        signal.signal(number, self._before[number])
