"""One training loop for every stage: resumable to the step, with EMA weights, observers and a time limit.

It runs in one process or in many, on CPUs or GPUs, as Accelerate started it. A step's batch is dealt out to the
processes and, where it is too large for them, to several passes whose gradients add up; losses are means over images,
so the gradient is the same however the batch is split. Batch norms see the samples of one pass of one process.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from torch import Tensor, nn
from torch.utils.data import Dataset

from matting.training import checkpoint, engine
from matting.training.batches import Batch, Share, batches
from matting.training.learning import Learning
from matting.training.observers import Begun, CsvLog, Observer, Step
from matting.training.schedules import Schedule
from matting.training.stopping import StoppedError, StopRequests
from matting.training.validation import Look, Validation


class Timer:
    """A timer that is due once every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether the time is over; if so, the timer restarts."""
        if time.monotonic() - self.last <= self.seconds:
            return False
        self.last = time.monotonic()
        return True


def train(
    network: nn.Module,
    samples: Dataset[Batch],
    loss_of: Callable[[nn.Module, Batch], Tensor],
    schedule: Schedule,
    folder: Path,
    settings: dict[str, Any],
    *,
    accelerator: Accelerator | None = None,
    accumulate: int = 1,
    time_limit: float = math.inf,
    save_every: float = 300.0,
    workers: int = 1,
    change_schedule: bool = False,
    validation: Validation | None = None,
    validate_every: float = math.inf,
    learning: Callable[..., Learning] = Learning,
    observers: Sequence[Observer] = (),
) -> nn.Module:
    """Train a network, or resume the run in `folder`; returns the averaged network in eval mode.

    Args:
        network: the network; it is moved to the accelerator's device.
        samples: sample i is a function of i alone, so that a resumed run sees what an uninterrupted one sees.
        loss_of: loss of a batch, a scalar, the mean over its images; with another `learning`, what that one takes.
        schedule: steps, batch, rate.
        folder: the run's folder: checkpoint, log.csv; all machines must share it.
        settings: what a resumed run must share with its checkpoint.
        accelerator: Accelerate's, from `engine.start`.
        accumulate: passes in which a process takes its share of a step's batch.
        time_limit: seconds after which to stop (a checkpoint is written).
        save_every: seconds between checkpoints.
        workers: processes that make samples, for each process that trains.
        change_schedule: go on by another schedule than the checkpoint's.
        validation: what to look at while training.
        validate_every: seconds between two looks.
        learning: how a step is taken: by a loss alone, or `adaptation.Adaptation`, against a discriminator.
        observers: who else than the log is told of steps and looks.

    Raises:
        ValueError: where the checkpoint is of other settings, the batch cannot be split, or a sample cannot be read.
        FloatingPointError: where the loss or its gradient is not finite; the last good checkpoint is kept.
        OSError: where the disk is full; the last good checkpoint is kept.
        StoppedError: after a signal or an observer's KeyboardInterrupt; a checkpoint is written.
    """
    accelerator = accelerator or engine.start()
    state = checkpoint.load(folder, settings, schedule, change_schedule=change_schedule)
    with checkpoint.fitting(folder) if state else nullcontext():
        learner = learning(network, loss_of, schedule, accelerator, state)
    run = learner.run
    share = Share(
        range(run.step, schedule.steps),
        schedule.batch,
        accumulate=accumulate,
        process=accelerator.process_index,
        processes=accelerator.num_processes,
    )
    feed = batches(samples, share, workers, pinned=accelerator.device.type == "cuda")
    limit, saving, looking, begun = Timer(time_limit), Timer(save_every), Timer(validate_every), time.monotonic()
    stopped = over = False
    columns = (*learner.names, *(validation.columns if validation else ()))
    watching = (CsvLog(), *observers) if accelerator.is_main_process else ()
    with StopRequests() as signals, _told(watching, Begun(folder, run.step, schedule.steps, columns)):
        while run.step < schedule.steps and not (stopped or over):
            own = learner.accumulate_gradient(feed, accumulate)
            wishes = signals.noted, limit.due(), saving.due()
            (loss, *named), (stopped, over, save) = engine.agree(accelerator, own, *wishes)
            learner.update(loss, *named)
            if watching:
                rate = schedule.factor(run.step - 1) * schedule.rate
                known = {name: value for name, value in zip(learner.names, named, strict=True) if value == value}
                figures = {"loss": loss, "rate": rate, "seconds": time.monotonic() - begun} | known
                due = validation and (looking.due() or run.step == schedule.steps)
                look = validation(run.average.eval(), run.step) if due else None
                try:
                    _tell(watching, Step(run.step, schedule.steps, figures), look)
                except KeyboardInterrupt:
                    signals.noted = True  # all processes agree on it at the next step
            if save or stopped or over or run.step == schedule.steps:
                _save(learner, folder, settings, schedule, accelerator)
    network = run.average.eval().requires_grad_(True)
    if stopped and run.step < schedule.steps:
        raise StoppedError(run.step, schedule.steps, folder, network)
    return network


@contextmanager
def _told(watching: Sequence[Observer], run: Begun) -> Iterator[None]:
    """Tell observers that a run begins, and that it ends, however it does."""
    for observer in watching:
        observer.on_begin(run)
    try:
        yield
    finally:
        for observer in watching:
            observer.on_end()


def _tell(watching: Sequence[Observer], done: Step, look: Look | None) -> None:
    """Tell observers of a look, if there was one, and of the step; all are told, though one of them interrupts."""
    interrupted = None
    if look is not None:
        done = replace(done, figures=done.figures | look.scores)
    looks = [partial(observer.on_look, look) for observer in watching] if look is not None else []
    for call in (*looks, *(partial(observer.on_step, done) for observer in watching)):
        try:
            call()
        except KeyboardInterrupt as wish:
            interrupted = wish
    if interrupted is not None:
        raise interrupted


def _save(
    learner: Learning, folder: Path, settings: dict[str, Any], schedule: Schedule, accelerator: Accelerator
) -> None:
    state = learner.state()
    if accelerator.is_main_process:
        checkpoint.save(folder, state, settings, schedule)
    accelerator.wait_for_everyone()  # none may end, or read the checkpoint, before it is written
