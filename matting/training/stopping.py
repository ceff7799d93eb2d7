"""Stopping a run from outside: Ctrl-C or SIGTERM end it after the step under way, a second one at once."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType

from torch import nn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(KeyboardInterrupt):
    """A run was stopped; its checkpoint is written.

    Attributes:
        network: the averaged network as it is now, in eval mode.
    """

    def __init__(self, step: int, steps: int, folder: Path, network: nn.Module) -> None:
        super().__init__(
            f"Stopped after step {step} of {steps}; the checkpoint is in {folder}. Run the same again to go on from it."
        )
        self.network = network

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback."""
        return [str(self)]


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
