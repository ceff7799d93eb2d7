"""The recipe of a visitor's steps, and the notebook cell that repeats them."""

from __future__ import annotations

import numpy as np

from matting.app.backend.other_methods import source_of
from matting.app.session.stages import Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import knows_names
from matting.pipeline import MattingPipeline
from matting.replay.recipe import Recipe
from matting.replay.replaying import notebook_cell, record


def recipe_of(
    pipeline: MattingPipeline, photo: Photo, trimap: TrimapEdit, alpha: np.ndarray, fusion: str, method: str
) -> Recipe:
    """Record how clicks, mask tools and strokes on the page made an alpha, float32 (H, W)."""
    how = {"alpha": alpha, "fusion": fusion, "method": method, "method_source": source_of(method)}
    if trimap.selection is None:
        return record(pipeline, photo.image, trimap=trimap.values, **how)
    return record(
        pipeline,
        photo.image,
        trimap=trimap.values,
        tgn_trimap=trimap.original,
        painted=trimap.painted,
        **how,
        mask_tools=trimap.selection.tools,
        **_where_the_mask_is_from(trimap.selection),
    )


def cell_of(recipe: Recipe, photo: Photo) -> str:
    """Return the code of a notebook cell, which expects the photo beside the notebook."""
    return notebook_cell(recipe, photo.file)


def _where_the_mask_is_from(selection: Selection) -> dict:
    if selection.asked is None:
        return {"mask": selection.masks[0].astype(np.float32) / 255}
    clicks, segmenter = selection.asked
    return {
        "segmenter": _naming(segmenter, clicks.words) if knows_names(segmenter) else segmenter,
        "points": clicks.points,
        "box": clicks.box,
        "candidate": selection.chosen,
    }


def _naming(segmenter: str, words: str) -> str:
    """Return a segmenter's name with words as the labels that are the object, as a recipe and `--coarse` write them."""
    return f"{segmenter.partition('#')[0]}#{words}" if words else segmenter
