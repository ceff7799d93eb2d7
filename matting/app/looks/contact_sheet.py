"""A contact sheet: what one click makes of each photo, to be looked at by a person.

A row shows the photo with its clicks, the mask, the trimap, the cutout on magenta, and the part of the cutout that is
most mixed, at 400 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from matting.app.looks.fringe import magnify, most_mixed
from matting.coarse import Point
from matting.compositing import blend, solid
from matting.figures.palette import coloured_trimap
from matting.result import MattingResult

TITLES = ("photo and clicks", "mask", "trimap", "cutout", "edge at 400 %")
GAP, LINE = 6, 16
MAGENTA, PAPER, DIMMED = (255, 0, 255), (255, 255, 255), 0.25
ON, BESIDE = (0, 190, 80), (230, 30, 30)


@dataclass(frozen=True)
class Entry:
    """One row of a sheet: the photo's name, its clicks in pixels, and what was made of them."""

    name: str
    points: Sequence[Point]
    result: MattingResult


def draw_sheet(entries: Iterable[Entry], side: int = 200) -> Image.Image:
    """Draw a sheet, RGB; every picture fits into `side` x `side` pixels.

    Raises:
        ValueError: where there is no entry.
    """
    rows = [draw_row(entry, side) for entry in entries]
    if not rows:
        raise ValueError("A contact sheet needs at least one photo.")
    height = LINE + sum(row.height for row in rows)
    sheet = Image.new("RGB", (rows[0].width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, title in enumerate(TITLES):
        draw.text((GAP + place * (side + GAP), 2), title, (0, 0, 0), font=ImageFont.load_default(12))
    top = LINE
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def draw_row(entry: Entry, side: int = 200) -> Image.Image:
    """Draw one photo's pictures beside each other, its name below them, RGB."""
    result = entry.result
    size = result.alpha.shape
    mask = np.zeros(size, np.float32) if result.coarse_mask is None else result.coarse_mask
    kept = DIMMED + (1 - DIMMED) * mask.astype(np.float32)
    on_magenta = blend(result.foreground, solid(size, MAGENTA), result.alpha)
    pictures = [
        _with_clicks(_fit(result.image, side), entry.points, size),
        _fit(blend(result.image, solid(size, PAPER), kept), side),
        _fit(coloured_trimap(result.trimap), side),
        _fit(on_magenta, side),
        _fit(magnify(np.asarray(result.cutout), most_mixed(result.alpha))["Magenta"], side),
    ]
    height = max(picture.shape[0] for picture in pictures)
    row = Image.new("RGB", (GAP + len(pictures) * (side + GAP), height + LINE + GAP), PAPER)
    for place, picture in enumerate(pictures):
        row.paste(Image.fromarray(picture), (GAP + place * (side + GAP), 0))
    ImageDraw.Draw(row).text((GAP, height + 1), entry.name, (0, 0, 0), font=ImageFont.load_default(11))
    return row


def _fit(picture: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(picture.shape[:2])
    height, width = (max(1, round(length * scale)) for length in picture.shape[:2])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return cv2.resize(picture, (width, height), interpolation=way)


def _with_clicks(picture: np.ndarray, points: Sequence[Point], size: tuple[int, int]) -> np.ndarray:
    """Draw clicks of a photo of `size` = (height, width) onto a smaller picture of it."""
    drawn = Image.fromarray(picture)
    draw = ImageDraw.Draw(drawn)
    for x, y, label in points:
        column, row = x * picture.shape[1] / size[1], y * picture.shape[0] / size[0]
        draw.ellipse((column - 4, row - 4, column + 4, row + 4), fill=ON if label else BESIDE, outline=PAPER)
    return np.asarray(drawn)
