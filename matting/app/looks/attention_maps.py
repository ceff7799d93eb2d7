"""Pictures of an explanation (Fig. 11): attention over the photo, by head in its window, and alpha's features.

Each says what it shows in plain words, and then what the paper calls it.
"""

from __future__ import annotations

import cv2
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drawing import INK, WHITE, ring
from matting.app.session.stages import Photo
from matting.coarse import Box
from matting.explanation import Explanation, PhotoGrid
from matting.figures.attention import in_window, over_crop, over_photo

Named = tuple[str, np.ndarray]

FAR = "Where in the whole photo it looks for what is like this place (global propagation, GPA, Eq. 8)"
KNOWN = "Which known pixels nearby it compares this place with (sampling, LSPA, Eq. 2)"
ALIKE = "Which pixels nearby it takes opacity over from (propagation, LSPA, Eq. 5)"
DISTANCE = "How far the known pixels nearby are, measured by the nearest of their region (dis, Eq. 3–4)"
GATHERED_FAR = "What it has gathered from the whole photo: like colours, like opacity (alpha feature of GPA)"
GATHERED_NEAR = "What it has gathered from nearby: like colours, like opacity (alpha feature of LSPA)"


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
        *_over_photo(photo, FAR, seen.gpa),
        *_in_window(photo, KNOWN, seen.sampling),
        *_in_window(photo, ALIKE, seen.propagation),
        *_distances(photo, seen.dis),
        *_in_colour(GATHERED_FAR, seen.gpa_alpha),
        *_in_colour(GATHERED_NEAR, seen.lspa_alpha),
    ]
    return canvas, [(served_files.show_quickly(view, "map"), name) for name, view in named]


def _frame(photo: Photo, canvas: np.ndarray, box: Box) -> None:
    corners = [tuple(round(at) for at in photo.to_proxy(*box[i : i + 2])) for i in (0, 2)]
    cv2.rectangle(canvas, *corners, INK, 4, cv2.LINE_AA)
    cv2.rectangle(canvas, *corners, WHITE, 2, cv2.LINE_AA)


def _caption(name: str, attention: np.ndarray) -> str:
    strongest = float(attention.max()) * attention.size
    return f"{name}: {f'up to {strongest:.3g} × even' if strongest > 1.05 else 'everywhere alike'}"


def _over_photo(photo: Photo, name: str, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    return [(_caption(name, grid.values), over_photo(photo.proxy, grid))]


def _in_window(photo: Photo, name: str, grid: PhotoGrid | None) -> list[Named]:
    """Return every head's map, over what the window shows of the photo."""
    if grid is None:
        return []
    return [
        (_caption(f"{name}, head {number + 1}", head), in_window(photo.image, grid, number))
        for number, head in enumerate(grid.values)
    ]


def _distances(photo: Photo, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    farthest = float(grid.values.flat[np.abs(grid.values).argmax()])  # of a known pixel's query, dis is negative
    share = np.abs(grid.values) / max(abs(farthest), np.finfo(np.float32).tiny)
    words = f"up to {farthest:.1f}" if farthest else "nothing known in this window"
    return [(f"{DISTANCE}: {words}", over_crop(photo.image, grid, share))]


def _in_colour(name: str, grid: PhotoGrid | None) -> list[Named]:
    if grid is None:
        return []
    return [(name, np.rint(np.moveaxis(grid.values, 0, 2) * 255).astype(np.uint8))]
