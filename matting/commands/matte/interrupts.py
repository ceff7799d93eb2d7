"""Ctrl-C that is not lost, even if a library swallows its KeyboardInterrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Whether Ctrl-C was pressed.

    It raises KeyboardInterrupt wherever Python is at that moment. Where that is a call from within a library's compiled
    part, the library may make another error of it, or none, and one that goes on after errors would go on after it.
    """

    def __init__(self) -> None:
        self.noted = False

    def heed(self) -> None:
        """Raise KeyboardInterrupt if there was one."""
        if self.noted:
            raise KeyboardInterrupt


@contextmanager
def noting_interrupts() -> Iterator[Interrupts]:
    """Record Ctrl-C, which still raises as usual; outside the main thread, or where it is ignored, there is none."""
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupts
        return

    def note(number: int, frame: FrameType | None) -> None:
        interrupts.noted = True
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, before)
