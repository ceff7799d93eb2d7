"""Connects the steps of the page; each step's own `wiring` says which listener hears which component.

The order of inputs is each listener's order of arguments. Whatever runs a network waits in one queue, `gpu`, that
all visitors share. Clicks are cheap: they have a queue of their own and are never dropped, and the segmentation that
follows answers all of them at once.
"""

from __future__ import annotations

import gradio as gr

from matting.app.automatic import Automatic, connect_automatic
from matting.app.backend.computations import Steps
from matting.app.backend.stopping import Stops
from matting.app.batch import Batches, connect_batch
from matting.app.components import Page
from matting.app.corrections import Corrections, connect_corrections
from matting.app.edges.help import TrimapHelp
from matting.app.edges.listeners import Trimaps
from matting.app.edges.wiring import connect_help, connect_trimap
from matting.app.examples.listeners import ShippedExamples
from matting.app.examples.wiring import connect_examples
from matting.app.filmstrip import Filmstrip, connect_filmstrip
from matting.app.looks.listeners import CloserLooks
from matting.app.looks.wiring import connect_looks
from matting.app.pick.listeners import Picks
from matting.app.pick.wiring import connect_opened, connect_pick
from matting.app.reload import Reload, connect_reload
from matting.app.result.brushing import Brushing, connect_brush
from matting.app.result.calls import Calls, connect_calls
from matting.app.result.listeners import Results
from matting.app.result.taking import Taking, connect_taking
from matting.app.result.wiring import connect_result
from matting.app.step_back import StepBack, connect_photos
from matting.app.undo import Undo, connect_undo


def connect(page: Page, steps: Steps) -> None:
    """Attach every listener of the page."""
    trimaps = Trimaps(page, steps)
    picks = Picks(page, steps)
    picked = connect_pick(page, picks)
    trimaps_changed = connect_trimap(page, trimaps)
    closer = CloserLooks(page, steps)
    results = Results(page, steps, trimaps)
    stops = Stops()
    other_trimap, other_matte = connect_result(page, results, closer, stops)
    follow = connect_automatic(page, Automatic(page, stops, picks, trimaps, results, closer))
    brushed = connect_brush(page, Brushing(page, trimaps))
    connect_taking(page, Taking(page))
    connect_calls(page, Calls(page))
    connect_looks(page, closer)
    shipped_examples = ShippedExamples(page, picks, trimaps, results, closer)
    step_back = StepBack(page, picks, trimaps, results, closer, shipped_examples)
    taken, back = connect_photos(page, step_back)
    opened, finished = connect_examples(page, shipped_examples, step_back)
    undone, reloaded = (
        connect_undo(page, Undo(picks, trimaps, step_back)),
        connect_reload(page, Reload(page, step_back)),
    )
    batches = Batches(page.batch, steps)
    corrected = connect_corrections(page, Corrections(page, step_back, batches))
    picked += [corrected, *taken, *opened, *connect_opened(page, picks, taken[:-1]), *undone, reloaded]
    trimaps_changed += [opened[0], back, corrected, *undone, reloaded]
    other_matte += [finished, back, corrected, *follow, *undone, reloaded]
    # The matte is waited for, the help is not: where one follows by itself, the help comes after it.
    helped = [*trimaps_changed, *other_trimap, *follow]
    trimaps_changed += [*brushed, *connect_help(page, TrimapHelp(page, trimaps), helped)]
    connect_filmstrip(page.states, Filmstrip(page.strip), [*picked, *trimaps_changed, *other_matte])
    connect_batch(page.batch, batches)
    _wait_unseen(page)


def _wait_unseen(page: Page) -> None:
    """Let progress that is not shown be told to one hidden component.

    By default Gradio's page tells every output of a listener how it stands, and for that reads out each of them with
    all that is in it, several times a second: for the trimap's editor that draws, encodes and uploads its picture.
    """
    for listener in gr.context.Context.root_block.fns.values():
        if listener.show_progress == "hidden":
            listener.show_progress_on = [page.key]
