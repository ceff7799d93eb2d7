"""Every component of the page that a listener reads or writes, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from matting.app.batch import BatchPart
from matting.app.edges.layout import TrimapStage
from matting.app.filmstrip import FilmstripPart
from matting.app.pick.layout import PhotoStage
from matting.app.pick.live import shown_live
from matting.app.result.layout import ResultStage
from matting.app.session.states import States


@dataclass(frozen=True)
class Page:
    """The page by its steps."""

    states: States
    strip: FilmstripPart
    pick: PhotoStage
    edges: TrimapStage
    result: ResultStage
    tabs: gr.Tabs
    batch: BatchPart
    key: gr.Textbox

    @property
    def everything(self) -> list[Any]:
        """All components that a new photo changes."""
        states, pick, edges, result = self.states, self.pick, self.edges, self.result
        return [
            states.photo, states.clicks, states.embedding, states.selection, states.trimap, states.matte,
            states.before, pick.bring_back, pick.photo, pick.say, pick.tools, pick.candidates, pick.make_trimap,
            pick.select_by, pick.clicking, pick.click_tools, pick.painting, pick.painter, *shown_live(pick.live),
            states.strokes, edges.body, edges.editor, edges.say, result.body, result.say,
        ]  # fmt: skip

    @property
    def shown_trimap(self) -> list[Any]:
        """All components that another trimap changes."""
        edges = self.edges
        return [self.states.trimap, self.states.strokes, edges.body, edges.editor, edges.say, self.result.say]
