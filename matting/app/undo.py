"""One undo for everything: of all that a visitor has done, the newest step is taken back first.

Every stage keeps its own steps, with the time of each; a photo that gave way to another one is a step too.
"""

from __future__ import annotations

from typing import Any

from matting.app.backend.computations import Embedding
from matting.app.components import Page
from matting.app.edges.listeners import Trimaps
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import CLICKING, HEAVY
from matting.app.pick.listeners import Picks
from matting.app.pick.live import show_strokes
from matting.app.pick.wiring import shown_with_a_mask
from matting.app.result.wiring import chosen_background
from matting.app.session.stages import Clicks, Matte, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit, is_painted
from matting.app.step_back import StepBack, Work, shown_with_a_photo

NOTHING_TO_UNDO = "There is nothing to undo."
NOTHING_TO_REDO = "There is nothing to redo."
STROKES = float("inf")
"""When strokes were painted that nothing else knows of yet: after everything else."""


class Undo:
    """The listeners of Undo and Redo."""

    def __init__(self, picks: Picks, trimaps: Trimaps, step_back: StepBack) -> None:
        """Bind the listeners to those that take back the steps of one stage."""
        self.picks, self.trimaps, self.step_back = picks, trimaps, step_back

    @forgiving
    def undo(self, before: Work | None, select_by: str, freed: bool, value: EditorValue, *given: Any) -> Update:
        """Take back the newest step."""
        photo, clicks, selection, trimap, matte, *_ = given
        when = {
            "pick": _picked(clicks, selection),
            "trimap": _painted(value) or (trimap.edited if trimap else None),
            "photo": _opened_before(before, photo),
        }
        step = max((name for name in when if when[name] is not None), key=when.get, default=None)
        if step == "pick":
            return self.picks.undo(photo, clicks, selection)
        if step == "trimap":
            return self._with_cutout(self.trimaps.undo(value, photo, trimap, matte), photo, matte)
        if step == "photo":
            return self.step_back.bring_back(before, select_by, freed, value, *given)
        raise ValueError(NOTHING_TO_UNDO)

    @forgiving
    def redo(self, before: Work | None, select_by: str, freed: bool, value: EditorValue, *given: Any) -> Update:
        """Take back the undoing: what was done first comes back first."""
        photo, clicks, selection, trimap, matte, *_ = given
        when = {
            "pick": _unpicked(clicks, selection),
            "trimap": trimap.undone if trimap else None,
            "photo": _opened_after(before, photo),
        }
        step = min((name for name in when if when[name] is not None), key=when.get, default=None)
        if step == "pick":
            return self.picks.redo(photo, clicks, selection)
        if step == "trimap":
            return self._with_cutout(self.trimaps.redo(value, photo, trimap, matte), photo, matte)
        if step == "photo":
            return self.step_back.bring_back(before, select_by, freed, value, *given)
        raise ValueError(NOTHING_TO_REDO)

    def segment(
        self,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        embedding: Embedding | None,
        name: str,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Answer the clicks that are left; a mask that answers them already stays, whichever segmenter made it."""
        if selection is not None and selection.asked is not None and selection.asked[0] == clicks:
            name = selection.asked[1]
        return self.picks.segment(photo, clicks, selection, embedding, name, trimap)

    def _with_cutout(self, update: Update, photo: Photo, matte: Matte | None) -> Update:
        """Let the cutout follow at once where the brush has been on it; its matte comes by itself."""
        trimap = update.get(self.trimaps.states.trimap)
        if matte is None or not (trimap and trimap.brushed):
            return update
        return update | show_strokes(self.picks.stage.live, photo, trimap, matte)


def _picked(clicks: Clicks, selection: Selection | None) -> float | None:
    """Return when the last click was made, or the last mask tool used."""
    if selection is not None and selection.tools:
        return selection.times[len(selection.tools) - 1]
    return clicks.trail[-1].at if clicks.trail else None


def _unpicked(clicks: Clicks, selection: Selection | None) -> float | None:
    """Return when the click or mask tool was made that redo brings back."""
    if selection is not None and selection.undone:
        return selection.times[len(selection.tools)]
    return clicks.undone[-1].at if clicks.undone else None


def _painted(value: EditorValue) -> float | None:
    return STROKES if is_painted(value) else None


def _opened_before(before: Work | None, photo: Photo | None) -> float | None:
    """Return when the photo was opened, or taken away, that took the place of the one before."""
    if before is None:
        return None
    if photo is None:
        return STROKES
    return photo.opened if before.photo.opened < photo.opened else None


def _opened_after(before: Work | None, photo: Photo | None) -> float | None:
    if before is None or photo is None or before.photo.opened < photo.opened:
        return None
    return before.photo.opened


def connect_undo(page: Page, undo: Undo) -> list[Any]:
    """Attach Undo and Redo; return the events after which any stage may be another one."""
    states, stage = page.states, page.pick
    given = [
        states.before, stage.select_by, page.result.freed, page.edges.editor, *states.made, *chosen_background(page),
    ]  # fmt: skip
    held = [states.photo, states.clicks, states.selection, states.embedding, stage.segmenter, states.trimap]
    return [
        button.click(listener, given, shown_with_a_photo(page), trigger_mode="multiple", **CLICKING).then(
            undo.segment,
            held,
            [*shown_with_a_mask(page), states.embedding, stage.segmenter],
            show_progress="hidden",
            trigger_mode="multiple",
            **HEAVY,
        )
        for button, listener in ((stage.undo, undo.undo), (stage.redo, undo.redo))
    ]
