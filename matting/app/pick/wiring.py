"""Which listener of step 1 hears which component."""

from __future__ import annotations

from typing import Any

from matting.app.components import Page
from matting.app.parts.queues import CLICKING, HEAVY, QUICK
from matting.app.pick.listeners import Picks
from matting.app.pick.live import shown_live
from matting.app.pick.masks import OwnMasks


def connect_pick(page: Page, picks: Picks) -> list[Any]:
    """Attach the listeners of step 1; return the events after which there is another mask."""
    own = OwnMasks(picks)
    return [*_connect_clicks(page, picks, own), *_connect_own_masks(page, own)]


def _connect_clicks(page: Page, picks: Picks, own: OwnMasks) -> list[Any]:
    """Attach clicks, boxes and scribbles; return the events after which the selection is another one."""
    states, stage = page.states, page.pick
    shown = shown_with_a_mask(page)
    clicked = [states.clicks, states.selection, stage.photo, stage.say]
    made = [states.photo, states.clicks, states.selection]
    each = {"trigger_mode": "multiple"} | CLICKING
    listening = [
        # The picture's raw value tells which photo was clicked on.
        stage.photo.select(
            picks.click,
            [stage.photo, stage.click_kind, states.early, *made],
            [*clicked, states.early],
            preprocess=False,
            **each,
        ),
        stage.boxes.select(picks.draw_box, made, clicked, **each),
        stage.words.submit(picks.say_words, [stage.words, *made], [states.clicks, stage.photo, stage.say], **CLICKING),
        stage.clear.click(picks.clear, [states.photo], clicked, **CLICKING),
        stage.use_scribbles.click(
            own.take_scribbles,
            [stage.painter, *made],
            [*clicked, stage.select_by, stage.clicking, stage.click_tools, stage.painting, stage.painter],
            **CLICKING,
        ),
    ]
    held = [states.photo, states.clicks, states.selection, states.embedding, stage.segmenter, states.trimap]
    answer = [*shown, states.embedding, stage.segmenter]
    answered = [
        event.then(picks.segment, held, answer, show_progress="hidden", trigger_mode="multiple", **HEAVY)
        for event in listening
    ]
    stage.segmenter.change(picks.show_words, [stage.segmenter], [stage.words], **QUICK)
    return [
        *answered,
        stage.segmenter.input(picks.segment, held, answer, show_progress_on=stage.segmenter, **HEAVY),
        stage.candidates.select(
            picks.choose, [states.photo, states.clicks, states.selection, states.trimap], shown, **QUICK
        ),
    ]


def connect_opened(page: Page, picks: Picks, taken: list[Any]) -> list[Any]:
    """Let clicks that came too early count after the events `taken`, and without any what stands out be proposed.

    Returns the events after which there is another mask.
    """
    states, stage = page.states, page.pick
    held = [states.photo, states.clicks, states.selection, states.embedding]
    return [
        event.then(
            picks.take_early,
            [states.early, states.photo, states.clicks],
            [states.early, states.clicks, stage.photo, stage.say, states.selection],
            **CLICKING,
        ).then(
            picks.look,
            [*held, stage.segmenter, states.trimap],
            [*shown_with_a_mask(page), states.embedding, stage.segmenter],
            show_progress="hidden",
            trigger_mode="always_last",
            **HEAVY,
        )
        for event in taken
    ]


def shown_with_a_mask(page: Page) -> list[Any]:
    """Return the components that change with the selection."""
    states, stage = page.states, page.pick
    return [
        states.selection, stage.photo, stage.say, stage.candidates, stage.make_trimap, page.edges.say,
        *shown_live(stage.live),
    ]  # fmt: skip


def _connect_own_masks(page: Page, own: OwnMasks) -> list[Any]:
    """Attach the other ways to a mask and return the events after which there is another one."""
    states, stage = page.states, page.pick
    shown = shown_with_a_mask(page)
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
            button.click(own.tool_listener(name), changing, shown, **QUICK)
            for name, button in stage.mask_tools.buttons.items()
        ),
    ]
