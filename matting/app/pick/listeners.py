"""Stage 1's listeners: a photo comes in, clicks or paint say what to keep, a coarse mask answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from matting.app.backend.computations import Embedding, Steps
from matting.app.components import Page
from matting.app.edges.layout import TRIMAP_LATER
from matting.app.parts import served_files
from matting.app.parts.drags import read_corners
from matting.app.parts.messages import Update, attempt, forgiving, line, notify, refuse
from matting.app.pick import live
from matting.app.pick.candidates import name_candidates
from matting.app.pick.canvas import show_canvas, shows, thumbnail
from matting.app.pick.layout import PICK_FIRST
from matting.app.pick.segmenter_menu import OFFLINE
from matting.app.result.layout import CUTOUT_LATER
from matting.app.session.leaving import unless_gone
from matting.app.session.stages import Click, Clicks, Kind, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import DEFAULT, Prompts, SegmenterUnavailable, knows_names, needs_prompts
from matting.images import read_shown

CLICK_NOW = "Click on what you want to keep."
PAINT_NOW = "Scribble on what you want to keep, in blue on what not; or paint over all of it, roughly."
SECOND_CORNER = "Now click the opposite corner of the box."
NOTED = "Your click is noted; the photo is being opened…"
LOOKING = "Looking for the object…"
PICKED = "If this is right, take its cutout. If not, click again: keep more of it, or drop what does not belong."
EXAMPLE = (
    "This example is already cut out: see its edges and its cutout below. A click on the photo picks something new."
)
PROPOSED = "Outlined is what stands out: press Enter to cut it out. Click on what you want to keep if it is not that."
NOTHING_SELECTED = "Nothing is selected. Click on what you want to keep."
OWN_MASK = "This is your own mask."
NO_CLICKS = Clicks()
STALE_TRIMAP = "The selection has changed since this trimap was made. “Find the edges” makes a new one."


@dataclass(frozen=True)
class Early:
    """A click on the picture of an upload, by its path, in that picture's pixels, before the photo was open."""

    picture: str
    click: Click


