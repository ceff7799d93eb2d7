"""A photo as a few hundred regions: what each looks like, which touch, and which run out of the frame.

Regions are found by flooding from the calmest pixel of every cell of a grid (waterpixels, Machairas et al., 2015),
so that they follow the photo's edges. Everything that does not depend on clicks is computed here, once.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

PROXY_SIDE = 320
"""Regions are found on a copy of the photo with this long side, in pixels."""

CELLS = 27
"""Grid cells along the long side."""

FOCUS_SIDE = 640
"""Sharpness is measured on a larger copy: the proxy is sharp everywhere."""

GEODESIC_SCALE = 10.0
"""Colour steps, in CIELAB units summed along a path, within which regions count as one surface."""

COLOUR_SCALE = 9.0
"""Width of the kernel, in CIELAB units, that says how alike two colours are."""


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a photo; N of them, M pairs of neighbours.

    Attributes:
        labels: int32 (h, w), each pixel's region, 0 to N - 1.
        area: (N,) pixels.
        position: (N, 2) centres x, y in units of the diagonal.
        colour: (N, 3) mean CIELAB.
        focus: (N,) log of the fine detail around, relative to the photo's mean.
        pairs: (M, 2) neighbours, the smaller index first.
        border: (M,) pixels of border between them.
        edge: (M,) mean colour step across that border, CIELAB.
        surface: (N, N) in [0, 1], how far regions belong to one surface (a geodesic kernel).
        likeness: (N, N) in [0, 1], how alike their colours are.
        frame: (4, N) pixels on the photo's left, top, right and bottom edge.
    """

    labels: np.ndarray
    area: np.ndarray
    position: np.ndarray
    colour: np.ndarray
    focus: np.ndarray
    pairs: np.ndarray
    border: np.ndarray
    edge: np.ndarray
    surface: np.ndarray
    likeness: np.ndarray
    frame: np.ndarray

    @property
    def count(self) -> int:
        """How many regions there are."""
        return len(self.area)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Average an (h, w) map over each region, (N,)."""
        return np.bincount(self.labels.ravel(), values.ravel(), self.count) / self.area


def connect(pairs: np.ndarray, weights: np.ndarray, count: int) -> csr_matrix:
    """Make a symmetric sparse (N, N) matrix from a weight per pair of neighbours."""
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    return csr_matrix((np.tile(weights, 2), (rows, columns)), shape=(count, count))


def colour_steps(colour: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The distance between the mean colours of neighbours, (M,), CIELAB."""
    return np.linalg.norm(colour[pairs[:, 0]] - colour[pairs[:, 1]], axis=1)


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Shrink a picture until its long side is at most `side` pixels; a smaller one stays as it is."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def find_regions(photo: np.ndarray) -> Regions:
    """Split a photo, RGB uint8 (H, W, 3), into regions."""
    proxy = shrink(photo, PROXY_SIDE)
    smooth = cv2.bilateralFilter(proxy, 5, 20, 3)  # texture must not cost as much as an outline
    lab = cv2.cvtColor(smooth.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    labels = _flood(smooth, step=max(3, round(max(proxy.shape[:2]) / CELLS)))
    flat, count = labels.ravel(), int(labels.max()) + 1
    area = np.bincount(flat).astype(float)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(flat, values.ravel(), count) / area

    height, width = labels.shape
    rows, columns = np.mgrid[:height, :width] + 0.5
    colour = np.stack([mean(channel) for channel in cv2.split(lab)], axis=1)
    pairs, border, edge = _find_neighbours(labels, lab)
    sides = (labels[:, 0], labels[0], labels[:, -1], labels[-1])
    distance = np.linalg.norm(colour[:, None] - colour[None], axis=2)
    focus = np.log(mean(_detail(photo, (width, height))) + 0.002)
    return Regions(
        labels=labels,
        area=area,
        position=np.stack([mean(columns), mean(rows)], axis=1) / np.hypot(height, width),
        colour=colour,
        focus=focus - np.log(np.average(np.exp(focus), weights=area)),
        pairs=pairs,
        border=border,
        edge=edge,
        surface=_surface(colour, pairs),
        likeness=np.exp(-0.5 * (distance / COLOUR_SCALE) ** 2),
        frame=np.stack([np.bincount(side, minlength=count) for side in sides]).astype(float),
    )


def _flood(image: np.ndarray, step: int) -> np.ndarray:
    """Flood an RGB image from the calmest pixel of each cell; returns labels 0 to N - 1, int32."""
    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    gradient = cv2.magnitude(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    markers = np.zeros((height, width), np.int32)
    # Markers of neighbouring cells must not touch; a strip narrower than a cell has no neighbours that way.
    inset_y, inset_x = (min(step // 4, (side - 1) // 2) for side in (height, width))
    for top in range(inset_y, height, step):
        for left in range(inset_x, width, step):
            cell = gradient[top : top + step - 2 * inset_y, left : left + step - 2 * inset_x]
            row, column = np.unravel_index(cell.argmin(), cell.shape)
            markers[top + row, left + column] = markers.max() + 1
    image, markers = (cv2.copyMakeBorder(map_, 1, 1, 1, 1, cv2.BORDER_REPLICATE) for map_ in (image, markers))
    cv2.watershed(image, markers)  # which leaves out the frame
    markers = markers[1:-1, 1:-1]
    labels = np.where(markers > 0, markers, 0).astype(np.float32)
    while (lines := labels == 0).any():  # the lines between regions fall to a neighbour
        labels[lines] = cv2.dilate(labels, np.ones((3, 3)))[lines]
    return np.unique(labels, return_inverse=True)[1].reshape(height, width).astype(np.int32)


def _find_neighbours(labels: np.ndarray, lab: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of touching regions, the pixels of border between them, and the mean colour step across."""
    found, found_steps = [], []
    for here, there in [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])]:
        differ = labels[here] != labels[there]
        found.append(np.sort(np.stack([labels[here][differ], labels[there][differ]], axis=1), axis=1))
        found_steps.append(np.linalg.norm(lab[here][differ] - lab[there][differ], axis=1))
    pairs, index = np.unique(np.concatenate(found), axis=0, return_inverse=True)
    border = np.bincount(index.ravel(), minlength=len(pairs)).astype(float)
    total = np.bincount(index.ravel(), np.concatenate(found_steps), minlength=len(pairs))
    return pairs, border, total / border


def _surface(colour: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """How far each two regions belong to one surface: exp(-d²/2σ²) of the colour steps d on the way."""
    if not len(pairs):
        return np.eye(len(colour))
    steps = colour_steps(colour, pairs)
    small = np.percentile(steps, 25)  # what the regions of one surface differ by anyway
    distance = dijkstra(connect(pairs, np.maximum(steps - small, 0) + 1e-3, len(colour)), directed=False)
    return np.exp(-0.5 * (distance / GEODESIC_SCALE) ** 2)


def _detail(photo: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Local energy of fine detail, float32, at `size` (width, height): high where the photo is in focus."""
    gray = cv2.cvtColor(shrink(photo, FOCUS_SIDE), cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    gray = np.sqrt(gray + 0.001)  # the same contrast counts more in the dark
    scale = max(gray.shape) / FOCUS_SIDE
    fine = np.abs(gray - cv2.GaussianBlur(gray, (0, 0), max(1.2 * scale, 0.5)))
    return cv2.resize(cv2.GaussianBlur(fine, (0, 0), max(18 * scale, 1)), size, interpolation=cv2.INTER_AREA)
