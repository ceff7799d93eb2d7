"""Checkpoint files of other projects: named tensors, read without running any code, and their differences in words."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from torch import Tensor, nn

COUNTERS = "num_batches_tracked"
"""Batch norms' counters of training steps: nothing in inference, and old files lack them."""


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read named tensors from a .safetensors file, or from a pickled one with `weights_only=True`.

    The prefix "module." of parallel training is removed.

    Raises:
        ValueError: If the file holds anything else than named tensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            tensors = load_file(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, RuntimeError, SafetensorError, KeyError, ValueError, TypeError) as error:
        # PyTorch's own advice is to load it unsafely.
        raise ValueError("it holds more than tensors, or is no checkpoint, and is not opened for safety") from error
    if not isinstance(tensors, dict) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise ValueError("it holds something else than a network's named tensors")
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError("it holds numbers that are not finite")
    return {key.removeprefix("module."): tensor for key, tensor in tensors.items()}


def differences(network: nn.Module, tensors: dict[str, Tensor]) -> list[str]:
    """Count in words what keeps tensors from filling a network; nothing if they fit."""
    expected = {key: value.shape for key, value in network.state_dict().items()}
    needed = {key for key in expected if not key.endswith(COUNTERS)}
    counts = {
        "missing": len(needed - tensors.keys()),
        "left over": len(tensors.keys() - expected.keys()),
        "of another shape": sum(tensors[key].shape != expected[key] for key in expected.keys() & tensors.keys()),
    }
    return [f"{count} tensor{'s are' if count > 1 else ' is'} {what}" for what, count in counts.items() if count]
