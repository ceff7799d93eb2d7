"""Step 3 of the page: the cutout, its new background and the downloads."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from matting.app.looks.layout import ClosedLooks, lay_out_looks
from matting.app.parts.messages import line
from matting.app.parts.widgets import collect, download, heading, shown_picture, thumbnails, what_goes_along
from matting.app.result.backgrounds import gallery

CUTOUT_LATER = "Your cutout appears here, ready to download."
KINDS = [("PNG", "png"), ("WebP", "webp"), ("JPEG, on white", "jpg")]
LANGUAGES = {
    "python": ("Python", "With gradio_client; the photo lies beside the program"),
    "javascript": ("JavaScript", "For Node, without packages; the photo lies beside the program"),
    "shell": ("curl", "For a shell; the photo lies in the same folder"),
}
BACKGROUNDS = [
    ("Checkerboard", "checkerboard"),
    ("Colour", "colour"),
    ("Gradient", "gradient"),
    ("Blurred photo", "blur"),
    ("Picture", "picture"),
]


@dataclass(frozen=True)
class ResultStage:
    """Stage 3: the cutout, its new background and the downloads."""

    body: gr.Column
    say: gr.HTML
    stop: gr.Button
    slider: gr.ImageSlider
    alpha: gr.Image
    background: gr.Radio
    colour: gr.ColorPicker
    picture_tools: gr.Column
    backdrops: gr.Gallery
    picture: gr.Image
    zoom: gr.Slider
    across: gr.Slider
    down: gr.Slider
    freed: gr.Checkbox
    shadow: gr.Checkbox
    download_cutout: gr.DownloadButton
    download_alpha: gr.DownloadButton
    download_trimap: gr.DownloadButton
    download_composite: gr.DownloadButton
    download_foreground: gr.DownloadButton
    download_recipe: gr.DownloadButton
    download_all: gr.DownloadButton
    notebook_part: gr.Accordion
    notebook: gr.Code
    kind: gr.Radio
    crop: gr.Checkbox
    margin: gr.Slider
    download_objects: gr.DownloadButton
    largest: gr.Button
    along: gr.Dropdown
    calls: dict[str, gr.Code]
    looks: ClosedLooks


def lay_out_result() -> ResultStage:
    """Lay out step 3; the closer looks lie in it."""
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
                    shadow = gr.Checkbox(
                        False, label="Keep its shadow on a plain ground", elem_id="shadow", container=False
                    )
                with gr.Column(scale=1, min_width=280):
                    download_cutout = download("Download cutout", "download-cutout", "primary")
                    download_composite = download("On this background", "download-composite", visible=False)
                    kind = gr.Radio(KINDS, value="png", label="Kind of file", elem_id="file-kind", container=False)
                    crop = gr.Checkbox(False, label="Crop to the object", elem_id="crop", container=False)
                    margin = gr.Slider(
                        0, 30, value=5, step=1, label="Margin, in %", elem_id="margin", buttons=[], visible=False
                    )
                    download_objects = download("Each object alone (ZIP)", "download-objects", visible=False)
                    largest = gr.Button("Keep the largest object only", elem_id="largest", size="sm", visible=False)
                    along = what_goes_along("along")
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
            calls = _lay_out_calls()
            looks = lay_out_looks()
    return collect(ResultStage, locals())


def _lay_out_calls() -> dict[str, gr.Code]:
    with gr.Accordion("Call it from a program", open=False, elem_id="calls"), gr.Tabs():
        calls = {}
        for language, (title, words) in LANGUAGES.items():
            with gr.Tab(title):
                calls[language] = gr.Code(
                    language=language,
                    label=words,
                    elem_id=f"call-{language}",
                    interactive=False,
                    max_lines=24,
                    show_line_numbers=False,
                    buttons=["copy"],
                )
    return calls


def _slider(label: str, elem_id: str, least: int, most: int, value: int) -> gr.Slider:
    return gr.Slider(least, most, value=value, step=1, label=label, elem_id=elem_id, min_width=200, buttons=[])
