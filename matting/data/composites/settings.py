"""How samples are made from foregrounds and photos: the paper's settings, and ours with a camera and careless users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from matting.data.composites.augment import camera, edited_camera
from matting.data.composites.coarse_masks import paper_mask, perturb_mask
from matting.data.composites.hard_masks import brought_mask, hard_mask
from matting.data.composites.trimaps import paper_trimap, random_trimap

Drawing = Callable[[np.random.Generator, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class CompositeSettings:
    """How a composite is made (GCA's order: Li and Lu 2020, Section IV-B).

    Attributes:
        second: probability of a second foreground behind the first.
        whole: probability that the whole is resized to `whole_side` before it is cut, so that objects are seen whole.
        whole_side: side of the whole then, in pixels.
        clutter: probability of another object in the background, which is no part of alpha.
        alike: probability that the background has the foreground's colours.
        dark: probability that the foreground is dark, as clothes are.
        plain: probability that the background is a plain screen, as still lifes and studio portraits have it.
        soft: probability that the foreground is out of focus, its rim with it.
        objects: TGN sees whole objects in a view around them (`object_scenes`), not windows of foregrounds.
        magnified: probability that a composite is made smaller than the crop and enlarged to it, as small photos are
            for SPAMattNet (`matting.inference.whole_photo.working_scale`).
        magnifications: least and most that it is enlarged by.
        scales: widths of the window around an unknown pixel as multiples of the crop, each as likely as the others.
        trimap: draws a trimap, uint8 (H, W), from a true alpha.
        seen: what a camera makes of a composite, uint8 (H, W, 3).
        mask: draws a coarse mask, float32 (H, W) in [0, 1], from a true alpha and the image, uint8 (H, W, 3).
    """

    second: float
    whole: float
    scales: tuple[float, ...]
    trimap: Drawing
    seen: Drawing
    mask: Callable[[np.random.Generator, np.ndarray, np.ndarray], np.ndarray]
    whole_side: int = 640
    clutter: float = 0.0
    alike: float = 0.0
    dark: float = 0.0
    plain: float = 0.0
    soft: float = 0.0
    objects: bool = False
    magnified: float = 0.0
    magnifications: tuple[float, float] = (1.25, 2.5)

    def side(self, rng: np.random.Generator, crop: int) -> int:
        """Draw the side at which a composite is made that will be `crop` pixels wide."""
        if not self.magnified or rng.random() >= self.magnified:
            return crop
        return round(crop / rng.uniform(*self.magnifications))


@dataclass(frozen=True)
class PhotoSettings:
    """How a real photo with its alpha is cut into samples.

    Attributes:
        crop: side of a sample in pixels.
        sides: sides of the windows that are resized to `crop`, each as likely as the others.
        kernel: diameter of the erosions that make TGN's true trimap at the photo's own size.

    The paper's for P3M-10k and AIM-500 are in `matting.training.schedules`, with those schedules.
    """

    crop: int
    sides: tuple[int, ...]
    kernel: int


def unseen(draw: Drawing, rng: np.random.Generator, alpha: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Draw a coarse mask by a function that ignores the image."""
    return draw(rng, alpha)


def exact(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Leave a composite as it was computed."""
    return image


REALISTIC = CompositeSettings(0.4, 0.0, (1.0, 1.0, 1.25, 1.6), random_trimap, camera, partial(unseen, perturb_mask))
"""What the bundled weights are trained on."""

HARD = replace(REALISTIC, seen=edited_camera, mask=hard_mask, clutter=0.4, alike=0.25)
"""More of a camera, masks that err as segmenters do, other objects behind, layers of like colours."""

MAGNIFIED = replace(REALISTIC, magnified=0.75, scales=(1.0, 1.25, 1.6, 2.2))
"""Finer structures, most of them enlarged: what SPAMattNet `small` sees of small photos."""

PHOTOGRAPHED = replace(MAGNIFIED, magnified=0.65, seen=edited_camera, alike=0.2, plain=0.15, soft=0.15)
"""As `MAGNIFIED`, with what photographs bring: plain screens, like colours, rims out of focus, phones and editors."""

OBJECTS = replace(HARD, mask=brought_mask, clutter=0.5, alike=0.25, dark=0.25, objects=True)
"""Whole objects for TGN, half of them with other things or lettering behind them; masks are often exact."""

PAPER = CompositeSettings(0.5, 0.25, (1.0,), paper_trimap, exact, partial(unseen, paper_mask))
"""The paper's composites of Adobe's and Distinctions-646's foregrounds."""

COMPOSITES = {
    "realistic": REALISTIC,
    "hard": HARD,
    "magnified": MAGNIFIED,
    "photographed": PHOTOGRAPHED,
    "objects": OBJECTS,
    "paper": PAPER,
}
"""By the names that commands know them by."""
