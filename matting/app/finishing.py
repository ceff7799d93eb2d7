"""Stage 3's listeners: the matte, the cutout on its new background, and the files to take away."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from matting.app import files
from matting.app.editor import EditorValue, TrimapEdit
from matting.app.layout import CUTOUT_LATER
from matting.app.messages import Update, attempt, forgiving, line, notify, refuse
from matting.app.page import Page
from matting.app.session import Matte, Photo, shrink
from matting.app.steps import Steps
from matting.app.trimming import Trimming, merge
from matting.compositing import blend, checkerboard, cutout, estimate_foreground, fit_background, solid
from matting.images import read_photo, write_alpha, write_png

DONE = "Drag the handle to compare. Colours at the edges are freed from the old background."


class Finishing:
    """What happens in stage 3; every method is a listener and returns the components that change."""

    def __init__(self, page: Page, steps: Steps, trimming: Trimming) -> None:
        """Bind the listeners to the page's components and to the heavy steps."""
        self.states, self.stage, self.steps, self.trimming = page.states, page.result, steps, trimming

    def cut_out(
        self,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        before: Matte | None,
        fusion: str,
        background: str,
        colour: str,
        backdrop: np.ndarray | None,
    ) -> Update:
        """Compute the matte of the trimap, newest strokes included, and everything that is made of it."""

        def work() -> Update:
            merged = merge(value, photo, trimap)
            alpha = self._alpha(photo, merged, fusion)
            matte = _keep_matte(photo, merged, alpha)
            editor = {} if merged is trimap else self.trimming.show(photo, merged, None)
            composite = self._on_background(photo, matte, background, colour, backdrop)
            return editor | self._show_matte(photo, matte) | composite | {self.stage.say: line(DONE)}

        return attempt(work, lambda: {self.stage.say: line(DONE if before else CUTOUT_LATER)})

    @forgiving
    def change_background(
        self,
        photo: Photo | None,
        matte: Matte | None,
        background: str,
        colour: str,
        backdrop: np.ndarray | None,
    ) -> Update:
        """Show the cutout on another background."""
        controls = {
            self.stage.colour: gr.ColorPicker(visible=background == "colour"),
            self.stage.picture: gr.Image(visible=background == "picture"),
        }
        if photo is None or matte is None:
            return controls
        return controls | self._on_background(photo, matte, background, colour, backdrop)

    @forgiving
    def take_picture(
        self,
        upload: dict[str, Any] | None,
        photo: Photo | None,
        matte: Matte | None,
        background: str,
        colour: str,
        before: np.ndarray | None,
    ) -> Update:
        """Take in a background picture, as the raw file that came; a refused one leaves the one before."""
        try:
            backdrop, notices = read_photo(upload["path"]) if upload else (None, ())
        except ValueError as error:
            refuse(error)
            return {self.stage.picture: None if before is None else files.show_quickly(shrink(before))}
        notify(notices)
        kept = {self.states.backdrop: backdrop}
        return kept | (
            self._on_background(photo, matte, background, colour, backdrop) if photo and matte else {}
        )

    def _alpha(self, photo: Photo, trimap: TrimapEdit, fusion: str) -> np.ndarray:
        """Compute alpha; soft fusion asks TGN again, since its probabilities are too large to keep around."""
        probabilities = None
        if fusion == "soft" and trimap.selection is not None:
            probabilities = trimap.decide(self.steps.probabilities(photo.image, trimap.selection.mask))
        return self.steps.alpha(photo.image, trimap.values, probabilities, fusion)

    def _show_matte(self, photo: Photo, matte: Matte) -> Update:
        gray = np.rint(matte.alpha * 255).astype(np.uint8)
        return {
            self.states.matte: matte,
            self.stage.body: gr.Column(visible=True),
            self.stage.alpha: files.show_exact(gray, f"{photo.name}_matte"),
            self.stage.download_cutout: matte.cutout_file,
            self.stage.download_alpha: matte.alpha_file,
            self.stage.download_trimap: matte.trimap_file,
        }

    def _on_background(
        self, photo: Photo, matte: Matte, background: str, colour: str, backdrop: np.ndarray | None
    ) -> Update:
        """Show photo and composite; one that is worth keeping is made at the photo's own size too."""
        after = blend(matte.foreground, _layer(background, colour, backdrop, matte.alpha.shape), matte.alpha)
        pair = files.show_exact(photo.proxy, "before"), files.show_exact(after, "after")
        if background == "checkerboard" or (background == "picture" and backdrop is None):
            download = gr.DownloadButton(visible=False)
        else:
            whole = _layer(background, colour, backdrop, photo.size)
            composite = _compose_whole(matte.cutout_file, whole)
            download = gr.DownloadButton(
                value=files.show_exact(composite, f"{photo.name}_composite"), visible=True
            )
        return {
            self.stage.slider: pair,
            self.stage.download_composite: download,
        }


def _keep_matte(photo: Photo, trimap: TrimapEdit, alpha: np.ndarray) -> Matte:
    """Write the files of a matte, float (H, W) in [0, 1], and keep what the views need."""
    foreground = estimate_foreground(photo.image, alpha)
    return Matte(
        alpha_file=files.keep(lambda path: write_alpha(path, alpha), f"{photo.name}_alpha.png"),
        cutout_file=files.keep(
            lambda path: write_png(path, cutout(foreground, alpha)), f"{photo.name}_cutout.png"
        ),
        trimap_file=files.keep(lambda path: write_png(path, trimap.values), f"{photo.name}_trimap.png"),
        foreground=shrink(foreground),
        alpha=shrink(alpha),
        made_from=trimap.stamp,
    )


def _layer(background: str, colour: str, backdrop: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    """Return the new background, RGB uint8 (H, W, 3); without a picture yet it is the checkerboard."""
    if background == "colour":
        return solid(size, colour)
    if background == "picture" and backdrop is not None:
        return fit_background(backdrop, size)
    return checkerboard(size, max(8, round(max(size) / 64)))


def _compose_whole(cutout_file: str, background: np.ndarray) -> np.ndarray:
    """Lay the cutout file over a background of its own size."""
    with Image.open(cutout_file) as picture:
        layers = np.asarray(picture)
    return blend(np.ascontiguousarray(layers[:, :, :3]), background, layers[:, :, 3] / np.float32(255))
