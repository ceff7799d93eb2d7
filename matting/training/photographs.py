"""Photographs with mattes as samples: how the paper trains on P3M-10k and AIM-500 (Sections IV-B6 and IV-B7).

TGN learns from the masks of a segmenter, SPAMattNet from TGN's trimaps; both are made before the training and lie in
a folder of their own. Sample number i depends on (seed, i) and the files alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from matting.images import read_mask, read_photo, read_trimap
from matting.training.batches import Batch
from matting.training.recipes import Recipe
from matting.trimap import FOREGROUND, UNKNOWN, from_alpha

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class Photograph:
    """Files of one photograph: itself, its true alpha, and what guides the network (a coarse mask or a trimap)."""

    image: Path
    alpha: Path
    guidance: Path


def find_photographs(images: Path, alphas: Path, guidance: Path) -> list[Photograph]:
    """Match the pictures of three folders by their stems, sorted; guidance may be named STEM_trimap too.

    Raises:
        ValueError: where a folder is missing or empty, or lacks the file of a photograph.
    """
    photos = _pictures(images)
    if not photos:
        raise ValueError(f"Photographs were expected in {images}, but it holds none; check its name.")
    found = []
    for stem, path in photos.items():
        files = [
            next((pictures[name] for name in (stem, f"{stem}_trimap") if name in pictures), None)
            for pictures in (_pictures(alphas), _pictures(guidance))
        ]
        for folder, file in zip((alphas, guidance), files, strict=True):
            if file is None:
                raise ValueError(f"{folder} holds no picture named {stem}, like {path.name}.")
        found.append(Photograph(path, *files))
    return found


class _Photographs(Dataset[Batch]):
    """What both networks' photographs share: their order, window and flip."""

    def __init__(self, photographs: Sequence[Photograph], recipe: Recipe, seed: int) -> None:
        self.photographs, self.recipe, self.seed = photographs, recipe, seed

    def __len__(self) -> int:
        return self.recipe.steps * self.recipe.batch

    def choose(self, index: int) -> tuple[Photograph, np.random.Generator]:
        """Return the photograph of a sample, each once an epoch in an order of its own, and the sample's generator."""
        cv2.setNumThreads(1)
        epoch, place = divmod(index, len(self.photographs))
        # The third word keeps an epoch's generator apart from every sample's.
        order = np.random.default_rng([self.seed, epoch, 1]).permutation(len(self.photographs))
        return self.photographs[order[place]], np.random.default_rng([self.seed, index])

    def cut(
        self, rng: np.random.Generator, unknown: np.ndarray, planes: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Cut one window around a random unknown pixel out of every plane, resized to the crop, at times mirrored."""
        side = min(int(rng.choice(self.recipe.windows or [self.recipe.crop])), *unknown.shape)
        places = np.argwhere(unknown)
        centre = places[rng.integers(len(places))] if len(places) else rng.integers(unknown.shape)
        starts = zip(centre, unknown.shape, strict=True)
        top, left = (int(np.clip(place - side // 2, 0, length - side)) for place, length in starts)
        step = -1 if rng.random() < 0.5 else 1
        size = (self.recipe.crop, self.recipe.crop)
        return {
            name: cv2.resize(
                np.ascontiguousarray(plane[top : top + side, left : left + side][:, ::step]),
                size,
                # Area averages where it shrinks, and is nearest where it enlarges; a trimap has no values between.
                interpolation=cv2.INTER_NEAREST if name == "trimap" else _smooth(side, self.recipe.crop),
            )
            for name, plane in planes.items()
        }


class SPAMattNetPhotographs(_Photographs):
    """Samples for SPAMattNet: image (3, H, W) and alpha (1, H, W) in [0, 1], trimap (1, H, W) in {0, 1/2, 1}."""

    def __getitem__(self, index: int) -> Batch:
        """Cut sample `index` around the unknown region of the trimap that lies beside the photograph."""
        files, rng = self.choose(index)
        image, _ = read_photo(files.image)
        trimap, _ = read_trimap(files.guidance, image.shape[:2])
        alpha, _ = read_mask(files.alpha, image.shape[:2])
        cut = self.cut(rng, trimap == UNKNOWN, {"image": image, "trimap": trimap, "alpha": alpha})
        trimap = np.select([cut["trimap"] == FOREGROUND, cut["trimap"] == UNKNOWN], [1.0, 0.5], 0.0)
        return {"image": _colours(cut["image"]), "trimap": _plane(trimap), "alpha": _plane(cut["alpha"])}


class TGNPhotographs(_Photographs):
    """Samples for TGN: image (3, H, W), coarse_mask (1, H, W) in [0, 1], classes (H, W) int64."""

    def __getitem__(self, index: int) -> Batch:
        """Cut sample `index` around the unknown region of the true trimap, made from alpha by the recipe's kernel."""
        files, rng = self.choose(index)
        image, _ = read_photo(files.image)
        mask, _ = read_mask(files.guidance, image.shape[:2])
        alpha, _ = read_mask(files.alpha, image.shape[:2])
        trimap = from_alpha(alpha, self.recipe.kernel, self.recipe.kernel)
        cut = self.cut(rng, trimap == UNKNOWN, {"image": image, "trimap": trimap, "mask": mask})
        classes = (cut["trimap"] >= UNKNOWN).astype(np.int64) + (cut["trimap"] == FOREGROUND)
        image, mask = _colours(cut["image"]), _plane(cut["mask"])
        return {"image": image, "coarse_mask": mask, "classes": torch.from_numpy(classes)}


def _pictures(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ValueError(f"The folder {folder} is missing; check its name.")
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}


def _smooth(side: int, crop: int) -> int:
    return cv2.INTER_AREA if side > crop else cv2.INTER_LINEAR


def _colours(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float().div(255)


def _plane(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).clamp(0, 1)[None]
