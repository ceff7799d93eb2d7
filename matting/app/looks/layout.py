"""The closer looks at a result: its fringe, where the network looks, errors against a true matte."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from matting.app.looks.patch_picker import patch_picker
from matting.app.parts.messages import line
from matting.app.parts.widgets import collect, shown_picture, shown_pictures, upload

CLICK_THE_MATTE = "Four backgrounds, four times as large. Click on the matte above to see another place."
CLICK_THE_PHOTO = "Click on a hair, or drag over a patch, to see where SPAMattNet looks from there."
UPLOAD_THE_TRUTH = "Upload the true matte of this photo, as benchmarks have it."
SCALE = (
    '<p class="scale"><span>less</span><span class="bar" aria-hidden="true"></span><span>more</span>'
    "<span>The middle is even attention; the ends are 32 times less and more than that in a window, "
    "1024 times over the whole photo.</span></p>"
)


@dataclass(frozen=True)
class ClosedLooks:
    """Stage 3's closer looks: the fringe at 400 %, where the network looks, errors against a true matte."""

    fringe_accordion: gr.Accordion
    fringe: gr.Gallery
    look_accordion: gr.Accordion
    look_say: gr.HTML
    asked_photo: gr.HTML
    maps: gr.Gallery
    scale: gr.HTML
    score_say: gr.HTML
    truth: gr.UploadButton
    scores: gr.HTML
    errors: gr.Image


def lay_out_looks() -> ClosedLooks:
    """Lay out the fringe inspector, the network's attention and the scores."""
    with gr.Accordion("Look at the edges at 400 %", open=False, elem_id="fringe") as fringe_accordion:
        gr.HTML(line(CLICK_THE_MATTE))
        fringe = shown_pictures(
            "Edges on four backgrounds", "fringe-views", visible=True, elem_classes="views", height="auto"
        )
    with gr.Accordion("Look inside: where does the network look?", open=False, elem_id="looking") as look_accordion:
        look_say = gr.HTML(line(CLICK_THE_PHOTO), elem_id="say-look")
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                asked_photo = patch_picker("asked-photo")
            with gr.Column(scale=3, min_width=280):
                maps = shown_pictures("Where it looks", "maps", height=560, preview=True)
                scale = gr.HTML(SCALE, visible=False)
    with gr.Accordion("Compare with a true matte", open=False, elem_id="scoring"):
        score_say = gr.HTML(line(UPLOAD_THE_TRUTH), elem_id="say-score")
        truth = upload("Upload a true matte", "truth-upload")
        scores = gr.HTML(visible=False, elem_id="scores")
        errors = shown_picture(
            "Errors",
            "errors",
            "The photo, bright where the matte differs from the true one.",
            visible=False,
            height=360,
        )
    return collect(ClosedLooks, locals())
