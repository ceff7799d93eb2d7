"""Checks of notebook 04, trimaps and joint inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from matting.data.composites.coarse_masks import simulated_mask
from matting.evaluation.metrics import trimap_confusion, trimap_scores
from matting.lessons.verdicts import ask, exercise, expect, near
from matting.training.losses import trimap_loss
from matting.trimaps.algebra import UNKNOWN, check, from_alpha

if TYPE_CHECKING:
    from matting.pipeline import MattingPipeline

EROSION = 30
"""N of the masks of the third exercise."""

MOST_UNKNOWN = 0.7
"""Share of a composite that may be left unknown there."""


@exercise("1 · Predict")
def check_closing(missing: bool, too_many: bool) -> str:
    """Judge whether dilation and erosion by one ellipse can lose a pixel of `alpha > 0`, or add one."""
    expect(
        not missing, "A pixel of the set has, after the dilation, the whole ellipse around it. What does erosion ask?"
    )
    expect(too_many, "Think of a gap between two hairs into which the ellipse does not fit.")
    return "It is a closing: nothing is lost, and narrow gaps between hairs are filled."


@exercise("2 · Implement")
def check_slope(slope: Callable[[Tensor, Tensor], Tensor]) -> str:
    """Judge the gradient of the cross-entropy: logits (1, 3, 5, 5) and classes (1, 5, 5) give (1, 3, 5, 5)."""
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 3, 5, 5, generator=draw, requires_grad=True)
    classes = torch.randint(3, (1, 5, 5), generator=draw)
    trimap_loss(logits, classes).backward()
    wanted = logits.grad
    found = ask(slope, logits.detach(), classes)
    expect(tuple(found.shape) == tuple(wanted.shape), f"{tuple(wanted.shape)} is wanted, {tuple(found.shape)} came.")
    expect(not near(found, 25 * wanted), "The loss is a mean over 25 pixels, so each pulls with a 25th.")
    expect(not near(found, -wanted), "The sign is the other way round: too high a probability is to be lowered.")
    expect(not near(25 * found, logits.detach().softmax(1)), "The true class is missing: y is 1 there.")
    expect(near(found, wanted), "It is p - y over the number of pixels, with p the softmax over the axis of classes.")
    return "Each pixel pulls by how wrong it is; a photo of nearly all background first pulls towards background."


@exercise("3 · Break")
def check_safer(
    draw: Callable[[np.ndarray, np.ndarray], np.ndarray],
    *,
    pipeline: MattingPipeline,
    composites: Sequence[tuple[np.ndarray, np.ndarray]],
) -> str:
    """Judge a trimap from photo and mask that declares a fifth fewer soft pixels certain than TGN's does, at least."""
    counts = {"TGN": np.zeros((3, 3), np.int64), "yours": np.zeros((3, 3), np.int64)}
    lost, unknown = dict.fromkeys(counts, 0), []
    for image, alpha in composites:
        mask, soft = simulated_mask(alpha, EROSION), (alpha > 0) & (alpha < 1)
        for name, trimap in (("TGN", pipeline.trimap(image, mask)), ("yours", ask(draw, image, mask))):
            check(trimap)
            counts[name] += trimap_confusion(trimap, from_alpha(alpha, 15, 15))
            lost[name] += int((trimap[soft] != UNKNOWN).sum())
        unknown.append(float((trimap == UNKNOWN).mean()))
    many = f"It declares {lost['yours']} soft pixels certain, TGN's {lost['TGN']}: ask about more of the rim."
    expect(5 * lost["yours"] <= 4 * lost["TGN"], many)
    wide = f"It leaves {np.mean(unknown):.0%} of the picture unknown, and {MOST_UNKNOWN:.0%} are allowed."
    expect(np.mean(unknown) <= MOST_UNKNOWN, wide)
    score = {name: trimap_scores(count).mean_iou for name, count in counts.items()}
    return (
        f"{lost['yours']} soft pixels lost instead of {lost['TGN']}; mIoU went from {score['TGN']:.3f} "
        f"to {score['yours']:.3f}, so look at the matte before you believe either."
    )
