"""What changes the cutout itself: a stroke on it is one on its trimap, and so is all but its largest object."""

from __future__ import annotations

from typing import Any

import gradio as gr

from matting.app.components import Page
from matting.app.edges.listeners import Trimaps, merge
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import CLICKING
from matting.app.pick.live import show_strokes, shown_live
from matting.app.result.brush import Stroke, read_stroke
from matting.app.result.objects import owners
from matting.app.session.matte_files import read_alpha
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import EditorValue, TrimapEdit
from matting.trimaps.algebra import BACKGROUND


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
        """Keep or erase what a stroke covers."""
        if photo is None or matte is None:
            return gr.skip()
        stroke = read_stroke(getattr(event, "stroke", None), photo.size)
        return self._mend(photo, merge(value, photo, trimap), matte, stroke)

    @forgiving
    def keep_largest(
        self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None
    ) -> Update:
        """Erase every object of the cutout but the largest."""
        if photo is None or matte is None:
            return gr.skip()
        before = merge(value, photo, trimap)
        others = owners(read_alpha(matte)) > 0
        return self._mend(photo, before, matte, Stroke(BACKGROUND, others, max(1, before.brushed)))

    def _mend(self, photo: Photo, trimap: TrimapEdit, matte: Matte, stroke: Stroke) -> Update:
        """Take a stroke; the matte follows by itself, and after it the trimap's editor, which is slow to draw."""
        mended = trimap.mend(stroke.value, stroke.covers, stroke.number)
        return self.trimaps.take(mended, matte) | show_strokes(self.live, photo, mended, matte)


def connect_brush(page: Page, brushing: Brushing) -> list[Any]:
    """Attach what changes the cutout itself; return the events after which the trimap is another one."""
    states = page.states
    held = [states.strokes, states.photo, states.trimap, states.matte]
    shown = [states.trimap, states.strokes, page.edges.say, page.result.say, *shown_live(page.pick.live)]
    return [
        page.pick.strokes.select(brushing.paint, held, shown, trigger_mode="multiple", **CLICKING),
        page.result.largest.click(brushing.keep_largest, held, shown, **CLICKING),
    ]
