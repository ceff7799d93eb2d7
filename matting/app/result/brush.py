"""The brush on the cutout itself: its tools, and the strokes that the browser tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import gradio as gr
import numpy as np

from matting.app.parts.drags import FOLLOW_DRAGS, MOVE_POINTS
from matting.app.parts.widgets import collect
from matting.trimaps.algebra import BACKGROUND, FOREGROUND

BRUSHES = [("No brush", "off"), ("Keep", "keep"), ("Erase", "erase")]
VALUES = {"keep": FOREGROUND, "erase": BACKGROUND}
BY_KEYS = "Cutout: arrow keys move the brush, Enter paints there, Escape puts it away"
MOST_POINTS = 10_000
WIDEST = 0.5
FRACTION = 4  # bits: rounded to whole pixels, the ends of a line turn its sides by more than two pixels
NO_STROKE = "This stroke could not be read; paint it again."


@dataclass(frozen=True)
class BrushPart:
    """The tools of the brush."""

    body: gr.Column
    kind: gr.Radio
    width: gr.Slider


@dataclass(frozen=True, eq=False)
class Stroke:
    """One stroke: what it paints, a value of the trimap, the pixels that it covers, and its number in the browser."""

    value: int
    covers: np.ndarray
    number: int


def lay_out_brush() -> BrushPart:
    """Lay out the tools below the cutout."""
    with gr.Column(visible=False, elem_classes="plain", elem_id="brush-tools") as body:
        kind = gr.Radio(BRUSHES, value="off", label="Mend it with a brush", elem_id="brush-kind", interactive=True)
        width = gr.Slider(
            1,
            20,
            value=5,
            step=0.5,
            label="Brush width, in % of the photo",
            elem_id="brush-width",
            buttons=[],
            interactive=True,
        )
    return collect(BrushPart, locals())


def painted_strokes(tile: int) -> gr.HTML:
    """Return the component, seen by nobody, that follows the brush over the cutout; it has to stay on the page.

    `tile` is how many pixels wide the squares of the cutout's checkerboard are. Its `select` event carries `stroke`,
    which `read_stroke` reads.
    """
    script = Path(__file__).with_name("brush.js").read_text(encoding="utf-8")
    told = f"const TILE = {tile}, BRUSH_BY_KEYS = {json.dumps(BY_KEYS)};\n"
    return gr.HTML(js_on_load=FOLLOW_DRAGS + MOVE_POINTS + told + script, elem_id="strokes", visible="hidden")


def read_stroke(told: Any, size: tuple[int, int]) -> Stroke:
    """Draw a stroke, as the browser tells it, at the size (height, width) of the photo.

    Its points are shares of width and height, between -1 and 2 since a drag may leave the picture; its width is a share
    of the longer side.

    Raises:
        ValueError: where it is no such stroke.
    """
    kind, number, width, points = (told.get(name) if isinstance(told, dict) else None for name in (
        "kind", "number", "width", "points"
    ))  # fmt: skip
    numbers = [number, width, *(at for point in points for at in point)] if _are_pairs(points) else [None]
    if kind not in list(VALUES) or not all(map(_is_number, numbers)):
        raise ValueError(NO_STROKE)
    places = np.array(points, np.float64)
    if not 0 < width <= WIDEST or number < 0 or places.min() < -1 or places.max() > 2:
        raise ValueError(NO_STROKE)
    height, across = size
    line = np.vstack([places, places[-1:]])  # a point alone would draw nothing
    pixels = np.rint((line * (across, height) - 0.5) * 2**FRACTION).astype(np.int32)
    covers = np.zeros(size, np.uint8)
    cv2.polylines(covers, [pixels], False, 1, max(1, round(width * max(size))), shift=FRACTION)
    return Stroke(VALUES[kind], covers.astype(bool), int(number))


def _are_pairs(points: Any) -> bool:
    if not isinstance(points, list) or not 0 < len(points) <= MOST_POINTS:
        return False
    return all(isinstance(point, list) and len(point) == 2 for point in points)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**53
