"""Augmentations of one composite: a second foreground, affine, jitter, background, camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from matting.data.synthetic import Foreground


def merge_foregrounds(front: Foreground, back: Foreground) -> Foreground:
    """Put one layer over another: α = 1 - (1-α₁)(1-α₂), colours as they composite (F₁ over F₂)."""
    height, width = front.alpha.shape
    if back.alpha.shape != front.alpha.shape:
        colour = cv2.resize(back.colour, (width, height), interpolation=cv2.INTER_AREA)
        back = Foreground(colour, cv2.resize(back.alpha, (width, height), interpolation=cv2.INTER_AREA), back.kind)
    alpha = 1 - (1 - front.alpha) * (1 - back.alpha)
    share = (front.alpha / np.maximum(alpha, 1e-6))[..., None]
    share[alpha == 0] = 1
    colour = front.colour * share + back.colour * (1 - share)
    return Foreground(np.rint(colour).astype(np.uint8), np.rint(alpha * 255) / np.float32(255), front.kind)


def affine(rng: np.random.Generator, layer: Foreground) -> Foreground:
    """Rotate ±30°, scale 0.8-1.25 per axis, shear ±10°, flip; what lies outside the layer is its mirror image."""
    height, width = layer.alpha.shape
    angle, shear = np.deg2rad(rng.uniform(-30, 30)), np.tan(np.deg2rad(rng.uniform(-10, 10)))
    scale = np.exp(rng.uniform(np.log(0.8), np.log(1.25), size=2)) * rng.choice([-1, 1], size=2, p=[0.3, 0.7])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, shear], [0, 1]]) @ np.diag(scale)
    centre = np.array([width, height]) / 2
    offset = centre - matrix @ centre + rng.uniform(-0.08, 0.08, 2) * [width, height]
    transform = np.hstack([matrix, offset[:, None]])
    colour, alpha = (
        cv2.warpAffine(plane, transform, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        for plane in (layer.colour, layer.alpha)
    )
    return Foreground(colour, np.rint(alpha * 255) / np.float32(255), layer.kind)


def warp(layer: Foreground, transform: np.ndarray, side: int) -> Foreground:
    """Bring a layer into a square of `side` pixels by an affine map (2, 3) without aliasing; alpha is 0 outside of it.

    Colours at the layer's border go on outside.
    """
    colour, alpha = layer.colour, layer.alpha
    shrunk = float(np.linalg.norm(transform[:, :2], axis=0).mean())
    if shrunk < 0.5:  # an affine map alone would alias
        colour, alpha = (cv2.GaussianBlur(plane, (0, 0), 0.4 / shrunk) for plane in (colour, alpha))
    border = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REPLICATE}
    colour = cv2.warpAffine(colour, transform, (side, side), **border)
    alpha = cv2.warpAffine(alpha, transform, (side, side), flags=cv2.INTER_LINEAR)
    return Foreground(colour, alpha.clip(0, 1), layer.kind)


def jitter(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Shift hue by ±40°, scale saturation and value of a foreground's colours, uint8 (H, W, 3)."""
    hsv = cv2.cvtColor(colour, cv2.COLOR_RGB2HSV_FULL).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-40, 40) * 256 / 360) % 256
    hsv[..., 1] = hsv[..., 1] * rng.uniform(0.6, 1.3)
    hsv[..., 2] = hsv[..., 2] * rng.uniform(0.65, 1.25) + rng.uniform(-20, 20)
    hsv[..., 1:] = hsv[..., 1:].clip(0, 255)
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB_FULL)


