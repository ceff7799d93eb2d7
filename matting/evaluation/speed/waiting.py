"""What a person waits for: each step from a photo to its cutout, as the demo computes them, without the browser."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from matting.coarse import DEFAULT, Prompts
from matting.compositing import cutout, estimate_foreground
from matting.evaluation.speed.report import Machine
from matting.pipeline import MattingPipeline
from matting.trimaps.algebra import FOREGROUND

STEPS = ("photo: a look at it", "click to mask", "mask to trimap", "trimap to alpha", "alpha to cutout")


@dataclass(frozen=True)
class Waits:
    """Seconds of every step, round by round, on one photo of (height, width)."""

    size: tuple[int, int]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, *steps: str) -> float:
        """Median over the rounds of what some steps take together."""
        return statistics.median(map(sum, zip(*(self.seconds[step] for step in steps), strict=True)))


def wait(
    pipeline: MattingPipeline,
    image: np.ndarray,
    point: tuple[float, float],
    rounds: int,
    tell: Callable[[str], None] = lambda what: None,
) -> Waits:
    """Time every step from a photo, uint8 (H, W, 3), and a click at (x, y); a first round warms up and does not count.

    Raises:
        ValueError: where the click finds nothing.
    """
    segmenter, clicks = pipeline.segmenter(DEFAULT), Prompts(points=((*point, True),))
    looked, masked, trimapped, matted, cut = STEPS
    work: dict[str, Callable[[dict[str, Any]], Any]] = {
        looked: lambda made: segmenter.embed(image),
        masked: lambda made: segmenter.segment(made[looked], clicks).masks[0],
        trimapped: lambda made: pipeline.trimap(image, made[masked], points=list(clicks.points)),
        matted: lambda made: pipeline.alpha(image, made[trimapped]),
        cut: lambda made: cutout(estimate_foreground(image, made[matted]), made[matted]),
    }
    taken: dict[str, list[float]] = {step: [] for step in STEPS}
    for number in range(rounds + 1):
        made: dict[str, Any] = {}
        for step, do in work.items():
            tell(f"{step}, {f'round {number} of {rounds}' if number else 'warming up'}")
            start = time.perf_counter()
            made[step] = do(made)
            if number:
                taken[step].append(time.perf_counter() - start)
    return Waits((image.shape[0], image.shape[1]), taken)


def deepest(trimap: np.ndarray) -> tuple[float, float]:
    """The middle, (x, y), of the pixel that lies deepest in a trimap's foreground: where a person would click."""
    depth = cv2.distanceTransform(np.pad((trimap == FOREGROUND).astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return float(column) + 0.5, float(row) + 0.5


def to_markdown(machine: Machine, waits: Sequence[Waits]) -> str:
    """A table of medians, a row for each step and one for all that follows a click."""
    sizes = [f"{one.size[1]} x {one.size[0]}" for one in waits]
    rows = [[step, *(f"{one.median(step):.2f}" for one in waits)] for step in STEPS]
    rows.append(["click to cutout", *(f"{one.median(*STEPS[1:]):.2f}" for one in waits)])
    lines = [["seconds", *sizes], ["---", *("---:" for _ in sizes)], *rows]
    where = f"{machine.description}, {machine.device}, {machine.threads} threads, torch {machine.torch}."
    return "\n".join([where, "", *(f"| {' | '.join(cells)} |" for cells in lines)])
