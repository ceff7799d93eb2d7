"""Which samples a process takes at which step, and how it gets them from the processes that make them."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

Batch = dict[str, Tensor]


class UnreadableSampleError(ValueError):
    """A sample could not be made from its files; the message names them."""


def split(batch: int, accumulate: int, processes: int) -> int:
    """Return how many samples of a step's batch one process takes in one pass; ValueError if uneven."""
    if accumulate < 1 or batch % (accumulate * processes):
        raise ValueError(
            f"A batch of {batch} cannot be split evenly over {processes} processes and {accumulate} accumulated "
            "passes; choose a batch (--batch) that is a multiple of their product."
        )
    return batch // (accumulate * processes)


class Share(Sampler[list[int]]):
    """Numbers of the samples of one process, pass by pass.

    Step s of a run is made of the samples s·batch to (s+1)·batch - 1, whatever the number of processes: they are
    dealt out to the passes of the step, and those of a pass to the processes, in order.

    Attributes:
        steps: the steps that are left to do.
        batch: samples of one step.
        accumulate: passes of one step.
        process: which of the processes this is, from 0.
        each: samples that it takes in one pass.
    """

    def __init__(self, steps: range, batch: int, *, accumulate: int = 1, process: int = 0, processes: int = 1) -> None:
        self.steps, self.batch, self.accumulate = steps, batch, accumulate
        self.process, self.each = process, split(batch, accumulate, processes)

    def __len__(self) -> int:
        return len(self.steps) * self.accumulate

    def __iter__(self) -> Iterator[list[int]]:
        for step in self.steps:
            for turn in range(self.accumulate):
                first = step * self.batch + turn * self.batch // self.accumulate + self.process * self.each
                yield list(range(first, first + self.each))


class Readable(Dataset[Batch | UnreadableSampleError]):
    """The same samples; an unreadable one becomes an error that names its file, not a worker's traceback."""

    def __init__(self, samples: Dataset[Batch]) -> None:
        self.samples = samples

    def __getitem__(self, index: int) -> Batch | UnreadableSampleError:
        """Return sample `index`, or why there is none."""
        try:
            return self.samples[index]
        except (ValueError, OSError) as error:
            return UnreadableSampleError(f"Sample {index} cannot be made: {error} The last checkpoint is kept.")


def batches(samples: Dataset[Batch], share: Share, workers: int, *, pinned: bool = False) -> Iterator[Batch]:
    """Yield the batches of a share.

    Raises:
        UnreadableSampleError: where a file of a sample cannot be read.
    """
    loader = DataLoader(
        Readable(samples),
        batch_sampler=share,
        collate_fn=_collate,
        num_workers=workers,
        multiprocessing_context="spawn" if workers else None,  # OpenCV does not survive a fork
        worker_init_fn=_leave_interrupts_to_the_trainer,
        prefetch_factor=4 if workers else None,
        pin_memory=pinned,
        # Without its own, a loader draws from the global generator, and a resumed run's dropout would differ.
        generator=torch.Generator(),
    )
    for batch in loader:
        if isinstance(batch, UnreadableSampleError):
            raise batch
        yield batch


def _collate(samples: list[Batch | UnreadableSampleError]) -> Batch | UnreadableSampleError:
    errors = [sample for sample in samples if isinstance(sample, UnreadableSampleError)]
    return errors[0] if errors else default_collate(samples)


def _leave_interrupts_to_the_trainer(worker: int) -> None:
    """A terminal's Ctrl-C reaches every process: the step under way still needs its samples."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
