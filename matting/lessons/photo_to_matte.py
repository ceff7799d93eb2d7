"""Checks of notebook 01, from a photo to a matte."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from matting.inference.fusion import soft_fusion
from matting.lessons.verdicts import ask, exercise, expect, near
from matting.trimaps.algebra import UNKNOWN, check, from_mask

if TYPE_CHECKING:
    from matting.pipeline import MattingPipeline

CHEST, LEAVES = np.s_[240:300, 300:380], np.s_[40:100, 30:110]
"""Where on the lemur's photo the first exercise looks."""

CLOSE = 0.25
"""How far a guess of a mean alpha may be off."""

MOST_UNKNOWN = 0.3
"""Share of the photo that a band of one's own may leave unknown."""


@exercise("1 · Predict")
def check_all_unknown(chest: float, leaves: float, *, pipeline: MattingPipeline, photo: np.ndarray) -> str:
    """Judge guesses of the mean alpha of chest and leaves where the trimap is unknown everywhere."""
    alpha = pipeline.alpha(photo, np.full(photo.shape[:2], UNKNOWN, np.uint8))
    found = {"chest": float(alpha[CHEST].mean()), "leaves": float(alpha[LEAVES].mean())}
    why = {
        "chest": "Nobody says what the object is, but the chest is sharp and bright, as objects were in training.",
        "leaves": "Nobody says that they are background, so neither answer is safe, and the network hedges.",
    }
    for name, guess in (("chest", chest), ("leaves", leaves)):
        expect(abs(guess - found[name]) <= CLOSE, f"The {name} are not there yet. {why[name]}")
    return f"The chest has {found['chest']:.2f}, the leaves {found['leaves']:.2f}."


@exercise("2 · Implement")
def check_equation_13(fuse: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> str:
    """Judge Eq. 13 with Eq. 14, a function of alpha (H, W) and probabilities (H, W, 3), on random planes."""
    rng = np.random.default_rng(0)
    alpha, probabilities = rng.random((6, 7)), rng.dirichlet((1, 1, 1), (6, 7))
    found, wanted = ask(fuse, alpha, probabilities), soft_fusion(alpha, probabilities)
    background, _, foreground = np.moveaxis(probabilities, 2, 0)
    known = foreground / (foreground + background)
    unknown = 1 - (foreground + background)
    expect(np.shape(found) == wanted.shape, f"A plane of {wanted.shape} is wanted, {np.shape(found)} came.")
    expect(not near(found, known + unknown * alpha), "The first term is weighed as well: by 1 - U.")
    expect(not near(found, (1 - unknown) * known), "The second term of Eq. 13 is missing: U times alpha.")
    swapped = "Foreground and background are exchanged: the planes are background, unknown, foreground."
    expect(not near(found, soft_fusion(alpha, probabilities[..., ::-1])), swapped)
    expect(near(found, wanted), "Write both terms of Eq. 13 out and put Eq. 14 in for U.")
    return "The fraction cancels: 1 - U is F + B, so the first term is F."


@exercise("3 · Break")
def check_own_trimap(draw: Callable[[np.ndarray], np.ndarray], *, mask: np.ndarray, alpha: np.ndarray) -> str:
    """Judge a trimap that is drawn from the mask alone by the soft pixels of TGN's matte that it leaves unknown."""
    trimap = ask(draw, mask)
    check(trimap)
    soft = (alpha > 0.02) & (alpha < 0.98)
    covered, unknown = float((trimap[soft] == UNKNOWN).mean()), float((trimap == UNKNOWN).mean())
    before = float((from_mask(mask, 15)[soft] == UNKNOWN).mean())
    wanted = (1 + before) / 2
    narrow = (
        f"It calls {1 - covered:.0%} of the soft pixels certain, and at most {1 - wanted:.0%} are allowed: widen it."
    )
    wide = (
        f"It asks about {unknown:.0%} of the photo, and {MOST_UNKNOWN:.0%} are allowed: SPAMattNet wants known pixels."
    )
    expect(covered >= wanted, narrow)
    expect(unknown <= MOST_UNKNOWN, wide)
    return f"It covers {covered:.0%} of the soft pixels with {unknown:.0%} of the photo, and it never saw the photo."
