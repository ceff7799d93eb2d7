"""A photo of a batch is corrected: it opens in the main tab with all that was made of it, and is taken back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from matting.app.backend.computations import OWN_METHOD
from matting.app.batch import NOT_THERE, Batch, Batches, Made, thumbnail
from matting.app.components import Page
from matting.app.parts import served_files
from matting.app.parts.messages import Update, forgiving, line
from matting.app.parts.queues import QUICK, scroll_to
from matting.app.result.wiring import chosen_background
from matting.app.session.matte_files import read_alpha_file, read_pixels
from matting.app.session.recipe import recipe_of
from matting.app.session.stages import Clicks, Matte, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit
from matting.app.step_back import StepBack, shown_with_a_photo
from matting.images import read_shown

FROM_THE_BATCH = "This is “{}” of your batch. Click again or mend its cutout; “Many photos” takes it back."
OTHER_PHOTO = "The photo in the other tab is not “{}”; choose it here and correct it first."
CORRECTED = "“{}” is corrected, in the archive too."


class Corrections:
    """The listeners that take a photo out of a batch and put it back."""

    def __init__(self, page: Page, step_back: StepBack, batches: Batches) -> None:
        """Bind the listeners to those of the three stages, which leave and come back, and of the batch."""
        self.page, self.part = page, page.batch
        self.picks, self.trimaps = step_back.picks, step_back.trimaps
        self.results, self.closer = step_back.results, step_back.closer
        self.step_back, self.batches = step_back, batches

    @forgiving
    def choose(self, event: gr.SelectData, batch: Batch | None) -> Update:
        """Offer to correct the photo whose cutout was clicked on."""
        made = _made(batch, event.index)
        return {
            self.part.chosen: event.index,
            self.part.correct: gr.Button(f"Correct “{made.name}”", visible=True),
            self.part.put_back: gr.Button(visible=False),
        }

    @forgiving
    def open(self, index: int | None, batch: Batch | None, freed: bool, value: EditorValue, *given: Any) -> Update:
        """Open a photo of the batch with its mask, trimap and matte; the work that gives way can be brought back."""
        work, chosen = given[:5], given[5:]
        made = _made(batch, index)
        source = Path(made.source)
        image, opacity, _ = read_shown(source)
        photo = Photo.of(image, source.stem, source.name, made.source, opacity)
        selection = Selection.own(read_pixels(made.mask) / np.float32(255))
        trimap = TrimapEdit.of_network(read_pixels(made.trimap), selection, None)
        alpha = read_alpha_file(made.alpha)
        recipe = recipe_of(self.results.steps.pipeline, photo, trimap, alpha, "hard", OWN_METHOD)
        shown = self.picks.start(photo, "click")
        shown |= self.trimaps.show(photo, trimap, None)
        shown |= self.results.present(photo, trimap, alpha, recipe, freed, *chosen)
        shown |= self.picks.show_selection(photo, Clicks(), selection, trimap)
        shown |= {self.picks.stage.say: line(FROM_THE_BATCH.format(made.name))}
        shown |= {self.page.tabs: gr.Tabs(selected="one"), self.part.put_back: gr.Button(visible=True)}
        return self.step_back.give_way(self.closer.with_looks_cleared(shown), freed, value, *work)

    @forgiving
    def put_back(
        self,
        index: int | None,
        batch: Batch | None,
        photo: Photo | None,
        selection: Selection | None,
        matte: Matte | None,
    ) -> Update:
        """Take the corrected cutout in place of the batch's."""
        made = _made(batch, index)
        if photo is None or matte is None or photo.source != made.source:
            raise ValueError(OTHER_PHOTO.format(made.name))
        files = {
            f"{made.name}_{kind}.png": served_files.keep(
                lambda path, file=file: shutil.copyfile(file, path), f"{made.name}_{kind}.png"
            )
            for kind, file in (("cutout", matte.cutout_file), ("alpha", matte.alpha_file))
        }
        corrected = replace(made, alpha=matte.alpha_file, trimap=matte.trimap_file)
        if selection is not None:
            corrected = replace(corrected, mask=served_files.show_exact(selection.shown, f"{made.name}_mask"))
        shown = list(batch.shown)
        shown[index] = thumbnail(matte.foreground, matte.shown, made.name)
        batch = replace(
            batch,
            shown=tuple(shown),
            files=tuple((name, files.get(name, file)) for name, file in batch.files),
            made=tuple(corrected if one is made else one for one in batch.made),
        )
        said = {self.part.batch: batch, self.part.say: line(CORRECTED.format(made.name))}
        return said | {self.part.gallery: gr.Gallery(value=shown)} | self.batches.pack(batch)


def _made(batch: Batch | None, index: int | None) -> Made:
    if batch is None or index is None or not 0 <= index < len(batch.made):
        raise ValueError(NOT_THERE)
    return batch.made[index]


def connect_corrections(page: Page, corrections: Corrections) -> Any:
    """Attach what corrects a photo of a batch; return the event after which another photo is open."""
    part, states = page.batch, page.states
    part.gallery.select(corrections.choose, [part.batch], [part.chosen, part.correct, part.put_back], **QUICK)
    opened = part.correct.click(
        corrections.open,
        [
            part.chosen, part.batch, page.result.freed, states.strokes, *states.made,
            *chosen_background(page),
        ],
        [*shown_with_a_photo(page), page.tabs, part.put_back],
        **QUICK,
    )  # fmt: skip
    opened.then(None, js=f"() => {{ {scroll_to('stage-pick')} }}", api_visibility="private")
    part.put_back.click(
        corrections.put_back,
        [part.chosen, part.batch, states.photo, states.selection, states.matte],
        [part.batch, part.say, part.gallery, part.archive, part.alone],
        **QUICK,
    )
    return opened
