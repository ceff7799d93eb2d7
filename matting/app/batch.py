"""The tab for many photos: automatic masks, one photo after the other, and everything in one archive."""

from __future__ import annotations

import html
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import gradio as gr
import numpy as np

from matting.app.backend.computations import Steps
from matting.app.parts import served_files
from matting.app.parts.drawing import shrink
from matting.app.parts.messages import Update, explain, forgiving, line, refuse
from matting.app.parts.queues import QUICK, STATE_SECONDS
from matting.app.parts.widgets import collect, download, shown_pictures, what_goes_along
from matting.app.pick.segmenter_menu import OFFLINE, first_segmenter
from matting.coarse import Prompts, SegmenterUnavailable
from matting.compositing import blend, checkerboard, cutout, estimate_foreground
from matting.images import Along, carried, drop_transparent, hold_to, read_shown, write_alpha, write_png
from matting.trimaps.algebra import from_probabilities

HOW_IT_WORKS = (
    "The object that stands out in each photo is cut out without a click. Check every cutout before you use it."
)
MOST = 50
"""Photos in one go, so that nobody keeps the machine for hours."""

THUMBNAIL_TILE = 24
NOTHING_CHOSEN = "Choose some photos first."
NOT_THERE = "This batch is not there any more; cut its photos out again."
WAITING, WORKING, DONE = "waiting", "cutting out…", "done"


@dataclass(frozen=True)
class Made:
    """A finished photo of a batch: its name, and the files of photo, mask, trimap and alpha."""

    name: str
    source: str
    mask: str
    trimap: str
    alpha: str


