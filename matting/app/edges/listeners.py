"""Stage 2's listeners: make or upload a trimap, paint on it, widen or narrow it, undo and redo."""

from __future__ import annotations

import cv2
import gradio as gr
import numpy as np

from matting.app.backend.computations import Steps
from matting.app.components import Page
from matting.app.edges.layout import TRIMAP_LATER
from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.parts.messages import Update, attempt, forgiving, line, notify
from matting.app.session.leaving import unless_gone
from matting.app.session.stages import Matte, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit, is_painted, painted_layer, read_strokes
from matting.images import read_trimap, trimap_notices
from matting.trimaps.algebra import UNKNOWN, band_width, narrow, object_size, tint, widen

STALE_MATTE = "The trimap has changed since this cutout was made. “Cut out” makes a new one."
NO_PHOTO = "Choose a photo first; a trimap has to fit one."
NOTHING_PICKED = "Pick something first: click on it, paint over it or upload a mask."
NO_TRIMAP = "There is no trimap yet; pick something and find its edges first."


class Trimaps:
    """What happens in stage 2; every method is a listener and returns the components that change.

    Every button also sends the editor's strokes, which are merged first, so that none is ever lost. The browser reads
    the whole editor out for that, so other steps take them from where `keep_strokes` has put them.
    """

    def __init__(self, page: Page, steps: Steps) -> None:
        """Bind the listeners to the page's components and to the heavy steps."""
        self.states, self.stage, self.result, self.steps = page.states, page.edges, page.result, steps

    def find(
        self, photo: Photo | None, selection: Selection | None, before: TrimapEdit | None, matte: Matte | None
    ) -> Update:
        """Let TGN make the trimap of the selection."""
        said = line(_describe(before))
        return unless_gone(
            photo,
            lambda: attempt(
                lambda: self.show(photo, self.find_edges(photo, selection, before), matte),
                lambda: {self.stage.say: said},
            ),
        )

    def find_edges(self, photo: Photo | None, selection: Selection | None, before: TrimapEdit | None) -> TrimapEdit:
        """Return the trimap that TGN makes of a selection; raises ValueError where nothing is selected."""
        if photo is None or selection is None or selection.empty:
            raise ValueError(NOTHING_PICKED)
        probabilities = self.steps.probabilities(photo.image, selection.mask)
        trimap = TrimapEdit.of_probabilities(probabilities, selection, before).without(photo.opacity)
        notify(trimap_notices(trimap.values))
        return trimap

    @forgiving
    def keep_strokes(self, value: EditorValue) -> Update:
        """Keep strokes as they are painted, for what happens elsewhere on the page before they are applied."""
        kept = {"background": None, "layers": [painted_layer(value)], "composite": None}
        return {self.states.strokes: kept if is_painted(value) else None}

    @forgiving
    def upload(self, path: str, photo: Photo | None, before: TrimapEdit | None, matte: Matte | None) -> Update:
        """Load the visitor's own trimap file."""
        if photo is None:
            raise ValueError(NO_PHOTO)
        values, notices = read_trimap(path, photo.size)
        notify(notices)
        return self.show(photo, TrimapEdit.own(values, before), matte)

    @forgiving
    def apply(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None) -> Update:
        """Merge the painted strokes into the trimap."""
        merged = merge(value, photo, trimap)
        if merged is trimap:
            raise ValueError("Nothing is painted yet; paint on the trimap with the brush first.")
        return self.show(photo, merged, matte)

    @forgiving
    def widen(
        self,
        percent: float,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
    ) -> Update:
        """Widen the unknown band by a share of the object's size."""
        merged = merge(value, photo, trimap)
        return self.show(photo, merged.change(widen(merged.values, _pixels(percent, merged.values))), matte)

    @forgiving
    def narrow(
        self,
        percent: float,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
    ) -> Update:
        """Narrow the unknown band by a share of the object's size."""
        merged = merge(value, photo, trimap)
        return self.show(photo, merged.change(narrow(merged.values, _pixels(percent, merged.values))), matte)

    @forgiving
    def undo(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None) -> Update:
        """Undo the last step; strokes that were not applied yet count as that step."""
        merged = merge(value, photo, trimap)
        if not merged.past:
            raise ValueError("There is nothing to undo.")
        return self.show(photo, merged.undo(), matte)

    @forgiving
    def redo(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None) -> Update:
        """Redo the last undone step."""
        merged = merge(value, photo, trimap)
        if not merged.ahead:
            raise ValueError("There is nothing to redo.")
        return self.show(photo, merged.redo(), matte)

    @forgiving
    def reset(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None) -> Update:
        """Go back to the trimap as it came from TGN or from its file."""
        return self.show(photo, merge(value, photo, trimap).reset(), matte)

    def show(self, photo: Photo, trimap: TrimapEdit, matte: Matte | None) -> Update:
        """Show a trimap in the editor, over the photo and with an empty layer, and mark an older cutout as stale."""
        return self.take(trimap, matte) | self.draw(photo, trimap)

    def take(self, trimap: TrimapEdit, matte: Matte | None) -> Update:
        """Take a trimap and say what it is, without drawing it: that is slow, here and in the browser."""
        stale = matte is not None and matte.made_from != trimap.stamp
        return {
            self.states.trimap: trimap,
            self.states.strokes: None,
            self.stage.say: line(_describe(trimap)),
        } | ({self.result.say: line(STALE_MATTE, "stale")} if stale else {})

    def draw(self, photo: Photo, trimap: TrimapEdit) -> Update:
        """Draw a trimap in the editor, over the photo and with an empty layer."""
        tinted = tint(photo.proxy, shrink(trimap.values, cv2.INTER_NEAREST_EXACT))
        under = served_files.show_exact(tinted, "trimap")
        editor = {"background": under, "layers": [], "composite": None}
        return {self.stage.body: gr.Column(visible=True), self.stage.editor: editor}


def merge(value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None) -> TrimapEdit:
    """Return the trimap with the editor's strokes in it, or itself when there are none.

    Raises:
        ValueError: If there is no trimap yet.
    """
    if photo is None or trimap is None:
        raise ValueError(NO_TRIMAP)
    strokes, painted = read_strokes(painted_layer(value), photo.size)
    return trimap.paint(strokes, painted) if painted.any() else trimap


def _pixels(percent: float, trimap: np.ndarray) -> float:
    return max(1.0, percent / 100 * object_size(trimap))


def _describe(trimap: TrimapEdit | None) -> str:
    """Say how much is unknown, in shares that mean the same at every resolution."""
    if trimap is None:
        return TRIMAP_LATER
    unknown, size = float((trimap.values == UNKNOWN).mean()), object_size(trimap.values)
    if not unknown:
        return "Nothing is unsure, so the matte will be the trimap itself. “Wider” opens a band."
    band = f", a band about {band_width(trimap.values) / size:.1%} of the object wide" if size else ""
    return f"Yellow is unsure: {unknown:.1%} of the photo{band}. Paint where it is wrong, then cut out."
