"""The page's components by stage, for the listeners that read and write them."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from matting.trimaps.doctor import Complaint


@dataclass(frozen=True)
class States:
    """What one visitor has made, one state for each stage, and the name of what is being done for them.

    `before` is what was made of the photo before.
    """

    photo: gr.State
    clicks: gr.State
    embedding: gr.State
    selection: gr.State
    trimap: gr.State
    matte: gr.State
    backdrop: gr.State
    wish: gr.State
    before: gr.State


@dataclass(frozen=True)
class FilmstripPart:
    """The strip above the stages; its slots' pictures and uploads by their names."""

    body: gr.Row
    frames: dict[str, gr.HTML]
    uploads: dict[str, gr.UploadButton]


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
    clicking: gr.Column
    photo: gr.Image
    examples: gr.Gallery
    tools: gr.Column
    select_by: gr.Radio
    click_tools: gr.Column
    click_kind: gr.Radio
    undo: gr.Button
    redo: gr.Button
    clear: gr.Button
    candidates: gr.Gallery
    segmenter: gr.Dropdown
    painting: gr.Column
    painter: gr.ImageEditor
    use_painted: gr.Button
    mask_tools: MaskTools
    make_trimap: gr.Button


@dataclass(frozen=True)
class FindingRow:
    """One thing that the trimap doctor can find, and the button that mends it."""

    body: gr.Column
    say: gr.HTML
    cure: gr.Button


@dataclass(frozen=True)
class TrimapHelpParts:
    """What is offered beside the trimap's editor; the findings by the doctor's complaints."""

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
    """Stage 2: the trimap and its editor."""

    body: gr.Column
    say: gr.HTML
    editor: gr.ImageEditor
    brush: gr.Radio
    apply: gr.Button
    undo: gr.Button
    redo: gr.Button
    help: TrimapHelpParts
    fusion: gr.Radio
    method: gr.Radio
    cut_out: gr.Button


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
    download_cutout: gr.DownloadButton
    download_alpha: gr.DownloadButton
    download_trimap: gr.DownloadButton
    download_composite: gr.DownloadButton
    download_foreground: gr.DownloadButton
    download_recipe: gr.DownloadButton
    download_all: gr.DownloadButton
    notebook_part: gr.Accordion
    notebook: gr.Code
    looks: ClosedLooks


@dataclass(frozen=True)
class BatchPart:
    """The tab for many photos; `batch` is how far it has come."""

    batch: gr.State
    photos: gr.File
    segmenter: gr.Dropdown
    run: gr.Button
    stop: gr.Button
    say: gr.HTML
    rows: gr.HTML
    gallery: gr.Gallery
    archive: gr.DownloadButton


@dataclass(frozen=True)
class Page:
    """Every component that a handler reads or writes."""

    states: States
    strip: FilmstripPart
    pick: PhotoStage
    edges: TrimapStage
    result: ResultStage
    batch: BatchPart
