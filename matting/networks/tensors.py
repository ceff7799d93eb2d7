"""Photos as tensors of a size that a network can take, and back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def to_tensor(image: np.ndarray) -> Tensor:
    """Turn a photo, uint8 (H, W, 3), into a float32 tensor (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32, order="C")).div_(255)


def pad_to_multiple(tensor: Tensor, multiple: int) -> Tensor:
    """Reflect (B, C, H, W) at the bottom and the right until both sides are multiples of `multiple`.

    Unlike torch's own padding it also works where the padding is longer than the side. `crop_to` undoes it.

    Raises:
        ValueError: If the multiple is smaller than 1.
    """
    if multiple < 1:
        raise ValueError(f"The multiple should be at least 1, got {multiple}.")
    for axis in (2, 3):
        length = tensor.shape[axis]
        beyond = torch.arange(length, -(-length // multiple) * multiple, device=tensor.device)
        # A reflected signal repeats after twice the way from its first sample to its last.
        period = max(1, 2 * (length - 1))
        mirrored = (length - 1) - (beyond % period - (length - 1)).abs()
        if len(mirrored):
            tensor = torch.cat([tensor, tensor.index_select(axis, mirrored)], axis)
    return tensor


def crop_to(tensor: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut (B, C, H, W) back to `size` = (height, width), from the top left; undoes `pad_to_multiple`."""
    height, width = size
    return tensor[:, :, :height, :width]
