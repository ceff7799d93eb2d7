"""Lettering and logos in a background: sharp, high in contrast, and no part of the object before it."""

from __future__ import annotations

import string

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from matting.compositing import blend

LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits


def with_lettering(rng: np.random.Generator, background: np.ndarray) -> np.ndarray:
    """Write one to four words or logos onto a background, uint8 (H, W, 3): a poster, a sign, a shop's window."""
    image = background
    for _ in range(rng.integers(1, 5)):
        mark = _word(rng, background.shape[:2]) if rng.random() < 0.7 else _logo(rng, background.shape[:2])
        if rng.random() < 0.3:
            mark = cv2.GaussianBlur(mark, (0, 0), rng.uniform(0.5, 3))
        paint = rng.choice([0, 255]) if rng.random() < 0.5 else rng.integers(0, 256, 3)
        layer = np.empty_like(background)
        layer[:] = paint
        image = blend(layer, image, mark * np.float32(rng.uniform(0.7, 1)))
    return image


def _word(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Coverage, float32 (H, W) in [0, 1], of a few lines of letters, turned and placed anywhere."""
    height = int(max(size) * np.exp(rng.uniform(np.log(0.03), np.log(0.35))))
    lines = ["".join(rng.choice(list(LETTERS), rng.integers(1, 9))) for _ in range(rng.integers(1, 4))]
    picture = Image.new("L", size[::-1])
    place = tuple(int(rng.integers(-side // 4, side)) for side in size[::-1])
    stroke = int(height * rng.uniform(0, 0.12))
    font = ImageFont.load_default(height)
    ImageDraw.Draw(picture).multiline_text(place, "\n".join(lines), fill=255, font=font, stroke_width=stroke)
    return _turned(rng, np.asarray(picture))


def _logo(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Coverage, float32 (H, W) in [0, 1], of a ring, a disc, a frame, or a star."""
    reach = max(4, int(max(size) * rng.uniform(0.03, 0.2)))
    y, x = (int(rng.integers(0, side)) for side in size)
    canvas = np.zeros(size, np.uint8)
    width = cv2.FILLED if rng.random() < 0.4 else max(2, int(reach * rng.uniform(0.1, 0.5)))
    kind = rng.integers(3)
    if kind == 0:
        cv2.circle(canvas, (x, y), reach, 255, width, cv2.LINE_AA)
    elif kind == 1:
        cv2.rectangle(canvas, (x - reach, y - reach // 2), (x + reach, y + reach // 2), 255, width, cv2.LINE_AA)
    else:
        angles = np.linspace(0, 2 * np.pi, 2 * int(rng.integers(3, 8)), endpoint=False)
        radii = np.where(np.arange(len(angles)) % 2, reach * rng.uniform(0.3, 1), reach)
        corners = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], 1)
        cv2.fillPoly(canvas, [np.rint(corners).astype(np.int32)], 255, cv2.LINE_AA)
    return _turned(rng, canvas)


def _turned(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    height, width = canvas.shape
    angle = rng.normal(0, 8) if rng.random() < 0.7 else rng.uniform(-90, 90)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    return cv2.warpAffine(canvas, turn, (width, height)).astype(np.float32) / 255
