"""Photos that are the same but for size, compression or brightness: a test must not hold what was trained on."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

GRID = 16
"""Side of the grid of brightnesses that a fingerprint compares."""

ALIKE = 0.12
"""Share of its bits in which the fingerprints of two pictures of one thing may differ; of two photos about half do."""


def fingerprint(image: np.ndarray) -> np.ndarray:
    """Tell a photo, uint8 (H, W, 3), by 2 GRID² booleans: is each cell brighter than the one right of it, and below it?

    Size, compression and brightness hardly change it ("difference hash", Krawetz 2013); a mirror does.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    cells = cv2.resize(gray, (GRID + 1, GRID + 1), interpolation=cv2.INTER_AREA)
    across, down = cells[:-1, 1:] > cells[:-1, :-1], cells[1:, :-1] > cells[:-1, :-1]
    return np.concatenate([across.ravel(), down.ravel()])


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Share of bits in which two fingerprints differ, in [0, 1]."""
    return float(np.mean(first != second))


def find_leaks(train: Mapping[str, np.ndarray], test: Mapping[str, np.ndarray]) -> list[tuple[str, str]]:
    """Name the pairs (of train, of test) that are one photo, mirrored or not; photos are uint8 (H, W, 3) by name.

    Whoever finds none has not proved that there is none: a crop, or the same scene a second later, stays unseen.
    """
    prints = {name: (fingerprint(image), fingerprint(image[:, ::-1])) for name, image in train.items()}
    found = []
    for name, image in test.items():
        own = fingerprint(image)
        found += [(other, name) for other, both in prints.items() if min(distance(own, one) for one in both) <= ALIKE]
    return found
