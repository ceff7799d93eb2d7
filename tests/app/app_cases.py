"""What the demo's tests share: a small photo of a disc, and what Gradio sends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
from pictures import circle

from matting.app.session.stages import Photo
from matting.trimaps.algebra import PALETTE

HEIGHT, WIDTH = 96, 128


def disc(radius: float) -> np.ndarray:
    return circle((HEIGHT, WIDTH), (HEIGHT / 2, WIDTH / 2), radius)


def layer(value: int | None = None, where: np.ndarray | None = None) -> dict:
    """What gr.ImageEditor sends: one RGBA layer, painted with a region's colour."""
    painted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    if value is not None:
        painted[where] = (*PALETTE[value], 255)
    return {"background": None, "layers": [painted], "composite": None}


def click(x: float, y: float) -> SimpleNamespace:
    return SimpleNamespace(index=[x, y])


def upload(path: Path) -> dict:
    return {"path": str(path), "orig_name": path.name}


def shown_as(photo: Photo) -> dict:
    """What Gradio sends of the picture that is shown of a photo."""
    return {"path": f"/tmp/gradio/view-{photo.stamp}.jpg"}
