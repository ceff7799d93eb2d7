"""The page: three stages under each other, each with its picture and, beside it, what to do with it."""

from __future__ import annotations

import html
from collections.abc import Sequence

import gradio as gr

from matting.app.accordions import lay_out_mask_tools, lay_out_trimap_help
from matting.app.backend.computations import OWN_METHOD
from matting.app.backend.other_methods import CLASSICAL_METHOD, VITMATTE
from matting.app.batch_layout import lay_out_batch
from matting.app.components import Page, PhotoStage, ResultStage, States, TrimapStage
from matting.app.dragging import drawn_boxes
from matting.app.filmstrip import lay_out_filmstrip
from matting.app.looks.layout import lay_out_looks
from matting.app.parts.assets import captioned
from matting.app.parts.messages import line
from matting.app.parts.widgets import download, editor, heading, shown_picture, thumbnails
from matting.app.pick.segmenter_menu import choices, first_segmenter
from matting.app.result.backgrounds import gallery
from matting.app.session.stages import Clicks

STATE_SECONDS = 7200
TAGLINE = "Cut anything out of a photo, down to single hairs."
PICK_FIRST = "Choose a photo: drop it here, take it with the camera, paste it, or try one of the examples."
TRIMAP_LATER = "Once something is picked above, its edges appear here."
CUTOUT_LATER = "Your cutout appears here, ready to download."
CLICKS = [("+ Keep", "keep"), ("− Drop", "remove"), ("Box", "corner")]
SELECT_BY = [("Clicking", "click"), ("Painting", "paint")]
FUSIONS = [
    ("Hard: what the trimap knows stays as it is", "hard"),
    ("Soft: the network may revise its own trimap", "soft"),
]
METHODS = [
    ("SPAMattNet: learned, for hair and fur", OWN_METHOD),
    ("Closed-form: classical, small photos", CLASSICAL_METHOD),
    ("ViTMatte: learned, a download, small photos", VITMATTE),
]
BACKGROUNDS = [("Checkerboard", "checkerboard"), ("Colour", "colour"), ("Picture", "picture")]
BRUSH_NAMES = {"Keep": "Keep: all of it", "Unsure": "Unsure: hair, fur, glass", "Drop": "Drop: background"}


def lay_out(status: str, coarse: Sequence[str] = ()) -> Page:
    """Build the whole page inside the current gr.Blocks.

    `status` says where the networks run, `coarse` which segmenters are offered beside those with a name of their own.
    """
    segmenters = choices(coarse)
    gr.HTML(
        f'<header class="masthead"><div><h1>TriMatte</h1><p>{TAGLINE}</p></div>'
        f'<p id="device" class="device">{html.escape(status)}</p></header>'
    )
    states = States(
        *(
            gr.State(start, time_to_live=STATE_SECONDS)
            for start in (None, Clicks(), None, None, None, None, None, None, None)
        )
    )
    with gr.Tabs():
        with gr.Tab("One photo", id="one"):
            strip = lay_out_filmstrip()
            stages = _lay_out_pick(segmenters), _lay_out_edges(), _lay_out_result()
        with gr.Tab("Many photos", id="many"):
            batch = lay_out_batch(segmenters)
    return Page(states, strip, *stages, batch)


def _lay_out_pick(segmenters: list[tuple[str, str]]) -> PhotoStage:
    with gr.Column(elem_classes="card", elem_id="stage-pick"):
        heading(1, "Pick what to keep")
        with gr.Row(elem_classes="saying"):
            say = gr.HTML(line(PICK_FIRST), elem_id="say-pick")
            bring_back = gr.Button(
                "Bring back the previous photo", elem_id="bring-back", size="sm", min_width=80, visible=False
            )
        boxes = drawn_boxes()
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
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
                    use_painted = gr.Button("Use what I painted", elem_id="use-painted", size="md")
            with gr.Column(scale=1, min_width=320, visible=False) as tools:
                select_by = gr.Radio(SELECT_BY, value="click", label="Pick by", elem_id="select-by")
                with gr.Column(elem_classes="plain") as click_tools:
                    click_kind = gr.Radio(CLICKS, value="keep", label="A click means", elem_id="click-kind")
                    with gr.Row(elem_classes="pair"):
                        undo = gr.Button("Undo", elem_id="undo-click", size="sm", min_width=70)
                        redo = gr.Button("Redo", elem_id="redo-click", size="sm", min_width=70)
                        clear = gr.Button("Clear", elem_id="clear-clicks", size="sm", min_width=70)
                    candidates = thumbnails("Which one did you mean?", "candidates", [], columns=3, visible=False)
                    segmenter = gr.Dropdown(
                        segmenters,
                        value=first_segmenter(),
                        label="Clicks are understood by",
                        elem_id="segmenter",
                    )
                mask_tools = lay_out_mask_tools()
                make_trimap = gr.Button("Find the edges", elem_id="make-trimap", variant="primary", interactive=False)
        examples = thumbnails("Examples", "examples", captioned("examples"), columns=5)
    return PhotoStage(
        say, bring_back, boxes, clicking, photo, examples, tools, select_by, click_tools, click_kind, undo, redo, clear,
        candidates, segmenter, painting, painter, use_painted, mask_tools, make_trimap,
    )  # fmt: skip


