"""Which listener of stage 3 hears which component."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr

from matting.app.closer_looks import CloserLooks
from matting.app.finishing import Finishing
from matting.app.messages import Update
from matting.app.page import Page
from matting.app.queues import HEAVY, QUICK, move_on, scroll_to
from matting.app.stopping import Stops

CUTTING = "Cutting out, hair by hair…"
PROGRESS = gr.Progress()
"""By this default Gradio knows which argument is told how far a listener is."""


def connect_finishing(page: Page, finishing: Finishing) -> Any:
    """Attach the listeners of the cutout and return the event after which it is there."""
    states, stage, edges = page.states, page.result, page.edges
    where = [stage.zoom, stage.across, stage.down]
    chosen = [stage.background, stage.colour, states.backdrop, *where]
    composite = [stage.slider, stage.download_composite, stage.download_all]
    files = [
        stage.download_cutout, stage.download_alpha, stage.download_trimap,
        stage.download_foreground, stage.download_recipe,
    ]  # fmt: skip
    matte = [*composite, *files, states.matte, stage.body, stage.alpha]
    held = [edges.editor, states.photo, states.trimap, states.matte, edges.fusion, edges.method]
    seen = [states.photo, states.matte, *chosen]
    move_on(edges.cut_out, "stage-result", stage.say, CUTTING, stage.stop)
    listeners = _stoppable(finishing)
    previewed = edges.cut_out.click(
        listeners.preview, [*held, *chosen], [stage.slider, stage.say], show_progress="hidden", **HEAVY
    )
    # After a success, since what is stopped counts as an end too.
    cut = previewed.success(
        listeners.cut_out,
        [*held, stage.freed, *chosen],
        [*matte, stage.say, stage.stop, stage.notebook, states.trimap, edges.body, edges.editor, edges.say],
        show_progress_on=stage.stop,
        **HEAVY,
    )
    cut.success(None, js=f"() => {{ {scroll_to('stage-result')} }}", api_visibility="private")
    stage.stop.click(
        listeners.stop, seen, [*composite, stage.say, stage.stop], cancels=[previewed, cut], **QUICK
    )
    gr.on(
        [stage.background.input, stage.colour.change, *(slider.release for slider in where)],
        finishing.change_background,
        seen,
        [*composite, stage.colour, stage.picture_tools],
        trigger_mode="always_last",
        **QUICK,
    )
    gr.on(
        [stage.picture.upload, stage.picture.clear],
        finishing.take_picture,
        [stage.picture, *seen],
        [*composite, states.backdrop, stage.picture],
        preprocess=False,
        trigger_mode="always_last",
        **QUICK,
    )
    stage.freed.input(finishing.recolour, [stage.freed, *seen], matte, trigger_mode="always_last", **QUICK)
    return cut


def _stoppable(finishing: Finishing) -> SimpleNamespace:
    """Return the listeners of the matte as each visitor may stop them."""
    stops = Stops()

    def preview(request: gr.Request, *given: Any) -> Update:
        with stops.at_work(request.session_hash, lambda share: None):
            return finishing.preview(*given)

    def cut_out(request: gr.Request, progress: gr.Progress = PROGRESS, *given: Any) -> Update:
        with stops.at_work(request.session_hash, lambda share: progress(share, desc=CUTTING)):
            return finishing.cut_out(*given)

    def stop(request: gr.Request, *given: Any) -> Update:
        stops.stop(request.session_hash)
        return finishing.stopped(*given)

    return SimpleNamespace(preview=preview, cut_out=cut_out, stop=stop)


def connect_looks(page: Page, closer: CloserLooks, cut: Any) -> None:
    """Attach the accordions of the closer looks; `cut` is the event after which they belong to another matte."""
    states, looks = page.states, page.result.looks
    matte = [states.photo, states.matte]
    looks.fringe_accordion.expand(closer.inspect, matte, [looks.fringe], **QUICK)
    page.result.alpha.select(closer.inspect_at, matte, [looks.fringe, looks.fringe_accordion], **QUICK)
    looks.look_accordion.expand(closer.offer_photo, [states.photo], [looks.asked_photo], **QUICK)
    looks.asked_photo.select(
        closer.look,
        [looks.side, states.photo, states.trimap],
        [looks.asked_photo, looks.maps, looks.look_say],
        show_progress_on=looks.look_say,
        trigger_mode="always_last",
        **HEAVY,
    )
    looks.truth.upload(
        closer.score, [looks.truth, *matte], [looks.scores, looks.errors, looks.score_say], **QUICK
    )
    forgotten = [
        looks.fringe, looks.fringe_accordion, looks.maps, looks.asked_photo, looks.look_accordion, looks.look_say,
        looks.scores, looks.errors, looks.score_say,
    ]  # fmt: skip
    cut.success(closer.forget, None, forgotten, **QUICK)
