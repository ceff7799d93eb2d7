"""Mattes from coarse masks alone: joint inference (Section IV-B3) beside what needs no network.

The photos are alphamatting.com's (`matting.evaluation.benchmarks.alphamatting`). Their coarse masks are the paper's, "TGN-N":
made from the true alpha, eroded by N and blurred. Each method gets photo and mask, and its alpha is scored over the
whole photo:

- joint: TGN's trimap, SPAMattNet's alpha, both fused;
- mask: the coarse mask itself, taken as alpha;
- closed-form W: a trimap by erosion and dilation of the mask (ellipse of W pixels), then closed-form matting, the
  trimap's known values written over it. Where the erosion leaves no foreground, or the dilation no background, there
  is nothing to solve from, and the mask is taken.

The figure of merit is, for each N, joint's mean SAD over that of the best baseline for this N, and the mean of these
ratios. The spread, joint's largest mean SAD over its smallest, tells how much the mask matters.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from matting.evaluation.cache import remember
from matting.evaluation.metrics import whole_image_scores
from matting.evaluation.tables import Report, aligned, named
from matting.inference.fusion import hard_fusion
from matting.methods.classical import closed_form
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, from_mask

EROSIONS = (20, 30, 40, 50)
"""The paper's N: the diameter in pixels of the ellipse that erodes the initial segmentation."""

WIDTHS = (21, 41, 61, 81)
"""Diameters in pixels of the ellipse that makes closed-form's trimap, about the width of its unknown band."""

JOINT, MASK = "joint", "mask"
BASELINES = (MASK, *(f"closed-form {width}" for width in WIDTHS))

Matte = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class MaskedPhoto:
    """A photo, uint8 (H, W, 3), its coarse mask for one N and its true alpha, both float32 (H, W) in [0, 1]."""

    name: str
    erosion: int
    image: np.ndarray
    coarse_mask: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Row:
    """What one N came to: the mean SAD of each method, and joint's over that of the best baseline."""

    erosion: int
    means: dict[str, float]

    @property
    def best(self) -> str:
        """The baseline with the least mean SAD."""
        return min(BASELINES, key=self.means.__getitem__)

    @property
    def ratio(self) -> float:
        """Joint's mean SAD over that of the best baseline; infinite beside a perfect one."""
        least = self.means[self.best]
        return self.means[JOINT] / least if least else float("inf")


def evaluate(
    photos: Sequence[MaskedPhoto], joint: Matte, *, cache: Path | None = None, workers: int = 1
) -> dict[int, dict[str, Report]]:
    """Score joint inference and the baselines: a report for each N and method.

    Args:
        photos: every photo with the masks of every N.
        joint: alpha float32 (H, W) from a photo and its coarse mask.
        cache: folder that keeps the solved alphas, see `matting.evaluation.cache`.
        workers: processes that solve and score at the same time.
    """
    scores: dict[tuple[int, str], dict[str, dict[str, float]]] = {}
    for photo in tqdm(photos, desc="joint", unit="mask"):
        rows = {JOINT: joint(photo.image, photo.coarse_mask), MASK: photo.coarse_mask}
        for method, alpha in rows.items():
            scores.setdefault((photo.erosion, method), {})[photo.name] = _scored(alpha, photo)
    jobs = [(photo, width) for width in WIDTHS for photo in photos]
    solved = tqdm(_solve_all(jobs, cache, workers), desc="closed-form", unit="mask", total=len(jobs))
    for (photo, width), row in zip(jobs, solved, strict=True):
        scores.setdefault((photo.erosion, f"closed-form {width}"), {})[photo.name] = row
    reports: dict[int, dict[str, Report]] = {}
    for (erosion, method), images in scores.items():
        report = Report("trimap-free", method, {"erosion": erosion}, images)
        reports.setdefault(erosion, {})[method] = report
    return reports


def baseline(image: np.ndarray, coarse_mask: np.ndarray, width: int, cache: Path | None = None) -> np.ndarray:
    """Solve closed-form matting with a trimap of `width` around the mask's outline; alpha float32 (H, W)."""
    trimap = from_mask(coarse_mask, width)
    if not {FOREGROUND, BACKGROUND} <= set(np.unique(trimap)):
        return coarse_mask
    alpha = remember(cache, f"closed-form, pymatting {version('pymatting')}", image, trimap, closed_form)
    return hard_fusion(alpha, trimap)


def rows(reports: dict[int, dict[str, Report]]) -> list[Row]:
    """Sum up the reports, a row for each N."""
    return [
        Row(erosion, {method: report.mean["SAD"] for method, report in methods.items()})
        for erosion, methods in sorted(reports.items())
    ]


def mean_ratio(found: Sequence[Row]) -> float:
    """Return the mean over N of joint's ratio to the best baseline."""
    return sum(row.ratio for row in found) / len(found)


def spread(found: Sequence[Row]) -> float:
    """Return joint's largest mean SAD over its smallest; infinite where one N alone is perfect."""
    sads = [row.means[JOINT] for row in found]
    if max(sads) == 0:
        return 1.0
    return max(sads) / min(sads) if min(sads) else float("inf")


def to_markdown(found: Sequence[Row]) -> str:
    """Lay the mean SADs out as a Markdown table, and say the mean ratio and the spread."""
    methods = (JOINT, *BASELINES)
    cells = [("N", *methods, "ratio")]
    cells += [
        (str(row.erosion), *(f"{row.means[method]:.3f}" for method in methods), f"{row.ratio:.3f}") for row in found
    ]
    lines = [
        f"Whole-image SAD (thousands), mean over the photos; ratio: {JOINT} over the best of the others for this N.",
        aligned(cells),
        f"Mean ratio over N: {mean_ratio(found):.3f}. Spread of {JOINT} over N (max / min): {spread(found):.3f}.",
    ]
    return "\n\n".join(lines)


def to_json(reports: dict[int, dict[str, Report]], settings: dict[str, str]) -> str:
    """Write everything as JSON: settings, the sums, and every measure of every photo, numbers in full."""
    found = rows(reports)
    document = {
        "benchmark": "trimap-free",
        "settings": settings,
        "mean_ratio": mean_ratio(found),
        "spread": spread(found),
        "erosions": {
            str(row.erosion): {
                "ratio": row.ratio,
                "best_baseline": row.best,
                "methods": {
                    method: {"mean": report.mean, "images": dict(sorted(report.images.items()))}
                    for method, report in reports[row.erosion].items()
                },
            }
            for row in found
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _solve_all(jobs: Sequence[tuple[MaskedPhoto, int]], cache: Path | None, workers: int) -> Iterator[dict[str, float]]:
    solve = partial(_solve, cache=cache)
    if workers <= 1:
        yield from map(solve, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        yield from executor.map(solve, jobs)


def _solve(job: tuple[MaskedPhoto, int], cache: Path | None) -> dict[str, float]:
    cv2.setNumThreads(1)
    photo, width = job
    return _scored(baseline(photo.image, photo.coarse_mask, width, cache), photo)


def _scored(alpha: np.ndarray, photo: MaskedPhoto) -> dict[str, float]:
    return named(whole_image_scores(alpha, photo.truth))
