"""Stage 1's listeners: a photo comes in, clicks or paint say what to keep, a coarse mask answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from matting.app import files
from matting.app.canvas import draw_canvas, thumbnail
from matting.app.editor import EditorValue, TrimapEdit, painted_layer, read_strokes
from matting.app.examples import captioned
from matting.app.layout import CUTOUT_LATER, PICK_FIRST, TRIMAP_LATER
from matting.app.messages import Update, attempt, forgiving, line, notify, refuse
from matting.app.page import Page
from matting.app.segmenters import OFFLINE
from matting.app.session import Click, Clicks, Kind, Photo, Selection
from matting.app.steps import Embedding, Steps
from matting.coarse import SegmenterUnavailable
from matting.images import read_mask, read_photo

CLICK_NOW = "Click on what you want to keep."
PAINT_NOW = "Paint over what you want to keep; roughly is enough."
SECOND_CORNER = "Now click the opposite corner of the box."
LOOKING = "Looking for the object…"
PICKED = (
    "If this is right, find the edges. If not, click again: keep more of it, or drop what does not belong."
)
OWN_MASK = "This is your own mask. If it looks right, find the edges."
STALE_TRIMAP = "The selection has changed since this trimap was made. “Find the edges” makes a new one."


class Picking:
    """What happens in stage 1; every method is a listener and returns the components that change."""

    def __init__(self, page: Page, steps: Steps) -> None:
        """Bind the listeners to the page's components and to the heavy steps."""
        self.states, self.stage, self.edges, self.result = page.states, page.pick, page.edges, page.result
        self.steps = steps

    @forgiving
    def take_photo(
        self,
        upload: dict[str, Any],
        before: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        select_by: str,
    ) -> Update:
        """Take in an upload, as the raw file that came; a refused one leaves everything as it was."""
        try:
            return self._open(Path(upload["path"]), select_by)
        except ValueError as error:
            refuse(error)
            return {
                self.stage.photo: files.show_quickly(draw_canvas(before, clicks, selection))
                if before
                else None
            }

    @forgiving
    def drop_photo(self, select_by: str) -> Update:
        """Begin anew without a photo, on the visitor's own wish.

        The picture is empty already; by the time this answer arrives, a pasted one may be in its place.
        """
        fresh = self._start(None, select_by)
        return {part: value for part, value in fresh.items() if part is not self.stage.photo}

    @forgiving
    def take_example(self, event: gr.SelectData, select_by: str) -> Update:
        """Open one of the example photos."""
        chosen, _ = captioned()[event.index]
        # Nothing stays selected, or a second click on the same photo would only take the selection away.
        return self._open(Path(chosen), select_by) | {self.stage.examples: gr.Gallery(selected_index=None)}

    @forgiving
    def click(
        self,
        event: gr.SelectData,
        kind: Kind,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
    ) -> Update:
        """Add a click and mark it at once; `segment` follows."""
        if photo is None:
            return gr.skip()
        clicks = clicks.add(Click(*photo.to_photo(*event.index), kind))
        if clicks.prompts:
            clicks.prompts.checked(photo.size)
        return self._show_clicks(photo, clicks, selection)

    @forgiving
    def undo(self, photo: Photo | None, clicks: Clicks, selection: Selection | None) -> Update:
        """Take the last click back."""
        return self._show_clicks(photo, clicks.undo(), selection) if photo else gr.skip()

    @forgiving
    def clear(self, photo: Photo | None) -> Update:
        """Take all clicks back."""
        return self._show_clicks(photo, Clicks(), None) if photo else gr.skip()

    def segment(
        self,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        embedding: Embedding | None,
        name: str,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Ask the segmenter for masks that fit the clicks, unless it has answered these very clicks."""
        if photo is None:
            return gr.skip()

        def as_it_is() -> Update:
            return self._show_selection(photo, clicks, selection, trimap)

        if clicks.prompts is None:
            kept = selection if selection and selection.asked is None and not clicks.trail else None
            return self._show_selection(photo, clicks, kept, trimap)
        if selection and selection.asked == (clicks, name):
            return as_it_is()
        return attempt(lambda: self._ask(photo, clicks, embedding, name, trimap), as_it_is)

    def _ask(
        self, photo: Photo, clicks: Clicks, embedding: Embedding | None, name: str, trimap: TrimapEdit | None
    ) -> Update:
        try:
            embedding = self.steps.embed(photo.image, photo.stamp, name, embedding)
        except SegmenterUnavailable as error:
            refuse(error)
            name = OFFLINE
            embedding = self.steps.embed(photo.image, photo.stamp, name, embedding)
        answer = self.steps.segment(photo.image, embedding, clicks.prompts)
        selection = Selection.of_masks(answer.masks, answer.scores, (clicks, name))
        kept = {self.states.embedding: embedding, self.stage.segmenter: name}
        return kept | self._show_selection(photo, clicks, selection, trimap)

    @forgiving
    def choose(
        self,
        event: gr.SelectData,
        photo: Photo,
        clicks: Clicks,
        selection: Selection,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Take another of the candidate masks."""
        return self._show_selection(photo, clicks, selection.choose(event.index), trimap)

    @forgiving
    def take_mask(self, path: str, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Take in a person's own mask file."""
        if photo is None:
            raise ValueError("Choose a photo first; a mask has to fit one.")
        mask, notices = read_mask(path, photo.size)
        notify(notices)
        return {self.states.clicks: Clicks()} | self._show_selection(
            photo, Clicks(), Selection.own(mask), trimap
        )

    @forgiving
    def take_painted(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Take what was painted over the photo as the mask, and show it."""
        _, painted = read_strokes(painted_layer(value), photo.size if photo else (2, 2))
        if photo is None or not painted.any():
            raise ValueError("Nothing is painted yet; paint over what you want to keep first.")
        own = self._show_selection(photo, Clicks(), Selection.own(painted), trimap)
        return {self.states.clicks: Clicks()} | self._tools(None) | own

    @forgiving
    def pick_by(
        self, select_by: str, photo: Photo | None, clicks: Clicks, selection: Selection | None
    ) -> Update:
        """Change between clicking and painting."""
        tools = self._tools(photo if select_by == "paint" else None)
        return {self.stage.say: line(_where_picking_stands(photo, clicks, selection))} | tools

    def _open(self, path: Path, select_by: str) -> Update:
        image, notices = read_photo(path)
        notify(notices)
        return self._start(Photo.of(image, path.stem), select_by)

    def _start(self, photo: Photo | None, select_by: str) -> Update:
        """Begin anew: a new photo leaves nothing of the old one behind."""
        states, edges, result = self.states, self.edges, self.result
        return {
            states.photo: photo,
            states.clicks: Clicks(),
            states.embedding: None,
            states.trimap: None,
            states.matte: None,
            self.stage.tools: gr.Column(visible=photo is not None),
            edges.body: gr.Column(visible=False),
            edges.editor: None,
            edges.say: line(TRIMAP_LATER),
            result.body: gr.Column(visible=False),
            result.say: line(CUTOUT_LATER),
            **self._show_selection(photo, Clicks(), None, None),
            **self._tools(photo if select_by == "paint" else None),
        }

    def _tools(self, canvas: Photo | None) -> Update:
        """Show the tools of painting on a photo, or for None those of clicking."""
        painting = canvas is not None
        under = painting and {"background": files.show_quickly(canvas.proxy), "layers": [], "composite": None}
        return {
            self.stage.select_by: "paint" if painting else "click",
            # Only hidden: a picture taken out of the page and put back sends stale values from then on.
            self.stage.clicking: gr.Column(visible="hidden" if painting else True),
            self.stage.click_tools: gr.Column(visible=not painting),
            self.stage.painting: gr.Column(visible=painting),
            # An editor that was painted on cannot be hidden unless it is emptied.
            self.stage.painter: under or None,
        } | ({self.stage.say: line(PAINT_NOW)} if painting else {})

    def _show_clicks(self, photo: Photo, clicks: Clicks, selection: Selection | None) -> Update:
        """Mark the clicks while the segmenter is still at work, or has nothing to do."""
        if clicks.waiting:
            say = line(SECOND_CORNER)
        else:
            say = line(LOOKING, "busy") if clicks.prompts else line(CLICK_NOW)
        return {
            self.states.clicks: clicks,
            self.stage.photo: files.show_quickly(draw_canvas(photo, clicks, selection)),
            self.stage.say: say,
        }

    def _show_selection(
        self, photo: Photo | None, clicks: Clicks, selection: Selection | None, trimap: TrimapEdit | None
    ) -> Update:
        """Show the chosen mask and the candidates beside it, and say whether the trimap still belongs to it.

        The clicks are drawn, not returned: a newer one may have come while a segmenter was at work.
        """
        several = selection is not None and len(selection.masks) > 1
        origin = trimap.selection if trimap else None
        stale = origin is not None and (selection is None or selection.stamp != origin.stamp)
        return {
            self.states.selection: selection,
            self.stage.photo: files.show_quickly(draw_canvas(photo, clicks, selection)) if photo else None,
            self.stage.say: line(_where_picking_stands(photo, clicks, selection)),
            self.stage.candidates: gr.Gallery(
                value=[
                    (thumbnail(photo, mask), f"{score:.0%}")
                    for mask, score in zip(selection.masks, selection.scores, strict=True)
                ]
                if several
                else [],
                selected_index=selection.chosen if several else None,
                visible=several,
            ),
            self.stage.make_trimap: gr.Button(interactive=selection is not None),
        } | ({self.edges.say: line(STALE_TRIMAP, "stale")} if stale else {})


def _where_picking_stands(photo: Photo | None, clicks: Clicks, selection: Selection | None) -> str:
    if photo is None:
        return PICK_FIRST
    if clicks.waiting:
        return SECOND_CORNER
    if selection is None:
        return CLICK_NOW
    return PICKED if selection.asked else OWN_MASK
