"""What tensors leave behind: memory that the C library keeps for the next ones.

glibc takes every large block from the system and gives it back when it is freed, and the system hands out zeros page
by page. A network that makes and frees dozens of features of many megabytes spends much of its time so.
"""

from __future__ import annotations

import ctypes
import sys

KEPT = 2**31 - 1
"""At most so many freed bytes are kept at the end of the heap."""

OWN_BLOCK = 2**30
"""Blocks of so many bytes are still taken from the system and given back each on its own."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed, up to `KEPT`; for programs, which own their process.

    Returns:
        Whether it does; only glibc (Linux) can be asked.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, OWN_BLOCK)) and bool(mallopt(_M_TRIM_THRESHOLD, KEPT))
