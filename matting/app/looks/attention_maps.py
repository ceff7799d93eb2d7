"""Pictures of an explanation (Fig. 11): attention over the photo, by head in its window, and alpha's features."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drawing import INK, WHITE, ring
from matting.app.session.stages import Photo
from matting.coarse import Box
from matting.explanation import Explanation, PhotoGrid
from matting.figures.palette import beside_even, heat_map

SIDE = 320
"""Pixels of the longer side of an enlarged window."""
MOST_IN_WINDOW, MOST_OVERALL = 32.0, 1024.0
"""How many times even attention the colours tell apart: of the 256 cells of a window, of thousands over a photo."""

Named = tuple[str, np.ndarray]


def draw_explanation(photo: Photo, seen: Explanation) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return the photo with the place and its window marked, RGB uint8, and (path, caption) of every map."""
    canvas = photo.proxy.copy()
    if seen.window is not None:
        _frame(photo, canvas, seen.window)
    left, top, right, bottom = seen.box
    if min(right - left, bottom - top) > 1:
        _frame(photo, canvas, seen.box)
    else:
        centre = photo.to_proxy((left + right) / 2, (top + bottom) / 2)
        canvas = ring(canvas, (round(centre[0]), round(centre[1])))
    named = [
        *_over_photo(photo, "Global propagation (GPA): the whole photo", seen.gpa),
        *_in_window(photo, "Sampling (LSPA)", seen.sampling),
        *_in_window(photo, "Propagation (LSPA)", seen.propagation),
        *_distances(photo, seen.dis),
        *_in_colour("Alpha feature of GPA", seen.gpa_alpha),
        *_in_colour("Alpha feature of LSPA", seen.lspa_alpha),
    ]
    return canvas, [(served_files.show_quickly(view, "map"), name) for name, view in named]


def _frame(photo: Photo, canvas: np.ndarray, box: Box) -> None:
    corners = [tuple(round(at) for at in photo.to_proxy(*box[i : i + 2])) for i in (0, 2)]
    cv2.rectangle(canvas, *corners, INK, 4, cv2.LINE_AA)
    cv2.rectangle(canvas, *corners, WHITE, 2, cv2.LINE_AA)


def _caption(name: str, attention: np.ndarray) -> str:
    strongest = float(attention.max()) * attention.size
    return f"{name}: {f'up to {strongest:.3g} × even' if strongest > 1.05 else 'even'}"


def _over_photo(photo: Photo, name: str, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    shown = photo.proxy.shape[:2]
    across, down = shown[1] / grid.size[1], shown[0] / grid.size[0]
    cell = grid.cell[0] * across, grid.cell[1] * down
    fitted = replace(grid, values=beside_even(grid.values, MOST_OVERALL), cell=cell, size=shown)
    return [(_caption(name, grid.values), heat_map(photo.proxy, fitted.on_photo()))]


def _in_window(photo: Photo, name: str, grid: PhotoGrid | None) -> list[Named]:
    """Return every head's map, over what the window shows of the photo."""
    if grid is None:
        return []
    return [
        (_caption(f"{name}, head {number}", head), _over_crop(photo, grid, beside_even(head, MOST_IN_WINDOW)))
        for number, head in enumerate(grid.values, 1)
    ]


def _distances(photo: Photo, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    farthest = float(grid.values.flat[np.abs(grid.values).argmax()])  # of a known pixel's query, dis is negative
    share = np.abs(grid.values) / max(abs(farthest), np.finfo(np.float32).tiny)
    words = f"up to {farthest:.1f}" if farthest else "nothing known in this window"
    return [(f"Distance to known pixels, dis: {words}", _over_crop(photo, grid, share))]


def _over_crop(photo: Photo, grid: PhotoGrid, share: np.ndarray) -> np.ndarray:
    """Lay a map in [0, 1] on a grid's cells over what the grid covers of the photo, enlarged."""
    crop = _crop(photo.image, grid.box)
    scale = SIDE / max(crop.shape[:2])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    # Cells of the padding lie beyond the photo.
    columns = max(1, round((grid.box[2] - grid.box[0]) / grid.cell[0]))
    rows = max(1, round((grid.box[3] - grid.box[1]) / grid.cell[1]))
    fitted = cv2.resize(share[:rows, :columns].astype(np.float32), size, interpolation=cv2.INTER_NEAREST)
    return heat_map(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), fitted)


def _in_colour(name: str, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    return [(name, np.rint(np.moveaxis(grid.values, 0, 2) * 255).astype(np.uint8))]


def _crop(image: np.ndarray, box: Box) -> np.ndarray:
    x0, y0, x1, y1 = (round(side) for side in box)
    return image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
