"""The shadow that an object casts on a plain ground, to be kept with its cutout.

Where the ground is plain, its light changes slowly: a quadratic in x and y, for each colour. What is darker than that
by the same share in all three colours, and hangs together with the object, is its shadow: a black layer whose opacity
is that share. On any other ground nobody can tell a shadow from a dark thing, and none is found.
"""

from __future__ import annotations

import cv2
import numpy as np

from matting.compositing.layers import check_layer

SIDE = 512
"""The longer side in pixels at which a shadow is looked for; shadows are soft."""

ROUNDS = 30
"""How often the ground's light is fitted, each time to those pixels that did not turn out darker."""

NOISE = 3.0
"""Standard deviations of the ground's own noise that are no shadow yet."""

PLAIN = 0.04
"""The most that the ground's own light may vary, as a share of itself."""

GRAY = 0.15
"""The most by which the three colours' shares may differ in a shadow."""

LEAST = 0.02
"""Opacity below which a shadow is not seen."""

MOST = 0.6
"""The least share of the ground that lies in its own light."""

ROUGH = 3.0
"""How much rougher than the ground, on average, a piece may be that is its shadow and no thing."""

SMALLEST = 5e-4
"""The least share of the photo that a shadow covers."""

BUSY = "No shadow can be told from this background: it is not plain. The cutout comes without one."
NONE = "No shadow was found beside the object. The cutout comes without one."


def find_shadow(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Find the shadow that an object casts.

    Args:
        image: RGB, uint8 (H, W, 3).
        alpha: of the object, floats (H, W) in [0, 1].

    Returns:
        Opacity of a black layer beneath the object, float32 (H, W) in [0, 1]; somewhere above 0.

    Raises:
        ValueError: If the ground is not plain, no shadow is there, or shapes or types are others.
    """
    check_layer(image, alpha, "photo")
    scale = min(1.0, SIDE / max(alpha.shape))
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    photo = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    covered = cv2.resize(alpha.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    ground = covered < LEAST
    share, noise = _darker(photo, ground)
    gray, step = np.clip(share.mean(axis=2), 0, 1), max(noise, 1 / 255)
    certain = np.clip(gray / step - NOISE, 0, 1) * (np.ptp(share, axis=2) < GRAY + NOISE * noise)
    rough = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), 2)) / step
    found = _beside(gray * certain * ground, ground, rough)
    if not found.any():
        raise ValueError(NONE)
    found = cv2.GaussianBlur(_beneath(found, ground), (0, 0), 1.5)
    return np.clip(cv2.resize(found, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR), 0, 1)


def under(foreground: np.ndarray, alpha: np.ndarray, shadow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lay an object over its shadow: one layer that composites as both do, one after the other.

    Over any background B it gives αF + (1-α)(1-s)B.

    Args:
        foreground: the object's colours, RGB, uint8 (H, W, 3).
        alpha: the object's, floats (H, W) in [0, 1].
        shadow: opacity of the black layer beneath it, floats (H, W) in [0, 1].

    Returns:
        Colours, uint8 (H, W, 3), and alpha, float32 (H, W).
    """
    check_layer(foreground, alpha, "foreground")
    both = (alpha + (1 - alpha) * shadow).astype(np.float32)
    kept = np.divide(alpha, both, out=np.ones_like(both), where=both > 0)
    return np.rint(foreground * kept[:, :, None]).astype(np.uint8), both


def _darker(photo: np.ndarray, ground: np.ndarray) -> tuple[np.ndarray, float]:
    """By what share each colour is darker than the ground's light there, (H, W, 3), and the ground's own noise in it.

    Raises:
        ValueError: If the ground is too small or not plain.
    """
    rows, columns = (np.linspace(-1, 1, length, dtype=np.float32) for length in ground.shape)
    y, x = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    colours = photo.reshape(-1, 3)
    used = ground.ravel().copy()
    noise = 0.0
    for _ in range(ROUNDS):
        if np.count_nonzero(used) < max(MOST * np.count_nonzero(ground), len(terms[0])):
            raise ValueError(BUSY)
        light = terms @ np.linalg.lstsq(terms[used], colours[used], rcond=None)[0]
        share = 1 - colours / np.maximum(light, 1 / 255)
        gray = share.mean(axis=1)
        noise = 1.4826 * float(np.median(np.abs(gray[used])))
        again = ground.ravel() & (gray < max(2 * noise, 1 / 255))
        if (again == used).all():
            break
        used = again
    if noise > PLAIN or (light[ground.ravel()] < 0.1).any():
        raise ValueError(BUSY)
    return share.reshape(photo.shape), noise


def _beside(found: np.ndarray, ground: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Keep what hangs together with the object and is as smooth as the ground; the rest is dark, but no shadow."""
    dark = (found >= LEAST).astype(np.uint8)
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(dark)
    touched = cv2.dilate((~ground).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    inside = cv2.erode(dark, np.ones((7, 7), np.uint8)) > 0  # in the sun, a shadow's outline is hard
    roughness = np.bincount(pieces[inside], rough[inside], len(statistics))
    smooth = roughness <= ROUGH * np.bincount(pieces[inside], minlength=len(statistics))
    fitting = np.flatnonzero(smooth & (statistics[:, cv2.CC_STAT_AREA] >= SMALLEST * found.size))
    return found * np.isin(pieces, np.intersect1d(np.setdiff1d(pieces[touched], [0]), fitting))


def _beneath(found: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """Let the shadow go on beneath the object's soft edge, where the photo does not show it."""
    weight = cv2.GaussianBlur(ground.astype(np.float32), (0, 0), 4)
    around = cv2.GaussianBlur(found, (0, 0), 4) / np.maximum(weight, 1e-3)
    return np.where(ground, found, around).astype(np.float32)
