"""The cutout beside the photo: there at the first click, and sharper as its edges and its matte arrive."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import gradio as gr
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.parts.messages import Update, line
from matting.app.parts.widgets import collect, download, shown_picture
from matting.app.result.brush import BrushPart, lay_out_brush
from matting.app.session.matte_files import read_pixels
from matting.app.session.stages import Matte, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.compositing import blend, checkerboard
from matting.trimaps.algebra import UNKNOWN

SIDE = 800
"""Longer side in pixels of the picture, enough for a screen of twice the usual density."""
TILE = 16

FIRST_LOOK = "A first look at your cutout."
PROPOSAL = "What stands out. Is it what you want?"
FINDING = "A first look; finding its edges…"
CUTTING = "Its edges are found; cutting out, hair by hair…"
DONE = "Your cutout. Press and hold it to compare with the photo."
MENDING = "Looking at the edges again…"


@dataclass(frozen=True)
class LivePart:
    """The picture of the cutout, what may be done with it, and the switch that lets it follow every click."""

    body: gr.Column
    picture: gr.Image
    say: gr.HTML
    accept: gr.Button
    take: gr.DownloadButton
    copy: gr.Button
    brush: BrushPart
    automatic: gr.Checkbox


def lay_out_live() -> LivePart:
    """Lay out the cutout beside the photo."""
    with gr.Column(visible=False, elem_classes="plain", elem_id="live") as body:
        picture = shown_picture("Cutout", "live-cutout", "The cutout as it is so far, on a checkerboard.", height=300)
        say = gr.HTML(line(FIRST_LOOK), elem_id="say-live")
        accept = gr.Button("Cut this out", elem_id="accept", variant="primary", visible=False)
        with gr.Row(elem_classes="pair"):
            take = download("Download cutout", "take-cutout", "primary", visible=False)
            copy = gr.Button("Copy", elem_id="copy-cutout", size="md", min_width=80, visible=False, scale=0)
        brush = lay_out_brush()
    automatic = gr.Checkbox(True, label="Cut out by itself after each click", elem_id="automatic", container=False)
    return collect(LivePart, locals())


def shown_live(part: LivePart) -> list:
    """Return the components that change with the cutout."""
    return [part.body, part.picture, part.say, part.accept, part.take, part.copy, part.brush.body]


def show_mask(part: LivePart, photo: Photo | None, selection: Selection | None) -> Update:
    """Show what a mask alone would cut out; nothing that is worth a download yet."""
    if photo is None or selection is None or selection.empty:
        return {part.body: gr.Column(visible=False)}
    return _show(part, photo.proxy, selection.mask, "first-look") | {
        part.say: line(PROPOSAL if selection.proposed else FIRST_LOOK),
        part.accept: gr.Button(visible=selection.proposed),
        part.take: gr.DownloadButton(visible=False),
        part.copy: gr.Button(visible=False),
        part.brush.body: gr.Column(visible=False),
    }


def show_trimap(part: LivePart, photo: Photo, mask: np.ndarray, trimap: np.ndarray) -> Update:
    """Show what a mask, float32 (H, W), cuts out where the trimap, uint8 (H, W), leaves it the choice."""
    alpha = np.where(trimap == UNKNOWN, mask, trimap / np.float32(255))
    return _show(part, photo.proxy, alpha, "first-look")


def show_strokes(part: LivePart, photo: Photo, trimap: TrimapEdit, matte: Matte) -> Update:
    """Show a cutout with what was painted, or taken back, since: kept and dropped, before any edge is computed."""
    values, before = (shrink(one, cv2.INTER_NEAREST_EXACT) for one in (trimap.values, read_pixels(matte.trimap_file)))
    painted = shrink(trimap.painted.astype(np.uint8), cv2.INTER_NEAREST_EXACT) > 0
    decided = (painted | (values != before)) & (values != UNKNOWN)
    alpha = np.where(decided, values / np.float32(255), matte.alpha)
    return show_preview(part, photo, alpha, trimap, matte) | {part.say: line(MENDING, "busy")}


def show_preview(part: LivePart, photo: Photo, alpha: np.ndarray, trimap: TrimapEdit, matte: Matte) -> Update:
    """Show alpha, floats (h, w), of a cutout whose trimap has changed; where it is opaque, in the photo's colours."""
    colours = np.where(alpha[:, :, None] < 1, matte.foreground, photo.proxy)
    return _show(part, colours, alpha, _name(trimap.brushed))


def show_cutout(part: LivePart, matte: Matte) -> Update:
    """Show a finished cutout and offer its file."""
    return _show(part, matte.foreground, matte.shown, _name(matte.brushed)) | {
        part.say: line(DONE),
        part.accept: gr.Button(visible=False),
        part.take: gr.DownloadButton(value=matte.cutout_file, visible=True),
        part.copy: gr.Button(visible=True),
        part.brush.body: gr.Column(visible=True),
    }


def _name(brushed: int) -> str:
    """Name a picture after the last stroke that it holds, by which the browser knows it."""
    return f"brushed-{brushed}" if brushed else "cutout"


def _show(part: LivePart, colours: np.ndarray, alpha: np.ndarray, name: str) -> Update:
    """Show colours, uint8 (h, w, 3), on a checkerboard; alpha, (H, W) in [0, 1], may be larger."""
    small, opacity = shrink(colours, side=SIDE), shrink(shrink(alpha), side=SIDE)
    cutout = blend(small, checkerboard(opacity.shape, TILE), opacity)
    return {part.body: gr.Column(visible=True), part.picture: served_files.show_quickly(cutout, name)}
