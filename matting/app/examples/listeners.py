"""Example photos open with all that ships with them, so that visitors can explore every stage before a click."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from matting.app.backend.computations import Embedding
from matting.app.components import Page
from matting.app.edges.listeners import Trimaps
from matting.app.examples import outputs
from matting.app.looks.listeners import CloserLooks
from matting.app.parts.assets import captioned
from matting.app.parts.messages import Update, forgiving
from matting.app.pick.listeners import Picks
from matting.app.result.listeners import Results
from matting.app.session.stages import Clicks, Matte, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit


class ShippedExamples:
    """The listeners of the examples; the photo appears first, its cutout a moment later."""

    def __init__(self, page: Page, picks: Picks, trimaps: Trimaps, results: Results, closer: CloserLooks) -> None:
        """Bind the listeners to those of the three stages."""
        self.stage, self.picks, self.trimaps = page.pick, picks, trimaps
        self.results, self.closer = results, closer
        self.fingerprint = results.steps.pipeline.fingerprint

    @forgiving
    def take(self, event: gr.SelectData) -> Update:
        """Open an example with its mask and trimap, or with its clicks alone if other weights made them."""
        path, _ = captioned("examples")[event.index]
        photo = outputs.open_photo(Path(path))
        # Nothing stays selected, or a second click on the same photo would only deselect it.
        shown = {self.stage.examples: gr.Gallery(selected_index=None)}
        shown |= self.picks.start(photo, "click", outputs.first_clicks(photo.name))
        if (example := outputs.read(photo, self.fingerprint)) is None:
            return shown
        clicks, _ = example.selection.asked
        return (
            shown
            | {self.picks.states.clicks: clicks}
            | self.picks.show_selection(photo, clicks, example.selection, None)
            | self.trimaps.show(photo, example.trimap, None)
        )

    @forgiving
    def finish(
        self,
        photo: Photo | None,
        clicks: Clicks,
        trimap: TrimapEdit | None,
        matte: Matte | None,
        freed: bool,
        *chosen: Any,
    ) -> Update:
        """Show an example's cutout, unless the visitor has already begun something new."""
        if photo is None or trimap is None or matte is not None or not clicks.example:
            return gr.skip()
        example = outputs.read(photo, self.fingerprint)
        return self.closer.with_looks_cleared(
            self.results.present(photo, trimap, example.alpha, example.recipe, freed, *chosen)
        )

    def segment(
        self,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        embedding: Embedding | None,
        name: str,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Segment an example's clicks where no mask ships with it."""
        if selection is not None:
            return gr.skip()
        return self.picks.segment(photo, clicks, selection, embedding, name, trimap)
