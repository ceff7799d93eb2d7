"""The page's recurring parts: headings, editors with the trimap's brushes, pictures, thumbnails, small buttons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

import gradio as gr

from matting.images import Along
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, PALETTE, UNKNOWN

Components = TypeVar("Components")

BRUSHES = {"Keep": FOREGROUND, "Unsure": UNKNOWN, "Drop": BACKGROUND}
"""The brushes by their names in the page and the value that each one paints."""


ALONG: list[tuple[str, Along]] = [
    ("All but the place (GPS)", "all but the place"),
    ("Everything, the place too", "everything"),
    ("Nothing", "nothing"),
]


def collect(kind: type[Components], variables: Mapping[str, Any]) -> Components:
    """Fill a dataclass of components with a function's variables of its fields' names, as `locals()` gives them."""
    return kind(**{field.name: variables[field.name] for field in fields(kind)})


def brush_colour(value: int) -> str:
    """Return the brush colour of a trimap value as "#rrggbb": the palette's own."""
    return "#{:02x}{:02x}{:02x}".format(*PALETTE[value])


def brush_of(name: str, size: int = 24) -> gr.Brush:
    """Return an editor's brush for one of BRUSHES, `size` pixels in radius."""
    colours = [brush_colour(value) for value in BRUSHES.values()]
    return gr.Brush(default_size=size, colors=colours, default_color=brush_colour(BRUSHES[name]), color_mode="fixed")


def brush_script() -> str:
    """Return the JavaScript function that gives an editor the brush of a name in BRUSHES."""
    brushes = json.dumps({name: asdict(brush_of(name)) for name in BRUSHES})
    return f'(name) => ({{__type__: "update", brush: {brushes}[name]}})'


def heading(number: int, title: str) -> None:
    """Head a stage."""
    gr.HTML(f'<h2><span class="number" aria-hidden="true">{number}</span>{title}</h2>')


def editor(label: str, elem_id: str, brush: str, size: int = 24) -> gr.ImageEditor:
    """Return an editor that can paint and erase, and nothing else."""
    return gr.ImageEditor(
        label=label,
        elem_id=elem_id,
        elem_classes="editor",
        type="numpy",
        format="png",
        interactive=True,
        sources=(),
        transforms=(),
        layers=False,
        brush=brush_of(brush, size),
        eraser=gr.Eraser(default_size=size),
        height=560,
        buttons=[],
    )


def thumbnails(
    label: str, elem_id: str, value: list[tuple[str, str]], columns: int, visible: bool = True
) -> gr.Gallery:
    """Return a row of small pictures of which one is clicked."""
    return gr.Gallery(
        value,
        label=label,
        elem_id=elem_id,
        elem_classes="thumbnails",
        columns=columns,
        height="auto",
        object_fit="cover",
        format="png",
        allow_preview=False,
        interactive=False,
        buttons=[],
        visible=visible,
    )


def shown_pictures(label: str, elem_id: str, *, visible: bool = False, **shape: Any) -> gr.Gallery:
    """Return pictures to look at, whole, each of which can fill the screen; `shape` are options of gr.Gallery."""
    return gr.Gallery(
        label=label,
        elem_id=elem_id,
        columns=4,
        object_fit="contain",
        format="png",
        interactive=False,
        visible=visible,
        buttons=["fullscreen"],
        **shape,
    )


def shown_picture(
    label: str, elem_id: str, alt_text: str, *, visible: bool = True, height: int | None = None
) -> gr.Image:
    """Return a picture to look at, that can fill the screen; `alt_text` says in words what it shows."""
    return gr.Image(
        label=label,
        elem_id=elem_id,
        format="png",
        interactive=False,
        visible=visible,
        height=height,
        buttons=["fullscreen"],
        alt_text=alt_text,
    )


def what_goes_along(elem_id: str) -> gr.Dropdown:
    """Return the choice of what goes along from a photo's file into those that are made of it."""
    return gr.Dropdown(ALONG, value=ALONG[0][1], label="Metadata (EXIF) in the files", elem_id=elem_id)


def upload(label: str, elem_id: str) -> gr.UploadButton:
    """Return a small button that takes a picture's file."""
    return gr.UploadButton(label, elem_id=elem_id, size="sm", min_width=90, file_types=["image"])


def download(
    label: str, elem_id: str, variant: str = "secondary", visible: bool = True, size: str = "md"
) -> gr.DownloadButton:
    """Return a button that hands out a file."""
    return gr.DownloadButton(label, elem_id=elem_id, variant=variant, size=size, visible=visible, min_width=90)
