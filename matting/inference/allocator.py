"""What tensors leave behind: memory that the C library keeps for the next ones.

glibc takes every large block from the system and gives it back when it is freed, and the system hands out zeros page
by page. A network that makes and frees dozens of features of many megabytes spends much of its time so. All threads but
the first have heaps of 64 MB, outside of which larger blocks are; with one heap for all, theirs are kept too.
"""

from __future__ import annotations

import ctypes
import sys

KEPT = 2**31 - 1
"""At most so many freed bytes are kept at the end of the heap."""

OWN_BLOCK = 2**30
"""Blocks of so many bytes are still taken from the system and given back each on its own."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed, up to `KEPT`, in all threads that begin from now on.

    It is for programs, which own their process.

    Returns:
        Whether it does; only glibc (Linux) can be asked.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    asked = (_M_MMAP_THRESHOLD, OWN_BLOCK), (_M_TRIM_THRESHOLD, KEPT), (_M_ARENA_MAX, 1)
    return all(bool(mallopt(*each)) for each in asked)
