"""From a sample's arrays to its tensors."""

from __future__ import annotations

import numpy as np
import torch

from matting.trimaps.algebra import FOREGROUND, UNKNOWN

Sample = dict[str, torch.Tensor]


def colours(image: np.ndarray) -> torch.Tensor:
    """Turn uint8 (H, W, 3) into float32 (3, H, W) in [0, 1]."""
    return torch.from_numpy(image).permute(2, 0, 1).float().div(255)


def plane(values: np.ndarray) -> torch.Tensor:
    """Turn (H, W) into float32 (1, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[None]


def classes(trimap: np.ndarray) -> torch.Tensor:
    """Turn {0, 128, 255} into int64 (H, W): 0 background, 1 unknown, 2 foreground."""
    return torch.from_numpy((trimap >= UNKNOWN).astype(np.int64) + (trimap == FOREGROUND))


def trimap_plane(trimap: np.ndarray) -> torch.Tensor:
    """Turn {0, 128, 255} into float32 (1, H, W) in {0, 1/2, 1}."""
    return plane(np.select([trimap == FOREGROUND, trimap == UNKNOWN], [1.0, 0.5], 0.0))