def _lay_out_edges() -> TrimapStage:
    with gr.Column(elem_classes="card", elem_id="stage-edges"):
        heading(2, "Check the edges")
        say = gr.HTML(line(TRIMAP_LATER), elem_id="say-edges")
        with gr.Column(visible=False, elem_classes="plain") as body, gr.Row():
            with gr.Column(scale=3, min_width=320):
                canvas = editor("Trimap", "trimap-editor", "Unsure")
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
                trimap_help = lay_out_trimap_help()
                with gr.Accordion("Advanced", open=False):
                    fusion = gr.Radio(FUSIONS, value="hard", label="Fusion of trimap and matte", elem_id="fusion")
                    method = gr.Radio(METHODS, value=OWN_METHOD, label="Method", elem_id="method")
                cut_out = gr.Button("Cut out", elem_id="cut-out", variant="primary")
    return TrimapStage(
        body, say, canvas, brush, apply, undo, redo, trimap_help, fusion, method, cut_out
    )  # fmt: skip


def _lay_out_result() -> ResultStage:
    with gr.Column(elem_classes="card", elem_id="stage-result"):
        heading(3, "Take your cutout")
        with gr.Row(elem_classes="saying"):
            say = gr.HTML(line(CUTOUT_LATER), elem_id="say-result")
            stop = gr.Button("Stop", elem_id="stop-cut-out", size="sm", min_width=80, visible=False)
        with gr.Column(visible=False, elem_classes="plain") as body:
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    slider = gr.ImageSlider(
                        label="Before and after",
                        elem_id="before-after",
                        format="png",
                        interactive=False,
                        max_height=560,
                        buttons=["fullscreen"],
                    )
                with gr.Column(scale=1, min_width=280):
                    alpha = shown_picture(
                        "Matte", "alpha", "The matte: white is kept, black is dropped, gray is see-through."
                    )
            with gr.Row():
                with gr.Column(scale=2, min_width=300):
                    background = gr.Radio(
                        BACKGROUNDS, value="checkerboard", label="New background", elem_id="background"
                    )
                    colour = gr.ColorPicker("#1f8a70", label="Background colour", elem_id="colour", visible=False)
                    with gr.Column(visible=False, elem_classes="plain") as picture_tools:
                        backdrops = thumbnails("Backgrounds to choose from", "backdrops", gallery(), columns=6)
                        picture = gr.Image(
                            label="Background picture",
                            elem_id="picture",
                            sources=["upload", "clipboard"],
                            type="filepath",
                            image_mode=None,
                            format="png",
                            height=200,
                            buttons=[],
                        )
                        with gr.Row():
                            zoom = _slider("Size, in %", "picture-zoom", 100, 400, 100)
                            across = _slider("Left to right", "picture-across", 0, 100, 50)
                            down = _slider("Up to down", "picture-down", 0, 100, 50)
                    freed = gr.Checkbox(
                        True, label="Free the colours from the old background", elem_id="freed", container=False
                    )
                with gr.Column(scale=1, min_width=280):
                    download_cutout = download("Cutout (transparent PNG)", "download-cutout", "primary")
                    download_composite = download("On this background (PNG)", "download-composite", visible=False)
                    with gr.Row(elem_classes="pair"):
                        download_alpha = download("Matte (16-bit)", "download-alpha")
                        download_trimap = download("Trimap", "download-trimap")
                    with gr.Accordion("More files", open=False, elem_id="more-files"):
                        download_foreground = download("Foreground colours (PNG)", "download-foreground", size="sm")
                        download_recipe = download("Recipe: every step (JSON)", "download-recipe", size="sm")
                        download_all = download("Everything (ZIP)", "download-all", size="sm")
            with gr.Accordion("Open in a notebook", open=False, elem_id="in-notebook") as notebook_part:
                notebook = gr.Code(
                    language="python",
                    label="This cell makes the same cutout again, with the photo beside the notebook",
                    elem_id="notebook",
                    interactive=False,
                    lines=6,
                    max_lines=12,
                    show_line_numbers=False,
                    buttons=["copy"],
                )
            looks = lay_out_looks()
    return ResultStage(
        body, say, stop, slider, alpha, background, colour, picture_tools, backdrops, picture, zoom, across, down,
        freed, download_cutout, download_alpha, download_trimap, download_composite,
        download_foreground, download_recipe, download_all, notebook_part, notebook, looks,
    )  # fmt: skip


def _slider(label: str, elem_id: str, least: int, most: int, value: int) -> gr.Slider:
    return gr.Slider(least, most, value=value, step=1, label=label, elem_id=elem_id, min_width=200, buttons=[])
