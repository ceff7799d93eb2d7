"""Coarse masks to train and test TGN: the paper's protocol (Section IV-B1), and segmenters' typical errors."""

from __future__ import annotations

import cv2
import numpy as np

from matting.data.composites.trimaps import paper_trimap
from matting.trimaps.algebra import UNKNOWN, from_alpha


def perturb_mask(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Degrade a true alpha (H, W) to a coarse mask, float32 (H, W) in [0, 1], as TGN meets in training.

    The paper's steps: a random trimap (kernels 1-29), its unknown and foreground as initial segmentation, eroded or
    dilated (1-59), blurred. At times also smoothed like a segmenter's outline, holed, or leaking.
    """
    mask = (paper_trimap(rng, alpha) >= UNKNOWN).astype(np.uint8)
    if rng.random() < 0.3:
        mask = (alpha > rng.uniform(0.3, 0.7)).astype(np.uint8)
    if rng.random() < 0.4:
        mask = smooth_outline(mask, rng.uniform(2, 14))
    if rng.random() < 0.3:
        mask = disturb_blobs(rng, mask)
    morph = cv2.erode if rng.random() < 0.6 else cv2.dilate
    mask = morph(mask, _ellipse(int(rng.integers(1, 60 if rng.random() < 0.5 else 25))))
    if rng.random() < 0.75:
        return blur(mask, int(rng.choice([21, 31, 41])))
    return mask.astype(np.float32)


def paper_mask(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Degrade a true alpha (H, W) to a coarse mask, float32 (H, W) in [0, 1], by the paper's three steps alone."""
    mask = (paper_trimap(rng, alpha) >= UNKNOWN).astype(np.uint8)
    morph = cv2.erode if rng.random() < 0.5 else cv2.dilate
    mask = morph(mask, _ellipse(int(rng.integers(1, 60))))
    return blur(mask, int(rng.choice([21, 31, 41])))


def simulated_mask(alpha: np.ndarray, erosion: int, *, kernel: int = 15, blur_kernel: int = 31) -> np.ndarray:
    """Coarse mask of the paper's tests, "TGN-N": initial segmentation eroded by N = `erosion`, then blurred.

    Float32 (H, W) in [0, 1].
    """
    segmentation = (from_alpha(alpha, kernel, kernel) >= UNKNOWN).astype(np.uint8)
    return blur(cv2.erode(segmentation, _ellipse(erosion)), blur_kernel)


def blur(mask: np.ndarray, kernel: int) -> np.ndarray:
    """Gaussian blur of a 0/1 mask with an odd kernel, float32 in [0, 1]."""
    # The kernel's weights sum to one up to rounding.
    return cv2.GaussianBlur(mask.astype(np.float32), (kernel, kernel), 0).clip(0, 1)


def smooth_outline(mask: np.ndarray, sigma: float) -> np.ndarray:
    """Round a 0/1 mask's outline as networks with coarse outputs do: hair and corners go."""
    return (cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma) > 0.5).astype(np.uint8)


def disturb_blobs(rng: np.random.Generator, mask: np.ndarray) -> np.ndarray:
    """Punch holes into a 0/1 mask or let it leak, by a few ellipses on its outline."""
    outline = np.argwhere(cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)
    if not len(outline):
        return mask
    disturbed = mask.copy()
    reach = max(4, max(mask.shape) // 10)
    for _ in range(rng.integers(1, 5)):
        y, x = outline[rng.integers(len(outline))]
        axes = tuple(int(a) for a in rng.integers(3, reach, size=2))
        cv2.ellipse(
            disturbed,
            (int(x), int(y)),
            axes,
            float(rng.uniform(0, 180)),
            0,
            360,
            int(rng.integers(2)),
            cv2.FILLED,
        )
    return disturbed


def _ellipse(kernel: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
