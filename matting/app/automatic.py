"""From a click to the cutout without another button: edges and matte follow each selection, and a newer one stops them.

Every step looks at the work as it is when its turn comes. What has changed meanwhile is left to the steps that follow
the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr

from matting.app.backend.stopping import Stops
from matting.app.components import Page
from matting.app.edges.listeners import Trimaps
from matting.app.edges.wiring import FINDING
from matting.app.looks.listeners import CloserLooks
from matting.app.parts.messages import Update, attempt, forgiving, line
from matting.app.parts.queues import HEAVY, QUICK
from matting.app.pick import live
from matting.app.pick.listeners import Picks
from matting.app.pick.wiring import shown_with_a_mask
from matting.app.result.layout import CUTOUT_LATER
from matting.app.result.listeners import CUTTING, Results
from matting.app.result.wiring import chosen_background, shown_with_a_matte
from matting.app.session.leaving import unless_gone
from matting.app.session.stages import Clicks, Matte, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit

INTERRUPTED = "The selection is changing; its cutout follows."


class Automatic:
    """The listeners that go on by themselves."""

    def __init__(
        self,
        page: Page,
        stops: Stops,
        picks: Picks,
        trimaps: Trimaps,
        results: Results,
        closer: CloserLooks,
    ) -> None:
        """Bind the listeners to those of the three stages; `stops` are the jobs that the page's Stop stops."""
        self.live, self.edges, self.result, self.states = page.pick.live, page.edges, page.result, page.states
        self.stops = stops
        self.picks, self.trimaps, self.results, self.closer = picks, trimaps, results, closer

    def interrupt(self, automatic: bool, job: str | None) -> Update:
        """Stop what a newer click makes useless, and say so."""
        if not automatic or not self.stops.stop(job):
            return gr.skip()
        return self.results.rest() | {self.result.say: line(INTERRUPTED)}

    def interrupt_if_undone(
        self, automatic: bool, job: str | None, clicks: Clicks, selection: Selection | None
    ) -> Update:
        """Do as `interrupt` where something can be undone or redone; otherwise the selection stays as it is."""
        steps = (*clicks.trail, *clicks.undone, *(selection.tools + selection.undone if selection else ()))
        return self.interrupt(automatic, job) if steps else gr.skip()

    def give_way(self, automatic: bool, job: str | None) -> None:
        """Stop for work that speaks for itself."""
        if automatic:
            self.stops.stop(job)

    @forgiving
    def accept(
        self, photo: Photo | None, clicks: Clicks, selection: Selection | None, trimap: TrimapEdit | None
    ) -> Update:
        """Take what stands out as the selection."""
        if photo is None or selection is None or not selection.proposed:
            return gr.skip()
        return self.picks.show_selection(photo, clicks, selection.accept(), trimap)

    def begin(self, automatic: bool, job: str | None, selection: Selection | None, trimap: TrimapEdit | None) -> Update:
        """Begin a job in place of the one before, if there is something to do."""
        if not automatic or not _waits_for_edges(selection, trimap):
            return gr.skip()
        self.stops.stop(job)
        busy = line(FINDING, "busy")
        return {self.states.job: self.stops.begin(), self.live.say: line(live.FINDING, "busy"), self.edges.say: busy}

    def find(
        self,
        automatic: bool,
        job: str | None,
        selection: Selection | None,
        photo: Photo | None,
        before: TrimapEdit | None,
        matte: Matte | None,
        *how: Any,
    ) -> Iterator[Update]:
        """Find the edges of a selection that has none yet, show them, and cut out along them in the same event.

        The editor of the edges, which is slow to draw, follows the matte.
        """
        if not (automatic and job and photo is not None and _waits_for_edges(selection, before)):
            yield gr.skip()
            return
        found: TrimapEdit | None = None

        def work() -> Update:
            nonlocal found
            found = self.trimaps.find_edges(photo, selection, before)
            self.stops.name(job, found.stamp)
            look = live.show_trimap(self.live, photo, selection.mask, found.values)
            busy = {self.live.say: line(live.CUTTING, "busy"), self.result.say: line(CUTTING, "busy")}
            return self.trimaps.take(found, matte) | look | busy

        yield from self.stops.run(job, lambda: unless_gone(photo, lambda: attempt(work, gr.skip)), last=False)
        if found is not None:
            yield from self.cut_out(automatic, job, selection, photo, found, matte, *how)

    def begin_cut(
        self,
        automatic: bool,
        job: str | None,
        clicks: Clicks,
        selection: Selection | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
    ) -> Update:
        """Begin the matte of a new trimap in place of the one before.

        An example's is on its way, and so is that of edges that were found a moment ago.
        """
        on_its_way = clicks.example and matte is None
        if on_its_way or not _waits_for_a_matte(automatic, selection, trimap, matte) or self.stops.knows(trimap.stamp):
            return gr.skip()
        self.stops.stop(job)
        return {self.states.job: self.stops.begin(), self.result.say: line(CUTTING, "busy")}

    def cut_out(
        self,
        automatic: bool,
        job: str | None,
        selection: Selection | None,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        before: Matte | None,
        *how: Any,
    ) -> Iterator[Update]:
        """Cut out along edges that belong to the selection, unless that was done.

        After the brush, what it touched comes first. Strokes that wait in the editor go on waiting.
        """
        if not (job and _waits_for_a_matte(automatic, selection, trimap, before)):
            yield gr.skip()
            return
        fusion, method, _, *chosen = how
        brushed = trimap.brushed and before is not None
        if brushed and before.own_file is None:
            given = None, photo, trimap, before, fusion, method, *chosen
            preview = partial(unless_gone, photo, lambda: self.results.preview(*given))
            yield from self.stops.run(job, preview, last=False)
        if brushed and before.own_file is not None:
            cut = partial(self.results.mend, photo, trimap, before, *how)
        else:
            cut = partial(self.results.cut, None, photo, trimap, *how)
        yield from self.stops.run(job, lambda: unless_gone(photo, lambda: self._cut(cut)), self._show_share)

    def _cut(self, cut: Callable[[], Update]) -> Update:
        return attempt(
            lambda: self.closer.with_looks_cleared(cut()),
            lambda: self.results.rest() | {self.result.say: line(CUTOUT_LATER)},
            gr.skip,
        )

    def show_editor(
        self, automatic: bool, photo: Photo | None, trimap: TrimapEdit | None, strokes: EditorValue
    ) -> Update:
        """Show edges in their editor that none has shown, found or brushed on the cutout, unless strokes wait there."""
        new = trimap is not None and (trimap.brushed or (automatic and not trimap.times))
        if photo is None or not new or strokes is not None:
            return gr.skip()
        return self.trimaps.draw(photo, trimap)

    def _show_share(self, share: float) -> Update:
        return self.results.show_share(share) | {
            self.live.say: line(f"{live.CUTTING} {share:.0%}", "busy"),
            self.result.stop: gr.Button(visible=True),
        }


