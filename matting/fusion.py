"""Joint inference (Section IV-B3): how TGN's trimap and SPAMattNet's alpha become one matte."""

from __future__ import annotations

import numpy as np

from matting.trimap import BACKGROUND, FOREGROUND, from_probabilities, to_one_hot


def hard_fusion(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Write the trimap's known values over alpha: 1 in the foreground, 0 in the background ("JIH").

    alpha is float32 (H, W) in [0, 1], trimap uint8 (H, W) in {0, 128, 255}; returns a new array.
    """
    return np.select([trimap == FOREGROUND, trimap == BACKGROUND], [np.float32(1), np.float32(0)], alpha)


def soft_fusion(alpha: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Weigh alpha by the region probabilities ("JIS"): α̃ = F̂ + Û α̂ (Eq. 15) with Û = 1 - (F̂ + B̂) (Eq. 14).

    Eq. 13's first term, (1-Û) F̂/(F̂+B̂), is F̂ itself. alpha α̂ is float32 (H, W) in [0, 1], probabilities (H, W, 3)
    sum to one: background, unknown, foreground.
    """
    background, foreground = probabilities[..., 0], probabilities[..., 2]
    unknown = 1 - (foreground + background)
    return np.clip(foreground + unknown * alpha, 0, 1)


def painted_probabilities(probabilities: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Make the pixels that a person changed certain: where the trimap is not the most probable one, it is one-hot."""
    painted = from_probabilities(probabilities) != trimap
    return np.where(painted[..., None], to_one_hot(trimap), probabilities)
