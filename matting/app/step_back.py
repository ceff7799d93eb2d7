"""The work on a photo is kept when another photo replaces it, and can be brought back: one step, never more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from matting.app.components import Page
from matting.app.edges.listeners import Trimaps, merge
from matting.app.examples.listeners import ShippedExamples
from matting.app.looks.listeners import CloserLooks
from matting.app.parts.messages import Update, forgiving, line
from matting.app.parts.queues import QUICK
from matting.app.pick.listeners import PAINT_NOW, Picks
from matting.app.result.listeners import Results
from matting.app.result.wiring import chosen_background, shown_with_a_matte
from matting.app.session.stages import Clicks, Matte, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit


@dataclass(frozen=True, eq=False)
class Work:
    """A visitor's work on one photo; it refers to the stages' objects and copies nothing.

    The segmenter's embedding is left out; the next click computes it again.
    """

    freed: bool
    photo: Photo
    clicks: Clicks
    selection: Selection | None
    trimap: TrimapEdit | None
    matte: Matte | None


class StepBack:
    """The listeners that leave a photo, and the one that comes back to it."""

    def __init__(
        self,
        page: Page,
        picks: Picks,
        trimaps: Trimaps,
        results: Results,
        closer: CloserLooks,
        shipped_examples: ShippedExamples,
    ) -> None:
        """Bind the listeners to those of the three stages."""
        self.states, self.stage = page.states, page.pick
        self.picks, self.trimaps, self.results, self.closer = picks, trimaps, results, closer
        self.shipped_examples = shipped_examples

    @forgiving
    def keep_strokes(
        self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None
    ) -> Update:
        """Merge strokes that were not applied yet into the trimap, before an upload that may be refused."""
        if photo is None or trimap is None or (merged := merge(value, photo, trimap)) is trimap:
            return gr.skip()
        return self.trimaps.show(photo, merged, matte)

    def take_photo(
        self, upload: dict[str, Any], select_by: str, freed: bool, photo: Photo | None, *made: Any
    ) -> Update:
        """Open an upload; once it is open, the work on the previous photo can be brought back."""
        clicks, selection, *_ = made
        taken = self.picks.take_photo(upload, photo, clicks, selection, select_by)
        return self._keep(taken, _work(freed, photo, *made))

    def drop_photo(self, select_by: str, freed: bool, value: EditorValue, *made: Any) -> Update:
        """Start over without a photo; the work on the previous one can be brought back."""
        return self._keep(self.picks.drop_photo(select_by), _work_with_strokes(value, freed, *made))

    def open_example(self, event: gr.SelectData, freed: bool, value: EditorValue, *made: Any) -> Update:
        """Open an example; the work on the previous photo can be brought back."""
        return self.give_way(self.shipped_examples.take(event), freed, value, *made)

    def give_way(self, update: Update, freed: bool, value: EditorValue, *made: Any) -> Update:
        """Let the work on a photo, strokes included, give way to what an update opens; it can be brought back."""
        return self._keep(update, _work_with_strokes(value, freed, *made))

    @forgiving
    def bring_back(
        self,
        before: Work | None,
        select_by: str,
        freed: bool,
        value: EditorValue,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
        *chosen: Any,
    ) -> Update:
        """Show the previous photo with all work on it; the work that gives way can be brought back in turn."""
        if before is None:
            return gr.skip()
        left = _work_with_strokes(value, freed, photo, clicks, selection, trimap, matte)
        shown = self.picks.start(before.photo, select_by, before.clicks)
        if before.trimap is not None:
            shown |= self.trimaps.show(before.photo, before.trimap, None)
        if before.matte is not None:
            shown |= self.results.show_again(before.photo, before.matte, before.trimap, before.freed, *chosen)
        shown |= self.picks.show_selection(before.photo, before.clicks, before.selection, before.trimap)
        if select_by == "paint":
            shown |= {self.stage.say: line(PAINT_NOW)}
        before.photo.gone.clear()
        return self.closer.with_looks_cleared(shown) | self._offer(left)

    def _keep(self, update: Update, work: Work | None) -> Update:
        """Add the work that gives way to an update that brings another photo, or none."""
        return update | self._offer(work) if work and self.states.photo in update else update

    def _offer(self, work: Work | None) -> Update:
        if work is not None:
            work.photo.gone.set()
        return {self.states.before: work, self.stage.bring_back: gr.Button(visible=work is not None)}


def connect_photos(page: Page, step_back: StepBack) -> tuple[list[Any], Any]:
    """Attach what opens a photo or removes it.

    Returns the events after which the photo is another one, and the one that also brings its trimap and matte.
    """
    states, stage, freed = page.states, page.pick, page.result.freed
    everything, made = page.everything, states.made
    # The raw file, not Gradio's reading of it: an unreadable one must be refused in a sentence.
    opened = [
        source.upload(
            step_back.keep_strokes,
            [states.strokes, states.photo, states.trimap, states.matte],
            page.shown_trimap,
            trigger_mode="always_last",
            **QUICK,
        ).then(step_back.take_photo, [source, stage.select_by, freed, *made], everything, preprocess=False, **QUICK)
        for source in (stage.photo, page.strip.uploads["photo"])
    ]
    dropped = stage.photo.clear(
        step_back.drop_photo,
        [stage.select_by, freed, states.strokes, *made],
        [part for part in everything if part is not stage.photo],
        trigger_mode="always_last",
        **QUICK,
    )
    back = stage.bring_back.click(
        step_back.bring_back,
        [states.before, stage.select_by, freed, states.strokes, *made, *chosen_background(page)],
        shown_with_a_photo(page),
        **QUICK,
    )
    return [*opened, dropped, back], back


def shown_with_a_photo(page: Page) -> list[Any]:
    """Return the components that show a photo with all work on it."""
    result = page.result
    with_a_matte = [*shown_with_a_matte(page), result.freed, result.notebook_part, result.notebook]
    # Some are among both; Gradio wants each once.
    return list(dict.fromkeys([*page.everything, *with_a_matte]))


def _work(freed: bool, photo: Photo | None, *made: Any) -> Work | None:
    return Work(freed, photo, *made) if photo is not None else None


def _work_with_strokes(
    value: EditorValue,
    freed: bool,
    photo: Photo | None,
    clicks: Clicks,
    selection: Selection | None,
    trimap: TrimapEdit | None,
    matte: Matte | None,
) -> Work | None:
    if photo is not None and trimap is not None:
        try:
            trimap = merge(value, photo, trimap)
        except ValueError:  # strokes on another photo, which came in the same moment; the trimap is as it was
            return _work(freed, photo, clicks, selection, trimap, matte)
    return _work(freed, photo, clicks, selection, trimap, matte)
