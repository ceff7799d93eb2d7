"""How well a segmenter finds the object from nothing, clicks or a box (IoU), as users experience it.

Both mask and true alpha are cut at one half. A click is simulated where a person would place it: in the middle of
the object, and each further one, + or -, in the middle of the largest region that is still wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from matting.coarse import Prompts, Segmenter, as_asked
from matting.coarse.prompts import Point

BOX_MARGIN = 0.03
"""How much wider than the object the box is drawn, on each side, as a share of the object's own."""

NOTHING, BOX = "nothing", "box"


@dataclass(frozen=True)
class User:
    """A user who prompts a segmenter as the pipeline, the page and the command line do."""

    name: str
    segmenter: Segmenter

    def embed(self, image: np.ndarray) -> Callable[[Prompts], np.ndarray]:
        """Embed a photo, RGB uint8 (H, W, 3); returns a function from prompts to the best mask, float32 (H, W)."""
        embedding = self.segmenter.embed(image)
        return lambda prompts: self.segmenter.segment(embedding, as_asked(self.name, prompts, image.shape[:2])).best


@dataclass(frozen=True)
class Score:
    """What a segmenter made of one photo.

    Attributes:
        iou: in [0, 1] of the best-scored mask with the object: for nothing, after each count of clicks, for a box.
        clicks: that were made, (x, y, label) each.
    """

    iou: dict[str, float]
    clicks: list[Point]


def score(image: np.ndarray, truth: np.ndarray, user: User, clicks: Sequence[int] = (1, 3)) -> Score:
    """Score a segmenter on one photo.

    Args:
        image: RGB uint8 (H, W, 3).
        truth: true alpha (H, W) in [0, 1], somewhere at least one half.
        user: who asks.
        clicks: after how many clicks to look; once nothing is wrong, there are no more.
    """
    ask = user.embed(image)
    found = {NOTHING: ask(Prompts())}
    points, mask = [(*innermost(truth >= 0.5), 1)], None
    for count in range(1, max(clicks) + 1):
        if count > 1 and mask is not None:
            click = next_click(mask, truth)
            points += [click] if click else []
        if mask is None or len(points) == count:
            mask = ask(Prompts(points))
        if count in clicks:
            found["1 click" if count == 1 else f"{count} clicks"] = mask
    found[BOX] = ask(Prompts(box=box_around(truth)))
    return Score({told: intersection_over_union(mask, truth) for told, mask in found.items()}, points)


def below_half(images: Mapping[str, Mapping[str, float]]) -> str:
    """Say how many photos are below 0.5, and which, for each kind of prompt."""
    texts = []
    for told in next(iter(images.values())):
        names = sorted(name for name, row in images.items() if row[told] < 0.5)
        texts.append(f"{told} {len(names)}" + (f" ({', '.join(names)})" if names else ""))
    return f"Below 0.5, of {len(images)}: {'; '.join(texts)}."


def intersection_over_union(mask: np.ndarray, truth: np.ndarray) -> float:
    """Return |A ∩ B| / |A ∪ B| of two (H, W) arrays, each cut at one half; two empty ones agree."""
    first, second = mask >= 0.5, truth >= 0.5
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def innermost(region: np.ndarray) -> tuple[int, int]:
    """Return (x, y) of the pixel of a boolean region, (H, W), that lies farthest from its boundary and the frame."""
    depth = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.unravel_index(depth[1:-1, 1:-1].argmax(), region.shape)
    return int(column), int(row)


def next_click(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, int] | None:
    """Return (x, y, label) in the middle of the largest wrong region, or None if none is wrong."""
    wrong = (mask >= 0.5) != (truth >= 0.5)
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(wrong.astype(np.uint8), connectivity=4)
    if len(statistics) == 1:
        return None
    x, y = innermost(pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax())
    return x, y, int(truth[y, x] >= 0.5)


def box_around(truth: np.ndarray) -> tuple[float, float, float, float]:
    """Return a box (x0, y0, x1, y1) around the object, wider by BOX_MARGIN on each side, within the photo."""
    rows, columns = np.flatnonzero((truth >= 0.5).any(axis=1)), np.flatnonzero((truth >= 0.5).any(axis=0))
    x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    dx, dy = BOX_MARGIN * (x1 - x0), BOX_MARGIN * (y1 - y0)
    height, width = truth.shape
    return max(0.0, x0 - dx), max(0.0, y0 - dy), min(float(width), x1 + dx), min(float(height), y1 + dy)
