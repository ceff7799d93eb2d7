"""Scenes to click in: photographs with the mask of their subject, and composites of several objects.

A scene is a square view with a label for every object, parts of the objects, and which objects stand out. Objects of
composites are the subjects of other photographs and foregrounds with alpha; one may come twice, stand beside the
subject of the background, or have its colours. Scene number i depends on (seed, i) and the files alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from matting.coarse.classical.regions import find_regions
from matting.data.composites.augment import edited_camera, jitter, warp
from matting.data.composites.compose import generator
from matting.data.composites.hard_cases import with_like_colours
from matting.data.pools.cutouts import read_layer
from matting.data.pools.pool import read_photo
from matting.data.synthetic import Foreground
from matting.images import read_alpha, upright_size

SMALLEST = 0.004
"""Objects of which less than this share of the scene is seen are no longer told apart."""

LARGE = 0.08
"""An object put alone before a photo stands out if it covers more than this share of the scene."""

READ_SIDE = 1100
"""Photos are read at no more than this many pixels on their longer side."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A square view.

    Attributes:
        image: uint8 (S, S, 3).
        objects: uint8 (S, S), 0 where there is none, else the object's number.
        parts: uint8 (S, S), 0 outside of objects, else the number of a piece of one surface.
        salient: whether the objects together are what stands out.
    """

    image: np.ndarray
    objects: np.ndarray
    parts: np.ndarray
    salient: bool


@dataclass(frozen=True)
class SceneFiles:
    """Where scenes come from.

    Attributes:
        subjects: photographs with one subject, and their masks.
        cutouts: foregrounds, a picture of colours and one of alpha each; the same twice has both.
        backgrounds: photographs; those of subjects may be among them.
    """

    subjects: Sequence[tuple[Path, Path]]
    cutouts: Sequence[tuple[Path, Path]]
    backgrounds: Sequence[Path]


def draw_scene(files: SceneFiles, seed: int, index: int, side: int, composites: float = 0.55) -> Scene:
    """Draw scene number `index`: of a photograph, or with the probability `composites` put together."""
    rng = generator(seed, index)
    if rng.random() < composites:
        image, objects, salient = _composite(rng, files, side)
    else:
        image, objects, salient = _photograph(rng, files, index, side)
    if rng.random() < 0.5:
        image = edited_camera(rng, image)
    return Scene(image, objects, find_parts(image, objects), salient)


def find_parts(image: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """Split each object into pieces of one surface each (`Regions.surface`), numbered from 1; uint8 (S, S)."""
    regions = find_regions(image)
    labels = cv2.resize(regions.labels, objects.shape[::-1], interpolation=cv2.INTER_NEAREST)
    parts, number = np.zeros_like(objects), 0
    for thing in range(1, int(objects.max()) + 1):
        inside = objects == thing
        left = np.bincount(labels[inside], minlength=regions.count).astype(float)
        while left.any() and number < 254:
            piece = (regions.surface[left.argmax()] > 0.3) & (left > 0)
            piece[left.argmax()] = True
            number += 1
            parts[inside & piece[labels]] = number
            left[piece] = 0
    return parts


def _photograph(
    rng: np.random.Generator, files: SceneFiles, index: int, side: int
) -> tuple[np.ndarray, np.ndarray, bool]:
    """A photograph as it is, closer to its subject, or with a part of the subject outside the frame."""
    photo, mask = _read_subject(files, int(rng.integers(len(files.subjects))))
    top, left, bottom, right = _window(rng, mask)
    size = (side, side)
    image = cv2.resize(photo[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(mask[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        image, seen = image[:, ::-1], seen[:, ::-1]
    if rng.random() < 0.25:
        image = jitter(rng, np.ascontiguousarray(image))
    return np.ascontiguousarray(image), np.ascontiguousarray(seen >= 0.5).astype(np.uint8), True


def _window(rng: np.random.Generator, mask: np.ndarray) -> tuple[int, int, int, int]:
    """Choose (top, left, bottom, right) of a view of a photo with its mask, floats (H, W)."""
    height, width = mask.shape
    rows, columns = np.flatnonzero((mask >= 0.5).any(1)), np.flatnonzero((mask >= 0.5).any(0))
    kind = rng.random()
    if not len(rows) or kind < 0.4:
        return 0, 0, height, width
    low, high = np.array([rows[0], columns[0]]), np.array([rows[-1] + 1, columns[-1] + 1])
    extent = high - low
    if kind < 0.85:  # closer
        reach = np.exp(rng.uniform(np.log(0.05), np.log(0.8), (2, 2)))
    else:  # cutting some of it off on one side or two
        reach = rng.uniform(-0.35, 0.5, (2, 2))
    first = np.maximum(low - reach[0] * extent, 0)
    last = np.minimum(high + reach[1] * extent, [height, width])
    short = (last - first) < 64
    first, last = np.where(short, 0, first), np.where(short, [height, width], last)
    return int(first[0]), int(first[1]), int(last[0]), int(last[1])


def _composite(rng: np.random.Generator, files: SceneFiles, side: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """One to three objects before a photograph, whose own subject is an object too where its mask is known."""
    size = (side, side)
    objects = np.zeros(size, np.uint8)
    if rng.random() < 0.3:
        photo, mask = _read_subject(files, int(rng.integers(len(files.subjects))))
        image = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        objects[cv2.resize(mask, size, interpolation=cv2.INTER_AREA) >= 0.5] = 1
    else:
        image = _background(rng, files, side)
    plain = not objects.any()
    if rng.random() < 0.5:
        image, objects = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(objects[:, ::-1])
    count = int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2])) if plain else int(rng.choice([1, 2], p=[0.7, 0.3]))
    twins, before = rng.random() < 0.35, None
    for _ in range(count):
        thing = before if twins and before is not None else _read_object(rng, files)
        before = thing
        image = _put(rng, image, objects, thing, alone=count == 1 and plain)
    objects = _numbered(objects)
    return image, objects, plain and count == 1 and bool((objects > 0).mean() > LARGE)


def _background(rng: np.random.Generator, files: SceneFiles, side: int) -> np.ndarray:
    photo = read_photo(files.backgrounds[int(rng.integers(len(files.backgrounds)))], READ_SIDE)
    height, width = photo.shape[:2]
    share = rng.uniform(0.5, 1.0)
    tall, wide = max(32, int(height * share)), max(32, int(width * share))
    top, left = int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1))
    image = cv2.resize(photo[top : top + tall, left : left + wide], (side, side), interpolation=cv2.INTER_AREA)
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 4)) if rng.random() < 0.2 else image


def _put(
    rng: np.random.Generator, image: np.ndarray, objects: np.ndarray, thing: Foreground, *, alone: bool
) -> np.ndarray:
    """Put a thing somewhere before an image and write its number into `objects`; returns the new image."""
    side = image.shape[0]
    layer = _placed(rng, thing, side, alone=alone)
    if rng.random() < 0.15:
        image = with_like_colours(rng, image, layer)
    alpha = layer.alpha[..., None]
    objects[layer.alpha >= 0.5] = objects.max() + 1
    return np.rint(layer.colour * alpha + image * (1 - alpha)).astype(np.uint8)


def _placed(rng: np.random.Generator, thing: Foreground, side: int, *, alone: bool) -> Foreground:
    """Scale, turn and move a thing into a square frame; much of it stays inside."""
    rows, columns = np.flatnonzero((thing.alpha > 0.1).any(1)), np.flatnonzero((thing.alpha > 0.1).any(0))
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1] + 1, rows[-1] + 1])
    reach = np.exp(rng.uniform(np.log(0.12), np.log(1.0 if alone else 0.8)))
    scale = reach * side / max(high - low) * np.exp(rng.uniform(-0.15, 0.15, 2))
    angle = np.deg2rad(rng.normal(0, 8))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.diag(scale * np.array([rng.choice([-1, 1]), 1]))
    middle = np.array([rng.uniform(0.15, 0.85), rng.uniform(0.2, 0.85)]) * side
    if reach > 0.6:
        middle = side / 2 + rng.uniform(-0.15, 0.25, 2) * side
    offset = middle - matrix @ ((low + high) / 2)
    transform = np.hstack([matrix, offset[:, None]])
    colour = jitter(rng, thing.colour) if rng.random() < 0.3 else thing.colour
    return warp(Foreground(colour, thing.alpha, thing.kind), transform, side)


def _numbered(objects: np.ndarray) -> np.ndarray:
    """Number anew what is large enough to be told apart; the rest becomes background."""
    counts = np.bincount(objects.ravel(), minlength=2)
    kept = [number for number in range(1, len(counts)) if counts[number] >= SMALLEST * objects.size]
    table = np.zeros(len(counts), np.uint8)
    table[kept] = np.arange(1, len(kept) + 1)
    return table[objects]


def _read_subject(files: SceneFiles, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo, uint8 (H, W, 3), and the mask of its subject, float32 (H, W)."""
    path, mask_path = files.subjects[index]
    photo = read_photo(path, READ_SIDE)
    mask, _ = read_alpha(mask_path, upright_size(mask_path))
    return photo, cv2.resize(mask, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _read_object(rng: np.random.Generator, files: SceneFiles) -> Foreground:
    """An object to put somewhere: mostly the subject of a photograph, cut out a little within its outline."""
    if not files.cutouts or rng.random() < 0.75:
        photo, mask = _read_subject(files, int(rng.integers(len(files.subjects))))
        alpha = cv2.GaussianBlur(cv2.erode(mask, np.ones((3, 3), np.uint8)), (0, 0), 0.7)
        return Foreground(photo, np.clip(alpha * 1.1 - 0.05, 0, 1), "photo")
    colour, alpha = files.cutouts[int(rng.integers(len(files.cutouts)))]
    layer, plane = read_layer(colour, alpha, READ_SIDE)
    return Foreground(layer, plane, "cutout")
