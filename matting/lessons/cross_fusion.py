"""Checks of notebook 03, cross-fusion and refinement."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from matting.lessons.verdicts import ask, exercise, expect, near
from matting.networks.cfc import gate
from matting.networks.refinement import RefinementModule

MIDDLE = slice(96, 160)
"""Rows and columns of a square of 256 pixels that no border reaches."""

STILL = 1e-4
"""How much a residual may change that moves along, in parts of its spread."""


@exercise("1 · Predict")
def check_biases_alone(value: float) -> str:
    """Judge what a CFC gives whose weights are 0, the content's biases 1 and the opening's 0."""
    expect(abs(value - 1) > 1e-3, "1 is the content, and ELU(1) = 1. How far is a dimmer open at 0?")
    expect(value > 1e-3, "The dimmer at 0 is not shut: σ(0) is not 0.")
    answer = gate(torch.tensor(1.0), torch.tensor(0.0)).item()
    expect(abs(value - answer) < 1e-3, "Take Eq. 9 with content 1 and opening 0.")
    return "ELU(1) · σ(0) = 1 · ½, at every pixel."


@exercise("2 · Implement")
def check_left_over(left_over: Callable[[Tensor, Tensor], float]) -> str:
    """Judge the share of a target's variance, (N,), that the best weighted sum of columns (N, K) leaves over."""
    draw = torch.Generator().manual_seed(0)
    columns = torch.cat([torch.randn(25, 2, generator=draw), torch.ones(25, 1)], dim=1)
    target = columns @ torch.tensor([1.0, -2.0, 3.0]) + torch.randn(25, generator=draw)
    best = columns @ torch.linalg.lstsq(columns, target[:, None]).solution[:, 0]
    rest = (target - best).square().sum()
    wanted = (rest / (target - target.mean()).square().sum()).item()
    found = float(ask(left_over, columns, target))
    expect(abs(found - (1 - wanted)) > 1e-3, "That is the share which is explained; what is left is the rest.")
    expect(abs(found - (rest / target.square().sum()).item()) > 1e-3, "Variance is taken around the target's mean.")
    expect(abs(found - rest.item()) > 1e-3 * rest.item(), "A share is wanted: divide by the target's own variance.")
    expect(near(found, wanted, 1e-3), "Solve the 25 equations by least squares first, torch.linalg.lstsq will do.")
    return f"Of this test's target {found:.0%} is left over."


@exercise("3 · Break")
@torch.no_grad()
def check_steady(steady: Callable[[RefinementModule, Tensor, Tensor], Tensor]) -> str:
    """Judge a residual that moves along with photo and coarse alpha by a single pixel."""
    torch.manual_seed(0)
    module = RefinementModule(8).eval()
    image, coarse = torch.randn(1, 3, 256, 256), torch.rand(1, 1, 256, 256)
    plain = (module(image, coarse) - coarse)[..., MIDDLE, MIDDLE]
    still = ask(steady, module, image, coarse)
    expect(still.shape == coarse.shape, f"A residual of {tuple(coarse.shape)} is wanted, {tuple(still.shape)} came.")
    moved = [torch.roll(plane, 1, dims=-1) for plane in (image, coarse)]
    back = torch.roll(steady(module, *moved), -1, dims=-1)
    still, back = still[..., MIDDLE, MIDDLE], back[..., MIDDLE, MIDDLE]
    far = float((still - plain).abs().mean() / plain.std())
    expect(
        still.std() > 0.1 * plain.std() and far < 1, "It is no longer this module's residual; average its own answers."
    )
    change = float((back - still).abs().mean() / still.std())
    period = 2**module.LEVELS
    hint = f"Moved by one pixel, it changes by {change:.0e} of its spread; only after {period} pixels all is as it was."
    expect(change < STILL, hint)
    return (
        f"It moves along; to the module's own residual it is {far:.2f} of the spread away, for {period} times the work."
    )
