"""Checks of notebook 05, training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from matting.lessons.verdicts import NotYetAnswered, ask, exercise, expect, near
from matting.training.losses import alpha_loss, hard_mining_loss
from matting.training.observers import Observer
from matting.training.validation import Look

Loss = Callable[[Tensor, Tensor, Tensor, float], Tensor]


@exercise("1 · Predict")
def check_all_hard(answer: str) -> str:
    """Judge what L_hard is beside L_alpha if all pixels are hard: "smaller", "equal" or "larger"."""
    choices = ("smaller", "equal", "larger")
    expect(answer in choices, f"Answer by one of {', '.join(choices)}.")
    expect(answer != "smaller", "A mean over the largest errors is never below the mean over all of them.")
    expect(answer != "larger", "So it is at p = 50. At p = 100 no pixel is left out: which mean is that?")
    predicted, alpha, region = _example()
    same = near(hard_mining_loss(predicted, alpha, region, 100), alpha_loss(predicted, alpha, region))
    return f"L_hard at p = 100 equals L_alpha in the package: {same}."


@exercise("2 · Implement")
def check_hard_mining(function: Loss) -> str:
    """Judge L_hard by sorting: of (predicted, alpha, region, percent) as `hard_mining_loss` takes them."""
    predicted, alpha, region = _example()
    found = ask(function, predicted, alpha, region, 50.0)
    errors = [
        error[inside > 0.5].sort().values for error, inside in zip((predicted - alpha).abs(), region, strict=True)
    ]
    easy = torch.stack([error[: -(-len(error) // 2)].mean() for error in errors]).mean()
    pooled = torch.cat(errors).sort().values
    pooled = pooled[len(pooled) // 2 :].mean()
    everywhere = hard_mining_loss(predicted, alpha, torch.ones_like(region))
    expect(not near(found, easy), "These are the smallest errors; the hard pixels are those with the largest.")
    expect(not near(found, everywhere), "Known pixels were counted too: only the region has a say.")
    expect(not near(found, pooled), "The images were sorted together: each has hard pixels of its own.")
    for percent in (50.0, 10.0, 33.0):
        wanted = hard_mining_loss(predicted, alpha, region, percent)
        hint = f"At p = {percent:g} it should be {wanted:.4f}: count the hard pixels of an image, rounded up."
        expect(near(ask(function, predicted, alpha, region, percent), wanted), hint)
    return "It agrees with `hard_mining_loss` at p = 10, 33 and 50."


@exercise("3 · Break")
def check_patience(kind: type[Observer]) -> str:
    """Judge an observer of (score, looks) that stops a run whose score has not fallen for so many looks."""
    for patience, scores, wanted in (
        (2, [3.0, 2.0, 2.5, 2.6, 1.0], 4),
        (2, [3.0, 2.0, 2.5, 1.9, 1.8], None),
        (1, [3.0, 3.0, 2.0], 2),
        (3, [2.0, 2.1, 2.2, 1.0], None),
    ):
        found = _stopped_at(kind("validation_sad", patience), scores)
        said = f"With the scores {scores} and a patience of {patience}"
        if wanted is None:
            expect(found is None, f"{said} it stopped at look {found}, though the score fell again in time.")
        expect(found is not None or wanted is None, f"{said} it never stopped; raise KeyboardInterrupt in on_look.")
        expect(found == wanted, f"{said} it stopped at look {found} instead of {wanted}: count from the best look.")
    return "The run ends with a checkpoint, as after Ctrl-C."


def _example() -> tuple[Tensor, Tensor, Tensor]:
    """Two images of which different numbers of pixels are unknown."""
    generator = torch.Generator().manual_seed(0)
    predicted, alpha = (torch.rand(2, 1, 5, 5, generator=generator) for _ in range(2))
    region = (torch.rand(2, 1, 5, 5, generator=generator) > torch.tensor([0.2, 0.6]).view(2, 1, 1, 1)).float()
    return predicted, alpha, region


def _stopped_at(observer: Observer, scores: list[float]) -> int | None:
    """Number of the look, from 1, at which an observer stops a run of such scores."""
    for number, score in enumerate(scores, start=1):
        try:
            said = observer.on_look(Look(10 * number, {"validation_loss": 1.0, "validation_sad": score}, [], [], 0))
        except KeyboardInterrupt:
            return number
        if said is ...:  # an observer says nothing: this is a stub
            raise NotYetAnswered
    return None
