"""Matting a part of a photo again after an edit, for previews: which crop to look at, and how it joins the old alpha.

A preview is not the whole pass: GPA sees the crop alone. Downloads and recipes come from a whole pass.
"""

from __future__ import annotations

import cv2
import numpy as np

CONTEXT = 128
"""Pixels around a change that are computed again; the new alpha fades into the old one over the outer half."""

MULTIPLE = 64
"""Crops begin and end at multiples of this, so LSPA's windows and every stride lie as in the whole pass. Only in a
photo that is enlarged one and a half times do the windows of some crops lie otherwise."""

Crop = tuple[slice, slice]


def crop_around(changed: np.ndarray, context: int = CONTEXT) -> Crop | None:
    """Find the smallest aligned crop that holds every changed pixel and `context` pixels around it.

    Args:
        changed: Booleans (H, W).
        context: In pixels.

    Returns:
        Rows and columns, whose ends are multiples of MULTIPLE or the photo's border; None where nothing changed.

    Raises:
        ValueError: If `changed` is not booleans (H, W) or the context is not 2 pixels or more.
    """
    if changed.ndim != 2 or changed.dtype != bool:
        raise ValueError(f"What changed should be booleans (H, W), got {changed.dtype} {changed.shape}.")
    if context < 2:
        raise ValueError(f"A crop's context should be at least 2 pixels wide, got {context}.")
    if not changed.any():
        return None
    rows, columns = (
        slice(
            max(0, int(places[0]) - context) // MULTIPLE * MULTIPLE,
            min(length, -(-(int(places[-1]) + 1 + context) // MULTIPLE) * MULTIPLE),
        )
        for places, length in zip((np.flatnonzero(changed.any(axis=a)) for a in (1, 0)), changed.shape, strict=True)
    )
    return rows, columns


def paste(
    alpha: np.ndarray, renewed: np.ndarray, crop: Crop, changed: np.ndarray, context: int = CONTEXT
) -> np.ndarray:
    """Join a crop's new alpha with the old one of the whole photo.

    Within half the context of a change the new one stands, beyond the context the old one, and between them they fade.
    A crop that is the whole photo replaces all.

    Args:
        alpha: The old one, float32 (H, W) in [0, 1].
        renewed: float32, of the crop's size.
        crop: By `crop_around`.
        changed: Booleans (H, W).
        context: The crop's, in pixels.

    Returns:
        float32 (H, W), a new array.

    Raises:
        ValueError: If the sizes differ.
    """
    if alpha.shape != changed.shape or alpha[crop].shape != renewed.shape:
        raise ValueError(
            f"The old alpha, what changed and the crop's new alpha should fit together, got {alpha.shape}, "
            f"{changed.shape} and {renewed.shape} for {alpha[crop].shape}."
        )
    if renewed.shape == alpha.shape:
        return renewed.copy()
    distance = cv2.distanceTransform((~changed[crop]).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    weight = np.clip(2 - 2 * distance / context, 0, 1)
    joined = alpha.copy()
    joined[crop] += weight * (renewed - alpha[crop])  # in this form, what is equal stays exactly equal
    return joined