@dataclass(frozen=True)
class Batch:
    """The progress of a batch: (name, status) of every photo; (shown, name), files and parts of the finished ones."""

    rows: tuple[tuple[str, str], ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    made: tuple[Made, ...] = ()

    def say(self, index: int, text: str) -> Batch:
        """Return the batch with one photo's status changed."""
        name, _ = self.rows[index]
        return replace(self, rows=(*self.rows[:index], (name, text), *self.rows[index + 1 :]))


@dataclass(frozen=True)
class BatchPart:
    """The tab for many photos; `batch` holds its progress, `chosen` the place of the photo that is to be corrected."""

    batch: gr.State
    chosen: gr.State
    photos: gr.File
    segmenter: gr.Dropdown
    along: gr.Dropdown
    run: gr.Button
    stop: gr.Button
    say: gr.HTML
    rows: gr.HTML
    gallery: gr.Gallery
    correct: gr.Button
    put_back: gr.Button
    archive: gr.DownloadButton
    alone: gr.Files


def lay_out_batch(segmenters: list[tuple[str, str]]) -> BatchPart:
    """Lay out the tab inside the current gr.Tab; `segmenters` holds what its menu shows and the names."""
    batch, chosen = (gr.State(None, time_to_live=STATE_SECONDS) for _ in range(2))
    with gr.Column(elem_classes="card", elem_id="stage-batch"):
        gr.HTML("<h2>Cut out many photos</h2>")
        say = gr.HTML(line(HOW_IT_WORKS), elem_id="say-batch")
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                photos = gr.File(
                    label="Photos", elem_id="batch-photos", file_count="multiple", file_types=["image"], height=260
                )
            with gr.Column(scale=1, min_width=280):
                segmenter = gr.Dropdown(
                    segmenters, value=first_segmenter(), label="The object is found by", elem_id="batch-segmenter"
                )
                along = what_goes_along("batch-along")
                run = gr.Button("Cut out all", elem_id="batch-run", variant="primary")
                stop = gr.Button("Stop", elem_id="batch-stop", size="md")
                archive = download("Cutouts and mattes (ZIP)", "batch-archive", visible=False)
        rows = gr.HTML(elem_id="batch-rows")
        gallery = shown_pictures("Cutouts: click on one to correct it", "batch-gallery", elem_classes="views")
        with gr.Row(elem_classes="pair"):
            correct = gr.Button("Correct it", elem_id="batch-correct", size="md", min_width=90, visible=False)
            put_back = gr.Button("Take it back", elem_id="batch-put-back", size="md", min_width=90, visible=False)
        alone = gr.Files(label="Each cutout alone", elem_id="batch-alone", interactive=False, visible=False, height=260)
    return collect(BatchPart, locals())


class Batches:
    """The tab's listeners."""

    def __init__(self, part: BatchPart, steps: Steps) -> None:
        """Bind the listeners to the tab's components and to the heavy steps."""
        self.part, self.steps = part, steps

    def run(self, paths: list[str] | None, segmenter: str, along: Along = "all but the place") -> Iterator[Update]:
        """Cut out what stands out in every photo; a failure is reported in its row, and the others go on."""
        paths = paths or []
        if not 0 < len(paths) <= MOST:
            refuse(ValueError(f"Choose up to {MOST} photos, these are {len(paths)}." if paths else NOTHING_CHOSEN))
            yield gr.skip()
            return
        segmenter = self._usable(segmenter)
        names = _unique([Path(path).stem for path in paths])
        batch = Batch(tuple((name, WAITING) for name in names))
        for index, (path, name) in enumerate(zip(paths, names, strict=True)):
            batch = batch.say(index, WORKING)
            yield self._show(batch, index, len(paths)) | self._nothing_chosen
            try:
                batch = self._add(batch, path, name, segmenter, along).say(index, DONE)
            except Exception as error:  # said in its row; the next photo may be better
                batch = batch.say(index, explain(error))
        yield self._show(batch, len(paths), len(paths)) | self.pack(batch)

    @forgiving
    def pack(self, batch: Batch | None) -> Update:
        """Offer the finished photos as one archive, and each cutout alone."""
        if batch is None or not batch.files:
            return gr.skip()

        def write(path: Path) -> None:
            with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
                for name, file in batch.files:
                    archive.write(file, name)

        cutouts = [file for name, file in batch.files if name.endswith("_cutout.png")]
        return {
            self.part.archive: gr.DownloadButton(value=served_files.keep(write, "cutouts.zip"), visible=True),
            self.part.alone: gr.Files(value=cutouts, visible=True),
        }

    @forgiving
    def stop(self, batch: Batch | None) -> Update:
        """Say that the rest is skipped, and offer the finished photos."""
        said = {self.part.say: line(f"Stopped; {len(batch.shown) if batch else 0} done.")}
        return said | self.pack(batch) if batch and batch.files else said

    @property
    def _nothing_chosen(self) -> Update:
        """What belongs to a photo that was chosen in the batch before."""
        hidden = gr.Button(visible=False)
        return {self.part.chosen: None, self.part.correct: hidden, self.part.put_back: hidden}

    def _usable(self, name: str) -> str:
        try:
            self.steps.pipeline.segmenter(name)
        except SegmenterUnavailable as error:
            refuse(error)
            return OFFLINE
        return name

    def _add(self, batch: Batch, path: str, name: str, segmenter: str, along: Along) -> Batch:
        (image, opacity, _), told = read_shown(path), carried(path, along)
        embedding = self.steps.embed(image, "", segmenter, None)
        mask = self.steps.segment(image, embedding, Prompts()).best
        trimap = drop_transparent(from_probabilities(self.steps.probabilities(image, mask)), opacity)
        alpha = hold_to(self.steps.alpha(image, trimap, None, "hard"), opacity)
        foreground = estimate_foreground(image, alpha)
        made = {
            f"{name}_cutout.png": lambda path: write_png(path, cutout(foreground, alpha), told),
            f"{name}_alpha.png": lambda path: write_alpha(path, alpha, told),
        }
        files = {file: served_files.keep(write, file) for file, write in made.items()}
        mask_file = served_files.show_exact(np.rint(mask * 255).astype(np.uint8), f"{name}_mask")
        trimap_file = served_files.show_exact(trimap, f"{name}_trimap")
        parts = Made(name, path, mask_file, trimap_file, files[f"{name}_alpha.png"])
        return replace(
            batch,
            shown=(*batch.shown, thumbnail(foreground, alpha, name)),
            files=(*batch.files, *files.items()),
            made=(*batch.made, parts),
        )

    def _show(self, batch: Batch, done: int, count: int) -> Update:
        rows = "".join(f"<li><b>{html.escape(name)}</b> {html.escape(text)}</li>" for name, text in batch.rows)
        working = done < count
        return {
            self.part.batch: batch,
            self.part.say: line(f"{done} of {count} photos", "busy") if working else line(_outcome(batch)),
            self.part.rows: f"<ul class='rows'>{rows}</ul>",
            self.part.gallery: gr.Gallery(value=list(batch.shown), visible=bool(batch.shown)),
        }


def _outcome(batch: Batch) -> str:
    """Say how many photos of a finished batch were cut out, and how many were not."""
    good, count = sum(text == DONE for _, text in batch.rows), len(batch.rows)
    failed = "" if good == count else f"; {count - good} failed, see why below"
    return f"{good} of {count} photos cut out{failed}."


def _unique(names: list[str]) -> list[str]:
    """Number repeated names."""
    unique: list[str] = []
    for name in names:
        free, number = name, 2
        while free in unique:
            free, number = f"{name}-{number}", number + 1
        unique.append(free)
    return unique


def thumbnail(colours: np.ndarray, alpha: np.ndarray, name: str) -> tuple[str, str]:
    """Return a cutout's picture for the gallery, from (H, W, 3) and (H, W) of any size, and its name."""
    small = shrink(alpha)
    view = blend(shrink(colours), checkerboard(small.shape, THUMBNAIL_TILE), small)
    return served_files.show_quickly(view, name), name


def connect_batch(part: BatchPart, batches: Batches) -> None:
    """Attach the tab for many photos; a batch has a queue of its own and does not hold up clicks."""
    running = part.run.click(
        batches.run,
        [part.photos, part.segmenter, part.along],
        [
            part.batch, part.say, part.rows, part.gallery, part.archive, part.alone, part.chosen, part.correct,
            part.put_back,
        ],
        concurrency_id="batch",
        concurrency_limit=1,
        **QUICK,
    )  # fmt: skip
    part.stop.click(batches.stop, [part.batch], [part.say, part.archive, part.alone], cancels=[running], **QUICK)
