"""Real objects for a pool: photos with mattes, cut into windows, their foreground colours estimated first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting import images
from matting.compositing import estimate_foreground
from matting.data.planes import read_sized_alpha
from matting.data.pools.pool import present, read_photo, shrunk, write_foreground
from matting.data.synthetic import Foreground
from matting.data.synthetic.canvas import extend, paint


def windows(rng: np.random.Generator, layer: Foreground, count: int, size: int) -> Iterator[Foreground]:
    """Cut `count` square windows of side `size`, each around a random pixel of fractional alpha, at random scales.

    Raises:
        ValueError: where no alpha lies between 0 and 1.
    """
    height, width = layer.alpha.shape
    fractional = np.argwhere((layer.alpha > 0.02) & (layer.alpha < 0.98))
    if not len(fractional):
        raise ValueError("A matte with soft edges was expected, but this one has no alpha between 0 and 1.")
    for _ in range(count):
        side = int(min(height, width, size * np.exp(rng.uniform(np.log(0.7), np.log(2.0)))))
        y, x = fractional[rng.integers(len(fractional))]
        top, left = (
            int(np.clip(y - side // 2, 0, height - side)),
            int(np.clip(x - side // 2, 0, width - side)),
        )
        cut = (slice(top, top + side), slice(left, left + side))
        colour, alpha = (
            cv2.resize(plane[cut], (size, size), interpolation=cv2.INTER_AREA) for plane in (layer.colour, layer.alpha)
        )
        yield Foreground(colour, alpha, layer.kind)


def import_cutouts(
    photos: Path, folder: Path, per_photo: int, size: int = 512, seed: int = 0, kind: str = "fur"
) -> int:
    """Fill a pool from `photos/NAME.jpg` with mattes `photos/NAME.png`; returns how many foregrounds it has.

    Where a folder holds no JPEG, its PNG and WebP files are taken as cutouts, that is pictures with an alpha channel.

    Raises:
        ValueError: where a photo has no matte beside it, a cutout no alpha channel, or either cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    read, paths = read_with_matte, sorted(photos.glob("*.jpg"))
    if not paths:
        read, paths = read_cutout, sorted([*photos.glob("*.png"), *photos.glob("*.webp")])
    if not paths:
        raise ValueError(f"Photos NAME.jpg with mattes NAME.png were expected in {photos}, which holds none.")
    done = present(folder)
    for number, path in enumerate(tqdm(paths, unit="photo")):
        first = number * per_photo
        if all(index in done for index in range(first, first + per_photo)):
            continue
        colour, alpha = read(path)
        rng = np.random.default_rng([seed, number])
        for index, window in enumerate(windows(rng, Foreground(colour, alpha, kind), per_photo, size)):
            write_foreground(folder, first + index, window)
    return len(present(folder))


def read_with_matte(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read NAME.jpg and the matte NAME.png beside it: foreground colours uint8 (H, W, 3) and alpha in [0, 1].

    Raises:
        ValueError: where there is no matte, or one of the two cannot be read.
    """
    colour, _ = images.read_photo(path)
    if not path.with_suffix(".png").exists():
        raise ValueError(f"The photo {path} has no matte {path.stem}.png beside it; add it or take the photo away.")
    alpha = read_sized_alpha(path.with_suffix(".png"), colour.shape[:2])
    return estimate_foreground(colour, alpha), alpha


def read_cutout(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a picture with an alpha channel: its colours, continued where it is transparent, and alpha in [0, 1].

    Raises:
        ValueError: where it has no alpha channel, or cannot be read.
    """
    picture, opacity, _ = images.read_cutout(path)
    if opacity is None:
        raise ValueError(f"A cutout is a picture with transparent parts, but {path} has none; take it away.")
    colour, alpha = picture.astype(np.float32) / 255, opacity.astype(np.float32) / 255
    return np.rint(extend(paint(alpha, colour)) * 255).astype(np.uint8), alpha


def read_layer(colour: Path, alpha: Path, max_side: int) -> tuple[np.ndarray, np.ndarray]:
    """Read colours, uint8 (H, W, 3), and alpha, float32 (H, W) in [0, 1], of two pictures or of one that has both.

    The picture of colours is shrunk to `max_side` pixels, and alpha is fitted to it.

    Raises:
        ValueError: where one cannot be read, or the one that should have both is opaque.
    """
    if colour != alpha:
        layer = read_photo(colour, max_side)
        plane, _ = images.read_alpha(alpha, images.upright_size(alpha))
    else:
        layer, plane = read_cutout(colour)
        layer = shrunk(layer, max_side)
    return layer, cv2.resize(plane, layer.shape[1::-1], interpolation=cv2.INTER_AREA)
