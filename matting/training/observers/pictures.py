"""Pictures of what the network answers for held-out examples."""

from __future__ import annotations

import cv2
import numpy as np

from matting.compositing import blend, solid
from matting.images import write_png
from matting.training.checkpoint import writing
from matting.training.observers.observer import Begun, Observer
from matting.training.validation import HeldOutExample, Look

TILE, ROWS = 192, 6
"""Side of a picture's tiles in pixels, and how many examples it shows at most."""


class PictureFiles(Observer):
    """Writes validation/STEP.png at every look: photo, guidance, answer and the photo by the answer on magenta."""

    def on_begin(self, run: Begun) -> None:
        """Remember where to."""
        self.folder = run.folder

    def on_look(self, look: Look) -> None:
        """Write one picture, composites and photos alternating."""
        shown = _alternating(look.composites, len(look.examples) - look.composites)[:ROWS]
        with writing("picture", self.folder):
            (self.folder / "validation").mkdir(parents=True, exist_ok=True)
            rows = [_row(look.examples[index], look.answers[index]) for index in shown]
            write_png(self.folder / "validation" / f"{look.step:07d}.png", np.vstack(rows))


def _alternating(first: int, second: int) -> list[int]:
    """Numbers 0 to first + second - 1, alternating between the two kinds."""
    return sorted(range(first + second), key=lambda number: number if number < first else number - first)


def _row(example: HeldOutExample, answer: np.ndarray) -> np.ndarray:
    """Photo, guidance, answer, and the photo by the answer on magenta, side by side; TGN's answer is a trimap."""
    answer = answer.astype(np.float32) / (255 if answer.dtype == np.uint8 else 1)
    guidance = example.guidance if example.guidance.dtype == np.uint8 else _gray(example.guidance)
    magenta = blend(example.image, solid(answer.shape, (255, 0, 255)), answer)
    return np.hstack([_tile(plane) for plane in (example.image, guidance, _gray(answer), magenta)])


def _gray(values: np.ndarray) -> np.ndarray:
    return np.rint(values * 255).astype(np.uint8)


def _tile(plane: np.ndarray) -> np.ndarray:
    """Fit a picture into a black square."""
    plane = plane if plane.ndim == 3 else np.repeat(plane[..., None], 3, axis=2)
    height, width = plane.shape[:2]
    scale = TILE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    tile = np.zeros((TILE, TILE, 3), np.uint8)
    tile[: size[1], : size[0]] = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return tile
