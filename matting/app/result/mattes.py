"""The visitor's own matte, or own colours for the cutout: stage 3 continues from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from matting.app.looks.listeners import NO_CUTOUT, CloserLooks
from matting.app.parts.messages import Update, forgiving, line, notify
from matting.app.result.backgrounds import Background
from matting.app.result.listeners import Results, check_kept
from matting.app.session.matte_files import keep_matte, with_own_colours
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import TrimapEdit
from matting.images import read_mask, read_photo
from matting.trimaps.algebra import from_alpha

OWN_MATTE = "This is your own matte, with the object's own colours. “Cut out” makes a new one from the trimap."
OWN_COLOURS = "The cutout has the colours of your own layer."
NO_PHOTO = "Choose a photo first; a matte has to fit one."


class OwnMattes:
    """Listeners of the strip's last two uploads; every method returns the components that change."""

    def __init__(self, results: Results, closer: CloserLooks) -> None:
        """Bind the listeners to stage 3."""
        self.results, self.closer = results, closer
        self.states, self.stage = results.states, results.stage

    @forgiving
    def take_matte(
        self, path: str, photo: Photo | None, trimap: TrimapEdit | None, freed: bool, *chosen: Any
    ) -> Update:
        """Load the visitor's own matte file; without a trimap yet, its fractional alpha becomes the unknown region."""
        if photo is None:
            raise ValueError(NO_PHOTO)
        alpha, notices = read_mask(path, photo.size)
        notify(notices)
        check_kept(alpha)
        edit = trimap or TrimapEdit.own(from_alpha(alpha, 1, 1), None)
        matte = keep_matte(photo, edit, alpha, None, freed)
        matte = replace(matte, own_file=matte.alpha_file)
        beside = {} if trimap else self.results.trimaps.show(photo, edit, None)
        said = {self.stage.say: line(OWN_MATTE), self.stage.notebook_part: gr.Accordion(visible=False)}
        return self.closer.with_looks_cleared(
            beside | self.results.show_matte(photo, matte, Background(*chosen)) | said
        )

    @forgiving
    def take_colours(self, path: str, photo: Photo | None, matte: Matte | None, *chosen: Any) -> Update:
        """Load the visitor's own foreground colours."""
        if photo is None or matte is None:
            raise ValueError(NO_CUTOUT)
        colours, notices = read_photo(path)
        if colours.shape != photo.image.shape:
            (height, width), (rows, columns) = photo.size, colours.shape[:2]
            raise ValueError(f"The colours should have the photo's {width}x{height} pixels, got {columns}x{rows}.")
        notify(notices)
        changed = with_own_colours(matte, photo, colours)
        said = {self.stage.say: line(OWN_COLOURS), self.stage.freed: True}
        return self.results.show_matte(photo, changed, Background(*chosen)) | said
