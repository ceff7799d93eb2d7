"""Jobs that their visitor may stop: a job runs beside its listener, reports its progress and checks a flag as it goes.

Gradio can take an event out of its queue, but the thread of one that has begun would compute on to the end.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context

from matting.app.parts.messages import Update
from matting.inference.progress import StoppedError, watched

SECONDS = 1.0
"""Between two reports to the page: each costs server and browser a tenth of a second that the work itself needs."""
MOST = 1000
"""Jobs that are remembered; the oldest are forgotten, since visitors may leave while theirs wait."""


class Stops:
    """The jobs of all visitors that wait or run; each click on the button is a job of its own."""

    def __init__(self) -> None:
        """Begin without any."""
        self._flags: dict[str, threading.Event] = {}

    def begin(self) -> str:
        """Return a new job, which can be stopped from now on, even while it waits in the queue."""
        job = uuid.uuid4().hex
        self._flags[job] = threading.Event()
        for old in list(self._flags)[:-MOST]:
            del self._flags[old]
        return job

    def name(self, job: str, name: str) -> None:
        """Let a job be known by another name too, that of what it goes on with, until it ends."""
        self._flags[name] = self._flags.setdefault(job, threading.Event())

    def knows(self, name: str) -> bool:
        """Tell whether a job of this name waits, runs or is about to stop."""
        return name in self._flags

    def stop(self, job: str | None) -> bool:
        """Stop a job, if it still runs or waits; tell whether it did."""
        flag = self._flags.get(job)
        if flag is None or flag.is_set():
            return False
        flag.set()
        return True

    def run(
        self, job: str, work: Callable[[], Update], show: Callable[[float], Update] | None = None, *, last: bool = True
    ) -> Iterator[Update]:
        """Yield `show` of the share that is done every second, and at the end what `work` returns.

        If the visitor has stopped the job, `StoppedError` is raised within `work` as soon as it computes. `last` says
        that nothing more follows in this job.
        """
        flag = self._flags.setdefault(job, threading.Event())
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
                    if show is not None and share > told and not flag.is_set():
                        told = share
                        yield show(told)
                yield future.result()
            except GeneratorExit:  # the visitor has left the page
                flag.set()
                raise
            finally:
                if last:
                    for name in [name for name, other in list(self._flags.items()) if other is flag]:
                        self._flags.pop(name, None)
