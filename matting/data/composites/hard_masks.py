"""Coarse masks with the errors of segmenters, which depend on the image; `perturb_mask` knows alpha alone.

A network with a coarse output draws smooth outlines and misses strands; one that follows colours leaks into a
background of the same colour, leaves out a part of another colour, and forgets separate pieces.
"""

from __future__ import annotations

import cv2
import numpy as np

from matting.data.composites.coarse_masks import blur, perturb_mask


def hard_mask(rng: np.random.Generator, alpha: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Draw a coarse mask, float32 (H, W) in [0, 1]: half by the paper's steps and ours, half as a segmenter would."""
    return perturb_mask(rng, alpha) if rng.random() < 0.5 else segmenter_mask(rng, alpha, image)


def brought_mask(rng: np.random.Generator, alpha: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Draw a coarse mask, float32 (H, W) in [0, 1], as people bring them: half of them exact, the rest as `hard_mask`.

    An exact one is the true alpha cut at one half, at times moved by a few pixels, or soft as alpha is.
    """
    kind = rng.random()
    if kind < 0.42:
        return (alpha >= 0.5).astype(np.float32)
    if kind < 0.48:
        move = (cv2.erode, cv2.dilate)[int(rng.integers(2))]
        side = int(rng.integers(2, 8))
        return move((alpha >= 0.5).astype(np.float32), np.ones((side, side), np.uint8))
    if kind < 0.54:
        return cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.3, 4)).clip(0, 1)
    return hard_mask(rng, alpha, image)


def segmenter_mask(rng: np.random.Generator, alpha: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Degrade a true alpha (H, W) like a segmenter that sees the image, uint8 (H, W, 3).

    Returns:
        float32 (H, W) in [0, 1]: hard, or blurred as a network's probabilities are.
    """
    mask = (alpha > rng.uniform(0.3, 0.7)).astype(np.uint8)
    reach = max(alpha.shape)
    if rng.random() < 0.5:
        mask = without_strands(mask, int(reach * rng.uniform(0.01, 0.05)))
    if rng.random() < 0.3:
        mask = largest_piece(mask)
    if rng.random() < 0.5:
        mask = leak(rng, mask, image)
    if rng.random() < 0.5:
        mask = leave_out(rng, mask, image)
    if rng.random() < 0.5:
        mask = on_coarse_grid(mask, int(rng.integers(32, 129)))
    if rng.random() < 0.6:
        return blur(mask, int(rng.choice([5, 11, 21, 31])))
    return mask.astype(np.float32)


def without_strands(mask: np.ndarray, width: int) -> np.ndarray:
    """Remove structures thinner than `width` pixels from a 0/1 mask, such as hair; the body keeps its outline."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(1, width), max(1, width)))
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, ellipse)


def on_coarse_grid(mask: np.ndarray, cells: int) -> np.ndarray:
    """Redraw a 0/1 mask from its shares of `cells` cells along the longer side, as a network's small output is."""
    height, width = mask.shape
    scale = min(1.0, cells / max(height, width))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    shares = cv2.resize(mask.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    return (cv2.resize(shares, (width, height), interpolation=cv2.INTER_CUBIC) > 0.5).astype(np.uint8)


def largest_piece(mask: np.ndarray) -> np.ndarray:
    """Keep the largest connected piece of a 0/1 mask."""
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(mask)
    if len(statistics) == 1:
        return mask
    return (pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)


def leak(rng: np.random.Generator, mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Let a 0/1 mask leak from a random place of its outline into background of a similar colour."""
    around = cv2.dilate(mask, np.ones((5, 5), np.uint8)) - mask
    return mask | like_region(rng, image, around, barrier=mask)


def leave_out(rng: np.random.Generator, mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Cut a region of similar colour around a random place out of a 0/1 mask."""
    return mask & ~like_region(rng, image, mask, barrier=1 - mask) & 1


def like_region(rng: np.random.Generator, image: np.ndarray, places: np.ndarray, barrier: np.ndarray) -> np.ndarray:
    """Grow a region of similar colour from a random pixel where `places` is 1, neither into the barrier nor far away.

    Returns:
        0/1, uint8 (H, W); all 0 where there is no such place.
    """
    candidates = np.argwhere(places)
    if not len(candidates):
        return np.zeros_like(barrier)
    y, x = (int(value) for value in candidates[rng.integers(len(candidates))])
    closed = np.ones_like(barrier)
    cv2.circle(closed, (x, y), int(max(image.shape) * rng.uniform(0.05, 0.2)), 0, cv2.FILLED)
    # OpenCV's flood wants a frame of one pixel around its mask, does not enter what is not 0, and marks with 2 here.
    region = np.pad(closed | barrier, 1, constant_values=1)
    tolerance = (float(rng.uniform(8, 40)),) * 3
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (2 << 8)
    # Noise and fine texture would stop the flood at once.
    cv2.floodFill(cv2.GaussianBlur(image, (0, 0), 1.5), region, (x, y), 0, tolerance, tolerance, flags)
    return (region[1:-1, 1:-1] == 2).astype(np.uint8)
