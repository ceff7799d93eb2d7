"""Random geometry: numbers, noise fields, contours, and bodies that know their inside and their normals."""

from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 0.3  # of the size: how far a body's mask reaches beyond each side of the frame


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def noise(rng: np.random.Generator, size: int, cells: float, octaves: int = 1, gain: float = 0.5) -> np.ndarray:
    """Return fractal value noise, float32 (size, size), about zero mean and unit deviation.

    Args:
        rng: Source of randomness.
        size: Side in pixels.
        cells: Grid cells across the side in the first octave.
        octaves: Number of octaves, each twice as fine.
        gain: Amplitude of each octave relative to the one before.
    """
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        count = min(int(cells * 2**octave) + 3, size)
        grid = rng.standard_normal((count, count)).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * gain**octave
    return (total - total.mean()) / (total.std() + 1e-6)


def warped(field: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Sample a field (H, W) or (H, W, C) at places displaced by (H, W, 2) pixels; reflects at the border."""
    height, width = field.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(field, x + shift[..., 0], y + shift[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def combed(rng: np.random.Generator, angles: np.ndarray, width: float) -> np.ndarray:
    """Return streaks along a field of angles (H, W) in radians: smeared noise of unit deviation.

    The streaks are about `width` pixels wide and 31 pixels long (line integral convolution).
    """
    size = angles.shape[0]
    streaks = rng.standard_normal((size, size)).astype(np.float32)
    streaks = cv2.GaussianBlur(streaks, (0, 0), max(width / 2, 0.4))
    direction = np.stack([np.cos(angles), np.sin(angles)], axis=2).astype(np.float32)
    for step in (0.5, 1, 2, 4, 8):  # the sums of +- steps sample every pixel once
        streaks = warped(streaks, direction * step) + warped(streaks, -direction * step)
    return (streaks - streaks.mean()) / (streaks.std() + 1e-6)


def rotate(points: np.ndarray, angle: float, centre: np.ndarray) -> np.ndarray:
    """Turn points (…, 2) about a centre (2,) by an angle in radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return (points - centre) @ np.array([[cosine, sine], [-sine, cosine]]) + centre


def blob(rng: np.random.Generator, centre: np.ndarray, radius: float, roughness: float = 0.3) -> np.ndarray:
    """Return a wavy closed contour, float64 (M, 2) in pixels, of about the given radius."""
    theta = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    wave = np.zeros_like(theta)
    for k in range(1, 8):
        wave += rng.normal() * np.cos(k * theta + rng.uniform(0, 2 * np.pi)) / k**1.3
    radii = radius * np.exp(np.clip(roughness * wave, -1.2, 1.0))
    stretch = np.array([log_uniform(rng, 0.7, 1.4), 1.0])
    circle = np.stack([np.cos(theta), np.sin(theta)], axis=1) * radii[:, None] * stretch
    return rotate(circle + centre, rng.uniform(0, 2 * np.pi), centre)


def smooth_path(
    rng: np.random.Generator, start: np.ndarray, angle: float, length: float, bend: float, count: int = 24
) -> np.ndarray:
    """Return a wandering open curve, float64 (count, 2), that leaves start at an angle in radians."""
    t = np.linspace(0, 1, count)
    turn = angle + bend * rng.normal() * t + bend * rng.normal() * np.sin(2 * np.pi * (t * rng.uniform(0.3, 1.2)))
    steps = np.stack([np.cos(turn), np.sin(turn)], axis=1) * length / (count - 1)
    return start + np.cumsum(steps, axis=0) - steps[0]


@dataclass(frozen=True)
class Body:
    """A union of contours with its distance field on a grid of half resolution that reaches beyond the frame.

    Attributes:
        contours: Closed polygons [(M, 2)] in pixels.
        depth: float32, pixels from the contour, positive inside, negative outside.
        normals: float32 (…, 2), unit vectors that point outwards.
        size: Side of the frame in pixels.
    """

    contours: list[np.ndarray]
    depth: np.ndarray
    normals: np.ndarray
    size: int

    def lookup(self, points: np.ndarray, field: np.ndarray) -> np.ndarray:
        """Read a field of the grid at points (N, 2) in pixels."""
        cells = np.rint((points + MARGIN * self.size) / 2).astype(int).clip(0, self.depth.shape[0] - 1)
        return field[cells[:, 1], cells[:, 0]]

    def framed(self, field: np.ndarray) -> np.ndarray:
        """Bring a field of the grid to the frame's pixels, (size, size) or (size, size, C)."""
        first = int(MARGIN * self.size) // 2
        inside = field[first : first + (self.size + 1) // 2, first : first + (self.size + 1) // 2]
        return cv2.resize(inside, (self.size, self.size), interpolation=cv2.INTER_LINEAR)

    def roots(self, rng: np.random.Generator, count: int, reach: float) -> np.ndarray:
        """Draw points (count, 2) inside, at most about `reach` pixels from the contour."""
        rows, columns = np.nonzero((self.depth > 0) & (self.depth <= max(reach, 2.5)))
        if rows.size == 0:
            rows, columns = np.nonzero(self.depth >= self.depth.max())
        pick = rng.integers(rows.size, size=count)
        cells = np.stack([columns[pick], rows[pick]], axis=1) + rng.uniform(-0.5, 0.5, (count, 2))
        return cells * 2 - MARGIN * self.size


def body(contours: list[np.ndarray], size: int) -> Body:
    """Measure a union of contours."""
    side = int(size * (1 + 2 * MARGIN)) // 2
    mask = np.zeros((side, side), np.uint8)
    for contour in contours:
        cv2.fillPoly(mask, [np.rint((contour + MARGIN * size) / 2).astype(np.int32)], 255)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5) * 2
    outside = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5) * 2
    smooth = cv2.GaussianBlur(depth - outside, (0, 0), max(size / 100, 1.5))
    slope = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], axis=2)
    normals = -slope / np.maximum(np.linalg.norm(slope, axis=2, keepdims=True), 1e-6)
    return Body(contours, depth - outside, normals, size)


