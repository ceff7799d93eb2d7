"""Checks of notebook 06, evaluation and attention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.comparison import Comparison, Matte, evaluate
from matting.evaluation.metrics import gradient_error
from matting.lessons.verdicts import ask, exercise, expect
from matting.trimaps.algebra import widen

WIDER = 12
"""Pixels by which the first exercise widens every band."""


@exercise("1 · Predict")
def check_most_harmed(name: str, *, methods: Mapping[str, Any], photos: Sequence[Photo]) -> str:
    """Judge which method's mean SAD rises most when every trimap is widened; both are scored over the wider band."""
    wider = [replace(photo, trimap=widen(photo.trimap, WIDER)) for photo in photos]
    before, after = (_sad_over(wider, evaluate(methods, given)) for given in (photos, wider))
    rise = {method: after[method] - before[method] for method in methods}
    expect(name in rise, f"Name one of {', '.join(rise)}.")
    worst = max(rise, key=rise.get)
    sentence = f"It rose by {rise[name]:.2f}. Which method has nothing but the known pixels beside it to start from?"
    expect(name == worst, sentence)
    return "SAD rose by " + ", ".join(f"{rise[method]:.2f} ({method})" for method in rise) + "."


@exercise("2 · Implement")
def check_grad(grad: Callable[[np.ndarray, np.ndarray, np.ndarray], float]) -> str:
    """Judge Grad, a function of prediction, truth (H, W) and a boolean region (H, W)."""
    rng = np.random.default_rng(0)
    prediction, truth = rng.random((2, 20, 24))
    region = rng.random((20, 24)) < 0.5
    found, wanted = float(ask(grad, prediction, truth, region)), gradient_error(prediction, truth, region)
    plain = [np.hypot(*np.gradient(plane)) for plane in (prediction, truth)]
    unsmoothed = float((np.subtract(*plain)[region] ** 2).sum()) / 1000
    whole = gradient_error(prediction, truth, np.ones_like(region))

    def close(value: float) -> bool:
        return abs(found - value) <= 0.01 * abs(value)

    expect(not close(unsmoothed), "These are differences of neighbours; Grad smooths with a Gaussian of σ = 1.4 first.")
    expect(not close(whole), "That is the sum over all pixels; count those of the region.")
    expect(not close(1000 * wanted), "The table's Grad is in thousands: divide by 1000.")
    expect(
        not close(gradient_error(prediction - truth, np.zeros_like(truth), region)), "Take |∇p| - |∇g|, not |∇(p - g)|."
    )
    expect(close(wanted), "Filter along x and y, take the length of both, subtract, square, and sum over the region.")
    return f"{found:.4f} on random planes, as the package's own."


@exercise("3 · Break")
def check_average(matte: Matte, *, results: Comparison, pair: Sequence[str]) -> str:
    """Judge the mean of two methods' alphas on the photos of a comparison."""
    photos = list(results.photos.values())
    ask(matte, photos[0].image, photos[0].trimap)
    mine = evaluate({"yours": matte}, photos, region=results.region)
    first, second = pair
    for name in results.common:
        middle = (results.alpha(first, name) + results.alpha(second, name)) / 2
        off = float(np.abs(mine.alpha("yours", name) - middle).max())
        expect(off < 0.01, f"On {name} it is {off:.2f} away from the mean of both alphas somewhere.")
    sads = {"the mean": mine.mean("yours").sad} | {method: results.mean(method).sad for method in pair}
    said = ", ".join(f"{name} {sad:.2f}" for name, sad in sads.items())
    best = "the mean is the best of the three" if min(sads, key=sads.get) == "the mean" else "one alone is better"
    return f"SAD: {said}; {best}. It can't be worse than halfway between both, since |·| is convex."


def _sad_over(photos: Sequence[Photo], results: Comparison) -> dict[str, float]:
    """Mean SAD of every method's alphas over the unknown regions of other trimaps."""
    return {
        method: float(
            np.mean([np.abs(found[p.name] - p.truth)[p.trimap == 128].sum() / 1000 for p in photos if p.name in found])
        )
        for method, found in results.alphas.items()
    }
