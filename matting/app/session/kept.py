"""Work that outlives its page: a browser's tab keeps a key, and after a reload the key finds the work again."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from typing import Generic, TypeVar

from matting.app.parts.queues import STATE_SECONDS

Kept = TypeVar("Kept")

MOST = 24
"""Visitors whose work is kept; the one who was here longest ago is forgotten first."""


class KeptWork(Generic[Kept]):
    """The work of the last visitors, in memory alone. Nobody can guess a key."""

    def __init__(self, most: int = MOST, seconds: float = STATE_SECONDS) -> None:
        """Keep `most` works for `seconds` after their last change."""
        self.most, self.seconds = most, seconds
        self._works: OrderedDict[str, tuple[float, Kept]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, key: str, work: Kept | None) -> None:
        """Keep work in place of what the key found before; None forgets it."""
        with self._lock:
            self._works.pop(key, None)
            if work is not None:
                self._works[key] = time.monotonic(), work
            self._drop_old()

    def find(self, key: str) -> Kept | None:
        """Return the work that a key finds, or None."""
        with self._lock:
            self._drop_old()
            return self._works[key][1] if key in self._works else None

    def _drop_old(self) -> None:
        oldest = time.monotonic() - self.seconds
        while self._works and (len(self._works) > self.most or next(iter(self._works.values()))[0] < oldest):
            self._works.popitem(last=False)


def new_key() -> str:
    """Return a key that no other visitor has or can guess."""
    return secrets.token_urlsafe(24)
