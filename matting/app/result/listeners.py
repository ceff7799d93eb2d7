"""Stage 3's listeners: the matte, the cutout on its new background, and the files to download."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from matting.app.backend.computations import OWN_METHOD, Steps
from matting.app.components import Page
from matting.app.edges.listeners import STALE_MATTE, Trimaps, merge
from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.parts.messages import Update, attempt, forgiving, line, notify, refuse
from matting.app.pick.live import show_cutout, show_preview
from matting.app.result.backgrounds import Background, read_shipped
from matting.app.result.layout import CUTOUT_LATER
from matting.app.session.leaving import unless_gone
from matting.app.session.matte_files import (
    compose_whole,
    keep_matte,
    on_shadow,
    pack,
    read_alpha,
    read_alpha_file,
    read_pixels,
    recolour,
    telling,
)
from matting.app.session.recipe import cell_of, recipe_of
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import EditorValue, TrimapEdit
from matting.compositing import blend
from matting.images import Along, emptiness, hold_to, read_photo, write_picture
from matting.inference.preview import crop_around
from matting.inference.progress import tell
from matting.replay.recipe import Recipe, read_recipe
from matting.trimaps.algebra import BACKGROUND, UNKNOWN

DONE = "Drag the handle to compare. Colours at the edges are freed from the old background."
DONE_UNFREED = "Drag the handle to compare. The colours are the photo's own."
CUTTING = "Cutting out, hair by hair…"
STOPPED = "Stopped. Your trimap, strokes and earlier cutout are unchanged."
FIRST_LOOK = "A preview of the change; the whole matte follows…"
OWN_MENDED = "This is your own matte, changed where you painted."
NOTHING_KEPT = "Nothing would be left of the photo; pick what to keep, or paint it on the trimap."
PREVIEW_SHARE = 0.5
"""A preview that would compute more of the photo than this is skipped: the whole pass is almost as fast."""


class Results:
    """What happens in stage 3; every method is a listener and returns the components that change."""

    def __init__(self, page: Page, steps: Steps, trimaps: Trimaps) -> None:
        """Bind the listeners to the page's components and to the heavy steps."""
        self.states, self.stage, self.steps, self.trimaps = page.states, page.result, steps, trimaps
        self.live = page.pick.live
        self.cut_button = page.edges.cut_out

    @forgiving
    def preview(
        self,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        before: Matte | None,
        fusion: str,
        method: str,
        *chosen: Any,
    ) -> Update:
        """Show a quick preview of new strokes; it is not kept, since the whole pass follows."""
        if photo is None or trimap is None or before is None or method != OWN_METHOD or fusion == "soft":
            return gr.skip()
        merged = merge(value, photo, trimap)
        values = merged.values
        changed = values != read_pixels(before.trimap_file)
        if not changed.any() or _share_around(changed) > PREVIEW_SHARE:
            return gr.skip()
        whole = self.steps.preview(photo.image, values, read_alpha(before), changed)
        alpha = shrink(hold_to(whole, photo.opacity))
        after = blend(before.foreground, Background(*chosen).layer(photo.proxy, alpha), alpha)
        return {
            self.stage.slider: (
                served_files.show_exact(photo.proxy, "before"),
                served_files.show_exact(after, "preview"),
            ),
            self.stage.say: line(FIRST_LOOK, "busy"),
        } | show_preview(self.live, photo, alpha, merged, before)

    def cut_out(
        self,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        before: Matte | None,
        fusion: str,
        method: str,
        freed: bool,
        *chosen: Any,
    ) -> Update:
        """Compute the matte of the trimap, with the newest strokes, and everything made from it."""
        said = line(DONE if before else CUTOUT_LATER)
        return unless_gone(
            photo,
            lambda: attempt(
                lambda: self.cut(value, photo, trimap, fusion, method, freed, *chosen),
                lambda: self.rest() | {self.stage.say: said},
                lambda: self._without_preview(photo, before, *chosen),
            ),
        )

    def cut(
        self,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        fusion: str,
        method: str,
        freed: bool,
        *chosen: Any,
    ) -> Update:
        """Do as `cut_out`.

        Raises:
            ValueError: where there is no trimap, or nothing would be kept.
            StoppedError: where it was stopped.
        """
        merged = merge(value, photo, trimap)
        if (merged.values == BACKGROUND).all():
            raise ValueError(NOTHING_KEPT)
        tell(0.0)  # it may have been stopped while it was waiting
        alpha = hold_to(self._alpha(photo, merged, fusion, method), photo.opacity)
        tell(1.0)
        check_kept(alpha)
        recipe = recipe_of(self.steps.pipeline, photo, merged, alpha, fusion, method)
        editor = {} if merged is trimap else self.trimaps.show(photo, merged, None)
        return self.rest() | editor | self.present(photo, merged, alpha, recipe, freed, *chosen)

    def show_share(self, share: float) -> Update:
        """Say how much of the matte is computed."""
        return {self.stage.say: line(f"{CUTTING} {share:.0%}", "busy")}

    def say_stopped(self) -> Update:
        """Say at once that nothing has changed; the work itself may take a moment to stop."""
        return self.rest() | {self.stage.say: line(STOPPED), self.live.say: line(STOPPED)}

    def _without_preview(self, photo: Photo | None, matte: Matte | None, *chosen: Any) -> Update:
        """Show the earlier cutout instead of a preview, and nothing else: something new may have begun since."""
        return self._on_background(photo, matte, Background(*chosen)) if photo and matte else gr.skip()

    def mend(
        self, photo: Photo, trimap: TrimapEdit, before: Matte, fusion: str, method: str, freed: bool, *chosen: Any
    ) -> Update:
        """Change a matte that the visitor brought where the brush has been, and nowhere else.

        Raises:
            ValueError: where nothing would be kept.
        """
        painted = (trimap.values != trimap.original) & (trimap.values != UNKNOWN)
        alpha = np.where(painted, trimap.values / np.float32(255), read_alpha_file(before.own_file))
        check_kept(alpha)
        matte = replace(keep_matte(photo, trimap, alpha, None, freed), own_file=before.own_file)
        shown = self.show_matte(photo, matte, Background(*chosen))
        return self.rest() | shown | {self.stage.say: line(OWN_MENDED)}

    def rest(self) -> Update:
        """Let the buttons rest that go with work that is under way."""
        return {self.stage.stop: gr.Button(visible=False), self.cut_button: gr.Button(interactive=True)}

    @forgiving
    def change_background(self, photo: Photo | None, matte: Matte | None, *chosen: Any) -> Update:
        """Show the cutout on another background."""
        background = Background(*chosen)
        controls = {
            self.stage.colour: gr.ColorPicker(visible=background.kind in ("colour", "gradient")),
            self.stage.picture_tools: gr.Column(visible=background.kind == "picture"),
        }
        if photo is None or matte is None:
            return controls
        return controls | self._on_background(photo, matte, background)

    @forgiving
    def take_picture(
        self, upload: dict[str, Any] | None, photo: Photo | None, matte: Matte | None, *chosen: Any
    ) -> Update:
        """Load a background picture from its raw file; after a refused one, the previous one stays."""
        kind, colour, before, *where = chosen
        try:
            picture, notices = read_photo(upload["path"]) if upload else (None, ())
        except ValueError as error:
            refuse(error)
            return {self.stage.picture: None if before is None else served_files.show_quickly(shrink(before))}
        notify(notices)
        background = Background(kind, colour, picture, *where)
        kept = {self.states.backdrop: picture}
        return kept | (self._on_background(photo, matte, background) if photo and matte else {})

    @forgiving
    def choose_picture(self, event: gr.SelectData, photo: Photo | None, matte: Matte | None, *chosen: Any) -> Update:
        """Take one of the backgrounds that ship with the project."""
        kind, colour, _, *where = chosen
        picture = read_shipped(event.index)
        shown = {
            self.states.backdrop: picture,
            self.stage.picture: served_files.show_quickly(picture, "background"),
            # Nothing stays selected, or a second click on the same one would only deselect it.
            self.stage.backdrops: gr.Gallery(selected_index=None),
        }
        background = Background(kind, colour, picture, *where)
        return shown | (self._on_background(photo, matte, background) if photo and matte else {})

    @forgiving
    def recolour(self, freed: bool, photo: Photo | None, matte: Matte | None, *chosen: Any) -> Update:
        """Free the colours of the cutout from the old background, or take the photo's own."""
        if photo is None or matte is None:
            return gr.skip()
        return self.show_matte(photo, recolour(matte, photo, freed), Background(*chosen))

    @forgiving
    def tell(
        self, along: Along, shadow: bool, freed: bool, photo: Photo | None, matte: Matte | None, *chosen: Any
    ) -> Update:
        """Let what was chosen go along, from the photo's file and of the object's shadow, where it does not yet."""
        shown: Update = {}
        if photo is not None and photo.along != along:
            photo = photo.telling(along)
            shown = {self.states.photo: photo}
        if photo is None or matte is None:
            return shown or gr.skip()
        before = matte
        if matte.along != along:
            matte = telling(matte, photo)
        if shadow != (matte.shadow_file is not None):
            try:
                matte = on_shadow(matte, photo, freed, shadow)
            except ValueError as error:
                refuse(error)
                shown |= {self.stage.shadow: False}
        if matte is not before:
            shown |= self.show_matte(photo, matte, Background(*chosen))
        return shown or gr.skip()

    def _alpha(self, photo: Photo, trimap: TrimapEdit, fusion: str, method: str) -> np.ndarray:
        """Compute alpha; soft fusion asks TGN again, since its probabilities are too large to keep around."""
        if method != OWN_METHOD:
            return self.steps.other_alpha(method, photo.image, trimap.values)
        probabilities = None
        if fusion == "soft" and trimap.selection is not None:
            probabilities = trimap.decide(self.steps.probabilities(photo.image, trimap.selection.mask))
        return self.steps.alpha(photo.image, trimap.values, probabilities, fusion)

    def present(
        self, photo: Photo, trimap: TrimapEdit, alpha: np.ndarray, recipe: Recipe, freed: bool, *chosen: Any
    ) -> Update:
        """Show a new matte, float32 (H, W) in [0, 1], with everything made from it."""
        matte = keep_matte(photo, trimap, alpha, recipe, freed)
        return self.show_matte(photo, matte, Background(*chosen)) | {
            self.stage.notebook: cell_of(recipe, photo),
            self.stage.notebook_part: gr.Accordion(visible=True),
            self.stage.say: line(DONE if freed else DONE_UNFREED),
        }

    def show_again(self, photo: Photo, matte: Matte, trimap: TrimapEdit | None, freed: bool, *chosen: Any) -> Update:
        """Show an earlier matte again, and say whether it is up to date."""
        said = line(DONE if freed else DONE_UNFREED)
        if trimap is not None and matte.made_from != trimap.stamp:
            said = line(STALE_MATTE, "stale")
        cell = cell_of(read_recipe(matte.recipe_file), photo) if matte.recipe_file else ""
        return self.show_matte(photo, matte, Background(*chosen)) | {
            self.stage.freed: freed,
            self.stage.notebook: cell,
            self.stage.notebook_part: gr.Accordion(visible=bool(cell)),
            self.stage.say: said,
        }

    def show_matte(self, photo: Photo, matte: Matte, background: Background) -> Update:
        """Show a matte and its cutout on a background, and offer its files."""
        gray = np.rint(matte.alpha * 255).astype(np.uint8)
        return (
            {
                self.states.matte: matte,
                self.stage.body: gr.Column(visible=True),
                self.stage.alpha: served_files.show_exact(gray, f"{photo.name}_matte"),
                self.stage.download_cutout: matte.cutout_file,
                self.stage.download_alpha: matte.alpha_file,
                self.stage.download_trimap: matte.trimap_file,
                self.stage.download_foreground: matte.foreground_file,
                self.stage.download_recipe: gr.DownloadButton(
                    value=matte.recipe_file, visible=matte.recipe_file is not None
                ),
            }
            | self._on_background(photo, matte, background)
            | show_cutout(self.live, matte)
        )

    def _on_background(self, photo: Photo, matte: Matte, background: Background) -> Update:
        """Show photo and composite; a composite that is worth keeping is also made at the photo's own size."""
        after = blend(matte.foreground, background.layer(photo.proxy, matte.shown), matte.shown)
        composite = None
        if background.worth_keeping:
            whole = compose_whole(matte, partial(background.layer, photo.image))
            name = f"{photo.name}_composite.{background.file}"
            composite = served_files.keep(lambda path: write_picture(path, whole, photo.told), name)
        return {
            self.stage.slider: (
                served_files.show_exact(photo.proxy, "before"),
                served_files.show_exact(after, "after"),
            ),
            self.stage.download_composite: gr.DownloadButton(value=composite, visible=composite is not None),
            self.stage.download_all: pack(matte, photo, composite),
        }


def check_kept(alpha: np.ndarray) -> None:
    """Raise ValueError for an alpha, floats (H, W), that shows nothing."""
    if emptiness.keeps_nothing(alpha):
        raise ValueError(NOTHING_KEPT)


def _share_around(changed: np.ndarray) -> float:
    """Return the share of the photo that lies in the crop around a change."""
    return changed[crop_around(changed)].size / changed.size
