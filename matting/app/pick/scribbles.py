"""Scribbles over the photo as clicks: a line through a thing means the thing, not the line."""

from __future__ import annotations

import cv2
import numpy as np

from matting.app.session.stages import Click, Kind
from matting.masks import connected_parts
from matting.trimaps.algebra import BACKGROUND, FOREGROUND

KINDS: dict[int, Kind] = {FOREGROUND: "keep", BACKGROUND: "remove"}
APART = 0.12
"""The least distance of two clicks of one scribble, as a share of the photo's longer side."""
MOST = 4
"""Clicks of one scribble."""


def clicks_of(strokes: np.ndarray, painted: np.ndarray) -> list[Click]:
    """Spread clicks along every scribble: keep where foreground was painted, remove where background was.

    Args:
        strokes: the painted values, uint8 (H, W) in {0, 128, 255}; what is unsure says nothing.
        painted: where they are painted, booleans (H, W).

    Returns:
        Clicks in the photo's pixels, one to `MOST` for each connected scribble, all of them well within it.
    """
    clicks = []
    for value, kind in KINDS.items():
        parts = connected_parts(painted & (strokes == value))
        for number in range(1, parts.max() + 1):
            clicks += [Click(x + 0.5, y + 0.5, kind) for x, y in _spread(parts == number)]
    return clicks


def _spread(scribble: np.ndarray) -> list[tuple[int, int]]:
    """Choose pixels (x, y) in the middle of a scribble, each as far from the others as it can be."""
    depth = cv2.distanceTransform(np.pad(scribble.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    rows, columns = np.nonzero(depth >= 0.7 * depth.max())
    chosen = [int(np.argmax(depth[rows, columns]))]
    nearest = np.full(len(rows), np.inf)
    while len(chosen) < MOST:
        nearest = np.minimum(nearest, np.hypot(rows - rows[chosen[-1]], columns - columns[chosen[-1]]))
        if nearest.max() < APART * max(scribble.shape):
            break
        chosen.append(int(nearest.argmax()))
    return [(int(columns[one]), int(rows[one])) for one in chosen]
