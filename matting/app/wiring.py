"""Which listener hears which component; the order of inputs is each listener's order of arguments.

What runs a network waits in one line, `gpu`, for all visitors. Clicks are cheap, wait in a line of their own
and are never dropped; the segmentation that follows answers all of them at once.
"""

from __future__ import annotations

from typing import Any

from matting.app.backend.computations import Steps
from matting.app.batch import Batches
from matting.app.components import BatchPart, Page
from matting.app.edges.help import TrimapHelp
from matting.app.edges.listeners import Trimming
from matting.app.examples.listeners import Opening
from matting.app.filmstrip import Filmstrip
from matting.app.looks.listeners import CloserLooks
from matting.app.parts.queues import CLICKING, HEAVY, QUICK, move_on, scroll_to
from matting.app.parts.widgets import brush_script
from matting.app.pick.listeners import Picking
from matting.app.pick.masks import OwnMasks
from matting.app.result.listeners import Finishing
from matting.app.result.wiring import chosen_background, connect_finishing, connect_looks, shown_with_a_matte
from matting.app.step_back import StepBack

FINDING = "Finding the edges…"


def connect(page: Page, steps: Steps) -> None:
    """Attach every listener of the page."""
    trimming = Trimming(page, steps)
    picking = Picking(page, steps)
    picked = [*_connect_clicks(page, picking), *_connect_own_masks(page, OwnMasks(picking))]
    trimmed = _connect_trimming(page, trimming)
    closer = CloserLooks(page, steps)
    finishing = Finishing(page, steps, trimming)
    other_trimap, other_matte = connect_finishing(page, finishing, closer)
    connect_looks(page, closer)
    opening = Opening(page, picking, trimming, finishing, closer)
    step_back = StepBack(page, picking, trimming, finishing, closer, opening)
    taken, back = _connect_photos(page, step_back)
    opened, finished = _connect_examples(page, opening, step_back)
    picked, trimmed = [*picked, *taken, *opened], [*trimmed, opened[0], back]
    other_matte = [*other_matte, finished, back]
    trimmed += _connect_trimap_help(page, TrimapHelp(page, trimming), [*trimmed, *other_trimap])
    _connect_filmstrip(page, Filmstrip(page.strip), [*picked, *trimmed, *other_matte])
    _connect_batch(page.batch, Batches(page.batch, steps))


def _connect_photos(page: Page, step_back: StepBack) -> tuple[list[Any], Any]:
    """Attach what brings a photo or takes it away.

    Returns the events after which there is another one, and the one after which trimap and matte are there with it.
    """
    states, stage, edges, freed = page.states, page.pick, page.edges, page.result.freed
    everything, made = _everything(page), _made(page)
    # The raw file, not Gradio's reading of it: what cannot be read has to be refused in a sentence.
    opened = [
        source.upload(
            step_back.keep_strokes,
            [edges.editor, states.photo, states.trimap, states.matte],
            [states.trimap, edges.body, edges.editor, edges.say, page.result.say],
            trigger_mode="always_last",
            **QUICK,
        ).then(step_back.take_photo, [source, stage.select_by, freed, *made], everything, preprocess=False, **QUICK)
        for source in (stage.photo, page.strip.uploads["photo"])
    ]
    dropped = stage.photo.clear(
        step_back.drop_photo,
        [stage.select_by, freed, edges.editor, *made],
        [part for part in everything if part is not stage.photo],
        trigger_mode="always_last",
        **QUICK,
    )
    with_a_matte = [*shown_with_a_matte(page), freed, page.result.notebook_part, page.result.notebook]
    back = stage.bring_back.click(
        step_back.bring_back,
        [states.before, stage.select_by, freed, edges.editor, *made, *chosen_background(page)],
        # Some are among both; Gradio wants each once.
        list(dict.fromkeys([*everything, *with_a_matte])),
        **QUICK,
    )
    return [*opened, dropped, back], back


