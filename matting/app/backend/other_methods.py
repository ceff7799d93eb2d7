"""The page's other methods, beside SPAMattNet: closed-form matting, and ViTMatte where its weights are available."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from matting.inference.fusion import hard_fusion
from matting.inference.progress import make_watchable, tell_of_residual
from matting.methods import classical, vitmatte

CLASSICAL_METHOD, VITMATTE = "closed-form", "vitmatte"
NAMES = {CLASSICAL_METHOD: "Closed-form matting", VITMATTE: "ViTMatte"}

MOST_PIXELS = 2_000_000
"""Above this a sparse system of all pixels, or attention among all patches, would take minutes and gigabytes."""


NO_VITMATTE = "ViTMatte's weights are not available here; check the network connection, or choose another method."


def source_of(method: str) -> str | None:
    """Return the hub repository of a method's weights, or None for a method without any of its own."""
    return vitmatte.CHECKPOINT if method == VITMATTE else None


def check_pixels(method: str, trimap: np.ndarray) -> None:
    """Refuse photos for which a method would take minutes and gigabytes.

    Raises:
        ValueError: in one sentence.
    """
    if trimap.size > MOST_PIXELS:
        raise ValueError(
            f"{NAMES[method]} takes photos of up to {MOST_PIXELS / 1e6:.0f} megapixels, "
            f"this one has {trimap.size / 1e6:.1f}; choose SPAMattNet."
        )


def solve_closed_form(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """Return alpha by closed-form matting, float32 (H, W), reporting progress after each step of the solver."""
    return hard_fusion(classical.closed_form(image, trimap, callback=tell_of_residual), trimap)


@lru_cache(maxsize=1)
def load_vitmatte(source: str, device: str) -> vitmatte.ViTMatte:
    """Load ViTMatte once, so that it can be watched; raises ValueError where its weights are not available."""
    try:
        loaded = vitmatte.load_vitmatte(source, device)
    except ValueError as error:
        raise ValueError(NO_VITMATTE) from error
    make_watchable(loaded.network)
    return loaded


def run_vitmatte(image: np.ndarray, trimap: np.ndarray, device: str) -> np.ndarray:
    """Return alpha by ViTMatte, float32 (H, W) in [0, 1]; known values are kept."""
    return hard_fusion(load_vitmatte(vitmatte.CHECKPOINT, device)(image, trimap), trimap)
