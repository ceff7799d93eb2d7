"""One training loop for every stage: resumable to the step, with EMA weights, a CSV log and a time limit."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset
from tqdm import tqdm

from matting.training import checkpoint

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Attributes:
        steps: optimizer steps of the whole run.
        batch: samples per step.
        rate: learning rate after the warm-up.
        warmup: steps over which the rate rises from zero.
        hold: share of the steps before the cosine decay to zero begins; 0 is the paper's plain cosine.
        ema: decay of the averaged weights.
        clip: gradients longer than this many times their moving average are scaled down.
    """

    steps: int
    batch: int
    rate: float = 1e-3
    warmup: int = 200
    hold: float = 0.0
    ema: float = 0.999
    clip: float = 2.0

    def factor(self, step: int) -> float:
        """Learning rate of a step as a share of `rate`."""
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        begin = self.hold * self.steps
        fall = max(0.0, (step - begin) / max(1.0, self.steps - begin))
        return rise * 0.5 * (1 + math.cos(math.pi * min(1.0, fall)))


@dataclass
class Run:
    """What changes while a network learns."""

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    norm: float = 0.0

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "step": self.step,
            "norm": self.norm,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        self.step, self.norm = state["step"], state["norm"]


def train(
    network: nn.Module,
    samples: Dataset[Batch],
    loss_of: Callable[[nn.Module, Batch], Tensor],
    schedule: Schedule,
    folder: Path,
    settings: dict[str, Any],
    *,
    time_limit: float = math.inf,
    save_every: float = 300.0,
    workers: int = 1,
) -> nn.Module:
    """Train a network, or go on with the run in `folder`; returns the averaged network in eval mode.

    Args:
        network: the network, on its device.
        samples: sample i is a function of i alone, so that a resumed run sees what an uninterrupted one sees.
        loss_of: loss of a batch, a scalar.
        schedule: steps, batch, rate.
        folder: the run's folder: checkpoint, log.csv.
        settings: what a resumed run must share with its checkpoint.
        time_limit: seconds after which to stop (a checkpoint is written).
        save_every: seconds between checkpoints.
        workers: processes that make samples.

    Raises:
        ValueError: where the checkpoint is of other settings.
        FloatingPointError: where the loss or its gradient is not finite; the last good checkpoint is kept.
    """
    optimizer = torch.optim.AdamW(network.parameters(), schedule.rate, betas=(0.9, 0.999), weight_decay=1e-4)
    run = Run(network.train(), deepcopy(network).requires_grad_(False), optimizer)
    if (state := checkpoint.load(folder, settings)) is not None:
        run.restore(state)
    _forget_after(folder, run.step)
    started = saved = time.monotonic()
    with tqdm(total=schedule.steps, initial=run.step, unit="step", mininterval=5) as bar:
        for batch in _batches(samples, run.step, schedule, workers):
            loss = _step(run, batch, loss_of, schedule)
            _log(
                folder,
                run.step,
                loss,
                schedule.factor(run.step - 1) * schedule.rate,
                time.monotonic() - started,
            )
            bar.update()
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            if time.monotonic() - saved > save_every:
                checkpoint.save(folder, run.state(), settings)
                saved = time.monotonic()
            if time.monotonic() - started > time_limit:
                break
    checkpoint.save(folder, run.state(), settings)
    return run.average.eval()


def _batches(samples: Dataset[Batch], done: int, schedule: Schedule, workers: int) -> Iterator[Batch]:
    """Batches of the steps from `done` on, in the order of the samples' numbers."""
    rest = Subset(samples, range(done * schedule.batch, schedule.steps * schedule.batch))
    yield from DataLoader(
        rest,
        schedule.batch,
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,  # OpenCV does not survive a fork
        prefetch_factor=4 if workers else None,
        # Without its own, a loader draws from the global generator, and a resumed run's dropout would differ.
        generator=torch.Generator(),
    )


def _step(run: Run, batch: Batch, loss_of: Callable[[nn.Module, Batch], Tensor], schedule: Schedule) -> float:
    """One optimizer step; returns the loss."""
    for group in run.optimizer.param_groups:
        group["lr"] = schedule.rate * schedule.factor(run.step)
    device = next(run.network.parameters()).device
    loss = loss_of(run.network, {name: tensor.to(device) for name, tensor in batch.items()})
    _check_finite(loss, "loss", run.step)
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    _clip(run, schedule.clip)
    run.optimizer.step()
    run.step += 1
    _average(run, min(schedule.ema, run.step / (run.step + 10)))
    return loss.item()


def _clip(run: Run, factor: float) -> None:
    """Bound the gradient to `factor` times the moving average of its norm."""
    bound = factor * run.norm if run.norm else math.inf
    norm = nn.utils.clip_grad_norm_(run.network.parameters(), bound)
    _check_finite(norm, "gradient", run.step)
    run.norm = 0.98 * run.norm + 0.02 * min(float(norm), bound) if run.norm else float(norm)


def _check_finite(value: Tensor, name: str, step: int) -> None:
    if not torch.isfinite(value):
        raise FloatingPointError(
            f"The {name} of step {step + 1} is not finite; the last checkpoint is kept. Lower the learning rate."
        )


@torch.no_grad()
def _average(run: Run, decay: float) -> None:
    """Move the averaged weights towards the present ones; statistics and counters are copied."""
    torch._foreach_lerp_(list(run.average.parameters()), list(run.network.parameters()), 1 - decay)
    for averaged, buffer in zip(run.average.buffers(), run.network.buffers(), strict=True):
        averaged.copy_(buffer)


def _log(folder: Path, step: int, loss: float, rate: float, seconds: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "log.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "loss", "rate", "seconds"])
        writer.writerow([step, f"{loss:.6f}", f"{rate:.3e}", f"{seconds:.1f}"])


def _forget_after(folder: Path, step: int) -> None:
    """Drop the log's rows after a step: those that a killed run did and its checkpoint does not know."""
    path = folder / "log.csv"
    if not path.exists():
        return
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    # A full disk may have cut the last row short.
    known = [row for row in rows[1:] if len(row) == len(rows[0]) and int(row[0]) <= step]
    unfinished = path.with_name(f".{path.name}")
    with unfinished.open("w", newline="") as file:
        csv.writer(file).writerows([*rows[:1], *known])
    unfinished.replace(path)