def _connect_clicks(page: Page, picking: Picking) -> list[Any]:
    """Attach the listeners of clicks and boxes and return the events after which the selection is another one."""
    states, stage = page.states, page.pick
    shown = [states.selection, stage.photo, stage.say, stage.candidates, stage.make_trimap, page.edges.say]
    clicked = [states.clicks, states.selection, stage.photo, stage.say]
    listening = [
        *(
            picture.select(
                listener,
                [stage.click_kind, states.photo, states.clicks, states.selection],
                clicked,
                trigger_mode="multiple",
                **CLICKING,
            )
            for picture, listener in ((stage.photo, picking.click), (stage.boxes, picking.draw_box))
        ),
        *(
            button.click(
                listener,
                [states.photo, states.clicks, states.selection],
                clicked,
                trigger_mode="multiple",
                **CLICKING,
            )
            for button, listener in ((stage.undo, picking.undo), (stage.redo, picking.redo))
        ),
        stage.clear.click(picking.clear, [states.photo], clicked, **CLICKING),
    ]
    asking = [states.photo, states.clicks, states.selection, states.embedding, stage.segmenter, states.trimap]
    answer = [*shown, states.embedding, stage.segmenter]
    answered = [
        event.then(picking.segment, asking, answer, show_progress="hidden", trigger_mode="multiple", **HEAVY)
        for event in listening
    ]
    return [
        *answered,
        stage.segmenter.input(picking.segment, asking, answer, show_progress_on=stage.segmenter, **HEAVY),
        stage.candidates.select(
            picking.choose, [states.photo, states.clicks, states.selection, states.trimap], shown, **QUICK
        ),
    ]


def _connect_examples(page: Page, opening: Opening, step_back: StepBack) -> tuple[list[Any], Any]:
    """Attach the examples; return the events after which mask and trimap are others, and the one after the matte is."""
    states, stage, result = page.states, page.pick, page.result
    opened = stage.examples.select(
        step_back.open_example,
        [result.freed, page.edges.editor, *_made(page)],
        [*_everything(page), stage.examples],
        **QUICK,
    )
    segmented = opened.then(
        opening.segment,
        [states.photo, states.clicks, states.selection, states.embedding, stage.segmenter, states.trimap],
        [
            states.selection, stage.photo, stage.say, stage.candidates, stage.make_trimap, page.edges.say,
            states.embedding, stage.segmenter,
        ],
        show_progress="hidden",
        **HEAVY,
    )  # fmt: skip
    finished = opened.then(
        opening.finish,
        [states.photo, states.clicks, states.trimap, states.matte, result.freed, *chosen_background(page)],
        [*shown_with_a_matte(page), result.say, result.notebook_part, result.notebook],
        **QUICK,
    )
    return [opened, segmented], finished


def _connect_own_masks(page: Page, own: OwnMasks) -> list[Any]:
    """Attach the other ways to a mask and return the events after which there is another one."""
    states, stage = page.states, page.pick
    shown = [states.selection, stage.photo, stage.say, stage.candidates, stage.make_trimap, page.edges.say]
    tools = [stage.select_by, stage.clicking, stage.click_tools, stage.painting, stage.painter, stage.say]
    upload = page.strip.uploads["mask"]
    stage.select_by.input(own.pick_by, [stage.select_by, states.photo, states.clicks, states.selection], tools, **QUICK)
    changing = [stage.mask_tools.percent, states.photo, states.clicks, states.selection, states.trimap]
    return [
        upload.upload(own.take_mask, [upload, states.photo, states.trimap], [states.clicks, *shown], **QUICK),
        stage.use_painted.click(
            own.take_painted,
            [stage.painter, states.photo, states.trimap],
            [states.clicks, *shown, *tools[:-1]],
            **QUICK,
        ),
        *(
            button.click(own.changed_by(name), changing, shown, **QUICK)
            for name, button in stage.mask_tools.buttons.items()
        ),
    ]


