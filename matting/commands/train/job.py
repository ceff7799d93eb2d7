"""A resolved call of `train`, ready to run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matting.commands.train.options import TrainOptions

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor, nn
    from torch.utils.data import Dataset

    from matting.training.adaptation import Judges
    from matting.training.batches import Batch
    from matting.training.learning import Learning
    from matting.training.schedules import Schedule
    from matting.training.validation import Validation

CHANGES = ("steps", "batch", "crop", "rate", "warmup", "hold", "ema", "optimizer")
"""Values of a schedule that have an option of their own."""


@dataclass(frozen=True)
class Work:
    """A training, ready to begin or to resume.

    Attributes:
        schedule: by what it learns.
        accelerator: Accelerate's.
        network: what the run starts from.
        learning: how a step is taken.
        loss: what `learning` takes beside the network.
        samples: what it learns from.
        settings: what a resumed run must share with its checkpoint.
        validation: what to look at meanwhile.
        out: where the weights go.
        write: writes a network's weights there.
    """

    schedule: Schedule
    accelerator: Accelerator
    network: nn.Module
    learning: Callable[..., Learning]
    loss: Callable[[nn.Module, Batch], Tensor] | Judges
    samples: Dataset[Batch]
    settings: dict[str, Any]
    validation: Validation | None
    out: Path
    write: Callable[[nn.Module, Path], None]


def changes(options: TrainOptions) -> dict[str, object]:
    """Return the schedule's values that the options change."""
    return {name: getattr(options, name) for name in CHANGES}


def begin(options: TrainOptions, schedule: Schedule) -> Accelerator:
    """Join the processes, check that a batch can be split among them, and seed the networks."""
    import torch

    from matting.training import engine
    from matting.training.batches import split

    accelerator = engine.start(options.device, options.dtype)
    split(schedule.batch, options.accumulate, accelerator.num_processes)
    torch.manual_seed(options.seed)
    return accelerator


def check_crop(schedule: Schedule, multiple: int) -> None:
    """Raise ValueError where a network cannot take the schedule's crops."""
    if schedule.crop < 1 or schedule.crop % multiple:
        raise ValueError(f"--crop should be a multiple of {multiple} pixels, got {schedule.crop}.")
