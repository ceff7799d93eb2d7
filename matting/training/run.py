"""The state that changes while a network learns: weights, their average, the optimizer; and one step of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from matting.training import engine
from matting.training.checkpoint import OtherSettingsError
from matting.training.schedules import Schedule


@dataclass
class Run:
    """What changes while a network learns.

    Attributes:
        network: the network itself.
        average: its averaged copy.
        optimizer: Accelerate's, around one of PyTorch's.
        model: the network as Accelerate runs it: in several processes, in another precision.
        step: steps done.
        norm: moving average of the gradient's norm.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    model: nn.Module
    step: int = 0
    norm: float = 0.0

    def state(self, accelerator: Accelerator) -> dict[str, Any]:
        """Everything that the next step depends on; every process must call this."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "norm": self.norm,
        }
        if accelerator.scaler is not None:
            state["scaler"] = accelerator.scaler.state_dict()
        return state | engine.generators(accelerator)

    def restore(self, state: dict[str, Any], accelerator: Accelerator) -> None:
        """Go on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        if accelerator.scaler is not None and "scaler" in state:
            accelerator.scaler.load_state_dict(state["scaler"])
        engine.restore_generators(accelerator, state)
        self.step, self.norm = state["step"], state["norm"]


def begin(
    network: nn.Module,
    schedule: Schedule,
    accelerator: Accelerator,
    state: dict[str, Any] | None,
    parts: Sequence[nn.Module] = (),
) -> Run:
    """Set everything up, from the start or from a checkpoint.

    `parts` of the network learn at one each of the schedule's `rates`; without any the whole is one.
    """
    engine.seed_processes(accelerator)
    network = network.to(accelerator.device).train()
    average = deepcopy(network).requires_grad_(False)
    optimizer = accelerator.prepare_optimizer(engine.build_optimizer(parts or [network], schedule))
    run = Run(network, average, optimizer, accelerator.prepare_model(network))
    if state is not None:
        run.restore(state, accelerator)
    steps = accelerator.gather(torch.tensor([run.step], device=accelerator.device))
    if (steps != run.step).any():
        raise OtherSettingsError(
            f"The processes found checkpoints of steps {steps.tolist()}; name a folder (--run) that all machines share."
        )
    return run


def update(run: Run, loss: float, schedule: Schedule, accelerator: Accelerator) -> None:
    """Take the step, unless it would lead to weights that are not finite."""
    check_finite(loss, "loss", run.step)
    accelerator.unscale_gradients(run.optimizer)
    clip(run, schedule.clip, accelerator.scaler)
    run.optimizer.step()
    run.step += 1
    _average(run, min(schedule.ema, run.step / (run.step + 10)))


def clip(run: Run, factor: float, scaler: torch.amp.GradScaler | None = None) -> None:
    """Bound the gradient to `factor` times the moving average of its norm; 0 does not bound it."""
    bound = factor * run.norm if factor and run.norm else math.inf
    norm = float(nn.utils.clip_grad_norm_(run.network.parameters(), bound))
    # In float16 a gradient overflows now and then: the scaler leaves out the step and scales less.
    if scaler is not None and not math.isfinite(norm) and scaler.get_scale() > 1:
        return
    check_finite(norm, "gradient", run.step)
    run.norm = 0.98 * run.norm + 0.02 * min(norm, bound) if run.norm else norm


def check_finite(value: float, name: str, step: int) -> None:
    """Raise FloatingPointError, which says what of a step, counted from 0, is not finite."""
    if not math.isfinite(value):
        raise FloatingPointError(
            f"The {name} of step {step + 1} is not finite; the last checkpoint is kept. Lower the learning rate."
        )


@torch.no_grad()
def _average(run: Run, decay: float) -> None:
    """Move the averaged weights towards the present ones; statistics and counters are copied."""
    torch._foreach_lerp_(list(run.average.parameters()), list(run.network.parameters()), 1 - decay)
    for averaged, buffer in zip(run.average.buffers(), run.network.buffers(), strict=True):
        averaged.copy_(buffer)
