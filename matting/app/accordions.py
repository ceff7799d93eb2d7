"""The page's closed accordions: what a newcomer need not see, each under a name that says what it is for."""

from __future__ import annotations

from typing import get_args

import gradio as gr

from matting.app.components import FindingRow, MaskTools, TrimapHelpParts
from matting.app.parts.widgets import download, shown_picture, thumbnails
from matting.trimaps.doctor import Complaint

MASK_TOOLS = {
    "grow": "Grow",
    "shrink": "Shrink",
    "keep largest": "Largest part only",
    "fill holes": "Fill holes",
    "invert": "Swap in and out",
}
"""What the buttons say, by the tools' names in `masks.TOOLS`."""


def lay_out_mask_tools() -> MaskTools:
    """Lay out stage 1's tools for a mask that was found."""
    with gr.Accordion("Change this mask", open=False, elem_id="mask-tools"):
        percent = gr.Slider(
            0.5, 10, value=2, step=0.5, label="Grow or shrink, in %", elem_id="mask-percent", buttons=[]
        )
        buttons = {}
        for pair in (("shrink", "grow"), ("keep largest", "fill holes"), ("invert",)):
            with gr.Row(elem_classes="pair"):
                for name in pair:
                    elem_id = f"mask-{name.replace(' ', '-')}"
                    buttons[name] = gr.Button(MASK_TOOLS[name], elem_id=elem_id, size="sm", min_width=90)
    return MaskTools(percent, buttons)


def lay_out_trimap_help() -> TrimapHelpParts:
    """Lay out stage 2's help: band widths, the doctor, where to paint next, files."""
    with gr.Accordion("Wider or narrower band", open=False, elem_id="band-width"):
        bands = thumbnails("Band in % of the object", "bands", [], columns=3)
        step = gr.Slider(0.2, 5, value=1, step=0.2, label="Step, in %", elem_id="band-step", buttons=[])
        with gr.Row(elem_classes="pair"):
            narrower = gr.Button("Narrower", elem_id="narrower", size="sm", min_width=90)
            wider = gr.Button("Wider", elem_id="wider", size="sm", min_width=90)
    with gr.Accordion("Where is the network unsure?", open=False, elem_id="where-unsure"):
        paint_next = gr.HTML()
        uncertainty = shown_picture(
            "Uncertainty",
            "uncertainty",
            "The photo, bright where the network is unsure, with a ring where to paint next.",
        )
    with gr.Accordion("Trimap doctor", open=False, elem_id="doctor") as doctor:
        sound = gr.HTML()
        findings = {complaint: _finding_row(complaint) for complaint in get_args(Complaint)}
    with gr.Accordion("Start over or save", open=False, elem_id="trimap-files"), gr.Row(elem_classes="pair"):
        reset = gr.Button("Start over", elem_id="reset-trimap", size="sm", min_width=90)
        export = download("Save this trimap", "export-trimap", size="sm")
    return TrimapHelpParts(
        bands, step, narrower, wider, doctor, sound, findings, uncertainty, paint_next, reset, export
    )


def _finding_row(complaint: Complaint) -> FindingRow:
    with gr.Column(visible=False, elem_classes="plain") as body:
        say = gr.HTML()
        cure = gr.Button("Mend it", elem_id=f"cure-{complaint.replace(' ', '-')}", size="sm")
    return FindingRow(body, say, cure)
