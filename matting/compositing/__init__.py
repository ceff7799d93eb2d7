"""Layers: the matting equation, colours freed from the old background, the shadow that an object casts."""

from matting.compositing.colours import estimate_foreground, load_estimator, pymatting_prepared
from matting.compositing.layers import blend, checkerboard, compose, cutout, fit_background, solid
from matting.compositing.shadow import find_shadow, under

__all__ = [
    "blend",
    "checkerboard",
    "compose",
    "cutout",
    "estimate_foreground",
    "find_shadow",
    "fit_background",
    "load_estimator",
    "pymatting_prepared",
    "solid",
    "under",
]
