"""The photo as it is shown: the selection, the points and the box, on a copy; and candidates as small views."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drawing import INK, WHITE, outline, shrink, spotlight
from matting.app.session.stages import Clicks, Photo, Selection
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, PALETTE


def draw_canvas(photo: Photo, clicks: Clicks, selection: Selection | None) -> np.ndarray:
    """Return the photo as it is shown, uint8 (h, w, 3), shaded outside the selection and with every click.

    What stands out and nobody has picked is only outlined.
    """
    canvas = photo.proxy.copy() if selection is None else _lit(photo, selection)
    unit = max(3, round(max(canvas.shape[:2]) / 120))
    if clicks.box:
        corners = [_pixel(photo, *clicks.box[:2]), _pixel(photo, *clicks.box[2:])]
        cv2.rectangle(canvas, *corners, INK, max(3, unit // 2 + 2), cv2.LINE_AA)
        cv2.rectangle(canvas, *corners, WHITE, max(1, unit // 3), cv2.LINE_AA)
    if clicks.waiting:
        centre = _pixel(photo, clicks.waiting.x, clicks.waiting.y)
        cv2.drawMarker(canvas, centre, INK, cv2.MARKER_CROSS, 5 * unit, max(3, unit // 2 + 2), cv2.LINE_AA)
        cv2.drawMarker(canvas, centre, WHITE, cv2.MARKER_CROSS, 5 * unit, max(1, unit // 3), cv2.LINE_AA)
    for x, y, keep in clicks.points:
        _draw_point(canvas, _pixel(photo, x, y), bool(keep), 2 * unit)
    return canvas


def show_canvas(photo: Photo, clicks: Clicks, selection: Selection | None) -> str:
    """Store the photo as it is shown and return its path, by whose name `shows` knows it again."""
    return served_files.show_quickly(draw_canvas(photo, clicks, selection), _name(photo))


def shows(picture: str, photo: Photo) -> bool:
    """Tell whether a file, by its path, is a view of a photo."""
    return Path(picture).stem == _name(photo)


def _name(photo: Photo) -> str:
    return f"view-{photo.stamp}"


def thumbnail(photo: Photo, mask: np.ndarray, side: int = 320) -> np.ndarray:
    """Return a small view of one candidate mask, uint8 (H, W), over the photo."""
    return spotlight(shrink(photo.proxy, side=side), shrink(mask))


def _lit(photo: Photo, selection: Selection) -> np.ndarray:
    """Return the photo with the selection lit; what is only proposed is outlined."""
    return (outline if selection.proposed else spotlight)(photo.proxy, selection.shown)


def _pixel(photo: Photo, x: float, y: float) -> tuple[int, int]:
    shown_x, shown_y = photo.to_proxy(x, y)
    return round(shown_x), round(shown_y)


def _draw_point(canvas: np.ndarray, centre: tuple[int, int], keep: bool, radius: int) -> None:
    """Mark a point with a disc of the palette's colour and the sign that it stands for."""
    cv2.circle(canvas, centre, radius + max(2, radius // 4), WHITE, -1, cv2.LINE_AA)
    cv2.circle(canvas, centre, radius, PALETTE[FOREGROUND if keep else BACKGROUND], -1, cv2.LINE_AA)
    arm, thick = round(radius * 0.55), max(2, radius // 4)
    cv2.line(canvas, (centre[0] - arm, centre[1]), (centre[0] + arm, centre[1]), WHITE, thick, cv2.LINE_AA)
    if keep:
        cv2.line(canvas, (centre[0], centre[1] - arm), (centre[0], centre[1] + arm), WHITE, thick, cv2.LINE_AA)