def background_like(rng: np.random.Generator, photos: Sequence[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Cut a background of (height, width) out of a random photo, flipped, at a random scale, sometimes out of focus."""
    patch = window_of(rng, photos[rng.integers(len(photos))], size)
    if rng.random() < 0.5:
        patch = patch[:, ::-1]
    if rng.random() < 0.35:
        patch = out_of_focus(rng, patch)
    if rng.random() < 0.3:
        patch = jitter(rng, patch)
    return np.ascontiguousarray(patch)


def window_of(rng: np.random.Generator, photo: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Cut a window out of a photo, uint8 (H, W, 3), that is resized to (height, width): all of it, down to a third."""
    cover = max(size[0] / photo.shape[0], size[1] / photo.shape[1])
    scale = cover * np.exp(rng.uniform(0, np.log(3)))
    window = [min(int(np.ceil(side / scale)), limit) for side, limit in zip(size, photo.shape[:2], strict=True)]
    top, left = (int(rng.integers(limit - side + 1)) for side, limit in zip(window, photo.shape[:2], strict=True))
    patch = photo[top : top + window[0], left : left + window[1]]
    return cv2.resize(patch, size[::-1], interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def out_of_focus(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Blur a background, by a Gaussian of 0.5 to 6 pixels."""
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 6))


def camera(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Make a composite, uint8 (H, W, 3), look photographed: slight blur, gamma, sensor noise, JPEG, each at times."""
    for share, change in ((0.2, lens_blur), (0.3, gamma), (0.4, sensor_noise), (0.35, jpeg)):
        if rng.random() < share:
            image = change(rng, image)
    return image


def edited_camera(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Do as `camera`, then as phones and editors do: dark corners, white balance, another resolution, sharpened edges.

    Takes and returns uint8 (H, W, 3); all of it at times, and nothing moves.
    """
    if rng.random() < 0.3:
        image = dark_corners(rng, image)
    image = camera(rng, image)
    for share, change in ((0.4, white_balance), (0.3, resolution), (0.3, sharpening)):
        if rng.random() < share:
            image = change(rng, image)
    return image


def lens_blur(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Blur by a Gaussian of 0.3 to 0.9 pixels, as a lens does."""
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9))


def gamma(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Raise all values to a power between 0.75 and 1.35."""
    table = 255 * (np.arange(256) / 255) ** rng.uniform(0.75, 1.35)
    return cv2.LUT(image, np.rint(table).astype(np.uint8))


def sensor_noise(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Add normal noise of 1 to 7 levels, gray at times, else coloured."""
    noise = rng.normal(scale=rng.uniform(1, 7), size=image.shape[:2] + (1 if rng.random() < 0.4 else 3,))
    return (image + noise).round().clip(0, 255).astype(np.uint8)


def jpeg(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Compress as JPEG, at a quality of 55 to 97."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 98))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def dark_corners(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Take 5 to 40 % of the light from the corners."""
    return darkened_corners(image, rng.uniform(0.05, 0.4))


def white_balance(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Scale each channel by a gain of its own, up to 16 %."""
    gains = np.exp(rng.uniform(-0.15, 0.15, 3))
    return (image * gains).round().clip(0, 255).astype(np.uint8)


def resolution(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Shrink to 50 to 95 % and enlarge again."""
    height, width = image.shape[:2]
    scale = rng.uniform(0.5, 0.95)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height))


def sharpening(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Add 30 to 120 % of what a blur takes away."""
    amount, smooth = rng.uniform(0.3, 1.2), cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 2))
    return cv2.addWeighted(image, 1 + amount, smooth, -amount, 0)


def darkened_corners(image: np.ndarray, strength: float) -> np.ndarray:
    """Let an image, uint8 (H, W, 3), fall off towards its corners, which keep 1 - `strength` of their light."""
    height, width = image.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    light = 1 - strength * (y**2 + x**2) / 2
    return np.rint(image * light[..., None]).astype(np.uint8)


PICTURE_CHANGES: dict[str, Callable[[np.random.Generator, np.ndarray], np.ndarray]] = {
    "jitter": jitter,
    "out of focus": out_of_focus,
    "lens blur": lens_blur,
    "gamma": gamma,
    "sensor noise": sensor_noise,
    "JPEG": jpeg,
    "dark corners": dark_corners,
    "white balance": white_balance,
    "resolution": resolution,
    "sharpening": sharpening,
}
"""What may happen to the colours of a layer, a background or a composite, by its name, to be drawn one by one."""
