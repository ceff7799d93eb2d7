"""Stage 2's help: three band widths to choose from, what the trimap doctor finds, where to paint next."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import gradio as gr
import numpy as np

from matting.app.components import Page
from matting.app.edges.listeners import Trimaps, merge
from matting.app.parts import served_files
from matting.app.parts.drawing import ring, shrink
from matting.app.parts.messages import Update, forgiving, line
from matting.app.session.stages import Matte, Photo
from matting.app.session.trimap_edit import EditorValue, TrimapEdit
from matting.figures.palette import heat_map
from matting.trimaps.algebra import tint
from matting.trimaps.doctor import Complaint, cure, examine
from matting.trimaps.editing import candidate_bands, paint_next

THUMBNAIL = 320
OWN_TRIMAP = "This is your own trimap; the network has no say about it."
ALL_SURE = "The network is sure enough everywhere; you need not paint anything."
PAINT_AT_THE_RING = "Bright areas are unsure. Paint at the ring next: a stroke helps most there."
SOUND = "The trimap is sound."


class TrimapHelp:
    """Listeners that look at the trimap and offer changes to it."""

    def __init__(self, page: Page, trimaps: Trimaps) -> None:
        """Bind the listeners to the page's components and to stage 2's own listeners."""
        self.states, self.help, self.trimaps = page.states, page.edges.help, trimaps

    @forgiving
    def advise(self, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Examine the current trimap and update all help."""
        if photo is None or trimap is None:
            return gr.skip()
        return (
            self._show_bands(photo, trimap)
            | self._show_findings(trimap)
            | self._show_uncertainty(photo, trimap)
            | {self.help.export: served_files.show_exact(trimap.values, f"{photo.name}_trimap")}
        )

    @forgiving
    def choose_band(
        self,
        event: gr.SelectData,
        value: EditorValue,
        photo: Photo | None,
        trimap: TrimapEdit | None,
        matte: Matte | None,
    ) -> Update:
        """Take one of the offered band widths."""
        merged = merge(value, photo, trimap)
        _, values = candidate_bands(merged.values)[event.index]
        return self.trimaps.show(photo, merged.change(values), matte)

    def cure_listener(self, complaint: Complaint) -> Callable[..., Update]:
        """Return the listener that mends one of the doctor's findings."""

        @forgiving
        def cure_trimap(
            value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None, matte: Matte | None
        ) -> Update:
            merged = merge(value, photo, trimap)
            return self.trimaps.show(photo, merged.change(cure(merged.values, complaint)), matte)

        return cure_trimap

    def _show_bands(self, photo: Photo, trimap: TrimapEdit) -> Update:
        scale = min(1.0, THUMBNAIL / max(photo.proxy.shape[:2]))
        small = cv2.resize(photo.proxy, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        bands = candidate_bands(shrink(trimap.values, cv2.INTER_NEAREST_EXACT))
        pictures = []
        for percent, values in bands:
            fitted = cv2.resize(values, small.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            pictures.append((served_files.show_quickly(tint(small, fitted), "band"), f"{percent:.1f} %"))
        return {self.help.bands: gr.Gallery(value=pictures, selected_index=None)}

    def _show_findings(self, trimap: TrimapEdit) -> Update:
        findings = {finding.complaint: finding for finding in examine(trimap.values)}
        count = len(findings)
        shown: Update = {
            self.help.doctor: gr.Accordion(label=f"Trimap doctor: {count or 'nothing'} to mend"),
            self.help.sound: gr.HTML(line(SOUND), visible=not findings),
        }
        for complaint, row in self.help.findings.items():
            finding = findings.get(complaint)
            shown[row.body] = gr.Column(visible=finding is not None)
            if finding is not None:
                shown[row.say] = line(finding.sentence)
                shown[row.cure] = gr.Button(finding.remedy)
        return shown

    def _show_uncertainty(self, photo: Photo, trimap: TrimapEdit) -> Update:
        if trimap.uncertain is None:
            return {self.help.uncertainty: gr.Image(visible=False), self.help.paint_next: line(OWN_TRIMAP)}
        share = trimap.uncertain.astype(np.float32) / 255
        decided = shrink(trimap.painted.astype(np.uint8), cv2.INTER_NEAREST_EXACT).astype(bool)
        place = paint_next(share, decided)
        picture = heat_map(photo.proxy, share)
        shown = served_files.show_quickly(picture if place is None else ring(picture, place), "uncertainty")
        return {
            self.help.uncertainty: gr.Image(shown, visible=True),
            self.help.paint_next: line(ALL_SURE if place is None else PAINT_AT_THE_RING),
        }
