"""How a step is taken: by one loss here, by two networks against each other in `adaptation`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from matting.training.batches import Batch
from matting.training.run import begin, update
from matting.training.schedules import Schedule


class Learning:
    """A network that learns by its loss; the loop asks it for a step's gradient, then for the step.

    Attributes:
        names: what `accumulate_gradient` returns after the loss, for the log; NaN where there is nothing to log.
        run: what changes.
    """

    names: tuple[str, ...] = ()

    def __init__(
        self,
        network: nn.Module,
        loss_of: Callable[[nn.Module, Batch], Tensor],
        schedule: Schedule,
        accelerator: Accelerator,
        state: dict[str, Any] | None,
    ) -> None:
        """Begin, or resume from a checkpoint's state; `loss_of` is the mean over a batch's images, a scalar."""
        self.loss_of, self.schedule, self.accelerator = loss_of, schedule, accelerator
        self.run = begin(network, schedule, accelerator, state)

    def accumulate_gradient(self, feed: Iterator[Batch], passes: int) -> Tensor:
        """Run a step's passes forward and back; returns this process's mean loss and what `names` says: 1 + names."""
        self.prepare()
        device, seen = self.accelerator.device, []
        for turn in range(passes):
            batch = {name: tensor.to(device, non_blocking=True) for name, tensor in next(feed).items()}
            seen.append(self.backward(batch, passes, last=turn == passes - 1))
        return torch.stack(seen).sum(0)

    def prepare(self) -> None:
        """Clear the last step's gradient and set the next step's rates."""
        self.run.optimizer.zero_grad(set_to_none=True)
        for group, rate in zip(self.run.optimizer.param_groups, self.schedule.rates, strict=True):
            group["lr"] = rate * self.schedule.factor(self.run.step)

    def backward(self, batch: Batch, passes: int, *, last: bool) -> Tensor:
        """Add one pass's share of the gradient; returns its share of what `accumulate_gradient` returns."""
        with self.alone(self.run.model, last):
            loss = self.loss_of(self.run.model, batch) / passes
            self.accelerator.backward(loss)
        return loss.detach()[None]

    def alone(self, model: nn.Module, last: bool) -> AbstractContextManager:
        """Between passes the processes need not share gradients."""
        return nullcontext() if last else self.accelerator.no_sync(model)

    def update(self, loss: float, *named: float) -> None:
        """Take the step, by all processes' mean of what `accumulate_gradient` returned.

        Raises:
            FloatingPointError: where the loss or its gradient is not finite; nothing has changed then.
        """
        update(self.run, loss, self.schedule, self.accelerator)

    def state(self) -> dict[str, Any]:
        """Everything that the next step depends on; every process must call this."""
        return self.run.state(self.accelerator)
