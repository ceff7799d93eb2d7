"""The brush's listener: a stroke on the cutout is a stroke on its trimap, and the matte follows by itself."""

from __future__ import annotations

from typing import Any

import gradio as gr

from matting.app.components import Page
from matting.app.edges.listeners import Trimaps, merge
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import CLICKING
from matting.app.pick.live import show_strokes, shown_live
from matting.app.result.brush import read_stroke
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import EditorValue, TrimapEdit


class Brushing:
    """What a stroke on the cutout does."""

    def __init__(self, page: Page, trimaps: Trimaps) -> None:
        """Bind the listener to the cutout and to stage 2."""
        self.live, self.trimaps = page.pick.live, trimaps

    @forgiving
    def paint(
        self,
        event: gr.EventData,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
    ) -> Update:
        """Keep or erase what a stroke covers; the trimap's editor, which is slow to draw, follows the matte."""
        if photo is None or matte is None:
            return gr.skip()
        stroke = read_stroke(getattr(event, "stroke", None), photo.size)
        mended = merge(value, photo, trimap).mend(stroke.value, stroke.covers, stroke.number)
        shown = self.trimaps.show(photo, mended, matte)
        del shown[self.trimaps.stage.body], shown[self.trimaps.stage.editor]
        return shown | show_strokes(self.live, photo, mended, matte)


def connect_brush(page: Page, brushing: Brushing) -> Any:
    """Attach the brush; return the event after which the trimap is another one."""
    states = page.states
    return page.pick.strokes.select(
        brushing.paint,
        [states.strokes, states.photo, states.trimap, states.matte],
        [states.trimap, states.strokes, page.edges.say, page.result.say, *shown_live(page.pick.live)],
        trigger_mode="multiple",
        **CLICKING,
    )
