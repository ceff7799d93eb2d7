"""The guided filter (He et al., 2013), in its fast form (He and Sun, 2015): a small mask takes on a photo's edges."""

from __future__ import annotations

import cv2
import numpy as np


def guided_upsample(mask: np.ndarray, photo: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Enlarge a mask to a photo's size so that its edges follow the photo's.

    In each window of the small picture the mask is fitted as a line of the photo's gray values I, q = aI + b; the
    averaged a and b are enlarged, and the line is drawn with the photo's own pixels.

    Args:
        mask: float (h, w) in [0, 1], no larger than the photo.
        photo: RGB uint8 (H, W, 3).
        radius: Half the window's side, in the mask's pixels.
        epsilon: Variance of gray values, in [0, 1]², below which a window counts as flat and is only blurred.

    Returns:
        float32 (H, W) in [0, 1].
    """
    height, width = photo.shape[:2]
    guide = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(guide, mask.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    mask = mask.astype(np.float32)

    def window_mean(values: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(values, -1, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    mean_guide, mean_mask = window_mean(small), window_mean(mask)
    variance = window_mean(small * small) - mean_guide * mean_guide
    covariance = window_mean(small * mask) - mean_guide * mean_mask
    slope = covariance / (variance + epsilon)
    offset = mean_mask - slope * mean_guide
    slope, offset = (cv2.resize(window_mean(v), (width, height)) for v in (slope, offset))
    slope *= guide
    slope /= 255
    slope += offset
    return np.clip(slope, 0, 1, out=slope)
