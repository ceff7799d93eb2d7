"""What options of `train` become: a job, and where its weights go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from matting.commands.train.options import TrainOptions

if TYPE_CHECKING:
    from torch import nn

    from matting.training.jobs import Job

CHANGES = ("steps", "batch", "crop", "rate", "warmup", "hold", "kernel", "ema", "optimizer")
"""Values of a schedule that have an option of their own."""


class Prepared(NamedTuple):
    """A job, where its weights go, and what writes a network there."""

    job: Job
    out: Path
    write: Callable[[nn.Module, Path], None]


def changes(options: TrainOptions) -> dict[str, object]:
    """Return the schedule's values that the options change."""
    return {name: getattr(options, name) for name in CHANGES}


def write_network(network: nn.Module, path: Path) -> None:
    """Write a network's weights, float16."""
    import torch

    from matting.networks.weights import save_weights

    save_weights(network, path, dtype=torch.float16)
