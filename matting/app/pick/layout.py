"""Step 1 of the page: the photo, the ways to pick in it, the tools for the mask that was found."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from matting.app.parts.assets import captioned
from matting.app.parts.messages import line
from matting.app.parts.widgets import collect, editor, heading, thumbnails
from matting.app.pick.drawn_boxes import drawn_boxes
from matting.app.pick.live import TILE, LivePart, lay_out_live
from matting.app.pick.segmenter_menu import first_segmenter
from matting.app.result.brush import painted_strokes
from matting.coarse import knows_names

PICK_FIRST = "Choose a photo: drop it here, take it with the camera, paste it, or try one of the examples."
CLICKS = [("+ Keep", "keep"), ("− Drop", "remove"), ("Box", "corner")]
SELECT_BY = [("Clicking", "click"), ("Painting", "paint")]
MASK_TOOLS = {
    "grow": "Grow",
    "shrink": "Shrink",
    "keep largest": "Largest part only",
    "fill holes": "Fill holes",
    "invert": "Swap in and out",
}
"""What the buttons say, by the tools' names in `masks.TOOLS`."""


@dataclass(frozen=True)
class MaskTools:
    """Tools that change a mask after it was found; the buttons by the tools' names."""

    percent: gr.Slider
    buttons: dict[str, gr.Button]


@dataclass(frozen=True)
class PhotoStage:
    """Stage 1: the photo and what is picked in it."""

    say: gr.HTML
    bring_back: gr.Button
    boxes: gr.HTML
    strokes: gr.HTML
    clicking: gr.Column
    photo: gr.Image
    examples: gr.Gallery
    tools: gr.Column
    select_by: gr.Radio
    click_tools: gr.Row
    click_kind: gr.Radio
    undo: gr.Button
    redo: gr.Button
    clear: gr.Button
    candidates: gr.Gallery
    segmenter: gr.Dropdown
    words: gr.Textbox
    painting: gr.Column
    painter: gr.ImageEditor
    use_painted: gr.Button
    use_scribbles: gr.Button
    mask_tools: MaskTools
    make_trimap: gr.Button
    live: LivePart


def lay_out_pick(segmenters: list[tuple[str, str]]) -> PhotoStage:
    """Lay out step 1; `segmenters` holds what their menu shows and their names."""
    with gr.Column(elem_classes="card", elem_id="stage-pick"):
        heading(1, "Pick what to keep")
        with gr.Row(elem_classes="saying"):
            say = gr.HTML(line(PICK_FIRST), elem_id="say-pick")
            bring_back = gr.Button(
                "Bring back the previous photo", elem_id="bring-back", size="sm", min_width=80, visible=False
            )
        boxes, strokes = drawn_boxes(), painted_strokes(TILE)
        examples = thumbnails("No photo at hand? Try one of these", "examples", captioned("examples"), columns=5)
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                with gr.Row(elem_classes="toolbar", visible=False) as click_tools:
                    click_kind = gr.Radio(
                        CLICKS,
                        value="keep",
                        label="A click means",
                        elem_id="click-kind",
                        container=False,
                        min_width=260,
                    )
                    with gr.Row(elem_classes="pair"):
                        undo = gr.Button("Undo", elem_id="undo-click", size="sm", min_width=60)
                        redo = gr.Button("Redo", elem_id="redo-click", size="sm", min_width=60)
                        clear = gr.Button("Clear", elem_id="clear-clicks", size="sm", min_width=60)
                with gr.Column(elem_classes="plain") as clicking:
                    photo = gr.Image(
                        label="Photo",
                        elem_id="photo",
                        sources=["upload", "webcam", "clipboard"],
                        type="filepath",
                        image_mode=None,
                        format="png",
                        height=520,
                        buttons=["fullscreen"],
                        alt_text="The photo with the clicks on it; what is not picked is shaded.",
                    )
                with gr.Column(visible=False, elem_classes="plain") as painting:
                    painter = editor("Brush", "mask-editor", "Keep", 40)
                    with gr.Row(elem_classes="pair"):
                        use_scribbles = gr.Button("Find what I scribbled on", elem_id="use-scribbles", size="md")
                        use_painted = gr.Button("Use what I painted", elem_id="use-painted", size="md")
            with gr.Column(scale=2, min_width=320, visible=False) as tools:
                live = lay_out_live()
                candidates = thumbnails("Which do you mean?", "candidates", [], columns=3, visible=False)
                make_trimap = gr.Button("Find the edges", elem_id="make-trimap", size="md", interactive=False)
                with gr.Accordion("More ways to pick", open=False, elem_id="more-ways"):
                    select_by = gr.Radio(SELECT_BY, value="click", label="Pick by", elem_id="select-by")
                    segmenter = gr.Dropdown(
                        segmenters,
                        value=first_segmenter(),
                        label="Clicks are understood by",
                        elem_id="segmenter",
                    )
                    words = gr.Textbox(
                        label="Or say what it is",
                        placeholder="person, hat; then Enter",
                        max_length=200,
                        visible=knows_names(segmenter.value),
                        elem_id="words",
                    )
                mask_tools = _lay_out_mask_tools()
    return collect(PhotoStage, locals())


def _lay_out_mask_tools() -> MaskTools:
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
    return collect(MaskTools, locals())
