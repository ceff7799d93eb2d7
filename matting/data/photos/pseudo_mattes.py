"""Whole objects for a pool: photographs with a mask of their subject get a pseudo matte, cutouts and mattes come along.

A pseudo matte is SPAMattNet's within a band around the mask's outline; the foreground's colours are estimated. It is no
ground truth, but an object as photographs show it: people above all, with their clothes, hair and light.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting.compositing import estimate_foreground
from matting.data.pools.cutouts import read_layer, read_with_matte
from matting.data.pools.pool import decode, present, read_photo, write_foreground
from matting.data.synthetic import Foreground
from matting.inference import whole_photo
from matting.inference.fusion import hard_fusion
from matting.inference.preview import crop_around
from matting.networks.spamattnet import SPAMattNet
from matting.trimaps.algebra import UNKNOWN, from_mask, object_size

BAND = 0.025
"""Width of the band that is matted, as a share of the object's size."""

UNSURE = (0.06, 0.94)
"""Between these values the mask itself is unsure, and that is matted too."""

CLEAR, OPAQUE = 0.04, 0.96
"""A pseudo matte below and above these is taken for 0 and 1: a network's answer is never exactly either."""

MARGIN = 8
"""Pixels left around an object."""


def pseudo_matte(network: SPAMattNet, photo: np.ndarray, mask: np.ndarray) -> Foreground:
    """Cut the subject out of a photo.

    Args:
        network: in eval mode, folded or not.
        photo: uint8 (H, W, 3).
        mask: the subject's, float32 (H, W) in [0, 1].

    Returns:
        The subject with a margin: colours estimated, alpha in steps of 1/255.

    Raises:
        ValueError: Where the mask holds nothing.
    """
    held = mask >= 0.5
    if not held.any():
        raise ValueError("A mask of a subject was expected, but it holds nothing.")
    trimap = from_mask(mask, max(5, round(BAND * object_size(held))))
    trimap[(mask > UNSURE[0]) & (mask < UNSURE[1])] = UNKNOWN
    crop = crop_around(trimap > 0, MARGIN)
    photo, trimap = np.ascontiguousarray(photo[crop]), np.ascontiguousarray(trimap[crop])
    alpha = hard_fusion(whole_photo.estimate_alpha(network, photo, trimap, scale=1.0), trimap)
    alpha = np.rint(np.clip((alpha - CLEAR) / (OPAQUE - CLEAR), 0, 1) * 255).astype(np.float32) / 255
    return Foreground(estimate_foreground(photo, alpha), alpha, "photo")


def fill_objects(
    folder: Path,
    subjects: Sequence[tuple[Path, Path]],
    cutouts: Sequence[tuple[Path, Path]],
    mattes: Sequence[Path],
    network: SPAMattNet,
    max_side: int = 900,
) -> int:
    """Fill a pool with whole objects, skipping those present; returns how many it has.

    Args:
        folder: the pool's; made if it is missing.
        subjects: photographs and the masks of their subjects, which get pseudo mattes.
        cutouts: pictures of colours and of alpha, taken as they are.
        mattes: photographs NAME.jpg with a matte NAME.png beside them.
        network: SPAMattNet, which makes the pseudo mattes.
        max_side: photos are shrunk to so many pixels before.

    Raises:
        ValueError: Where a file cannot be read or a mask is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs: list[Callable[[], Foreground]] = [
        *(partial(_of_cutout, colour, alpha, max_side) for colour, alpha in cutouts),
        *(partial(_of_matte, path, max_side) for path in mattes),
        *(partial(_of_subject, network, photo, mask, max_side) for photo, mask in subjects),
    ]
    done = present(folder)
    for number, job in enumerate(tqdm(jobs, unit="object")):
        if number not in done:
            write_foreground(folder, number, job())
    return len(present(folder))


def _of_subject(network: SPAMattNet, path: Path, mask_path: Path, max_side: int) -> Foreground:
    photo = read_photo(path, max_side)
    mask = decode(mask_path, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    try:
        return pseudo_matte(network, photo, cv2.resize(mask, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    except ValueError as error:
        raise ValueError(f"{mask_path}: {error}") from error


def _of_cutout(colour: Path, alpha: Path, max_side: int) -> Foreground:
    layer, plane = read_layer(colour, alpha, max_side)
    return Foreground(layer, np.rint(plane * 255) / np.float32(255), "cutout")


def _of_matte(path: Path, max_side: int) -> Foreground:
    colour, alpha = read_with_matte(path)
    scale = min(1.0, max_side / max(alpha.shape))
    return _shrunk(colour, alpha, tuple(round(side * scale) for side in alpha.shape), "photo")


def _shrunk(colour: np.ndarray, alpha: np.ndarray, size: tuple[int, ...], kind: str) -> Foreground:
    colour, alpha = (cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA) for plane in (colour, alpha))
    return Foreground(colour, np.rint(alpha * 255) / np.float32(255), kind)
