"""The tab for many photos."""

from __future__ import annotations

import gradio as gr

from matting.app.components import BatchPart
from matting.app.parts.messages import line
from matting.app.parts.widgets import download
from matting.app.pick.segmenter_menu import first_segmenter

STATE_SECONDS = 7200
HOW_IT_WORKS = "What stands out in each photo is cut out without a click. Look at every one before you use it."


def lay_out_batch(segmenters: list[tuple[str, str]]) -> BatchPart:
    """Lay out the tab inside the current gr.Tab; `segmenters` holds what its menu shows and the names."""
    batch = gr.State(None, time_to_live=STATE_SECONDS)
    with gr.Column(elem_classes="card", elem_id="stage-batch"):
        gr.HTML("<h2>Cut out many photos</h2>")
        say = gr.HTML(line(HOW_IT_WORKS), elem_id="say-batch")
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                photos = gr.File(
                    label="Photos", elem_id="batch-photos", file_count="multiple", file_types=["image"], height=260
                )
            with gr.Column(scale=1, min_width=280):
                segmenter = gr.Dropdown(
                    segmenters, value=first_segmenter(), label="The object is found by", elem_id="batch-segmenter"
                )
                run = gr.Button("Cut out all", elem_id="batch-run", variant="primary")
                stop = gr.Button("Stop", elem_id="batch-stop", size="md")
                archive = download("Cutouts and mattes (ZIP)", "batch-archive", visible=False)
        rows = gr.HTML(elem_id="batch-rows")
        gallery = gr.Gallery(
            label="Cutouts",
            elem_id="batch-gallery",
            elem_classes="views",
            columns=4,
            object_fit="contain",
            format="png",
            interactive=False,
            visible=False,
            buttons=["fullscreen"],
        )
    return BatchPart(batch, photos, segmenter, run, stop, say, rows, gallery, archive)
