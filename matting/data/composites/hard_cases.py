"""What makes composites hard: other objects behind, two layers of similar colours, plain screens, soft rims."""

from __future__ import annotations

import cv2
import numpy as np

from matting.compositing import blend
from matting.data.composites.augment import affine, jitter
from matting.data.synthetic import Foreground


def with_clutter(
    rng: np.random.Generator, background: np.ndarray, thing: Foreground, sizes: tuple[float, float] = (0.5, 1.3)
) -> np.ndarray:
    """Put another object into a background, uint8 (H, W, 3), at a random place and size, a share of the longer side.

    Backgrounds of photos contain objects with outlines of their own, sharp or slightly out of focus; only their
    meaning tells them from the object, not their outline.
    """
    height, width = background.shape[:2]
    thing = affine(rng, thing)
    side = round(max(height, width) * rng.uniform(*sizes))
    scale = side / max(thing.alpha.shape)
    size = tuple(max(1, round(length * scale)) for length in thing.alpha.shape)
    colour, alpha = (cv2.resize(p, size[::-1], interpolation=cv2.INTER_AREA) for p in (thing.colour, thing.alpha))
    top, left = (int(rng.integers(-(size[n] // 2), background.shape[n] - size[n] // 2)) for n in (0, 1))
    move = np.float32([[1, 0, left], [0, 1, top]])
    colour, alpha = (cv2.warpAffine(plane, move, (width, height)) for plane in (jitter(rng, colour), alpha))
    if rng.random() < 0.5:
        blur = rng.uniform(0.5, 4)
        colour, alpha = (cv2.GaussianBlur(plane, (0, 0), blur) for plane in (colour, alpha))
    return blend(colour, background, alpha)


def with_like_colours(rng: np.random.Generator, background: np.ndarray, layer: Foreground) -> np.ndarray:
    """Give a background, uint8 (H, W, 3), the colours of the layer before it, wholly or in part (Reinhard et al. 2001).

    Mean and standard deviation of each channel of CIELAB are brought from the background's towards those of the
    layer's visible colours, of the same size; an invisible layer leaves the background as it is.
    """
    seen = layer.alpha > 0.1
    if not seen.any():
        return background
    ours = cv2.cvtColor(np.float32(background) / 255, cv2.COLOR_RGB2LAB)
    theirs = cv2.cvtColor(np.float32(layer.colour) / 255, cv2.COLOR_RGB2LAB)[seen]
    mean, spread = ours.mean((0, 1)), ours.std((0, 1))
    share = rng.uniform(0.5, 1)
    new_mean = mean + share * (theirs.mean(0) - mean)
    new_spread = spread + share * (theirs.std(0) - spread)
    moved = (ours - mean) * (new_spread / np.maximum(spread, 1)) + new_mean
    moved = cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB)
    return np.rint(moved.clip(0, 1) * 255).astype(np.uint8)


def plain_screen(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Make a screen, uint8 (height, width, 3): one colour, half of them gray, with the light falling off across it.

    Before a screen nothing but transparency itself tells how much of it is seen.
    """
    colour = rng.uniform(0, 255, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0, 255))
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.6)
    light = 1 + fall * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
    screen = light[..., None] * colour + rng.normal(scale=rng.uniform(0, 2), size=(*size, 3))
    return np.rint(screen.clip(0, 255)).astype(np.uint8)


def with_soft_rim(rng: np.random.Generator, layer: Foreground) -> Foreground:
    """Take a layer out of focus by a Gaussian of 0.7 to 3 pixels: alpha is blurred, and colours weighted by alpha.

    Where nothing is visible the colours stay.
    """
    blur = rng.uniform(0.7, 3)
    alpha, seen = (
        cv2.GaussianBlur(plane, (0, 0), blur) for plane in (layer.alpha, layer.colour * layer.alpha[..., None])
    )
    colour = np.where(alpha[..., None] > 1e-3, seen / np.maximum(alpha, 1e-3)[..., None], layer.colour)
    return Foreground(
        np.rint(colour.clip(0, 255)).astype(np.uint8), np.rint(alpha.clip(0, 1) * 255) / np.float32(255), layer.kind
    )
