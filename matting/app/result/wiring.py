"""Which listener of step 3 hears which component."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import gradio as gr

from matting.app.backend.stopping import Stops
from matting.app.components import Page
from matting.app.looks.listeners import CloserLooks
from matting.app.looks.wiring import shown_for_one_matte
from matting.app.parts.messages import Update
from matting.app.parts.queues import HEAVY, QUICK, move_on, scroll_to
from matting.app.pick.live import shown_live
from matting.app.result.listeners import CUTTING, Results
from matting.app.result.mattes import OwnMattes


def connect_result(page: Page, results: Results, closer: CloserLooks, stops: Stops) -> tuple[list[Any], list[Any]]:
    """Attach the cutout's listeners; return the events that may change the trimap and those for the matte."""
    states, stage, edges = page.states, page.result, page.edges
    where = [stage.zoom, stage.across, stage.down]
    chosen, composite, matte = chosen_background(page), _composite(page), _matte(page)
    held = [edges.editor, states.photo, states.trimap, states.matte, edges.fusion, edges.method]
    seen = [states.photo, states.matte, *chosen]
    move_on(edges.cut_out, "stage-result", stage.say, CUTTING, stage.stop)
    listeners = _stoppable(results, closer, stops)
    trimap = [part for part in page.shown_trimap if part is not stage.say]
    notebook = [stage.notebook_part, stage.notebook]
    resting = [stage.say, stage.stop, edges.cut_out]
    previewing = [stage.slider, stage.say, *shown_live(page.pick.live)]
    previewed = edges.cut_out.click(listeners.begin, None, [states.job], queue=False, **QUICK).then(
        listeners.preview, [states.job, *held, *chosen], previewing, show_progress="hidden", **HEAVY
    )
    cut = previewed.then(
        listeners.cut_out,
        [states.job, *held, stage.freed, *chosen],
        [*shown_with_a_matte(page), *resting, *notebook, *trimap],
        show_progress="hidden",
        trigger_mode="always_last",
        **HEAVY,
    )
    stage.stop.click(listeners.stop, [states.job], [*resting, page.pick.live.say], **QUICK)
    cut.then(None, js=f"() => {{ {scroll_to('stage-result')} }}", api_visibility="private")
    gr.on(
        [stage.background.input, stage.colour.change, stage.kind.input, *(slider.release for slider in where)],
        results.change_background,
        seen,
        [*composite, stage.colour, stage.picture_tools],
        trigger_mode="always_last",
        **QUICK,
    )
    gr.on(
        [stage.picture.upload, stage.picture.clear],
        results.take_picture,
        [stage.picture, *seen],
        [*composite, states.backdrop, stage.picture],
        preprocess=False,
        trigger_mode="always_last",
        **QUICK,
    )
    stage.backdrops.select(
        results.choose_picture, seen, [*composite, states.backdrop, stage.picture, stage.backdrops], **QUICK
    )
    gr.on(
        [states.photo.change, states.matte.change, stage.along.input, stage.shadow.input],
        results.tell,
        [stage.along, stage.shadow, stage.freed, *seen],
        [states.photo, *matte, stage.shadow],
        trigger_mode="always_last",
        **QUICK,
    )
    recoloured = stage.freed.input(results.recolour, [stage.freed, *seen], matte, trigger_mode="always_last", **QUICK)
    own, uploads = OwnMattes(results, closer), page.strip.uploads
    own_matte = uploads["matte"].upload(
        own.take_matte,
        [uploads["matte"], states.photo, states.trimap, stage.freed, *chosen],
        [*shown_with_a_matte(page), stage.say, stage.notebook_part, *trimap],
        **QUICK,
    )
    own_colours = uploads["cutout"].upload(
        own.take_colours, [uploads["cutout"], *seen], [*matte, stage.say, stage.freed], **QUICK
    )
    return [cut, own_matte], [cut, own_matte, own_colours, recoloured]


def _stoppable(results: Results, closer: CloserLooks, stops: Stops) -> SimpleNamespace:
    """Return the listeners of the matte as a visitor may stop them; all but the first get the job."""

    def preview(job: str, *given: Any) -> Iterator[Update]:
        yield from stops.run(job, lambda: results.preview(*given), last=False)

    def cut_out(job: str, *given: Any) -> Iterator[Update]:
        yield from stops.run(job, lambda: closer.with_looks_cleared(results.cut_out(*given)), results.show_share)

    def stop(job: str | None) -> Update:
        stops.stop(job)
        return results.say_stopped()

    return SimpleNamespace(begin=stops.begin, preview=preview, cut_out=cut_out, stop=stop)


def chosen_background(page: Page) -> list[Any]:
    """Return what a background is read from, in the order of its fields."""
    states, stage = page.states, page.result
    return [stage.background, stage.colour, states.backdrop, stage.zoom, stage.across, stage.down, stage.kind]


def shown_with_a_matte(page: Page) -> list[Any]:
    """Return the components that show a new matte, with those that belong to one matte alone."""
    return [*_matte(page), *shown_for_one_matte(page.result.looks)]


def _composite(page: Page) -> list[Any]:
    stage = page.result
    return [stage.slider, stage.download_composite, stage.download_all, *shown_live(page.pick.live)]


def _matte(page: Page) -> list[Any]:
    states, stage = page.states, page.result
    return [
        *_composite(page), stage.download_cutout, stage.download_alpha, stage.download_trimap,
        stage.download_foreground, stage.download_recipe, states.matte, stage.body, stage.alpha,
    ]  # fmt: skip
