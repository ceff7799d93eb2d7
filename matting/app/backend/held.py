"""How many bytes visitors' work takes, and whose goes first where it is too much."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

GIB = 1 << 30


def memory_for_work() -> int:
    """Return the bytes that visitors' work may take: a quarter of this machine's memory, 4 GiB at most."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        memory = 8 * GIB
    return min(memory // 4, 4 * GIB)


def size_of(*values: Any) -> int:
    """Return the bytes of all arrays and tensors within values, each counted once however often it is held."""
    seen: dict[int, int] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = size = getattr(value, "nbytes", 0)
        if size or isinstance(value, str):
            continue
        if is_dataclass(value) and not isinstance(value, type):
            waiting += [getattr(value, one.name, None) for one in fields(value)]
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
    return sum(seen.values())


@dataclass
class Entry:
    """Something that is held: whose it is, and its bytes."""

    owner: Hashable
    size: int


class Ledger:
    """What is held for whom, in the order of use; who holds most gives way first, with what they used longest ago."""

    def __init__(self, limit: int, most: int) -> None:
        """Keep to `limit` bytes and to `most` entries."""
        self.limit, self.most = limit, most
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()

    def use(self, key: Hashable, owner: Hashable, size: int) -> None:
        """Enter something, or that it was used and has another size now."""
        self._entries[key] = Entry(owner, size)
        self._entries.move_to_end(key)

    def forget(self, key: Hashable) -> None:
        """Strike something out, if it is there."""
        self._entries.pop(key, None)

    def excess(self) -> Iterator[Hashable]:
        """Strike out what has to go and yield its keys: never what was used last.

        Too many bytes: the oldest of whoever holds most of them. Too many entries: the oldest of those without bytes,
        or where all have some, of whoever has most entries.
        """
        while len(self._entries) > 1:
            if self._total() > self.limit:
                weigh, among = (lambda entry: entry.size), self._older(lambda entry: entry.size > 0)
            elif len(self._entries) > self.most:
                weigh, among = (lambda entry: 1), self._older(lambda entry: entry.size == 0) or self._older()
            else:
                return
            if not among:
                return
            shares: dict[Hashable, int] = {}
            for entry in self._entries.values():
                shares[entry.owner] = shares.get(entry.owner, 0) + weigh(entry)
            greediest = max(shares[self._entries[key].owner] for key in among)
            key = next(key for key in among if shares[self._entries[key].owner] == greediest)
            self.forget(key)
            yield key

    def _older(self, fits: Any = lambda entry: True) -> list[Hashable]:
        return [key for key, entry in list(self._entries.items())[:-1] if fits(entry)]

    def _total(self) -> int:
        return sum(entry.size for entry in self._entries.values())
