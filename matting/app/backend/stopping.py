"""Work that its visitor may stop: it runs beside its listener, says how far it is, and looks at a flag as it goes.

Gradio can take an event out of its line, but the thread of one that has begun would compute on to the end.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context

from matting.app.parts.messages import Update
from matting.inference.progress import StoppedError, watched

STEP = 0.02
"""The share of the work after which the page is told again."""
SECONDS = 0.2
"""Between two looks at how far the work is."""
MOST = 1000
"""Wishes that are kept; those of visitors who left while they waited are forgotten in the end."""


class Stops:
    """The wishes of all visitors that are waiting or at work; each click on a button is a wish of its own."""

    def __init__(self) -> None:
        """Begin without any."""
        self._flags: dict[str, threading.Event] = {}

    def begin(self) -> str:
        """Return a new wish, which can be stopped from now on, also while it waits in line."""
        wish = uuid.uuid4().hex
        self._flags[wish] = threading.Event()
        for old in list(self._flags)[:-MOST]:
            del self._flags[old]
        return wish

    def stop(self, wish: str | None) -> None:
        """Stop what is done for a wish, if anything still is."""
        if (flag := self._flags.get(wish)) is not None:
            flag.set()

    def run(
        self, wish: str, work: Callable[[], Update], show: Callable[[float], Update], *, last: bool = True
    ) -> Iterator[Update]:
        """Yield what `show` makes of the share that is done, again and again, and at the end what `work` returns.

        Where the visitor has stopped it, `StoppedError` is raised within `work` as soon as it computes. `last` says
        that nothing more is done for this wish.
        """
        flag = self._flags.setdefault(wish, threading.Event())
        share = told = 0.0

        def look(done: float) -> None:
            nonlocal share
            if flag.is_set():
                raise StoppedError
            share = done

        def watched_work() -> Update:
            with watched(look):
                return work()

        with ThreadPoolExecutor(1) as pool:
            # In a copy of this context, so that what Gradio knows of the visitor is known there too.
            future = pool.submit(copy_context().run, watched_work)
            try:
                while not wait([future], SECONDS).done:
                    if share >= told + STEP and not flag.is_set():
                        told = share
                        yield show(told)
                yield future.result()
            except GeneratorExit:  # the visitor has left the page
                flag.set()
                raise
            finally:
                if last:
                    self._flags.pop(wish, None)
