"""Nets, lace, fences, grids and cloth with an open weave."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.canvas import SHIFT, SUPERSAMPLING, blank, fixed, opaque, over, paint, reduce, tinted
from matting.data.synthetic.colours import surface
from matting.data.synthetic.shapes import blob, log_uniform, noise, rotate
from matting.data.synthetic.solids import coloured, outline


def bent(rng: np.random.Generator, points: np.ndarray, size: int) -> np.ndarray:
    """Bend a plane of points (…, 2): rotation, perspective, and slow waves."""
    centre = np.full(2, size / 2)
    points = rotate(points, rng.uniform(0, np.pi), centre)
    tilt = rng.normal(0, 0.25, 2) / size
    points = (points - centre) / (1 + np.clip((points - centre) @ tilt, -0.6, 2))[..., None] + centre
    for _ in range(3):
        wave = rng.normal(0, 2 * np.pi / size, 2) * rng.uniform(0.3, 2)
        points = points + rng.normal(0, 0.025 * size, 2) * np.sin(points @ wave + rng.uniform(0, 6.3))[..., None]
    return points


def threads(rng: np.random.Generator, size: int) -> list[np.ndarray]:
    """Return the lines of a net, float64 [(K, 2)]: grid, bars, chain-link or knotted, regular or not."""
    pitch = size * log_uniform(rng, 0.015, 0.16)
    count = int(1.8 * size / pitch)
    reach = (np.arange(count) - count / 2) * pitch + size / 2
    if rng.random() < 0.3:
        reach = reach + rng.normal(0, pitch * 0.15, count)
    t = np.linspace(-0.4, 1.4, 140) * size
    kind = rng.choice(["grid", "bars", "chain", "knotted"], p=[0.4, 0.15, 0.2, 0.25])
    lines = []
    for at in reach:
        if kind in ("chain", "knotted"):
            swing = (pitch / 2 if kind == "chain" else pitch * 0.35) * signed_triangle(t / pitch + (0.5 * len(lines)))
            lines.append(np.stack([at + swing, t], axis=1))
        else:
            lines.append(np.stack([np.full_like(t, at), t], axis=1))
            if kind == "grid":
                lines.append(np.stack([t, np.full_like(t, at)], axis=1))
    every = bent(rng, np.stack(lines), size)
    return list(every)


def signed_triangle(t: np.ndarray) -> np.ndarray:
    """Return a triangle wave of period 1 in [-1, 1], slightly rounded."""
    return np.arcsin(0.97 * np.sin(2 * np.pi * t)) / np.arcsin(0.97)


def net(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw threads one over the other, each with a lighter middle, as a layer."""
    canvas = blank(size)
    colour = surface(rng, size, textures)
    width = log_uniform(rng, 0.5, 7) * size / 512 * SUPERSAMPLING
    tone = np.full(3, rng.uniform(0.35, 0.8))
    twist = rng.uniform(0, 0.5) * (rng.random() < 0.5)
    for line in threads(rng, size):
        here = width * rng.lognormal(0, 0.1)
        cv2.polylines(canvas, [fixed(line)], False, opaque(tone * 0.6), max(round(here), 1), cv2.LINE_AA, SHIFT)
        if here >= 4:
            cord(canvas, line - here / SUPERSAMPLING * 0.15, tone, here * 0.45, twist)
    layer = tinted(reduce(canvas), colour * 1.6)
    return layer * rng.uniform(0.3, 0.9) if width < 3 and rng.random() < 0.3 else layer


def cord(canvas: np.ndarray, line: np.ndarray, tone: np.ndarray, width: float, twist: float) -> None:
    """Draw the lit middle of a thread, in alternating tones where it is twisted; changes the canvas."""
    thickness = max(round(width), 1)
    if twist == 0:
        cv2.polylines(canvas, [fixed(line)], False, opaque(tone), thickness, cv2.LINE_AA, SHIFT)
        return
    for n in range(len(line) - 1):
        shade = opaque(tone * (1 + twist * (-1) ** n))
        cv2.polylines(canvas, [fixed(line[n : n + 2])], False, shade, thickness, cv2.LINE_AA, SHIFT)


def lace(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw a sheet pierced by a bent periodic pattern of holes, as a layer."""
    fine = size * 2
    y, x = np.mgrid[:fine, :fine].astype(np.float32)
    plane = bent(rng, np.stack([x, y], axis=2) * 0.5, size).astype(np.float32)
    u, v = np.moveaxis(plane * (2 * np.pi / (size * log_uniform(rng, 0.02, 0.15))), 2, 0)
    pattern = np.cos(u) + np.cos(v)
    if rng.random() < 0.6:
        ratio = rng.integers(2, 5)
        pattern = pattern + rng.uniform(0.3, 1.2) * (np.cos(ratio * u) + np.cos(ratio * v + rng.uniform(0, 6.3)))
    edge = 2 * np.pi / 40
    alpha = np.clip((pattern - np.quantile(pattern, rng.uniform(0.1, 0.6))) / edge + 0.5, 0, 1)
    veil = rng.uniform(0.1, 0.5) if rng.random() < 0.25 else 0.0
    alpha = cv2.resize(np.maximum(alpha, veil), (size, size), interpolation=cv2.INTER_AREA)
    return paint(alpha, surface(rng, size, textures))


def nets(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw nets, fences or lace over the frame or over a patch of it; returns a layer (size, size, 4)."""
    layer = lace(rng, size, textures) if rng.random() < 0.35 else net(rng, size, textures)
    if rng.random() < 0.3:
        layer = tinted(layer, np.exp(0.3 * noise(rng, size, size / 8)))
    if rng.random() < 0.6:
        contour = blob(rng, rng.uniform(0.35, 0.65, 2) * size, rng.uniform(0.25, 0.5) * size, 0.2)
        canvas = np.zeros((size, size), np.float32)
        cv2.fillPoly(canvas, [np.rint(contour).astype(np.int32)], 1.0)
        layer = layer * cv2.GaussianBlur(canvas, (0, 0), log_uniform(rng, 0.6, 3))[..., None]
        if rng.random() < 0.6:
            rim = blank(size)
            colour = opaque(rng.uniform(0.1, 0.9, 3))
            width = max(round(log_uniform(rng, 1, 10) * SUPERSAMPLING * size / 512), 1)
            cv2.polylines(rim, [fixed(contour)], True, colour, width, cv2.LINE_AA, SHIFT)
            layer = over(reduce(rim), layer)
    if rng.random() < 0.35:
        thing = coloured(rng, outline(rng, size), textures)
        layer = over(layer, thing) if rng.random() < 0.5 else over(thing, layer)
    return layer
