"""Recipes written and replayed: the same alpha again, bit for bit on the same machine.

Coarse masks pass through 8 bits between any two steps, as in the page.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from matting import __version__, masks
from matting.coarse import DEFAULT, Box, Point, Prompts, as_asked
from matting.images import Source, hold_to, read_photo, read_shown
from matting.replay import run_length
from matting.replay.recipe import UNTOUCHED, Recipe
from matting.result import MattingResult
from matting.trimaps.algebra import from_probabilities, to_one_hot
from matting.trimaps.editing import set_band_percent

if TYPE_CHECKING:
    from matting.pipeline import MattingPipeline


def record(
    pipeline: MattingPipeline,
    image: Source,
    *,
    trimap: np.ndarray,
    tgn_trimap: np.ndarray | None = None,
    painted: np.ndarray | None = None,
    mask: np.ndarray | None = None,
    band: float | None = None,
    alpha: np.ndarray | None = None,
    segmenter: str = DEFAULT,
    points: Iterable[Point] = (),
    box: Box | None = None,
    candidate: int = 0,
    mask_tools: Iterable[tuple[str, float]] = (),
    fusion: str = "hard",
    method: str = "spamattnet",
    method_source: str | None = None,
) -> Recipe:
    """Write down how a matte was made.

    Args:
        pipeline: that made it.
        image: the photo.
        trimap: the trimap that alpha was made from, uint8 (H, W).
        tgn_trimap: TGN's, before band and edits; None where the trimap is one's own.
        painted: booleans (H, W), what a person painted.
        mask: a mask of one's own, floats (H, W) in [0, 1], if no segmenter was asked.
        band: width in % of the object that TGN's band was set to before the edits.
        alpha: the alpha that came out, float32 (H, W), by which a replay is compared.
        segmenter: who understood points and box.
        points: as in Recipe.
        box: as in Recipe.
        candidate: as in Recipe.
        mask_tools: as in Recipe.
        fusion: "hard" or "soft".
        method: as in Recipe.
        method_source: as in Recipe.

    Raises:
        ValueError: where the method's weights are not available.
    """
    photo, _ = read_photo(image)
    prompts = Prompts(tuple(points), box)
    base = tgn_trimap if tgn_trimap is None or band is None else set_band_percent(tgn_trimap, band)
    touched = np.zeros(trimap.shape, bool) if painted is None else painted
    edited = touched if base is None else touched | (trimap != base)
    edits = np.where(edited, trimap, np.uint8(UNTOUCHED))
    return Recipe(
        size=photo.shape[:2],
        photo=_hash(photo),
        weights=pipeline.fingerprint,
        segmenter=segmenter,
        points=prompts.points,
        box=prompts.box,
        candidate=candidate,
        mask_tools=tuple((name, float(pixels)) for name, pixels in mask_tools),
        trimap=None if base is not None else _runs(trimap),
        edits=_runs(edits) if base is not None and edited.any() else None,
        painted=_runs(touched.astype(np.uint8)) if touched.any() else None,
        mask=None if mask is None else _runs(np.rint(mask * 255).astype(np.uint8)),
        band=band,
        alpha=None if alpha is None else _hash(alpha),
        device=pipeline.device.type,
        dtype=str(pipeline.dtype).removeprefix("torch."),
        threads=torch.get_num_threads(),
        fusion=fusion,
        method=method,
        method_source=method_source,
        method_weights=_method_weights(method, method_source, str(pipeline.device)),
        versions=_versions(method),
    )


def replay(recipe: Recipe, pipeline: MattingPipeline, image: Source, method_source: str | None = None) -> MattingResult:
    """Make the matte of a recipe again.

    What may keep it from being the same bit for bit is said in the result's notices.

    Args:
        recipe: what to do.
        pipeline: with the recipe's weights.
        image: the photo.
        method_source: where the weights of the recipe's method are here, if not where the recipe says.

    Raises:
        ValueError: where the weights or the photo's size are others, or an input cannot be used.
        SegmenterUnavailable: where the recipe's segmenter cannot be had.
    """
    photo, opacity, notices = read_shown(image)
    if photo.shape[:2] != recipe.size:
        height, width = recipe.size
        raise ValueError(
            f"The recipe is for a photo of {width}x{height} pixels, got {photo.shape[1]}x{photo.shape[0]}."
        )
    source = method_source or recipe.method_source
    _check_weights("weights", recipe.weights, pipeline.fingerprint)
    _check_weights(
        "ViTMatte weights", recipe.method_weights, _method_weights(recipe.method, source, str(pipeline.device))
    )
    if _hash(photo) != recipe.photo:
        notices += ("The photo is another one than the recipe's; its clicks and strokes may miss.",)
    mask, probabilities, trimap = _trimap_before_edits(recipe, pipeline, photo)
    if (edits := recipe.plane("edits")) is not None:
        trimap = np.where(edits == UNTOUCHED, trimap, edits)
    painted = recipe.plane("painted")
    if painted is not None and probabilities is not None:
        probabilities = np.where((painted > 0)[..., None], to_one_hot(trimap), probabilities)
    if recipe.method == "spamattnet":
        alpha = pipeline.alpha(photo, trimap, probabilities, recipe.fusion)
    else:
        from matting.evaluation.methods import Method

        alpha = Method(recipe.method, source, str(pipeline.device)).alpha(photo, trimap, None)
    alpha = hold_to(alpha, opacity)
    if recipe.alpha is not None and not matches(recipe, alpha):
        notices += ("The alpha is not the recipe's bit for bit: the photo, device, library or segmenter differs.",)
    return MattingResult(photo, alpha, trimap, probabilities, mask, notices)


def matches(recipe: Recipe, alpha: np.ndarray) -> bool:
    """Tell whether an alpha, float32 (H, W), is the one that the recipe made, bit for bit."""
    return recipe.alpha == _hash(alpha)


def notebook_cell(recipe: Recipe, photo: str, weights: str | None = None) -> str:
    """Return a notebook cell's code that replays a recipe on a photo's file and shows the cutout.

    Args:
        recipe: written into the cell.
        photo: path of the photo, as the notebook sees it.
        weights: folder or hub id of the weights; None for the bundled ones.
    """
    return (
        "import torch\n\n"
        "from matting import MattingPipeline\n"
        "from matting.replay.recipe import Recipe\n"
        "from matting.replay.replaying import replay\n\n"
        f'recipe = Recipe.from_json(r"""{recipe.to_json()}""")\n'
        "torch.set_num_threads(recipe.threads_here())\n"
        "where = {'device': recipe.device, 'dtype': getattr(torch, recipe.dtype)}\n"
        f"pipeline = MattingPipeline.from_pretrained({weights!r}, **where)\n"
        f"result = replay(recipe, pipeline, {photo!r})\n"
        "result.cutout\n"
    )


def _trimap_before_edits(
    recipe: Recipe, pipeline: MattingPipeline, photo: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray]:
    """Coarse mask, TGN's probabilities and the trimap with its band set; the first two None for one's own trimap."""
    if (own := recipe.plane("trimap")) is not None:
        return None, None, own
    mask = _coarse_mask(recipe, pipeline, photo)
    probabilities = pipeline.trimap_probabilities(photo, mask)
    trimap = from_probabilities(probabilities)
    return mask, probabilities, trimap if recipe.band is None else set_band_percent(trimap, recipe.band)


def _coarse_mask(recipe: Recipe, pipeline: MattingPipeline, photo: np.ndarray) -> np.ndarray:
    if (own := recipe.plane("mask")) is not None:
        mask = own.astype(np.float32) / 255
    else:
        prompts = as_asked(recipe.segmenter, Prompts(recipe.points, recipe.box), recipe.size)
        segmenter = pipeline.segmenter(recipe.segmenter)
        found = segmenter.segment(segmenter.embed(photo), prompts).masks
        if recipe.candidate >= len(found):
            raise ValueError(f"The recipe takes candidate {recipe.candidate + 1}, but there are {len(found)}.")
        mask = _eight_bits(found[recipe.candidate])
    for name, pixels in recipe.mask_tools:
        mask = _eight_bits(masks.TOOLS[name](mask, pixels))
    return mask


def _eight_bits(mask: np.ndarray) -> np.ndarray:
    return np.rint(mask * 255).astype(np.uint8).astype(np.float32) / 255


def _check_weights(what: str, recipes: str | None, these: str | None) -> None:
    if recipes != these:
        first, second = (f"{digest or 'none'}"[:12] for digest in (recipes, these))
        raise ValueError(
            f"The recipe was made with other {what} ({first}…, these are {second}…); "
            "name the ones that it was made with."
        )


def _method_weights(method: str, source: str | None, device: str) -> str | None:
    """Tell a method's own weights from others; None for a method without any."""
    if method != "vitmatte":
        return None
    from matting.methods.vitmatte import load_vitmatte

    return load_vitmatte(source, device).digest


def _versions(method: str) -> tuple[tuple[str, str], ...]:
    ours = (("trimatte", __version__), ("python", platform.python_version()))
    libraries = (("torch", torch.__version__), ("numpy", np.__version__), ("opencv", cv2.__version__))
    more = {"closed-form": ("pymatting", "scipy"), "vitmatte": ("transformers",)}.get(method, ())
    return (*ours, *libraries, *((name, version(name)) for name in more))


def _runs(plane: np.ndarray) -> tuple[int, ...]:
    return tuple(run_length.encode(plane))


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