def _connect_trimming(page: Page, trimming: Trimming) -> list[Any]:
    """Attach stage 2's own listeners and return the events after which the trimap is another one."""
    states, stage = page.states, page.edges
    shown = [states.trimap, stage.body, stage.editor, stage.say, page.result.say]
    held = [states.photo, states.trimap, states.matte]
    move_on(page.pick.make_trimap, "stage-edges", stage.say, FINDING)
    found = page.pick.make_trimap.click(
        trimming.find,
        [states.photo, states.selection, states.trimap, states.matte],
        shown,
        show_progress_on=stage.editor,
        **HEAVY,
    )
    found.then(None, js=f"() => {{ {scroll_to('stage-edges')} }}", api_visibility="private")
    # Within the page, with no server in between: whoever paints at once must paint in the new colour.
    stage.brush.input(None, [stage.brush], [stage.editor], js=brush_script(), **QUICK)
    buttons = (
        (stage.apply, trimming.apply),
        (stage.undo, trimming.undo),
        (stage.redo, trimming.redo),
        (stage.help.reset, trimming.reset),
    )
    upload = page.strip.uploads["trimap"]
    steps = ((stage.help.wider, trimming.widen), (stage.help.narrower, trimming.narrow))
    return [
        found,
        upload.upload(trimming.upload, [upload, *held], shown, **QUICK),
        *(button.click(listener, [stage.editor, *held], shown, **QUICK) for button, listener in buttons),
        *(button.click(listener, [stage.help.step, stage.editor, *held], shown, **QUICK) for button, listener in steps),
    ]


def _connect_trimap_help(page: Page, trimap_help: TrimapHelp, changed: list[Any]) -> list[Any]:
    """Attach what is offered beside the editor, which is renewed after the events `changed` and those returned."""
    states, stage, parts = page.states, page.edges, page.edges.help
    shown = [states.trimap, stage.body, stage.editor, stage.say, page.result.say]
    asking = [stage.editor, states.photo, states.trimap, states.matte]
    rows = parts.findings.items()
    taken = [
        parts.bands.select(trimap_help.choose_band, asking, shown, **QUICK),
        *(row.cure.click(trimap_help.cured_of(complaint), asking, shown, **QUICK) for complaint, row in rows),
    ]
    offered = [parts.bands, parts.doctor, parts.sound, parts.uncertainty, parts.paint_next, parts.export]
    for _, row in rows:
        offered += [row.body, row.say, row.cure]
    for event in (*changed, *taken):
        event.then(trimap_help.advise, [states.photo, states.trimap], offered, trigger_mode="always_last", **QUICK)
    return taken


def _connect_filmstrip(page: Page, strip: Filmstrip, changed: list[Any]) -> None:
    """Renew the strip after whatever changes a stage."""
    states, part = page.states, page.strip
    made = [states.photo, states.selection, states.trimap, states.matte]
    shown = [*part.frames.values(), part.body, part.uploads["cutout"]]
    for event in changed:
        event.then(strip.show, made, shown, trigger_mode="always_last", **QUICK)


def _connect_batch(part: BatchPart, batches: Batches) -> None:
    """Attach the tab for many photos; a batch waits in a line of its own and lets clicks pass."""
    running = part.run.click(
        batches.run,
        [part.photos, part.segmenter],
        [part.batch, part.say, part.rows, part.gallery, part.archive],
        concurrency_id="batch",
        concurrency_limit=1,
        **QUICK,
    )
    part.stop.click(batches.stop, [part.batch], [part.say, part.archive], cancels=[running], **QUICK)


def _made(page: Page) -> list[Any]:
    """Return what a visitor made of one photo, in the order of `Work`."""
    states = page.states
    return [states.photo, states.clicks, states.selection, states.trimap, states.matte]


def _everything(page: Page) -> list[Any]:
    """Return all that a new photo touches."""
    states, pick, edges, result = page.states, page.pick, page.edges, page.result
    return [
        states.photo, states.clicks, states.embedding, states.selection, states.trimap, states.matte,
        states.before, pick.bring_back, pick.photo, pick.say, pick.tools, pick.candidates, pick.make_trimap,
        pick.select_by, pick.clicking, pick.click_tools, pick.painting, pick.painter,
        edges.body, edges.editor, edges.say, result.body, result.say,
    ]  # fmt: skip