class Picks:
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
        """Open an upload from its raw file; a refused one leaves everything as it was."""
        try:
            return self._open(Path(upload["path"]), select_by)
        except ValueError as error:
            refuse(error)
            return {self.stage.photo: show_canvas(before, clicks, selection) if before else None}

    @forgiving
    def drop_photo(self, select_by: str) -> Update:
        """Start over without a photo, as the visitor asked.

        The picture is empty already; by the time this answer arrives, a pasted one may be in its place.
        """
        fresh = self.start(None, select_by)
        return {part: value for part, value in fresh.items() if part is not self.stage.photo}

    @forgiving
    def click(
        self,
        event: gr.SelectData,
        shown: dict[str, Any] | None,
        kind: Kind,
        early: tuple[Early, ...],
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
    ) -> Update:
        """Add a click and mark it at once; `segment` follows. One on a photo that is not open yet waits for it."""
        picture = (shown or {}).get("path") or ""
        if photo is not None and shows(picture, photo):
            return self._add(photo, clicks, selection, Click(*photo.to_photo(*event.index), kind))
        click = Early(picture, Click(event.index[0] + 0.5, event.index[1] + 0.5, kind))
        if photo is not None and picture == photo.source:
            return self._add(photo, clicks, selection, click.click)
        return {self.states.early: (*early, click), self.stage.say: line(NOTED, "busy")}

    @forgiving
    def take_early(self, early: tuple[Early, ...], photo: Photo | None, clicks: Clicks) -> Update:
        """Add the clicks that came before the photo was open."""
        fitting = [one.click for one in early if photo is not None and one.picture == photo.source]
        if not fitting:
            return {self.states.early: ()}
        for click in fitting:
            clicks = clicks.add(click)
        if clicks.prompts:
            clicks.prompts.checked(photo.size)
        return {self.states.early: ()} | self.show_clicks(photo, clicks, None)

    @forgiving
    def say_words(self, words: str, photo: Photo | None, clicks: Clicks, selection: Selection | None) -> Update:
        """Take words that say what is meant, in place of words that nothing was found for; `segment` follows."""
        words = " ".join(words.split())
        answered = selection is not None and selection.asked is not None and selection.asked[0] == clicks
        if photo is None or (answered and words == clicks.words):
            return gr.skip()
        in_vain = not answered and clicks.trail and clicks.trail[-1].kind == "words"
        before = Clicks(clicks.trail[:-1]) if in_vain else clicks
        return self.show_clicks(photo, before.add(Click(0, 0, "words", words=words)), selection)

    def show_words(self, name: str) -> Update:
        """Offer to say what is meant where the segmenter knows names."""
        return {self.stage.words: gr.Textbox(visible=knows_names(name))}

    def _add(self, photo: Photo, clicks: Clicks, selection: Selection | None, click: Click) -> Update:
        clicks = clicks.add(click)
        if clicks.prompts:
            clicks.prompts.checked(photo.size)
        return self.show_clicks(photo, clicks, selection)

    @forgiving
    def draw_box(
        self,
        event: gr.EventData,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
    ) -> Update:
        """Add a box that was dragged over the photo; `segment` follows."""
        if photo is None:
            return gr.skip()
        return self.show_clicks(photo, clicks.draw(read_corners(event.box, photo.size)), selection)

    @forgiving
    def undo(self, photo: Photo | None, clicks: Clicks, selection: Selection | None) -> Update:
        """Undo the last mask tool, or else the last click: tools always come after the clicks."""
        if photo is None:
            return gr.skip()
        if selection and selection.tools:
            return self._show_tools(photo, clicks, selection.undo())
        return self.show_clicks(photo, clicks.undo(), selection)

    @forgiving
    def redo(self, photo: Photo | None, clicks: Clicks, selection: Selection | None) -> Update:
        """Redo what was undone last."""
        if photo is None:
            return gr.skip()
        if selection and selection.undone:
            return self._show_tools(photo, clicks, selection.redo())
        return self.show_clicks(photo, clicks.redo(), selection)

    @forgiving
    def clear(self, photo: Photo | None) -> Update:
        """Remove all clicks."""
        return self.show_clicks(photo, Clicks(), None) if photo else gr.skip()

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
        nothing_yet = selection is None and not clicks.trail
        if photo is None or (nothing_yet and _waits_to_be_told(name)):
            return gr.skip()

        def as_it_is() -> Update:
            return self.show_selection(photo, clicks, selection, trimap)

        own = selection is not None and selection.asked is None and not clicks.trail
        if own or (clicks.prompts_for(name) is None and (clicks.waiting or _waits_to_be_told(name))):
            return self.show_selection(photo, clicks, selection if own else None, trimap)
        if selection and selection.asked == (clicks, name):
            return as_it_is()
        return unless_gone(photo, lambda: attempt(lambda: self._ask(photo, clicks, embedding, name, trimap), as_it_is))

    def look(
        self,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        embedding: Embedding | None,
        name: str,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Look at a new photo: answer the clicks that are there already, or else propose what stands out."""
        if clicks.trail:
            return self.segment(photo, clicks, selection, embedding, name, trimap)
        return self.propose(photo, clicks, selection, embedding, trimap)

    def propose(
        self,
        photo: Photo | None,
        clicks: Clicks,
        selection: Selection | None,
        embedding: Embedding | None,
        trimap: TrimapEdit | None,
    ) -> Update:
        """Look for what stands out in a new photo, unless somebody has already clicked in it."""
        if photo is None or selection is not None or clicks.trail or needs_prompts(DEFAULT):
            return gr.skip()

        def ask() -> Update:
            asked = self._ask(photo, clicks, embedding, DEFAULT, trimap)
            return {part: value for part, value in asked.items() if part is not self.stage.segmenter}

        return unless_gone(photo, lambda: attempt(ask, gr.skip))

    def _ask(
        self, photo: Photo, clicks: Clicks, embedding: Embedding | None, name: str, trimap: TrimapEdit | None
    ) -> Update:
        try:
            embedding = self.steps.embed(photo.image, photo.stamp, name, embedding)
        except SegmenterUnavailable as error:
            refuse(error)
            name = OFFLINE
            embedding = self.steps.embed(photo.image, photo.stamp, name, embedding)
        answer = self.steps.segment(photo.image, embedding, clicks.prompts_for(name) or Prompts())
        selection = Selection.of_masks(answer.masks, answer.scores, (clicks, name))
        if clicks.prompts_for(name) is None and name == DEFAULT:
            selection = selection.propose()
        kept = {self.states.embedding: embedding, self.stage.segmenter: name}
        return kept | self.show_selection(photo, Clicks(clicks.trail), selection, trimap)

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
        return self.show_selection(photo, clicks, selection.choose(event.index), trimap)

    def _open(self, path: Path, select_by: str) -> Update:
        image, opacity, notices = read_shown(path)
        notify(notices)
        return self.start(Photo.of(image, path.stem, path.name, str(path), opacity), select_by)

    def start(self, photo: Photo | None, select_by: str, clicks: Clicks = NO_CLICKS) -> Update:
        """Start over: nothing of the old photo stays."""
        states, edges, result = self.states, self.edges, self.result
        return {
            states.photo: photo,
            states.clicks: clicks,
            states.embedding: None,
            states.trimap: None,
            states.matte: None,
            self.stage.tools: gr.Column(visible=photo is not None),
            edges.body: gr.Column(visible=False),
            states.strokes: None,
            edges.editor: None,
            edges.say: line(TRIMAP_LATER),
            result.body: gr.Column(visible=False),
            result.say: line(CUTOUT_LATER),
            **self.show_selection(photo, clicks, None, None),
            **self.show_tools(photo if select_by == "paint" else None),
            **({} if photo else {self.stage.click_tools: gr.Row(visible=False)}),
        }

    def show_tools(self, canvas: Photo | None) -> Update:
        """Show the tools of painting on a photo, or for None those of clicking."""
        painting = canvas is not None
        under = painting and {"background": served_files.show_quickly(canvas.proxy), "layers": [], "composite": None}
        return {
            self.stage.select_by: "paint" if painting else "click",
            # Only hidden: a picture taken out of the page and put back sends stale values from then on.
            self.stage.clicking: gr.Column(visible="hidden" if painting else True),
            self.stage.click_tools: gr.Row(visible=not painting),
            self.stage.painting: gr.Column(visible=painting),
            # An editor that was painted on cannot be hidden unless it is emptied.
            self.stage.painter: under or None,
        } | ({self.stage.say: line(PAINT_NOW)} if painting else {})

    def show_clicks(self, photo: Photo, clicks: Clicks, selection: Selection | None) -> Update:
        """Mark the clicks while the segmenter still works, or has nothing to do."""
        if clicks.waiting:
            say = line(SECOND_CORNER)
        else:
            say = line(LOOKING, "busy") if clicks.prompts else line(CLICK_NOW)
        return {
            self.states.clicks: clicks,
            self.stage.photo: show_canvas(photo, clicks, selection),
            self.stage.say: say,
        }

    def _show_tools(self, photo: Photo, clicks: Clicks, selection: Selection) -> Update:
        """Show a mask after undo or redo of its tools; `segment` follows and says the rest."""
        canvas = show_canvas(photo, clicks, selection)
        return {self.states.selection: selection, self.stage.photo: canvas}

    def show_selection(
        self, photo: Photo | None, clicks: Clicks, selection: Selection | None, trimap: TrimapEdit | None
    ) -> Update:
        """Show the chosen mask and the candidates beside it, and say whether the trimap still belongs to it.

        The clicks are drawn, not returned: a newer one may have come while a segmenter was at work.
        """
        several = selection is not None and len(selection.masks) > 1
        origin = trimap.selection if trimap else None
        stale = origin is not None and (selection is None or selection.stamp != origin.stamp)
        return (
            {
                self.states.selection: selection,
                self.stage.photo: show_canvas(photo, clicks, selection) if photo else None,
                self.stage.say: line(what_to_do_next(photo, clicks, selection)),
                self.stage.candidates: gr.Gallery(
                    value=[
                        (thumbnail(photo, mask), name)
                        for mask, name in zip(selection.masks, name_candidates(selection.masks), strict=True)
                    ]
                    if several
                    else [],
                    selected_index=selection.chosen if several else None,
                    visible=several,
                ),
                self.stage.make_trimap: gr.Button(interactive=selection is not None and not selection.empty),
            }
            | ({self.edges.say: line(STALE_TRIMAP, "stale")} if stale else {})
            | self._show_live(photo, selection, origin)
        )

    def _show_live(self, photo: Photo | None, selection: Selection | None, origin: Selection | None) -> Update:
        """Show a first look at the cutout, unless better ones of the same selection are there or on their way."""
        if selection is not None and origin is not None and origin.stamp == selection.stamp:
            return {}
        return live.show_mask(self.stage.live, photo, selection)


def what_to_do_next(photo: Photo | None, clicks: Clicks, selection: Selection | None) -> str:
    """Say in one line what comes next in stage 1."""
    if photo is None:
        return PICK_FIRST
    if clicks.waiting:
        return SECOND_CORNER
    if selection is None:
        return CLICK_NOW
    if selection.empty:
        return NOTHING_SELECTED if clicks.trail or selection.asked is None else CLICK_NOW
    if selection.proposed:
        return PROPOSED
    if clicks.example:
        return EXAMPLE
    return PICKED if selection.asked else OWN_MASK


def _waits_to_be_told(name: str) -> bool:
    """Tell whether a segmenter finds nothing by itself: it needs a click or, unless it was given one, a name."""
    return needs_prompts(name) or (knows_names(name) and "#" not in name)