def _waits_for_edges(selection: Selection | None, trimap: TrimapEdit | None) -> bool:
    """Tell whether a selection is worth a cutout and has no trimap yet; one of the visitor's own is left alone."""
    if selection is None or selection.proposed or selection.empty:
        return False
    return trimap is None or (trimap.selection is not None and trimap.selection.stamp != selection.stamp)


def _waits_for_a_matte(
    automatic: bool, selection: Selection | None, trimap: TrimapEdit | None, matte: Matte | None
) -> bool:
    """Tell whether a trimap of this very selection, or one that was brushed, has no matte of its own yet."""
    if trimap is None or (matte is not None and matte.made_from == trimap.stamp):
        return False
    if trimap.brushed:
        return True
    if not automatic or selection is None or trimap.selection is None:
        return False
    return trimap.selection.stamp == selection.stamp


def connect_automatic(page: Page, automatic: Automatic) -> list[Any]:
    """Let edges and matte follow whenever the selection is another one, and the matte whenever the trimap is.

    Returns the events after which the matte is another one, and after the first of them the trimap too.
    """
    states, stage, edges, result = page.states, page.pick, page.edges, page.result
    on = stage.live.automatic
    undone = [stage.undo.click, stage.redo.click, stage.clear.click]
    other = [stage.make_trimap.click, edges.cut_out.click, stage.photo.upload, stage.photo.clear]
    other += [page.strip.uploads["photo"].upload, stage.examples.select, stage.bring_back.click]
    resting = [result.say, result.stop, edges.cut_out]
    at_once = {"queue": False, "trigger_mode": "multiple"} | QUICK
    stage.photo.select(automatic.interrupt, [on, states.job], resting, **at_once)
    gr.on(undone, automatic.interrupt_if_undone, [on, states.job, states.clicks, states.selection], resting, **at_once)
    gr.on(other, automatic.give_way, [on, states.job], None, **at_once)
    stage.live.accept.click(
        automatic.accept,
        [states.photo, states.clicks, states.selection, states.trimap],
        shown_with_a_mask(page),
        **QUICK,
    )
    begun = gr.on(
        [states.selection.change, on.input],
        automatic.begin,
        [on, states.job, states.selection, states.trimap],
        [states.job, stage.live.say, edges.say],
        trigger_mode="always_last",
        **QUICK,
    )
    how = [edges.fusion, edges.method, result.freed, *chosen_background(page)]
    cut_out = [
        *shown_with_a_matte(page), result.say, result.stop, edges.cut_out, result.notebook_part, result.notebook,
    ]  # fmt: skip
    waiting = {"show_progress": "hidden", "trigger_mode": "always_last"} | HEAVY
    found = begun.then(
        automatic.find,
        [on, states.job, states.selection, states.photo, states.trimap, states.matte, *how],
        _once([states.trimap, states.strokes, edges.say, *live.shown_live(stage.live), *cut_out]),
        **waiting,
    )
    cut = states.trimap.change(
        automatic.begin_cut,
        [on, states.job, states.clicks, states.selection, states.trimap, states.matte],
        [states.job, result.say],
        trigger_mode="always_last",
        **QUICK,
    ).then(
        automatic.cut_out,
        [on, states.job, states.selection, states.photo, states.trimap, states.matte, *how],
        cut_out,
        **waiting,
    )
    # An event of its own: the browser reads a whole editor out each time that one is waited for.
    edited = [
        event.then(
            automatic.show_editor,
            [on, states.photo, states.trimap, states.strokes],
            [edges.body, edges.editor],
            trigger_mode="always_last",
            **QUICK,
        )
        for event in (found, cut)
    ]
    return edited


def _once(components: list[Any]) -> list[Any]:
    """Return components in their order, each once."""
    return list(dict.fromkeys(components))
