"""Step 2 of the page: the trimap's editor, and help to correct the trimap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import gradio as gr

from matting.app.backend.computations import OWN_METHOD
from matting.app.backend.other_methods import CLASSICAL_METHOD, VITMATTE
from matting.app.parts.messages import line
from matting.app.parts.widgets import collect, download, heading, shown_picture, thumbnails
from matting.app.parts.widgets import editor as trimap_editor
from matting.trimaps.doctor import Complaint

TRIMAP_LATER = "Pick something above, and its edges appear here."
FUSIONS = [
    ("Hard: the trimap's known regions stay as they are", "hard"),
    ("Soft: the network may revise its own trimap", "soft"),
]
METHODS = [
    ("SPAMattNet: learned, for hair and fur", OWN_METHOD),
    ("Closed-form: classical, small photos", CLASSICAL_METHOD),
    ("ViTMatte: learned, a download, small photos", VITMATTE),
]
BRUSH_NAMES = {"Keep": "Keep: all of it", "Unsure": "Unsure: hair, fur, glass", "Drop": "Drop: background"}


TELL_PAINTED = """
// Heard by the pointer and the keys, since the editor's own event also comes when it is given another picture.
let painting = false;
const told = () => setTimeout(() => trigger("select", {}), 100);
const inEditor = (event) => Boolean(event.target.closest?.("#trimap-editor"));
document.addEventListener("pointerdown", (event) => { painting = inEditor(event); }, true);
document.addEventListener("pointerup", () => { if (painting) told(); painting = false; }, true);
document.addEventListener("click", (event) => { if (event.detail === 0 && inEditor(event)) told(); }, true);
"""


@dataclass(frozen=True)
class FindingRow:
    """One finding of the trimap doctor, and the button that mends it."""

    body: gr.Column
    say: gr.HTML
    cure: gr.Button


@dataclass(frozen=True)
class TrimapHelpParts:
    """The help beside the trimap's editor; the findings by the doctor's complaints."""

    bands: gr.Gallery
    step: gr.Slider
    narrower: gr.Button
    wider: gr.Button
    doctor: gr.Accordion
    sound: gr.HTML
    findings: dict[Complaint, FindingRow]
    uncertainty: gr.Image
    paint_next: gr.HTML
    reset: gr.Button
    export: gr.DownloadButton


@dataclass(frozen=True)
class TrimapStage:
    """Stage 2: the trimap and its editor; `painted` tells that somebody has used it."""

    body: gr.Column
    say: gr.HTML
    editor: gr.ImageEditor
    painted: gr.HTML
    brush: gr.Radio
    apply: gr.Button
    undo: gr.Button
    redo: gr.Button
    help: TrimapHelpParts
    fusion: gr.Radio
    method: gr.Radio
    cut_out: gr.Button


def lay_out_edges() -> TrimapStage:
    """Lay out step 2."""
    with gr.Column(elem_classes="card", elem_id="stage-edges"):
        heading(2, "Check the edges")
        say = gr.HTML(line(TRIMAP_LATER), elem_id="say-edges")
        painted = gr.HTML(js_on_load=TELL_PAINTED, visible="hidden")
        with gr.Column(visible=False, elem_classes="plain") as body, gr.Row():
            with gr.Column(scale=3, min_width=320):
                editor = trimap_editor("Trimap", "trimap-editor", "Unsure")
            with gr.Column(scale=1, min_width=280):
                brush = gr.Radio(
                    [(text, name) for name, text in BRUSH_NAMES.items()],
                    value="Unsure",
                    label="Paint corrections as",
                    elem_id="brush",
                )
                with gr.Row(elem_classes="pair"):
                    apply = gr.Button("Apply strokes", elem_id="apply-strokes", size="sm", min_width=100)
                    undo = gr.Button("Undo", elem_id="undo-trimap", size="sm", min_width=60)
                    redo = gr.Button("Redo", elem_id="redo-trimap", size="sm", min_width=60)
                help = _lay_out_help()
                with gr.Accordion("Advanced", open=False):
                    fusion = gr.Radio(FUSIONS, value="hard", label="Fusion of trimap and matte", elem_id="fusion")
                    method = gr.Radio(METHODS, value=OWN_METHOD, label="Method", elem_id="method")
                cut_out = gr.Button("Cut out", elem_id="cut-out", variant="primary")
    return collect(TrimapStage, locals())


def _lay_out_help() -> TrimapHelpParts:
    """Lay out the help beside the editor: band widths, the doctor, where to paint next, files."""
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
    return collect(TrimapHelpParts, locals())


def _finding_row(complaint: Complaint) -> FindingRow:
    with gr.Column(visible=False, elem_classes="plain") as body:
        say = gr.HTML()
        cure = gr.Button("Mend it", elem_id=f"cure-{complaint.replace(' ', '-')}", size="sm")
    return collect(FindingRow, locals())
