"""Mattes from coarse masks alone: joint inference (Section IV-B3) next to methods without a network.

The photos are alphamatting.com's. Their coarse masks are the paper's, "TGN-N": made from the true alpha, eroded by N
and blurred. Each method gets photo and mask, and its alpha is scored over the whole photo:

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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matting.data.layouts import Example
from matting.evaluation.benchmarks import guidance as guides
from matting.evaluation.benchmarks.guidance import Guidance
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.benchmarks.runner import Outcome, Run, evaluate
from matting.evaluation.methods import Method
from matting.evaluation.tables import Report, aligned
from matting.trimaps.algebra import BACKGROUND, FOREGROUND

EROSIONS = (20, 30, 40, 50)
"""The paper's N: the diameter in pixels of the ellipse that erodes the initial segmentation."""

WIDTHS = (21, 41, 61, 81)
"""Diameters in pixels of the ellipse that makes closed-form's trimap, about the width of its unknown band."""

JOINT, MASK = "joint", "mask"
BASELINES = (MASK, *(f"closed-form {width}" for width in WIDTHS))


@dataclass(frozen=True)
class Row:
    """The results for one N: the mean SAD of each method, and joint's over that of the best baseline."""

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


def runs(erosion: int, fusion: str = "hard", weights: str | None = None, device: str | None = None) -> dict[str, Run]:
    """Lay out the runs of one N, by the methods' names: joint inference, the mask, closed-form of every width.

    Args:
        erosion: N of the coarse masks.
        fusion: "hard" or "soft", how joint inference fuses.
        weights: a folder of our weights or a hub id; None for the bundled ones.
        device: where our networks run.
    """
    mask = str(erosion)
    joint = Method(f"joint-{fusion}", weights, device)
    laid = {JOINT: Run(joint, Guidance(None, mask), "whole"), MASK: Run(Method("mask"), Guidance(None, mask), "whole")}
    for width in WIDTHS:
        laid[f"closed-form {width}"] = Run(Method("closed-form"), Guidance(f"pseudo-{width}", mask), "whole")
    return laid


def score(
    examples: Sequence[Example], laid: Mapping[str, Run], *, cache: Path | None = None, workers: int = 1
) -> dict[str, Report]:
    """Score the runs of one N on every photo: a report for each method.

    Args:
        examples: the photos, each with its alpha.
        laid: what `runs` laid out.
        cache: folder that keeps scores and solved alphas, see `matting.evaluation.cache`.
        workers: processes that work at the same time.

    Raises:
        ValueError: where weights are not available, or a photo cannot be scored.
    """
    reports: dict[str, Report] = {}
    for method, run in laid.items():
        outcomes = evaluate(examples, run, cache=cache, workers=workers)
        images = {}
        for example in examples:
            outcome = outcomes[example.name]
            if outcome.scores is None and _nothing_known(example, run, outcome):
                images[example.name] = reports[MASK].images[example.name]
            else:
                images[example.name] = _checked(outcome)
        reports[method] = Report("trimap-free", method, {"erosion": run.guidance.erosion}, images)
    return reports


def rows(reports: dict[int, dict[str, Report]]) -> list[Row]:
    """Summarise the reports, a row for each N."""
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
    """Lay the mean SADs out as a Markdown table, with the mean ratio and the spread."""
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


def _nothing_known(example: Example, run: Run, outcome: Outcome) -> bool:
    """Whether the mask leaves closed-form matting nothing to start from."""
    if run.guidance.trimap is None or outcome.failure is None:
        return False
    photo = load(example)
    trimap = guides.trimap(photo, guides.coarse_mask(photo, run.guidance), run.guidance)
    return not {FOREGROUND, BACKGROUND} <= set(np.unique(trimap))


def _checked(outcome: Outcome) -> Mapping[str, float]:
    if outcome.scores is None:
        raise ValueError(f"{outcome.name} could not be scored: {outcome.failure}")
    return outcome.scores
