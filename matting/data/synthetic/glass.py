"""Glass, bubbles and plastic: a thin body, brighter rims, highlights, and opaque parts."""

from collections.abc import Sequence

import cv2
import numpy as np

from matting.data.synthetic.canvas import blank, coverage, fill, over, paint, reduce
from matting.data.synthetic.colours import gradient, surface
from matting.data.synthetic.shapes import blob, log_uniform, noise, rotate


def vessel(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return the outline of a turned vessel (glass, bottle, vase, bulb), float64 (M, 2) in pixels."""
    t = np.linspace(0, 1, 60)
    knots = rng.uniform(0.25, 1.0, int(rng.integers(3, 7)))
    half = np.interp(t, np.linspace(0, 1, len(knots)), knots)
    half = cv2.GaussianBlur(half[None].astype(np.float32), (0, 0), rng.uniform(1, 5))[0]
    half = half * size * rng.uniform(0.15, 0.32)
    height = size * rng.uniform(0.5, 0.85)
    right = np.stack([half, (t - 0.5) * height], axis=1)
    centre = rng.uniform(0.4, 0.6, 2) * size
    return rotate(np.concatenate([right, right[::-1] * [-1, 1]]) + centre, rng.normal(0, 0.25), centre)


def sheet(rng: np.random.Generator, size: int, contours: list[np.ndarray]) -> np.ndarray:
    """Draw a clear body: low alpha inside, more where one looks along the wall; returns a layer."""
    mask = coverage(contours, size)
    depth = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    wall = size * log_uniform(rng, 0.004, 0.03)
    rim = np.exp(-depth / wall) * rng.uniform(0.3, 1.0)
    inside = rng.uniform(0.02, 0.35) * (1 + 0.3 * noise(rng, size, rng.uniform(2, 8), 3)) + rim
    tone = gradient(rng, size) * 0.4 + rng.uniform(0.1, 0.75)
    dark = rng.uniform(0.3, 1.0)
    colour = tone * (1 - rim[..., None] * (1 - dark))
    return paint(mask * np.clip(inside, 0, 1), colour)


def highlights(rng: np.random.Generator, size: int, contours: list[np.ndarray]) -> np.ndarray:
    """Draw reflections of windows and lamps, white and almost opaque, within contours; returns a layer."""
    inside = coverage(contours, size)
    glow = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(2, 12))):
        source = contours[int(rng.integers(len(contours)))]
        centre = source.mean(axis=0)
        first = int(rng.integers(len(source)))
        if rng.random() < 0.6:  # a streak that follows the wall
            part = np.roll(source, -first, axis=0)[: max(len(source) // int(rng.integers(4, 16)), 2)]
            spine = centre + (part - centre) * rng.uniform(0.55, 0.95)
            half = (spine - centre) * log_uniform(rng, 0.005, 0.08)
            patch = np.concatenate([spine + half, (spine - half)[::-1]])
        else:
            at = source[first] * 0.75 + centre * 0.25
            patch = blob(rng, at, size * log_uniform(rng, 0.004, 0.04), 0.3)
        one = cv2.GaussianBlur(coverage([patch], size), (0, 0), log_uniform(rng, 0.4, 5))
        glow = np.maximum(glow, one * rng.uniform(0.3, 1.0))
    return paint(glow * inside, np.full((size, size, 3), rng.uniform(0.9, 1.0)))


def crumple(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Fold a sheet at random lines; returns its facets' tilt and its creases in [0, 1], (size, size)."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    push = np.stack([noise(rng, size, 3, 2), noise(rng, size, 3, 2)], axis=2) * rng.uniform(0.0, 0.03)
    place = np.stack([x, y], axis=2) + push
    tilt, creases = np.zeros_like(x), np.zeros_like(x)
    for _ in range(int(rng.integers(10, 32))):
        angle = rng.uniform(0, 2 * np.pi)
        normal = np.array([np.cos(angle), np.sin(angle)], np.float32)
        beyond = (place - place[tuple(rng.integers(size, size=2))]) @ normal
        place = place - 2 * np.minimum(beyond, 0)[..., None] * normal
        tilt += np.where(beyond < 0, -1, 1) * rng.normal()
        creases += np.exp(-np.abs(beyond) / log_uniform(rng, 0.001, 0.008)) * log_uniform(rng, 0.02, 0.7)
    tilt = cv2.GaussianBlur(tilt, (0, 0), log_uniform(rng, 0.5, size / 100))
    return tilt / (tilt.std() + 1e-6), np.clip(creases, 0, 1)


def plastic(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a crumpled bag or foil: a veil whose facets and creases shine; returns a layer."""
    mask = coverage([blob(rng, rng.uniform(0.4, 0.6, 2) * size, rng.uniform(0.22, 0.4) * size, 0.25)], size)
    tilt, creases = crumple(rng, size)
    sheen = np.clip(tilt - rng.uniform(0.5, 1.6), 0, 1)
    veil = rng.uniform(0.08, 0.6) + rng.uniform(0.02, 0.12) * tilt
    alpha = mask * np.clip(veil + (creases + sheen) * rng.uniform(0.3, 1.0), 0.02, 1)
    tint = rng.uniform(0.3, 0.85) + 0.3 * (gradient(rng, size) - 0.5)
    return paint(alpha, tint + (0.06 * tilt + 0.6 * np.clip(creases * 0.6 + sheen, 0, 1))[..., None])


def bubbles(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a cluster or a stream of round bubbles; returns a layer."""
    layers = []
    for _ in range(int(rng.integers(3, 12))):
        radius = size * log_uniform(rng, 0.015, 0.16)
        theta = np.linspace(0, 2 * np.pi, 80, endpoint=False)
        ring = rng.uniform(0.15, 0.85, 2) * size + radius * np.stack([np.cos(theta), np.sin(theta)], axis=1)
        layers.append(over(highlights(rng, size, [ring]), sheet(rng, size, [ring])))
    return over(*layers)


def glass(rng: np.random.Generator, size: int, textures: Sequence[np.ndarray]) -> np.ndarray:
    """Draw a vessel, bubbles or plastic, often with an opaque part; returns a layer (size, size, 4)."""
    kind = rng.random()
    if kind < 0.35:
        layer = plastic(rng, size)
    elif kind < 0.55:
        layer = bubbles(rng, size)
    else:
        contours = [vessel(rng, size)]
        layer = over(highlights(rng, size, contours), sheet(rng, size, contours))
        if rng.random() < 0.4:  # the far wall
            inner = [(contours[0] - contours[0].mean(axis=0)) * rng.uniform(0.75, 0.95) + contours[0].mean(axis=0)]
            layer = over(layer, sheet(rng, size, inner))
    if rng.random() < 0.5:
        part = blank(size)
        fill(
            part,
            [blob(rng, rng.uniform(0.25, 0.75, 2) * size, size * log_uniform(rng, 0.03, 0.15))],
            np.ones(3),
        )
        opaque_part = paint(reduce(part)[..., 3], surface(rng, size, textures))
        layer = over(opaque_part, layer) if rng.random() < 0.5 else over(layer, opaque_part)
    return layer
