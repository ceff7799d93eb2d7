"""The filmstrip: small photo, mask, trimap, matte and cutout; each links to its stage and can be replaced by a file."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import cv2
import gradio as gr
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drawing import shrink, spotlight
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import QUICK
from matting.app.parts.widgets import collect, upload
from matting.app.session.stages import Matte, Photo, Selection
from matting.app.session.states import States
from matting.app.session.trimap_edit import TrimapEdit
from matting.compositing import blend, checkerboard
from matting.trimaps.algebra import tint

SIDE = 160
TILE = 10
SLOTS = {
    "photo": ("Photo", "stage-pick", "New photo"),
    "mask": ("Mask", "stage-pick", "Own mask"),
    "trimap": ("Trimap", "stage-edges", "Own trimap"),
    "matte": ("Matte", "stage-result", "Own matte"),
    "cutout": ("Cutout", "stage-result", "Own colours"),
}
"""Of each slot: its name, the stage that it leads to, and what its upload says."""


@dataclass(frozen=True)
class Slot:
    """What a slot shows: a small picture or None, and whether an earlier step has changed since."""

    picture: np.ndarray | None
    stale: bool = False


@dataclass(frozen=True)
class FilmstripPart:
    """The strip above the stages; its slots' pictures and uploads by their names."""

    body: gr.Row
    frames: dict[str, gr.HTML]
    uploads: dict[str, gr.UploadButton]


def lay_out_filmstrip() -> FilmstripPart:
    """Lay out the strip, which appears with the first photo."""
    with gr.Row(elem_classes="strip", elem_id="strip", visible=False) as body:
        frames, uploads = {}, {}
        for name, (_, _, words) in SLOTS.items():
            with gr.Column(elem_classes="slot", min_width=56):
                frames[name] = gr.HTML(draw_slot(name, Slot(None)))
                uploads[name] = upload(words, f"own-{name}")
    return collect(FilmstripPart, locals())


def draw_slot(name: str, slot: Slot) -> str:
    """Return a slot as HTML: a link to its stage that says whether it is up to date."""
    title, stage, _ = SLOTS[name]
    standing = "not there yet" if slot.picture is None else "outdated" if slot.stale else ""
    look = "empty" if slot.picture is None else "stale" if slot.stale else "current"
    picture = "" if slot.picture is None else f'<img src="{served_files.inline(slot.picture)}" alt="">'
    words = html.escape(f"{title}, {standing}" if standing else title)
    note = standing if look == "stale" else "&nbsp;"  # a line that is always there keeps the uploads in a row
    return (
        f'<a class="frame {look}" href="#{stage}" aria-label="{words}"><span class="window">{picture}</span>'
        f"<b>{title}</b><i>{note}</i></a>"
    )


def slots(
    photo: Photo | None, selection: Selection | None, trimap: TrimapEdit | None, matte: Matte | None
) -> dict[str, Slot]:
    """Return what each slot shows of a visitor's work."""
    if photo is None:
        return dict.fromkeys(SLOTS, Slot(None))
    small = _small(photo.proxy)
    origin = trimap.selection if trimap else None
    old_trimap = origin is not None and (selection is None or selection.stamp != origin.stamp)
    old_matte = matte is not None and (trimap is None or matte.made_from != trimap.stamp)
    # A matte of one's own was not made of the mask.
    old_matte |= matte is not None and matte.recipe_file is not None and old_trimap
    shown = dict.fromkeys(SLOTS, Slot(None)) | {"photo": Slot(small)}
    if selection is not None:
        shown["mask"] = Slot(spotlight(small, _small(selection.shown)))
    if trimap is not None:
        values = cv2.resize(trimap.values, small.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        shown["trimap"] = Slot(tint(small, values), old_trimap)
    if matte is not None:
        alpha, cutouts = _small(matte.alpha), _small(matte.shown)
        cutout = blend(_small(matte.foreground), checkerboard(alpha.shape, TILE), cutouts)
        shown |= {"matte": Slot(np.rint(alpha * 255).astype(np.uint8), old_matte), "cutout": Slot(cutout, old_matte)}
    return shown


class Filmstrip:
    """The strip's listener."""

    def __init__(self, part: FilmstripPart) -> None:
        """Bind the listener to the strip's components."""
        self.part = part

    @forgiving
    def show(
        self, photo: Photo | None, selection: Selection | None, trimap: TrimapEdit | None, matte: Matte | None
    ) -> Update:
        """Update every slot."""
        shown = slots(photo, selection, trimap, matte)
        frames = {self.part.frames[name]: draw_slot(name, slot) for name, slot in shown.items()}
        colours = gr.UploadButton(interactive=matte is not None)
        return frames | {self.part.body: gr.Row(visible=photo is not None), self.part.uploads["cutout"]: colours}


def connect_filmstrip(states: States, strip: Filmstrip, changed: list[Any]) -> None:
    """Update the strip after every event that changes a stage."""
    part = strip.part
    made = [states.photo, states.selection, states.trimap, states.matte]
    shown = [*part.frames.values(), part.body, part.uploads["cutout"]]
    for event in changed:
        event.then(strip.show, made, shown, trigger_mode="always_last", **QUICK)


def _small(image: np.ndarray) -> np.ndarray:
    """Shrink a picture or a plane to the slot's size; every one of a photo comes out at the same."""
    return shrink(shrink(image), side=SIDE)
