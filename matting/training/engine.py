"""What Accelerate does for the loop: devices, processes and mixed precision; and the optimizer."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from matting.training.muon import Muon
from matting.training.schedules import Schedule

PRECISIONS = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
"""Accelerate's names of the types in which a network is run; its weights stay float32."""


def start(device: str = "auto", dtype: str | None = None) -> Accelerator:
    """Join the processes that `accelerate launch` started, or be the only one.

    Args:
        device: "auto" is the accelerator that PyTorch finds, or else the CPU; "cpu", "cuda", "mps".
        dtype: one of `PRECISIONS`; None is what `accelerate launch` was told, or float32.

    Raises:
        ValueError: where this machine lacks the device or the device the type.
    """
    cpu = device == "cpu" or (device == "auto" and not torch.accelerator.is_available())
    if cpu and dtype == "float16":
        raise ValueError("float16 needs a GPU, whose gradients are scaled; on a CPU use bfloat16 or float32.")
    try:
        accelerator = Accelerator(mixed_precision=dtype and PRECISIONS[dtype], cpu=cpu)
    except ValueError as error:
        raise ValueError(f"{dtype} cannot be used here: {str(error).rstrip('.')}.") from error
    found = accelerator.device.type
    if device not in ("auto", found):
        raise ValueError(f"There is no device {device} that can be used here; it would be {found}.")
    if accelerator.num_processes < int(os.environ.get("WORLD_SIZE", 1)):
        raise ValueError(f"Several processes were started, but they cannot work together on {found}.")
    return accelerator


def build_optimizer(parts: Iterable[nn.Module], schedule: Schedule) -> torch.optim.Optimizer:
    """Make the optimizer of a schedule, with a group of parameters, and so a rate, for each part of a network."""
    rate, decay, momenta = schedule.rate, schedule.weight_decay, tuple(schedule.momenta)
    parameters = [{"params": list(part.parameters())} for part in parts]
    if schedule.optimizer == "sgd":
        return torch.optim.SGD(parameters, rate, momentum=momenta[0], weight_decay=decay)
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "muon": Muon}[schedule.optimizer]
    return kind(parameters, rate, betas=momenta, weight_decay=decay)


def agree(accelerator: Accelerator, losses: Tensor, *wishes: bool) -> tuple[list[float], list[bool]]:
    """Return losses (n,) averaged over the processes, and for each wish whether any process has it."""
    if accelerator.num_processes == 1:
        return losses.tolist(), list(wishes)
    values = torch.cat([losses.detach().float(), losses.new_tensor([float(wish) for wish in wishes])])
    sums = accelerator.reduce(values, "sum").tolist()
    means = [total / accelerator.num_processes for total in sums[: len(losses)]]
    return means, [count > 0 for count in sums[len(losses) :]]


def seed_processes(accelerator: Accelerator) -> None:
    """Give every process but the first its own seed: their dropouts should differ."""
    if accelerator.process_index:
        torch.manual_seed(torch.initial_seed() + accelerator.process_index)


def generators(accelerator: Accelerator) -> dict[str, Tensor]:
    """States of the random generators, one row per process; every process must call this."""
    states = {"random": torch.get_rng_state()}
    if accelerator.device.type == "cuda":
        states["random_cuda"] = torch.cuda.get_rng_state()
    return {name: accelerator.gather(state[None].to(accelerator.device)).cpu() for name, state in states.items()}


def restore_generators(accelerator: Accelerator, state: dict[str, Any]) -> None:
    """Set the generators to what `generators` returned; a process that is new since then keeps its own."""
    index = accelerator.process_index
    if index < len(state["random"]):
        torch.set_rng_state(state["random"][index].clone())  # a view of a later row crashes PyTorch
    if accelerator.device.type == "cuda" and index < len(state.get("random_cuda", ())):
        torch.cuda.set_rng_state(state["random_cuda"][index].clone())
