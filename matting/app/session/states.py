"""A visitor's work, as Gradio keeps it between two events."""

from __future__ import annotations

from dataclasses import dataclass, fields

import gradio as gr

from matting.app.parts.queues import STATE_SECONDS
from matting.app.session.stages import Clicks


@dataclass(frozen=True)
class States:
    """A visitor's work, one state for each stage, and the name of the job that runs for them.

    `strokes` is what waits in the trimap's editor, `before` is the work on the previous photo, `early` holds clicks on
    a photo that is not open yet, and `key` finds the work again after a reload.
    """

    photo: gr.State
    clicks: gr.State
    embedding: gr.State
    selection: gr.State
    trimap: gr.State
    matte: gr.State
    strokes: gr.State
    backdrop: gr.State
    job: gr.State
    before: gr.State
    early: gr.State
    key: gr.State

    @property
    def made(self) -> list[gr.State]:
        """The work on one photo, in the order of `Work`."""
        return [self.photo, self.clicks, self.selection, self.trimap, self.matte]


def lay_out_states() -> States:
    """Build the states inside the current gr.Blocks; all begin empty."""
    first = {"clicks": Clicks(), "early": ()}
    return States(**{one.name: gr.State(first.get(one.name), time_to_live=STATE_SECONDS) for one in fields(States)})
