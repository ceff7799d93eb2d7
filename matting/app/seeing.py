"""Pictures of an explanation (Fig. 11): attention over the photo, by head in its window, and alpha's features."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from matting.app import files
from matting.app.canvas import INK, WHITE, heat_map, ring
from matting.app.session import Photo
from matting.coarse import Box
from matting.explanation import Explanation, PhotoGrid

SIDE = 320
"""Pixels of the longer side of an enlarged window."""


def draw_explanation(photo: Photo, seen: Explanation) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Return the photo with the place and its window marked, RGB uint8, and (path, caption) of every map."""
    canvas = photo.proxy.copy()
    if seen.window is not None:
        corners = [tuple(round(at) for at in photo.to_proxy(*seen.window[i : i + 2])) for i in (0, 2)]
        cv2.rectangle(canvas, *corners, INK, 4, cv2.LINE_AA)
        cv2.rectangle(canvas, *corners, WHITE, 2, cv2.LINE_AA)
    x0, y0, x1, y1 = seen.box
    centre = photo.to_proxy((x0 + x1) / 2, (y0 + y1) / 2)
    canvas = ring(canvas, (round(centre[0]), round(centre[1])))
    named = [
        ("Global propagation (GPA): the whole photo", _over_photo(photo, seen.gpa)),
        *((f"Sampling (LSPA), head {i}", view) for i, view in _in_window(photo, seen.sampling)),
        *((f"Propagation (LSPA), head {i}", view) for i, view in _in_window(photo, seen.propagation)),
        *(("Distance to known pixels, dis", view) for _, view in _in_window(photo, seen.dis)),
        ("Alpha feature of GPA", _in_colour(seen.gpa_alpha)),
        ("Alpha feature of LSPA", _in_colour(seen.lspa_alpha)),
    ]
    return canvas, [(files.show_quickly(view, "map"), name) for name, view in named if view is not None]


def stretch(values: np.ndarray) -> np.ndarray:
    """Bring values >= 0 to [0, 1]; the root lets the eye see the weak ones beside the strongest."""
    return np.sqrt(np.clip(values, 0, None) / max(float(values.max()), np.finfo(np.float32).tiny))


def _over_photo(photo: Photo, grid: PhotoGrid | None) -> np.ndarray | None:
    if grid is None:
        return None
    shown = photo.proxy.shape[:2]
    across, down = shown[1] / grid.size[1], shown[0] / grid.size[0]
    fitted = replace(grid, cell=(grid.cell[0] * across, grid.cell[1] * down), size=shown)
    return heat_map(photo.proxy, stretch(fitted.on_photo()))


def _in_window(photo: Photo, grid: PhotoGrid | None) -> list[tuple[int, np.ndarray]]:
    """Return (number from 1, map over what the window shows of the photo) of every head."""
    if grid is None:
        return []
    crop = _crop(photo.image, grid.box)
    scale = SIDE / max(crop.shape[:2])
    size = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    under = cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC)
    # Cells of the padding lie beyond the photo.
    columns = max(1, round((grid.box[2] - grid.box[0]) / grid.cell[0]))
    rows = max(1, round((grid.box[3] - grid.box[1]) / grid.cell[1]))
    heads = grid.values.reshape(-1, *grid.values.shape[-2:])[:, :rows, :columns]
    return [
        (i, heat_map(under, cv2.resize(stretch(head), size, interpolation=cv2.INTER_NEAREST)))
        for i, head in enumerate(heads, 1)
    ]


def _in_colour(grid: PhotoGrid | None) -> np.ndarray | None:
    if grid is None:
        return None
    return np.rint(np.moveaxis(grid.values, 0, 2) * 255).astype(np.uint8)


def _crop(image: np.ndarray, box: Box) -> np.ndarray:
    x0, y0, x1, y1 = (round(side) for side in box)
    return image[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
