"""Stage 3's closer looks: the cutout's fringe, where the network looks, and the errors against a true matte."""

from __future__ import annotations

import gradio as gr
import numpy as np

from matting.app.backend.computations import Steps
from matting.app.components import Page
from matting.app.looks import patch_picker
from matting.app.looks.attention_maps import draw_explanation
from matting.app.looks.fringe import magnify, most_mixed
from matting.app.looks.layout import CLICK_THE_PHOTO, UPLOAD_THE_TRUTH
from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.parts.messages import Update, attempt, forgiving, line, notify
from matting.app.session.matte_files import read_alpha, read_pixels
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import TrimapEdit
from matting.evaluation.metrics import Scores, unknown_region_scores, whole_image_scores
from matting.figures.palette import heat_map
from matting.images import read_mask
from matting.trimaps.algebra import UNKNOWN

NO_CUTOUT = "There is no cutout yet; make one first."
NO_TRIMAP = "The network looks at a photo and its trimap; find the edges first."
SEEN = "Bright areas are where it looks; the small pictures are the other maps. Ask about another place to compare."
SCORED = "Bright areas are where the matte is wrong. Lower is better in every column."


class CloserLooks:
    """Listeners of stage 3's accordions; every method returns the components that change."""

    def __init__(self, page: Page, steps: Steps) -> None:
        """Bind the listeners to the page's components and to the heavy steps."""
        self.states, self.looks, self.steps = page.states, page.result.looks, steps

    @forgiving
    def inspect(self, photo: Photo | None, matte: Matte | None) -> Update:
        """Show the place with the most mixed pixels, before anybody has clicked."""
        if photo is None or matte is None:
            return gr.skip()
        x, y = most_mixed(matte.alpha)
        return self._magnify(matte, photo.to_photo(x, y))

    @forgiving
    def inspect_at(self, event: gr.SelectData, photo: Photo | None, matte: Matte | None) -> Update:
        """Show the place that was clicked in the matte."""
        if photo is None or matte is None:
            raise ValueError(NO_CUTOUT)
        opened = {self.looks.fringe_accordion: gr.Accordion(open=True)}
        return opened | self._magnify(matte, photo.to_photo(*event.index))

    @forgiving
    def offer_photo(self, photo: Photo | None) -> Update:
        """Show the photo to click in."""
        if photo is None:
            return gr.skip()
        return {self.looks.asked_photo: patch_picker.show(photo.proxy)}

    def look(self, event: gr.EventData, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Show where SPAMattNet looks from a pixel or, on average, from the pixels of a patch."""

        def work() -> Update:
            if photo is None or trimap is None:
                raise ValueError(NO_TRIMAP)
            box = patch_picker.read_box(event.box, photo)
            seen = self.steps.explain(photo.image, trimap.values, box)
            canvas, maps = draw_explanation(photo, seen)
            return {
                self.looks.asked_photo: patch_picker.show(canvas),
                self.looks.maps: gr.Gallery(value=maps, visible=True, selected_index=0),
                self.looks.scale: gr.HTML(visible=True),
                self.looks.look_say: line(SEEN),
            }

        return attempt(work, lambda: {self.looks.look_say: line(CLICK_THE_PHOTO)})

    @forgiving
    def score(self, path: str, photo: Photo | None, matte: Matte | None) -> Update:
        """Compare the matte with a true one, over the unknown region and over the whole photo."""
        if photo is None or matte is None:
            raise ValueError(NO_CUTOUT)
        truth, notices = read_mask(path, photo.size)
        notify(notices)
        alpha = read_alpha(matte)
        rows = [
            ("Unknown region", unknown_region_scores(alpha, truth, read_pixels(matte.trimap_file) == UNKNOWN)),
            ("Whole photo", whole_image_scores(alpha, truth)),
        ]
        error = shrink(np.abs(alpha - truth))
        return {
            self.looks.scores: gr.HTML(_table(rows), visible=True),
            self.looks.errors: gr.Image(
                served_files.show_quickly(heat_map(photo.proxy, error), "errors"), visible=True
            ),
            self.looks.score_say: line(SCORED),
        }

    def with_looks_cleared(self, update: Update) -> Update:
        """Add to an update with another matte that the looks at the previous one are cleared."""
        if self.states.matte not in update:
            return update
        looks = self.looks
        return update | {
            looks.fringe: [],
            looks.fringe_accordion: gr.Accordion(open=False),
            looks.maps: gr.Gallery(value=[], visible=False),
            looks.scale: gr.HTML(visible=False),
            looks.asked_photo: None,
            looks.look_accordion: gr.Accordion(open=False),
            looks.look_say: line(CLICK_THE_PHOTO),
            looks.scores: gr.HTML(visible=False),
            looks.errors: gr.Image(visible=False),
            looks.score_say: line(UPLOAD_THE_TRUTH),
        }

    def _magnify(self, matte: Matte, place: tuple[float, float]) -> Update:
        views = magnify(read_pixels(matte.cutout_file), place)
        return {self.looks.fringe: [(served_files.show_exact(view, name), name) for name, view in views.items()]}


def _table(rows: list[tuple[str, Scores]]) -> str:
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("", "SAD", "MSE·10³", "Grad", "Conn"))
    body = "".join(
        f"<tr><th scope='row'>{name}</th><td>{scores.sad:.3f}</td><td>{scores.mse * 1000:.3f}</td>"
        f"<td>{scores.grad:.3f}</td><td>{scores.conn:.3f}</td></tr>"
        for name, scores in rows
    )
    return f"<table class='scores'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
