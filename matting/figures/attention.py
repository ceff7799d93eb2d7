"""Fig. 11: what `matting.explain` says of a place, laid over the photo and over LSPA's window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from matting.figures.palette import COLOURS, beside_even, heat_map
from matting.figures.pictures import draw_frame, draw_picture, draw_ring

if TYPE_CHECKING:
    from matting.explanation import Explanation, PhotoGrid

SIDE = 320
"""Pixels of the longer side of an enlarged window."""
MOST_IN_WINDOW, MOST_OVERALL = 32.0, 1024.0
"""How many times even attention the colours tell apart: of the 256 cells of a window, of thousands over a photo."""


def over_photo(image: np.ndarray, grid: PhotoGrid, most: float = MOST_OVERALL) -> np.ndarray:
    """Lay attention (h, w) over its photo, beside even attention; `image` is the photo at any size."""
    height, width = image.shape[:2]
    cell = grid.cell[0] * width / grid.size[1], grid.cell[1] * height / grid.size[0]
    fitted = replace(grid, values=beside_even(grid.values, most), cell=cell, size=(height, width))
    return heat_map(image, fitted.on_photo())


def over_crop(image: np.ndarray, grid: PhotoGrid, share: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Lay a map in [0, 1] on a grid's cells over what the grid covers of the photo, enlarged to `side` pixels."""
    x0, y0, x1, y1 = (round(edge) for edge in grid.box)
    crop = image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    scale = side / max(crop.shape[:2])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    # Cells of the padding lie beyond the photo.
    columns = max(1, round((grid.box[2] - grid.box[0]) / grid.cell[0]))
    rows = max(1, round((grid.box[3] - grid.box[1]) / grid.cell[1]))
    fitted = cv2.resize(share[:rows, :columns].astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    return heat_map(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), fitted)


def in_window(image: np.ndarray, grid: PhotoGrid, head: int) -> np.ndarray:
    """Lay one head's attention over LSPA's window, beside even attention; heads are counted from 0."""
    return over_crop(image, grid, beside_even(grid.values[head], MOST_IN_WINDOW))


def show_attention(image: np.ndarray, seen: Explanation, width: float = 2.3) -> None:
    """Show where a place looks: first over the photo, by GPA; then in LSPA's window, by branch and head.

    Bright is more than even attention, dark is less; the middle of the scale, a dull violet, is even.
    """
    import matplotlib.pyplot as plt

    maps = _window_maps(image, seen)
    ratio = image.shape[0] / image.shape[1]
    columns = max(2, len(maps))
    size = (width * columns, width * (columns / 2 * ratio + 1) + 0.5)
    figure = plt.figure(figsize=size, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(columns / 2 * ratio, 1 + 0.2 / width))
    photo, overall = above.subplots(1, 2)
    draw_picture(photo, image, "the place that asks, and its window")
    x0, y0, x1, y1 = seen.box
    if min(x1 - x0, y1 - y0) > 1:
        draw_frame(photo, seen.box)
    else:
        draw_ring(photo, (y0, x0))
    if seen.window is not None:
        draw_frame(photo, seen.window)
    overall.set_axis_off()
    if seen.gpa is not None:
        draw_picture(overall, over_photo(image, seen.gpa), "GPA: the whole photo")
    for axis, (title, picture) in zip(below.subplots(1, columns, squeeze=False)[0], maps.items(), strict=False):
        draw_picture(axis, picture, title)


def show_shares(shares: Mapping[str, tuple[np.ndarray, np.ndarray]], width: float = 2.4) -> None:
    """Show, for each branch by name, attention on a region (N,) against the region's area (N,) at N places.

    A point above the diagonal is a place that looks at the region more than evenly.
    """
    import matplotlib.pyplot as plt

    axes = plt.subplots(
        1, len(shares), figsize=(width * len(shares), width + 0.2), squeeze=False, layout="constrained"
    )[1]
    for number, (axis, (name, (attention, area))) in enumerate(zip(axes[0], shares.items(), strict=True)):
        axis.plot([0, 1], [0, 1], color="black", linewidth=0.8)
        axis.plot(area, attention, "o", ms=4, alpha=0.7, color=COLOURS[number])
        axis.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="share of the area", ylabel="share of the attention")
        axis.set_title(name, fontsize=9)
        axis.tick_params(labelsize=7)


def _window_maps(image: np.ndarray, seen: Explanation) -> dict[str, np.ndarray]:
    maps = {}
    for name, grid in (("sampling", seen.sampling), ("propagation", seen.propagation)):
        if grid is not None:
            maps |= {f"{name}, head {head + 1}": in_window(image, grid, head) for head in range(len(grid.values))}
    if seen.dis is not None:
        largest = max(float(np.abs(seen.dis.values).max()), np.finfo(np.float32).tiny)
        title = f"dis, up to {largest:.1f}" if seen.dis.values.any() else "dis: nothing known here"
        maps[title] = over_crop(image, seen.dis, np.abs(seen.dis.values) / largest)
    return maps
