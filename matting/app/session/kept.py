"""Work that outlives its page: a browser's tab keeps a key, and after a reload the key finds the work again."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar

from matting.app.backend.held import Ledger, memory_for_work, size_of
from matting.app.parts.queues import STATE_SECONDS

Kept = TypeVar("Kept")

MOST = 1000
"""Tabs whose work is kept, if it is not too many bytes before."""


class KeptWork(Generic[Kept]):
    """The work of the last visitors, in memory alone. Nobody can guess a key.

    Where it is too much, the client who has most of it loses what is oldest of theirs.
    """

    def __init__(self, most: int = MOST, seconds: float = STATE_SECONDS, limit: int | None = None) -> None:
        """Keep `most` works, `limit` bytes in all (default: `memory_for_work`), for `seconds` after a change."""
        self.seconds = seconds
        self._ledger = Ledger(memory_for_work() if limit is None else limit, most)
        self._works: OrderedDict[str, tuple[float, Kept]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: str, work: Kept | None, client: str = "") -> None:
        """Keep a client's work in place of what the key found before; None forgets it."""
        with self._lock:
            self._forget(key)
            if work is not None:
                self._works[key] = time.monotonic(), work
                self._ledger.use(key, client, size_of(work))
            for gone in self._ledger.excess():
                self._works.pop(gone, None)
            self._drop_old()

    def find(self, key: str) -> Kept | None:
        """Return the work that a key finds, or None."""
        with self._lock:
            self._drop_old()
            return self._works[key][1] if key in self._works else None

    def _drop_old(self) -> None:
        oldest = time.monotonic() - self.seconds
        while self._works and next(iter(self._works.values()))[0] < oldest:
            self._forget(next(iter(self._works)))

    def _forget(self, key: str) -> None:
        self._works.pop(key, None)
        self._ledger.forget(key)


def new_key() -> str:
    """Return a key that no other visitor has or can guess."""
    return secrets.token_urlsafe(24)
