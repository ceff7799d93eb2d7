"""What a cutout is placed on: a checkerboard, colours, the blurred photo, or a picture that is moved and enlarged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matting.app.parts.assets import captioned
from matting.app.parts.drawing import shrink
from matting.compositing import blend, checkerboard, solid
from matting.images import read_photo

THUMBNAIL = 240
BLURRED_SIDE = 512
"""Longer side in pixels at which the photo is blurred; nothing finer is left of it."""
BLUR = 0.03
"""The blur's standard deviation, as a share of the longer side."""


@dataclass(frozen=True, eq=False)
class Background:
    """A background as chosen on the page.

    Attributes:
        kind: "checkerboard", "colour", "gradient", "blur" or "picture".
        colour: as a colour picker writes it.
        picture: RGB, uint8 (H, W, 3), or None while there is none.
        zoom: the picture's size in % of the least that covers the photo, 100 or more.
        across, down: which part of the picture shows, in % of the way from its left and upper edge.
        file: the kind of file that a composite on it is taken home as, one of `taking.KINDS`.
    """

    kind: str
    colour: str
    picture: np.ndarray | None = None
    zoom: float = 100.0
    across: float = 50.0
    down: float = 50.0
    file: str = "png"

    @property
    def worth_keeping(self) -> bool:
        """Whether it is more than the checkerboard, the sign of transparency."""
        return self.kind in ("colour", "gradient", "blur") or (self.kind == "picture" and self.picture is not None)

    def layer(self, photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Return it at the size of alpha, floats (H, W), RGB uint8; without a picture yet it is the checkerboard.

        `photo`, uint8 (h, w, 3) of any size, is what is blurred.
        """
        size = alpha.shape
        if self.kind == "colour":
            return solid(size, self.colour)
        if self.kind == "gradient":
            return gradient(size, self.colour)
        if self.kind == "blur":
            return blur_behind(photo, alpha)
        if self.kind == "picture" and self.picture is not None:
            return place(self.picture, size, self.zoom, self.across, self.down)
        return checkerboard(size, max(8, round(max(size) / 64)))


def gradient(size: tuple[int, int], colour: str) -> np.ndarray:
    """Return white that becomes a colour towards the bottom, RGB uint8 (H, W, 3)."""
    share = np.linspace(1, 0, size[0], dtype=np.float32)[:, None].repeat(size[1], axis=1)
    return blend(np.full((*size, 3), 255, np.uint8), solid(size, colour), share)


def blur_behind(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Blur what lies behind the object, uint8 (H, W, 3) at the size of alpha, floats (H, W).

    Each pixel counts by 1 - α, so the object's own colours leave no halo around it.
    """
    small = shrink(photo, side=BLURRED_SIDE)
    behind = 1.01 - cv2.resize(alpha.astype(np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    sigma = BLUR * max(small.shape[:2])
    colours = cv2.GaussianBlur(small * behind[:, :, None], (0, 0), sigma)
    blurred = colours / cv2.GaussianBlur(behind, (0, 0), sigma)[:, :, None]
    return cv2.resize(np.rint(blurred).astype(np.uint8), alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)


def gallery() -> list[tuple[np.ndarray, str]]:
    """Return (thumbnail, name) of each background that ships with the project, in the order of `read_shipped`."""
    return [(shrink(read_photo(path)[0], side=THUMBNAIL), name) for path, name in captioned("backgrounds")]


def read_shipped(index: int) -> np.ndarray:
    """Return one of the shipped backgrounds, RGB uint8 (H, W, 3)."""
    path, _ = captioned("backgrounds")[index]
    return read_photo(path)[0]


def place(picture: np.ndarray, size: tuple[int, int], zoom: float, across: float, down: float) -> np.ndarray:
    """Crop and scale a picture, RGB uint8, so that it covers `size` = (height, width); see Background for the rest."""
    height, width = size
    scale = min(picture.shape[0] / height, picture.shape[1] / width) / (max(100.0, zoom) / 100)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top = round((picture.shape[0] - rows) * min(max(down, 0), 100) / 100)
    left = round((picture.shape[1] - columns) * min(max(across, 0), 100) / 100)
    crop = picture[top : top + rows, left : left + columns]
    return cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
