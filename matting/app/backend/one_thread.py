"""All networks of the page in one thread, which waits for the next photo.

OpenMP keeps a team of threads for each thread that computes. From the second team on there are more threads than cores;
then GNU's one no longer lets them wait at the ready, and the same networks take a third longer.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_NETWORKS = ThreadPoolExecutor(1, "networks")


def in_one_thread(step: Callable[P, R]) -> Callable[P, R]:
    """Let a step be computed in that thread, in the context of whoever calls it; its errors come back as they are.

    Steps wait for each other, so none may call another one.
    """

    @wraps(step)
    def computed(*args: P.args, **options: P.kwargs) -> R:
        return _NETWORKS.submit(copy_context().run, step, *args, **options).result()

    return computed
