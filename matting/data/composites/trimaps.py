"""Random trimaps for training: the paper's, and wider, lopsided and smeared ones like those people paint."""

from __future__ import annotations

import cv2
import numpy as np

from matting.trimaps.algebra import UNKNOWN, from_alpha


def paper_trimap(rng: np.random.Generator, alpha: np.ndarray) -> np.ndarray:
    """Draw a trimap uint8 (H, W) from a true alpha as the paper does: ellipses of 1 to 29 pixels for each side."""
    return from_alpha(alpha, *(int(kernel) for kernel in rng.integers(1, 30, size=2)))


def pseudo_trimap(rng: np.random.Generator, mask: np.ndarray, band: tuple[int, int]) -> np.ndarray:
    """Draw a trimap uint8 (H, W) from a coarse mask, floats (H, W) in [0, 1], by erosion and dilation (Fig. 7).

    The diameters of the two ellipses are drawn independently from `band`, both ends included, in pixels.
    """
    kernels = rng.integers(band[0], band[1] + 1, size=2)
    return from_alpha((mask >= 0.5).astype(np.float32), *(int(kernel) for kernel in kernels))


def random_trimap(rng: np.random.Generator, alpha: np.ndarray, largest: int = 29) -> np.ndarray:
    """Draw a trimap uint8 (H, W) from a true alpha, with kernels drawn independently for its two sides.

    Half are the paper's (ellipses of 1 to `largest` pixels), a third up to 2.5 times wider, and a few have
    whole patches unknown or no foreground at all.
    """
    widest = largest if rng.random() < 0.6 else int(2.5 * largest)
    trimap = from_alpha(alpha, *(int(kernel) for kernel in rng.integers(1, widest + 1, size=2)))
    style = rng.random()
    if style < 0.25:
        trimap = smear_unknown(rng, trimap)
    elif style < 0.28:
        trimap = np.where(trimap > UNKNOWN, UNKNOWN, trimap).astype(np.uint8)
    return trimap


def smear_unknown(rng: np.random.Generator, trimap: np.ndarray) -> np.ndarray:
    """Turn a few brush strokes across random unknown pixels unknown, as a careless hand would."""
    unknown = np.argwhere(trimap == UNKNOWN)
    if not len(unknown):
        return trimap
    smeared = trimap.copy()
    reach = max(trimap.shape) // 6
    for _ in range(rng.integers(1, 5)):
        y, x = unknown[rng.integers(len(unknown))]
        end_x, end_y = x + rng.integers(-reach, reach + 1), y + rng.integers(-reach, reach + 1)
        cv2.line(smeared, (int(x), int(y)), (int(end_x), int(end_y)), UNKNOWN, int(rng.integers(8, max(9, reach))))
    return smeared