def silhouette(rng: np.random.Generator, size: int) -> list[np.ndarray]:
    """Return contours of something like a head, a torso, an animal, or a side that fills the frame."""
    choice = rng.choice(4, p=[0.3, 0.25, 0.15, 0.3])
    if choice == 0:  # one blob
        centre = rng.uniform(0.3, 0.7, 2) * size
        return [blob(rng, centre, rng.uniform(0.15, 0.32) * size, 0.15)]
    if choice == 1:  # head on shoulders
        head = np.array([rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.5)]) * size
        radius = rng.uniform(0.13, 0.25) * size
        torso = head + np.array([rng.uniform(-0.3, 0.3) * radius, radius * rng.uniform(2.0, 2.6)])
        return [blob(rng, head, radius, 0.08), blob(rng, torso, radius * rng.uniform(1.3, 2.0), 0.12)]
    if choice == 2:  # several joined blobs: limbs, ears
        centre = rng.uniform(0.35, 0.65, 2) * size
        radius = rng.uniform(0.12, 0.24) * size
        parts = [blob(rng, centre, radius, 0.15)]
        for _ in range(rng.integers(2, 6)):
            angle = rng.uniform(0, 2 * np.pi)
            at = centre + radius * rng.uniform(0.8, 1.3) * np.array([np.cos(angle), np.sin(angle)])
            parts.append(blob(rng, at, radius * rng.uniform(0.25, 0.7), 0.2))
        return parts
    angle = rng.uniform(0, 2 * np.pi)
    radius = rng.uniform(0.5, 1.2) * size
    centre = size / 2 + (radius + rng.uniform(-0.3, 0.2) * size) * np.array([np.cos(angle), np.sin(angle)])
    return [blob(rng, centre, radius, 0.1)]
