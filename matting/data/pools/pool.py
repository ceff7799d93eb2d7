"""A pool of drawn foregrounds on disk, filled beside the training and read by it.

Each foreground is one RGBA PNG `NNNNNN_kind.png`: straight colour that is kept where alpha is zero, and alpha
in 256 steps. Number i depends on (seed, i) and the textures alone, so that a pool can be interrupted,
continued, and split among writers.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting import images
from matting.data.synthetic import KINDS, Foreground, draw_foreground
from matting.files import write_whole

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
FOUND = ("photo", "cutout")
"""Kinds of foregrounds that are not drawn: the subject of a photograph, and a cutout with its alpha."""

PATTERN = "[0-9]" * 6 + "*_*.png"  # a million and more have longer numbers


def load_textures(folders: Sequence[Path | str], max_side: int = 1024) -> list[np.ndarray]:
    """Read all photos of some folders, in the order of their names.

    Args:
        folders: Folders that hold photos directly.
        max_side: Larger photos are shrunk until their longer side has this many pixels.

    Returns:
        Photos, uint8 (H, W, 3), RGB.

    Raises:
        ValueError: If a folder does not exist, holds no photo, or a photo cannot be read.
    """
    return [read_photo(path, max_side) for folder in folders for path in photo_paths(folder)]


def photo_paths(folder: Path | str) -> list[Path]:
    """List the photos that a folder holds directly, in the order of their names.

    Raises:
        ValueError: If there is none.
    """
    folder = Path(folder)
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    if not paths:
        raise ValueError(f"A folder of photos was expected for textures, but {folder} holds none; check its name.")
    return paths


def read_photo(path: Path, max_side: int) -> np.ndarray:
    """Read a photo, uint8 (H, W, 3), RGB, shrunk until its longer side has at most `max_side` pixels.

    Raises:
        ValueError: If it cannot be read.
    """
    photo, _ = images.read_photo(path)
    return shrunk(photo, max_side)


def shrunk(picture: np.ndarray, max_side: int) -> np.ndarray:
    """Shrink a picture (H, W, C) until its longer side has at most `max_side` pixels."""
    scale = min(1.0, max_side / max(picture.shape[:2]))
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def decode(path: Path, mode: int) -> np.ndarray:
    """Read an image file in an OpenCV mode; a ValueError names a file that cannot be read."""
    data = np.fromfile(path, np.uint8)
    image = cv2.imdecode(data, mode) if data.size else None
    if image is None:
        raise ValueError(f"An image was expected, but {path} cannot be decoded; delete it or write it again.")
    return image


def present(folder: Path) -> dict[int, Path]:
    """Map the numbers of the foregrounds that a pool has to their paths."""
    return {int(path.name.partition("_")[0]): path for path in sorted(folder.glob(PATTERN))}


def write_foreground(folder: Path, index: int, foreground: Foreground) -> Path:
    """Write a foreground as number `index` of a pool: whole or not at all."""
    alpha = np.rint(foreground.alpha * 255).astype(np.uint8)
    image = np.dstack([foreground.colour[..., ::-1], alpha])
    path = folder / f"{index:06d}_{foreground.kind}.png"
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 2])
    if not done:
        raise ValueError(f"The foreground {path.name} could not be encoded as PNG; its shape is {image.shape}.")
    write_whole(path, data.tobytes())
    return path


def draw_number(
    index: int, textures: Sequence[np.ndarray], size: int, seed: int, kind: str | None = None
) -> Foreground:
    """Draw foreground number `index` of a pool; `kind` as in `draw_foreground`."""
    cv2.setNumThreads(1)
    return draw_foreground(np.random.default_rng([seed, index]), size, textures, kind)


def write_number(index: int, folder: Path, textures: Sequence[np.ndarray], size: int, seed: int) -> Path:
    """Draw and write foreground number `index`; returns its path."""
    return write_foreground(folder, index, draw_number(index, textures, size, seed))


def fill_pool(
    folder: Path | str,
    texture_folders: Sequence[Path | str],
    count: int,
    size: int = 512,
    seed: int = 0,
    workers: int = 1,
    start: int = 0,
) -> list[Path]:
    """Write foregrounds number `start` to `start + count - 1` of a pool, skipping those present.

    Args:
        folder: Where to write; made if it is missing.
        texture_folders: Folders of photos that the colours come from.
        count: How many numbers to fill.
        size: Side of the foregrounds in pixels.
        seed: Seed of the pool; number i depends on (seed, i) and the textures only.
        workers: Processes that draw at the same time.
        start: First number.

    Returns:
        The paths of all these foregrounds.

    Raises:
        ValueError: If the textures cannot be read or the size is too small.
    """
    folder = Path(folder)
    textures = load_textures(texture_folders)
    folder.mkdir(parents=True, exist_ok=True)
    done = present(folder)
    todo = [index for index in range(start, start + count) if index not in done]
    job = partial(write_number, folder=folder, textures=textures, size=size, seed=seed)
    if workers <= 1:
        written = [job(index) for index in tqdm(todo, unit="foreground")]
    else:  # OpenCV's threads do not survive a fork
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
            written = list(tqdm(executor.map(job, todo, chunksize=8), total=len(todo), unit="foreground"))
    done.update(zip(todo, written, strict=True))
    return [done[index] for index in range(start, start + count)]


def read_pool(folder: Path | str) -> list[Path]:
    """List the foregrounds of a pool in the order of their numbers.

    Raises:
        ValueError: If the folder holds none.
    """
    paths = sorted(Path(folder).glob(PATTERN))
    if not paths:
        raise ValueError(f"A pool of foregrounds was expected, but {folder} holds none; fill it first.")
    return paths


def read_foreground(path: Path | str) -> Foreground:
    """Read one foreground of a pool.

    Raises:
        ValueError: If the file is no RGBA image, or its name has no known kind.
    """
    path = Path(path)
    kind = path.stem.partition("_")[2]
    if kind not in KINDS and kind not in FOUND:
        kinds = ", ".join((*KINDS, *FOUND))
        raise ValueError(f"A foreground is named NUMBER_KIND.png with KIND one of {kinds}, but {path} is not.")
    image = decode(path, cv2.IMREAD_UNCHANGED)
    if image.ndim != 3 or image.shape[2] != 4 or image.dtype != np.uint8:
        raise ValueError(
            f"An 8-bit RGBA image was expected, but {path} is {image.dtype} {image.shape}; write it again."
        )
    colour = np.ascontiguousarray(image[..., 2::-1])
    return Foreground(colour, image[..., 3].astype(np.float32) / 255, kind)
