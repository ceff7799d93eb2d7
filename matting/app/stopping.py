"""Work that its visitor may stop: how far it is, and a flag for each visitor, which the work looks at as it goes.

Gradio takes a stopped event out of its line, or lets the page go on without it; its thread would compute on to the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from matting.watching import StoppedError, watched

STEP = 0.02
"""The share of the work after which the page is told again."""


class Stops:
    """Who is at work, and who wants it stopped; visitors go by their session's name."""

    def __init__(self) -> None:
        """Begin with nobody at work."""
        self._flags: dict[str, threading.Event] = {}

    @contextmanager
    def at_work(self, visitor: str, report: Callable[[float], object]) -> Iterator[None]:
        """Let what is computed meanwhile be stopped by `stop`, and tell `report` the share that is done.

        Raises:
            StoppedError: within the work, as soon as it can look up.
        """
        flag = self._flags[visitor] = threading.Event()
        told = -1.0

        def look(share: float) -> None:
            nonlocal told
            if flag.is_set():
                raise StoppedError
            if share >= told + STEP:
                told = share
                report(share)

        try:
            with watched(look):
                yield
        finally:
            if self._flags.get(visitor) is flag:
                del self._flags[visitor]

    def stop(self, visitor: str) -> None:
        """Stop what a visitor has at work, if there is anything."""
        if (flag := self._flags.get(visitor)) is not None:
            flag.set()
