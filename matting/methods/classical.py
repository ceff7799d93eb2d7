"""Matting without learning: what a network has to beat.

Each baseline takes a photo and a trimap and solves one sparse linear system over the photo's pixels, by
PyMatting with its default settings in float64: seconds per photo where few pixels are unknown, minutes for
large ones.
"""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import numpy as np

from matting.compositing import pymatting_prepared
from matting.trimaps.algebra import BACKGROUND, FOREGROUND


def closed_form(image: np.ndarray, trimap: np.ndarray, callback: Callable[..., Any] | None = None) -> np.ndarray:
    """Closed-form matting: colours lie on a line within each 3x3 window (Levin et al., 2008).

    `image` is (H, W, 3) uint8, `trimap` is (H, W) uint8 in {0, 128, 255}; alpha is (H, W) float32 in [0, 1].
    Without unknown pixels, alpha is the trimap. `callback` is called after every step of the solver with its state,
    as PyMatting's `cg` gives it. Raises ValueError where known foreground or known background is missing.
    """
    with pymatting_prepared():
        from pymatting import estimate_alpha_cf

        return _solve(partial(estimate_alpha_cf, cg_kwargs={"callback": callback}), image, trimap)


def knn(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """KNN matting: alike pixels share their alpha (Chen et al., 2013). Arguments as in `closed_form`."""
    with pymatting_prepared():
        from pymatting import estimate_alpha_knn

        return _solve(estimate_alpha_knn, image, trimap)


def lbdm(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    """LBDM: alpha is regressed from nearby colours (Zheng et al., 2009). Arguments as in `closed_form`."""
    with pymatting_prepared():
        from pymatting import estimate_alpha_lbdm

        return _solve(estimate_alpha_lbdm, image, trimap)


BASELINES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "closed-form": closed_form,
    "knn": knn,
    "lbdm": lbdm,
}


def _solve(estimate: Callable[..., np.ndarray], image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    known = (trimap == BACKGROUND) | (trimap == FOREGROUND)
    if known.all():
        return (trimap == FOREGROUND).astype(np.float32)
    for value, name in ((FOREGROUND, "foreground"), (BACKGROUND, "background")):
        if not (trimap == value).any():
            raise ValueError(f"This method needs known {name} to start from, but the trimap has none; mark some.")
    with redirect_stdout(sys.stderr):  # PyMatting prints its remarks where the tables go
        alpha = estimate(image.astype(np.float64) / 255, np.where(known, trimap / 255.0, 0.5))
    return np.clip(alpha, 0, 1).astype(np.float32)
