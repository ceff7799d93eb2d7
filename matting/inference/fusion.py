"""Joint inference (Section IV-B3): how TGN's trimap and SPAMattNet's alpha become one matte."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, from_probabilities, to_one_hot

if TYPE_CHECKING:
    from torch import Tensor

Plane = TypeVar("Plane", np.ndarray, "Tensor")


def hard_fusion(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Write the trimap's known values over alpha: 1 in the foreground, 0 in the background ("JIH").

    alpha is float32 (H, W) in [0, 1], trimap uint8 (H, W) in {0, 128, 255}; returns a new array.
    """
    return np.select([trimap == FOREGROUND, trimap == BACKGROUND], [np.float32(1), np.float32(0)], alpha)


def soft_fusion(alpha: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Weigh alpha by the region probabilities ("JIS"), as `weighed` does, rounding errors cut off.

    alpha α̂ is float32 (H, W) in [0, 1], probabilities (H, W, 3) sum to one: background, unknown, foreground.
    """
    return np.clip(weighed(alpha, probabilities[..., 0], probabilities[..., 2]), 0, 1)


def weighed(alpha: Plane, background: Plane, foreground: Plane) -> Plane:
    """Fuse softly: α̃ = F̂ + Û α̂ (Eq. 15) with Û = 1 - (F̂ + B̂) (Eq. 14), of arrays or tensors of one shape.

    Eq. 13's first term, (1-Û) F̂/(F̂+B̂), is F̂ itself. alpha is α̂, background B̂ and foreground F̂ are probabilities.
    The gradient reaches all three.
    """
    unknown = 1 - (foreground + background)
    return foreground + unknown * alpha


NEGLIGIBLE = 1 / 1024
"""What alpha is weighed by, at most, where soft fusion goes without it: a quarter of a grey level of 8 bits."""


def needed(probabilities: np.ndarray) -> np.ndarray:
    """Where soft fusion needs alpha at all, booleans (H, W), by the probabilities (H, W, 3) that weigh it."""
    return 1 - (probabilities[..., 0] + probabilities[..., 2]) > NEGLIGIBLE


def painted_probabilities(probabilities: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Make the pixels that a person changed certain: where the trimap is not the most probable one, it is one-hot."""
    painted = from_probabilities(probabilities) != trimap
    return np.where(painted[..., None], to_one_hot(trimap), probabilities)
