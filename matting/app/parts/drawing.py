"""What is drawn for the eye alone, on copies: the selection, the points and the box over the shown photo."""

from __future__ import annotations

import cv2
import numpy as np

from matting.app.session.stages import Clicks, Photo, Selection, shrink
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, PALETTE

SHADE = 0.3
"""How bright the photo stays outside the selection."""
WHITE = (255, 255, 255)
INK = (20, 20, 20)


def draw_canvas(photo: Photo, clicks: Clicks, selection: Selection | None) -> np.ndarray:
    """Return the photo as it is shown, uint8 (h, w, 3), shaded outside the selection and with every click."""
    canvas = photo.proxy.copy() if selection is None else spotlight(photo.proxy, selection.shown)
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


def spotlight(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Shade an RGB image outside a mask, uint8 (H, W) of any size, and outline what is selected."""
    height, width = image.shape[:2]
    fitted = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    light = SHADE + (1 - SHADE) * fitted[:, :, None].astype(np.float32) / 255
    canvas = np.rint(image * light).astype(np.uint8)
    outlines, _ = cv2.findContours((fitted >= 128).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    line = max(1, round(max(height, width) / 600))
    return cv2.drawContours(canvas, outlines, -1, WHITE, line, cv2.LINE_AA)


def thumbnail(photo: Photo, mask: np.ndarray, side: int = 320) -> np.ndarray:
    """Return a small view of one candidate mask, uint8 (H, W), over the photo."""
    return spotlight(shrink(photo.proxy, side=side), shrink(mask))


def heat_map(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Lay a map, floats (H, W) in [0, 1], over a photo of its size: dark where it is 0, bright where it is 1."""
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    levels = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    return cv2.addWeighted(gray, 0.3, colours, 0.7, 0)


def ring(image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """Return a copy of an RGB image with a ring around a pixel (x, y)."""
    marked, unit = image.copy(), max(image.shape[:2]) / 120
    for colour, width in ((INK, max(4, round(unit))), (WHITE, max(2, round(unit / 2)))):
        cv2.circle(marked, place, round(4 * unit), colour, width, cv2.LINE_AA)
    return marked


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
