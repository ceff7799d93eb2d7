"""Samples for ClickNet: a scene, what a person means in it, and how they begin to say so.

Later clicks answer the network, so they are simulated while it learns (`matting.training.dialogue`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from matting.data.composites.compose import generator
from matting.data.scenes.compose import Scene
from matting.data.scenes.pool import read_scene
from matting.data.tensors import Sample, colours, plane
from matting.networks.clicknet import Seen, mirrored

NOTHING, BOX = 0.25, 0.2
"""How often nothing is said at first where the object stands out, and how often a box is drawn."""

PIECE = 0.12
"""How often a part is meant, or several objects: a single click then says too little."""


class ClickSamples(Dataset[Sample]):
    """Scenes of a pool, each once an epoch.

    A sample holds `image` (3, S, S); `meant`, `whole`, `part` and `all` (1, S/2, S/2) in [0, 1]: what the dialogue is
    to end with, and what the candidates are to be after the first click; `point` (3,) x, y, label or -1, `box` (4,) or
    -1, in shares of the view; and what was seen, `seen0` to `seen8`, in the order of `Seen`.
    """

    def __init__(self, paths: Sequence[Path], length: int, seed: int = 0) -> None:
        self.paths, self.length, self.seed = tuple(paths), length, seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Sample:
        """Read a scene, half of them mirrored, and draw what is meant."""
        rng = generator(self.seed, index)
        epoch, place = divmod(index, len(self.paths))
        order = np.random.default_rng([self.seed, epoch, 1]).permutation(len(self.paths))
        scene, seen = read_scene(self.paths[order[place]])
        said = draw_meaning(rng, scene)
        sample = {"image": colours(scene.image)} | {name: plane(half(mask)) for name, mask in said.masks.items()}
        sample |= {f"seen{n}": seen[name] for n, name in enumerate(Seen._fields)}
        point, box = torch.tensor(said.point, dtype=torch.float32), torch.tensor(said.box, dtype=torch.float32)
        if rng.random() < 0.5:
            sample = {name: tensor.flip(2) for name, tensor in sample.items()}
            point, box = mirrored(point, box)
        return sample | {"point": point, "box": box}


class Meaning:
    """What a person means by their first word: masks by name, bool (S, S), a point and a box in shares of the view."""

    def __init__(
        self, masks: dict[str, np.ndarray], point: tuple[float, float, float], box: tuple[float, float, float, float]
    ) -> None:
        self.masks, self.point, self.box = masks, point, box


def draw_meaning(rng: np.random.Generator, scene: Scene) -> Meaning:
    """Draw an object of a scene, what of it is meant, and the first click, box or nothing."""
    side = scene.objects.shape[0]
    counts = np.bincount(scene.objects.ravel())[1:]
    chance = np.sqrt(counts) * (counts > 0)
    number = 1 + int(rng.choice(len(counts), p=chance / chance.sum()))
    whole, everything = scene.objects == number, scene.objects > 0
    nothing, none = (-1.0, -1.0, -1.0), (-1.0, -1.0, -1.0, -1.0)
    if scene.salient and rng.random() < NOTHING:
        return Meaning({"meant": everything, "whole": everything, "part": everything, "all": everything}, nothing, none)
    x, y = draw_click(rng, whole)
    part = scene.parts == scene.parts[y, x]
    meant = whole
    if rng.random() < PIECE:
        meant = part if rng.random() < 0.6 and part.sum() > 0.003 * part.size else everything
    masks = {"meant": meant, "whole": whole, "part": part, "all": everything}
    point = ((x + 0.5) / side, (y + 0.5) / side, 1.0)
    if meant.any() and rng.random() < BOX:
        masks |= dict.fromkeys(("whole", "part", "all"), meant)
        return Meaning(masks, nothing if rng.random() < 0.7 else point, draw_box(rng, meant))
    return Meaning(masks, point, none)


def draw_click(rng: np.random.Generator, region: np.ndarray) -> tuple[int, int]:
    """Click on a region, bool (H, W), as a person does: mostly in its middle, else anywhere not too near its edge."""
    depth = cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    kind = rng.random()
    least = 0.999 if kind < 0.4 else (0.6 if kind < 0.75 else 0.15)
    rows, columns = np.nonzero(depth >= least * depth.max())
    chosen = int(rng.integers(len(rows)))
    return int(columns[chosen]), int(rows[chosen])


def draw_box(rng: np.random.Generator, region: np.ndarray) -> tuple[float, float, float, float]:
    """Draw a box around a region as a person does, a little wide; shares of the view."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1] + 1, rows[-1] + 1])
    wider = rng.uniform(0.0, 0.08, (2, 2)) * (high - low)
    first, last = np.maximum(low - wider[0], 0), np.minimum(high + wider[1], region.shape[0])
    return tuple(float(v) for v in np.concatenate([first, last]) / region.shape[0])


def half(mask: np.ndarray) -> np.ndarray:
    """Average (S, S) down to half its side, float32."""
    return cv2.resize(mask.astype(np.float32), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
