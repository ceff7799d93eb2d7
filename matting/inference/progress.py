"""A watch over long computations: it is told how far they are, and may stop them.

    with watched(tell):
        pipeline.alpha(photo, trimap)

`tell` is called with the share that is done, in [0, 1], before every layer of a network and after every step of a
solver; whatever it raises ends the computation there. It hears of its own thread alone, so one network can serve many
people, and costs nothing where nobody watches.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar

from torch import nn

Network = TypeVar("Network", bound=nn.Module)
Watch = Callable[[float], None]

_watching: ContextVar[_Round | None] = ContextVar("watching", default=None)


class StoppedError(Exception):
    """A person wanted a computation stopped; for a watch to raise."""


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` be told of what this thread computes meanwhile."""
    token = _watching.set(_Round(watch))
    try:
        yield
    finally:
        _watching.reset(token)


def make_watchable(network: Network) -> Network:
    """Let a network tell whoever watches before each of its layers, and return it.

    The share that is done is that of layers reached so far: a layer that is run again and again, as LSPA's are for its
    windows, counts once.
    """
    layers = [module for module in network.modules() if not any(module.children())]
    for layer in layers:
        layer.register_forward_pre_hook(partial(_reach, id(network), len(layers)))
    return network


def tell(share: float) -> None:
    """Tell whoever watches that a share of the work is done."""
    if (current := _watching.get()) is not None:
        current.watch(min(max(share, 0.0), 1.0))


def tell_of_residual(*state: Any, tolerance: float = 1e-7) -> None:
    """Tell whoever watches after a step of PyMatting's solver, which is done when its residual is small.

    `state` is what its `cg` gives to a callback: (A, x, b, norm of b, r, norm of r).
    """
    _, _, _, start, _, left = state
    tell(math.log(left / start) / math.log(tolerance) if left > 0 and start > 0 else 1.0)


class _Round:
    """One watched computation: who is told, and which layers of which network were reached."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.reached: defaultdict[int, set[int]] = defaultdict(set)


def _reach(network: int, count: int, layer: nn.Module, _: object) -> None:
    if (current := _watching.get()) is not None:
        reached = current.reached[network]
        current.watch(len(reached) / count)
        reached.add(id(layer))
