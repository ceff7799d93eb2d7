"""Which listener of step 2 hears which component."""

from __future__ import annotations

from typing import Any

from matting.app.components import Page
from matting.app.edges.help import TrimapHelp
from matting.app.edges.listeners import Trimaps
from matting.app.parts.queues import HEAVY, QUICK, move_on, scroll_to
from matting.app.parts.widgets import brush_script

FINDING = "Finding the edges…"


def connect_trimap(page: Page, trimaps: Trimaps) -> list[Any]:
    """Attach step 2's own listeners and return the events after which the trimap is another one."""
    states, stage = page.states, page.edges
    shown, held = page.shown_trimap, [states.photo, states.trimap, states.matte]
    stage.painted.select(trimaps.keep_strokes, [stage.editor], [states.strokes], trigger_mode="always_last", **QUICK)
    move_on(page.pick.make_trimap, "stage-edges", stage.say, FINDING)
    found = page.pick.make_trimap.click(
        trimaps.find,
        [states.photo, states.selection, states.trimap, states.matte],
        shown,
        show_progress="hidden",
        **HEAVY,
    )
    found.then(None, js=f"() => {{ {scroll_to('stage-edges')} }}", api_visibility="private")
    # In the browser, without the server: even the very next stroke must have the new colour.
    stage.brush.input(None, [stage.brush], [stage.editor], js=brush_script(), **QUICK)
    buttons = (
        (stage.apply, trimaps.apply),
        (stage.undo, trimaps.undo),
        (stage.redo, trimaps.redo),
        (stage.help.reset, trimaps.reset),
    )
    upload = page.strip.uploads["trimap"]
    steps = ((stage.help.wider, trimaps.widen), (stage.help.narrower, trimaps.narrow))
    return [
        found,
        upload.upload(trimaps.upload, [upload, *held], shown, **QUICK),
        *(button.click(listener, [stage.editor, *held], shown, **QUICK) for button, listener in buttons),
        *(button.click(listener, [stage.help.step, stage.editor, *held], shown, **QUICK) for button, listener in steps),
    ]


def connect_help(page: Page, trimap_help: TrimapHelp, changed: list[Any]) -> list[Any]:
    """Attach the help beside the editor; it is updated after the events `changed` and those returned."""
    states, stage, parts = page.states, page.edges, page.edges.help
    held = [stage.editor, states.photo, states.trimap, states.matte]
    rows = parts.findings.items()
    taken = [
        parts.bands.select(trimap_help.choose_band, held, page.shown_trimap, **QUICK),
        *(
            row.cure.click(trimap_help.cure_listener(complaint), held, page.shown_trimap, **QUICK)
            for complaint, row in rows
        ),
    ]
    offered = [parts.bands, parts.doctor, parts.sound, parts.uncertainty, parts.paint_next, parts.export]
    for _, row in rows:
        offered += [row.body, row.say, row.cure]
    for event in (*changed, *taken):
        event.then(trimap_help.advise, [states.photo, states.trimap], offered, trigger_mode="always_last", **QUICK)
    return taken
