"""The command line, one sub-command per module.

Each module here has `add_parser(subparsers)`, which describes its arguments and imports nothing heavy, and
`run(args) -> int`, which does the work and returns the exit status; `options` declares what several share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from matting import MattingPipeline


class UsageError(Exception):
    """The command cannot start with these arguments; its message is one sentence for the person who typed them."""


def check_device(name: str | None) -> torch.device:
    """Return a device by its name, the best one for None; raises ValueError where it cannot be used here."""
    import torch

    from matting.inference import whole_photo

    try:
        device = torch.device(name) if name else whole_photo.default_device()
        torch.empty(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # what PyTorch raises, by kind of device
        raise ValueError(f"There is no device {name} that can be used here; cpu always works.") from error
    return device


def load_pipeline(weights: str | None, device: str | None, dtype: str = "float32") -> MattingPipeline:
    """Load a folder, a hub id or, for None, the bundled weights; raises UsageError if that fails.

    `dtype` is PyTorch's name of it, or "auto" for what is fast on the device.
    """
    import torch

    from matting import MattingPipeline
    from matting.inference import whole_photo

    try:
        place = check_device(device)
        chosen = whole_photo.fast_dtype(place) if dtype == "auto" else getattr(torch, dtype)
        return MattingPipeline.from_pretrained(weights, device=device, dtype=chosen)
    except (ValueError, OSError, RuntimeError) as error:
        raise UsageError(str(error)) from error


def check_json(path: Path | None) -> None:
    """Check, before minutes of work, that the scores can be written there."""
    if path is None:
        return
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
