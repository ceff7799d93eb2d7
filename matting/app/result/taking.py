"""The cutout as it is taken home: its kind of file, whole or cropped to the object, and the clipboard."""

from __future__ import annotations

import gradio as gr
import numpy as np

from matting.app.components import Page
from matting.app.parts import served_files
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import QUICK
from matting.app.result.objects import owners, pack_objects, separate
from matting.app.session.matte_files import read_pixels
from matting.app.session.stages import Matte, Photo
from matting.images import write_picture

SHOWS = 6
"""The least alpha of 255 that a crop keeps: a stray pixel of 2 % would otherwise keep the whole photo."""

COPY = """(file) => {
    if (!navigator.clipboard?.write) return "Copying needs https";
    const asPng = async () => {  // clipboards know no other kind
        const picture = await createImageBitmap(await (await fetch(file.url)).blob());
        const canvas = new OffscreenCanvas(picture.width, picture.height);
        canvas.getContext("2d").drawImage(picture, 0, 0);
        return canvas.convertToBlob({ type: "image/png" });
    };
    // Told at once and given later: some browsers let a page copy only within a click.
    return navigator.clipboard.write([new ClipboardItem({ "image/png": asPng() })]).then(
        () => "Copied", () => "Not allowed by the browser");
}"""
AGAIN = "() => new Promise((done) => setTimeout(() => done('Copy'), 1500))"


def crop_to_object(cutout: np.ndarray, margin: float) -> np.ndarray:
    """Crop a cutout, RGBA uint8 (H, W, 4), to what shows, with a margin in % of its longer side.

    The margin ends at the photo's edges. Where nothing shows, the cutout stays whole.
    """
    shows = cutout[:, :, 3] >= SHOWS
    rows, columns = (np.flatnonzero(shows.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return cutout
    around = round(margin / 100 * max(np.ptp(rows) + 1, np.ptp(columns) + 1))
    top, left = max(0, rows[0] - around), max(0, columns[0] - around)
    return cutout[top : rows[-1] + 1 + around, left : columns[-1] + 1 + around]


class Taking:
    """The listener of the choices."""

    def __init__(self, page: Page) -> None:
        """Bind the listener to the page's components."""
        self.stage, self.live = page.result, page.pick.live

    @forgiving
    def offer(self, kind: str, crop: bool, margin: float, photo: Photo | None, matte: Matte | None) -> Update:
        """Offer the cutout as it was chosen."""
        shown: Update = {self.stage.margin: gr.Slider(visible=crop)}
        if photo is None or matte is None:
            return shown
        file, several = matte.cutout_file, bool(owners(matte.alpha).any())
        whole = read_pixels(file) if several or crop or kind != "png" else None
        if crop or kind != "png":
            cutout = crop_to_object(whole, margin) if crop else whole
            file = served_files.keep(
                lambda path: write_picture(path, cutout, photo.told), f"{photo.name}_cutout.{kind}"
            )
        objects = separate(whole) if several else []
        several = len(objects) > 1
        shown |= {self.stage.largest: gr.Button(visible=several)}
        shown |= {self.stage.download_objects: gr.DownloadButton(visible=several)}
        if several:
            objects = [crop_to_object(one, margin) for one in objects] if crop else objects
            archive = served_files.keep(
                lambda path: pack_objects(path, objects, photo.name, kind, photo.told), f"{photo.name}_objects.zip"
            )
            words = f"{len(objects)} objects, each alone (ZIP)"
            shown[self.stage.download_objects] = gr.DownloadButton(words, value=archive, visible=True)
        return shown | {self.stage.download_cutout: file, self.live.take: gr.DownloadButton(value=file)}


def connect_taking(page: Page, taking: Taking) -> None:
    """Offer the cutout anew after every matte and every choice; copy it where the browser lets a page do so."""
    stage, live, states = page.result, page.pick.live, page.states
    gr.on(
        [states.matte.change, stage.kind.input, stage.crop.input, stage.margin.release],
        taking.offer,
        [stage.kind, stage.crop, stage.margin, states.photo, states.matte],
        [stage.margin, stage.download_cutout, stage.download_objects, stage.largest, live.take],
        trigger_mode="always_last",
        **QUICK,
    )
    live.copy.click(None, [live.take], [live.copy], js=COPY, **QUICK).then(None, None, [live.copy], js=AGAIN, **QUICK)
