"""The one public endpoint, `/matte`: a photo and what to keep go in, alpha, cutout and trimap come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from matting.app.backend.computations import Steps
from matting.app.backend.lines import stop_if_left
from matting.app.edges.layout import FUSIONS
from matting.app.parts import served_files
from matting.app.parts.messages import explain
from matting.app.parts.widgets import ALONG
from matting.coarse import DEFAULT, Prompts
from matting.compositing import cutout, estimate_foreground
from matting.images import (
    Along,
    carried,
    drop_transparent,
    emptiness,
    hold_to,
    read_mask,
    read_shown,
    read_trimap,
    write_alpha,
    write_png,
)
from matting.inference.progress import StoppedError, watched
from matting.trimaps.algebra import from_probabilities
from matting.trimaps.editing import keep_promises

ENDPOINT = "matte"
DESCRIPTION = (
    "Matte one photo. Give a trimap, or a mask, or points [[x, y, 1 = keep or 0 = drop], ...] and/or a box "
    "[x0, y0, x1, y1] in the photo's pixels. Returns alpha (16-bit PNG), cutout (RGBA PNG), trimap (PNG) and notices: "
    "what was done to the input on the way, one sentence each. EXIF and dots per inch go on into alpha and cutout, the "
    "place only where metadata is 'everything'."
)
NUMBERS = {"type": "array", "items": {"type": "number"}}
POINTS = {"type": "array", "items": NUMBERS, "description": "[[x, y, 1 = keep or 0 = drop], ...] in the photo's pixels"}
BOX = NUMBERS | {"description": "[x0, y0, x1, y1] in the photo's pixels"}
NOTICES = {"type": "array", "items": {"type": "string"}}
NOTHING_ASKED = "Say what to keep: give a trimap, a mask, points or a box."


def typed_json(schema: dict[str, Any], label: str) -> gr.JSON:
    """Return JSON that tells clients its schema: Gradio's own is none, and MCP clients refuse a tool with it."""
    component = gr.JSON(label=label)
    component.api_info = lambda: schema  # on the instance, since Gradio writes a file beside each class of components
    return component


def publish(page: gr.Blocks, steps: Steps) -> None:
    """Add the endpoint to a page that is being built, on hidden components."""

    def matte(
        photo: str | None,
        mask: str | None = None,
        trimap: str | None = None,
        points: Any = None,
        box: Any = None,
        fusion: str = "hard",
        metadata: Along = "all but the place",
        request: gr.Request | None = None,
    ) -> tuple[str, str, str, list[str]]:
        try:
            with watched(lambda _: stop_if_left(page, request)):
                return _matte(steps, photo, mask, trimap, points, box, fusion, metadata)
        except StoppedError:
            raise gr.Error("Nobody listens any more.", print_exception=False) from None
        except Exception as error:  # a client gets one sentence, as a visitor does
            raise gr.Error(explain(error), print_exception=False) from error

    with gr.Row(visible=False):
        given = [
            gr.File(label="photo"),
            gr.File(label="mask"),
            gr.File(label="trimap"),
            typed_json(POINTS, "points"),
            typed_json(BOX, "box"),
            gr.Radio([value for _, value in FUSIONS], value="hard", label="fusion"),
            gr.Radio([value for _, value in ALONG], value=ALONG[0][1], label="metadata"),
        ]
        made = [*(gr.File(label=label) for label in ("alpha", "cutout", "trimap")), typed_json(NOTICES, "notices")]
        gr.Button("Matte").click(
            matte,
            given,
            made,
            api_name=ENDPOINT,
            api_description=DESCRIPTION,
            concurrency_id="gpu",
            concurrency_limit=1,
        )


def _matte(
    steps: Steps,
    photo: str | None,
    mask: str | None,
    trimap: str | None,
    points: Any,
    box: Any,
    fusion: str,
    metadata: Along,
) -> tuple[str, str, str, list[str]]:
    if photo is None:
        raise ValueError("Give a photo.")
    (image, opacity, notices), told = read_shown(photo), carried(photo, metadata)
    size = image.shape[:2]
    if trimap is not None:
        values, more = read_trimap(trimap, size)
        emptiness.check_trimap(values, "The trimap")
        notices, probabilities = notices + more, None
    else:
        prompts = Prompts() if mask is not None else _read_prompts(points, box).checked(size)
        if mask is not None:
            coarse_mask, more = read_mask(mask, size)
            emptiness.check_mask(coarse_mask, "The mask")
            notices += more
        else:
            coarse_mask = _segment(steps, image, prompts)
            emptiness.check_found(coarse_mask, DEFAULT)
        probabilities = steps.probabilities(image, coarse_mask)
        values = from_probabilities(probabilities)
        values = keep_promises(values, coarse_mask, prompts.points, prompts.box, probabilities)
    values = drop_transparent(values, opacity)
    alpha = hold_to(steps.alpha(image, values, probabilities, fusion), opacity)
    emptiness.check_alpha(alpha)
    foreground, name = estimate_foreground(image, alpha), Path(photo).stem
    return (
        served_files.keep(lambda path: write_alpha(path, alpha, told), f"{name}_alpha.png"),
        served_files.keep(lambda path: write_png(path, cutout(foreground, alpha), told), f"{name}_cutout.png"),
        served_files.keep(lambda path: write_png(path, values), f"{name}_trimap.png"),
        list(notices),
    )


def _segment(steps: Steps, image: np.ndarray, prompts: Prompts) -> np.ndarray:
    embedding = steps.embed(image, "", DEFAULT, None)
    return steps.segment(image, embedding, prompts).best


def _read_prompts(points: Any, box: Any) -> Prompts:
    """Read JSON from outside; anything but numbers in the expected form is refused in a sentence."""
    if not points and not box:
        raise ValueError(NOTHING_ASKED)
    try:
        return Prompts(
            points=tuple((float(x), float(y), int(keep)) for x, y, keep in points or ()),
            box=None if not box else tuple(float(side) for side in box),
        )
    except (TypeError, ValueError) as error:
        raise ValueError("Points should be [[x, y, 1 or 0], ...] and a box [x0, y0, x1, y1], all numbers.") from error
