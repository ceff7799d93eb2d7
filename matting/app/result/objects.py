"""Several objects in one cutout, each as a cutout of its own: pieces that do not touch each other."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np

from matting.images import Carried, write_picture
from matting.masks import nearest_parts

SOLID = 0.5
"""The least alpha that joins pixels to an object."""

LEAST = 0.02
"""Pieces smaller than this share of the largest are no objects; they go with the nearest one."""


def separate(cutout: np.ndarray) -> list[np.ndarray]:
    """Share a cutout, RGBA uint8 (H, W, 4), out among its objects, the largest first.

    Every pixel goes whole to its owner, so that the alphas of all add up to the cutout's.
    """
    owned = owners(cutout[:, :, 3] / np.float32(255))
    return [np.where((owned == one)[:, :, None], cutout, np.uint8(0)) for one in range(owned.max() + 1)]


def owners(alpha: np.ndarray) -> np.ndarray:
    """Number the object that is nearest to each pixel, (H, W), the largest is 0, by alpha, floats (H, W).

    Objects that touch or overlap are one; without any, all is 0.
    """
    solid = (alpha >= SOLID).astype(np.uint8)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    objects = [1 + index for index in np.argsort(-areas, kind="stable") if areas[index] >= LEAST * areas.max()]
    if len(objects) < 2:
        return np.zeros(alpha.shape, pieces.dtype)
    number = np.zeros(len(stats), pieces.dtype)
    number[objects] = np.arange(1, len(objects) + 1)
    return nearest_parts(number[pieces]) - 1


def pack_objects(path: Path, cutouts: list[np.ndarray], name: str, kind: str, told: Carried) -> None:
    """Write a ZIP of cutouts as NAME_1.KIND and so on."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # the pictures are compressed already
        for number, cutout in enumerate(cutouts, 1):
            file = path.with_name(f"{name}_{number}.{kind}")
            write_picture(file, cutout, told)
            archive.write(file, file.name)
            file.unlink()
