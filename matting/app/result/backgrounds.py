"""What a cutout is placed on: a checkerboard, a colour, or a picture that can be moved and enlarged."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matting.app.parts.assets import captioned
from matting.app.parts.drawing import shrink
from matting.compositing import checkerboard, solid
from matting.images import read_photo

THUMBNAIL = 240


@dataclass(frozen=True, eq=False)
class Background:
    """A background as chosen on the page.

    Attributes:
        kind: "checkerboard", "colour" or "picture".
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
        return self.kind == "colour" or (self.kind == "picture" and self.picture is not None)

    def layer(self, size: tuple[int, int]) -> np.ndarray:
        """Return it at a size (height, width), RGB uint8; without a picture yet it is the checkerboard."""
        if self.kind == "colour":
            return solid(size, self.colour)
        if self.kind == "picture" and self.picture is not None:
            return place(self.picture, size, self.zoom, self.across, self.down)
        return checkerboard(size, max(8, round(max(size) / 64)))


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
