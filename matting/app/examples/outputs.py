"""The example photos and what ships with each: clicks, mask, trimap, matte, and the recipe that made them.

`python -m matting examples` rebuilds all of it; run it whenever the bundled weights change.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from matting.app.backend.computations import OWN_METHOD
from matting.app.parts.assets import ASSETS, captioned
from matting.app.pick.segmenter_menu import OFFLINE
from matting.app.session.recipe import recipe_of
from matting.app.session.stages import Click, Clicks, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import Box
from matting.images import read_photo, write_alpha, write_png
from matting.pipeline import MattingPipeline
from matting.replay.recipe import UNTOUCHED, Recipe, read_recipe
from matting.trimaps.algebra import BACKGROUND

OUTPUTS = ASSETS / "examples" / "outputs"
UNSURE_SIDE = 384
"""Longer side in pixels of the shipped map of TGN's uncertainty, which is only looked at."""


def _corners(left: float, top: float, right: float, bottom: float) -> tuple[Click, Click]:
    return Click(left, top, "corner"), Click(right, bottom, "corner")


STARTS: dict[str, tuple[Click, ...]] = {
    "lemur": (Click(330, 230, "keep"),),
    "osprey": (*_corners(468, 178, 732, 762), Click(640, 214, "keep"), Click(528, 716, "keep")),
    "otter": (*_corners(480, 245, 1530, 625), Click(850, 450, "keep"), Click(560, 660, "remove")),
    "parrots": (*_corners(395, 105, 768, 512), Click(600, 230, "keep")),
    "red-hat": (Click(250, 250, "keep"), Click(250, 80, "keep")),
}
"""The clicks with which each example opens, in pixels, for GrabCut."""

DROPPED_OUTSIDE: dict[str, Box] = {"osprey": (440, 160, 760, 790)}
"""Boxes outside of which everything was painted as background: the branches beside the osprey."""


@dataclass(frozen=True, eq=False)
class FinishedExample:
    """An example with its finished steps; alpha is float32 (H, W) in [0, 1]."""

    photo: Photo
    selection: Selection
    trimap: TrimapEdit
    alpha: np.ndarray
    recipe: Recipe


def open_photo(path: Path) -> Photo:
    """Read an example photo."""
    return Photo.of(read_photo(path)[0], path.stem, path.name)


def first_clicks(name: str) -> Clicks:
    """Return the clicks with which an example opens."""
    return Clicks(STARTS.get(name, ()))


def make(path: Path, pipeline: MattingPipeline) -> FinishedExample:
    """Compute all that ships with an example photo."""
    photo, clicks = open_photo(path), first_clicks(path.stem)
    segmenter = pipeline.segmenter(OFFLINE)
    answer = segmenter.segment(segmenter.embed(photo.image), clicks.prompts.checked(photo.size))
    selection = Selection.of_masks(answer.masks[:1], answer.scores[:1], (clicks, OFFLINE))
    trimap = TrimapEdit.of_probabilities(pipeline.trimap_probabilities(photo.image, selection.mask), selection, None)
    if path.stem in DROPPED_OUTSIDE:
        left, top, right, bottom = map(int, DROPPED_OUTSIDE[path.stem])
        outside = np.ones(photo.size, bool)
        outside[top:bottom, left:right] = False
        trimap = trimap.paint(np.full(photo.size, BACKGROUND, np.uint8), outside)
    alpha = pipeline.alpha(photo.image, trimap.values)
    return FinishedExample(
        photo, selection, trimap, alpha, recipe_of(pipeline, photo, trimap, alpha, "hard", OWN_METHOD)
    )


def make_all(pipeline: MattingPipeline, outputs: Path = OUTPUTS) -> Iterator[tuple[str, FinishedExample]]:
    """Make and write what ships with every example photo; yields its caption and the finished example."""
    for path, caption in captioned("examples"):
        example = make(Path(path), pipeline)
        shutil.rmtree(outputs / example.photo.name, ignore_errors=True)
        write(example, outputs)
        yield caption, example


def write(example: FinishedExample, outputs: Path = OUTPUTS) -> None:
    """Write a finished example into a folder of its own: alpha with 16 bits, the trimap as TGN made it."""
    folder = outputs / example.photo.name
    folder.mkdir(parents=True, exist_ok=True)
    unsure = example.trimap.uncertain
    scale = min(1.0, UNSURE_SIDE / max(unsure.shape))
    write_png(folder / "unsure.png", cv2.resize(unsure, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    write_png(folder / "mask.png", example.selection.masks[0])
    write_png(folder / "trimap.png", example.trimap.original)
    write_alpha(folder / "alpha.png", example.alpha)
    (folder / "recipe.json").write_text(example.recipe.to_json(), encoding="utf-8")


def read(photo: Photo, fingerprint: str, outputs: Path = OUTPUTS) -> FinishedExample | None:
    """Read what ships with an example photo; None where there is nothing, or other weights made it."""
    folder = outputs / photo.name
    if not (folder / "recipe.json").is_file():
        return None
    recipe = read_recipe(folder / "recipe.json")
    if recipe.weights != fingerprint:
        return None
    clicks, score = replace(first_clicks(photo.name), example=photo.name), np.ones(1)
    mask, original, unsure, alpha = (_pixels(folder / f"{name}.png") for name in ("mask", "trimap", "unsure", "alpha"))
    selection = Selection.of_masks(mask[None] / np.float32(255), score, (clicks, recipe.segmenter))
    shown = cv2.resize(unsure, photo.proxy.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    trimap = TrimapEdit.of_network(original, selection, None, shown)
    if (edits := recipe.plane("edits")) is not None:
        trimap = trimap.paint(edits, edits != UNTOUCHED)
    return FinishedExample(photo, selection, trimap, alpha.astype(np.float32) / 65535, recipe)


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.array(picture)
