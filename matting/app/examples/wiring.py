"""Which listener of the examples hears which component."""

from __future__ import annotations

from typing import Any

from matting.app.components import Page
from matting.app.examples.listeners import ShippedExamples
from matting.app.parts.queues import HEAVY, QUICK
from matting.app.pick.wiring import shown_with_a_mask
from matting.app.result.wiring import chosen_background, shown_with_a_matte
from matting.app.step_back import StepBack


def connect_examples(page: Page, shipped_examples: ShippedExamples, step_back: StepBack) -> tuple[list[Any], Any]:
    """Attach the examples; return the events that change mask and trimap, and the one that changes the matte."""
    states, stage, result = page.states, page.pick, page.result
    opened = stage.examples.select(
        step_back.open_example,
        [result.freed, states.strokes, *states.made],
        [*page.everything, stage.examples],
        **QUICK,
    )
    segmented = opened.then(
        shipped_examples.segment,
        [states.photo, states.clicks, states.selection, states.embedding, stage.segmenter, states.trimap],
        [*shown_with_a_mask(page), states.embedding, stage.segmenter],
        show_progress="hidden",
        **HEAVY,
    )
    finished = opened.then(
        shipped_examples.finish,
        [states.photo, states.clicks, states.trimap, states.matte, result.freed, *chosen_background(page)],
        [*shown_with_a_matte(page), result.say, result.notebook_part, result.notebook],
        **QUICK,
    )
    return [opened, segmented], finished
