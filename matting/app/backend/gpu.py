"""Where the networks run: the status line's words for it, and the GPU that ZeroGPU lends.

Import it before anything that may touch CUDA: ZeroGPU's `spaces` package has to come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from matting.app.backend.one_thread import in_one_thread

try:
    import spaces
except ImportError:  # only Hugging Face Spaces are sure to have it
    spaces = None

if TYPE_CHECKING:
    import numpy as np
    import torch

P = ParamSpec("P")
R = TypeVar("R")

SECONDS_AT_LEAST = 20
MEGAPIXELS_PER_SECOND = 1.0


def seconds_for(image: np.ndarray, *_: object) -> int:
    """Estimate generously how many seconds a step over a photo, (H, W, 3), may hold the lent GPU."""
    megapixels = image.shape[0] * image.shape[1] / 1e6
    return SECONDS_AT_LEAST + round(megapixels / MEGAPIXELS_PER_SECOND)


def on_gpu(step: Callable[P, R], duration: Callable[P, int] = seconds_for) -> Callable[P, R]:
    """Run a step on ZeroGPU's lent GPU; everywhere else in the one thread of all networks.

    On ZeroGPU the call happens in a forked process: arguments and results are pickled, so a step takes and returns
    NumPy arrays, and what it sets in globals is lost.
    """
    return spaces.GPU(step, duration=duration) if lends_gpu() else in_one_thread(step)


def lends_gpu() -> bool:
    """Tell whether this process runs on a ZeroGPU Space."""
    return spaces is not None and spaces.config.Config.zero_gpu


def describe(device: torch.device) -> str:
    """Say in a few words where the networks run."""
    if lends_gpu():
        return "Running on a GPU lent by ZeroGPU"
    if device.type == "cuda":
        import torch

        return f"Running on {torch.cuda.get_device_name(device)}"
    return "Running on Apple's GPU" if device.type == "mps" else f"Running on the {device.type.upper()}"
