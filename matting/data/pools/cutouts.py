"""Real objects for a pool: photos with mattes, cut into windows, their foreground colours estimated first."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting.compositing import estimate_foreground
from matting.data.pools.pool import decode, present, write_foreground
from matting.data.synthetic import KINDS, Foreground
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
    colour = cv2.cvtColor(decode(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    if not path.with_suffix(".png").exists():
        raise ValueError(f"The photo {path} has no matte {path.stem}.png beside it; add it or take the photo away.")
    alpha = decode(path.with_suffix(".png"), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    return estimate_foreground(colour, alpha), alpha


def read_cutout(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a picture with an alpha channel: its colours, continued where it is transparent, and alpha in [0, 1].

    Raises:
        ValueError: where it has no alpha channel, or cannot be read.
    """
    picture = decode(path, cv2.IMREAD_UNCHANGED)
    if picture.ndim != 3 or picture.shape[2] != 4 or picture.dtype != np.uint8:
        raise ValueError(f"A cutout is an 8-bit picture with an alpha channel, but {path} is not; take it away.")
    colour, alpha = picture[..., 2::-1].astype(np.float32) / 255, picture[..., 3].astype(np.float32) / 255
    return np.rint(extend(paint(alpha, colour)) * 255).astype(np.uint8), alpha


def main() -> None:
    """Fill a pool from photos with mattes."""
    parser = argparse.ArgumentParser(prog="python -m matting.data.pools.cutouts", description=main.__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of NAME.jpg with NAME.png, or of cutouts")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pool")
    parser.add_argument("--per-photo", type=int, default=30, help="windows cut out of each photo")
    parser.add_argument("--kind", default="fur", choices=list(KINDS), help="what they are called")
    given = parser.parse_args()
    count = import_cutouts(given.photos, given.out, given.per_photo, kind=given.kind)
    print(f"{count} foregrounds in {given.out}")


if __name__ == "__main__":
    main()
