"""Runs a benchmark from its photos to a report, in several processes if asked, and resumes an interrupted run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting.coarse import SegmenterUnavailable
from matting.data.layouts import Example
from matting.evaluation.benchmarks import guidance as guides
from matting.evaluation.benchmarks.definitions import SCORINGS
from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS, Guidance
from matting.evaluation.benchmarks.photos import Photo, load
from matting.evaluation.benchmarks.processes import settle
from matting.evaluation.cache import code_version, keep_scores, recall_scores, remember_scores
from matting.evaluation.methods import Method, read_prediction
from matting.images import write_alpha, write_png


@dataclass(frozen=True)
class Run:
    """One method under one protocol.

    Attributes:
        method: what is scored.
        guidance: what it is given.
        scoring: one of `benchmarks.SCORINGS`, or None where there is no truth and alphas are only saved.
        side: photos are resized to this square before the method, and its alpha back; None leaves them.
        save: folder that gets each alpha as NAME.png.
        deep: whether saved alphas have 16 bits, or 8 as alphamatting.com asks for.
    """

    method: Method
    guidance: Guidance
    scoring: str | None
    side: int | None = None
    save: Path | None = None
    deep: bool = True


@dataclass(frozen=True)
class Outcome:
    """The outcome of one photo: its scores, or why there are none."""

    name: str
    scores: dict[str, float] | None
    failure: str | None = None


def evaluate(
    examples: Sequence[Example], run: Run, *, cache: Path | None = None, workers: int = 1
) -> dict[str, Outcome]:
    """Score a method on every example, by name in the examples' order; a photo that fails does not stop the others.

    Args:
        examples: photos of a benchmark.
        run: method and protocol.
        cache: folder that keeps each photo's scores and the solvers' alphas, so that an interrupted run goes on.
        workers: processes that work at the same time; each loads the networks for itself.

    Raises:
        ValueError: before the work, where weights or a segmenter cannot be had.
    """
    run.method.prepare()
    guides.prepare(run.guidance)
    if run.save:
        run.save.mkdir(parents=True, exist_ok=True)
    outcomes = tqdm(
        _outcomes(examples, run, cache, workers), run.method.label, len(examples), unit="photo", file=sys.stderr
    )
    return {outcome.name: outcome for outcome in outcomes}


def work(example: Example, run: Run, cache: Path | None = None) -> Outcome:
    """Load one photo, make its guidance, estimate alpha, score it and save it."""
    try:
        photo = load(example, TRIMAP_NUMBERS.get(run.guidance.trimap or ""))
        if run.save:
            return Outcome(example.name, _score_and_save(photo, run, cache))
        scores = remember_scores(cache, _protocol(run), _arrays(photo, run), partial(score, photo, run, cache))
        return Outcome(example.name, scores)
    except (ValueError, SegmenterUnavailable) as error:
        return Outcome(example.name, None, str(error))


def score(photo: Photo, run: Run, cache: Path | None = None) -> dict[str, float]:
    """Estimate and score one photo, and save its alpha, if the run asks for that."""
    if run.scoring is not None and photo.truth is None:
        raise ValueError(f"{photo.name} has no true alpha to be scored against.")
    alpha, trimap = estimate(photo, run, cache)
    _save(alpha, photo, run)
    return {} if run.scoring is None else SCORINGS[run.scoring](alpha, photo, trimap)


def estimate(photo: Photo, run: Run, cache: Path | None = None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return a method's alpha, float32 (H, W) at the photo's own size, and the trimap that it was given, if any.

    Raises:
        ValueError: where the guidance cannot be had or does not suffice.
    """
    size = photo.image.shape[:2]
    mask = guides.coarse_mask(photo, run.guidance)
    if run.method.name == "predictions":
        return read_prediction(run.method.source, photo.name, size), guides.trimap(photo, mask, run.guidance)
    if run.side is None:
        trimap = guides.trimap(photo, mask, run.guidance)
        return run.method.alpha(photo.image, trimap, mask, cache), trimap
    image, small = _resize(photo.image, run.side, cv2.INTER_AREA), None
    if run.guidance.trimap != "tgn":
        trimap = guides.trimap(photo, mask, run.guidance)
        small = None if trimap is None else _resize(trimap, run.side, cv2.INTER_NEAREST)
    mask = None if mask is None else _resize(mask, run.side, cv2.INTER_AREA)
    if run.guidance.trimap == "tgn":
        small = guides.trimap(Photo(photo.name, image), mask, run.guidance)
    alpha = run.method.alpha(image, small, mask, cache)
    alpha = cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)
    return alpha, None if small is None else cv2.resize(small, size[::-1], interpolation=cv2.INTER_NEAREST)


def _outcomes(examples: Sequence[Example], run: Run, cache: Path | None, workers: int) -> Iterator[Outcome]:
    job = partial(work, run=run, cache=cache)
    if workers <= 1:
        yield from map(job, examples)
        return
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(workers, get_context("spawn"), settle, (threads,)) as executor:
        yield from executor.map(job, examples)


def _score_and_save(photo: Photo, run: Run, cache: Path | None) -> dict[str, float]:
    """Score and save one photo, unless an earlier run did so and its file is still there, unchanged.

    The folder may hold another run's alphas under the same names, so that a file is there says nothing.
    """
    key, arrays, path = _protocol(run), _arrays(photo, run), run.save / f"{photo.name}.png"

    def saved() -> list[np.ndarray]:
        return [*arrays, np.frombuffer(path.read_bytes(), np.uint8)]

    scores = recall_scores(cache, key, saved()) if path.is_file() else None
    if scores is None:
        scores = score(photo, run, cache)
        keep_scores(cache, key, arrays, scores)
        keep_scores(cache, key, saved(), scores)
    return scores


def _resize(plane: np.ndarray, side: int, interpolation: int) -> np.ndarray:
    return cv2.resize(plane, (side, side), interpolation=interpolation)


def _save(alpha: np.ndarray, photo: Photo, run: Run) -> None:
    if run.save is None:
        return
    path = run.save / f"{photo.name}.png"
    if run.deep:
        write_alpha(path, alpha)
    else:
        write_png(path, np.rint(alpha * 255).astype(np.uint8))


def _protocol(run: Run) -> str:
    """Name everything that scores depend on besides the pixels."""
    guidance, maker = run.guidance, ""
    if guidance.trimap == "tgn":
        maker = Method("spamattnet", guidance.weights).identity()
    parts = (run.method.identity(), run.scoring, run.side, run.deep, guidance.trimap,
             guides.mask_identity(guidance.mask), guidance.prompt, guidance.kernel, maker, code_version())  # fmt: skip
    return "|".join(map(str, parts))


def _arrays(photo: Photo, run: Run) -> list[np.ndarray]:
    """All pixels that scores depend on, the user's own files included."""
    size = photo.image.shape[:2]
    planes = [photo.image, photo.truth, photo.trimap, photo.coarse_mask, photo.details]
    if guides.is_folder(run.guidance.mask):
        planes.append(guides.coarse_mask(photo, run.guidance))
    if guides.is_folder(run.guidance.trimap):
        planes.append(guides.trimap(photo, None, run.guidance))
    if run.method.name == "predictions":
        planes.append(read_prediction(run.method.source, photo.name, size))
    return [np.zeros(0) if plane is None else plane for plane in planes]
