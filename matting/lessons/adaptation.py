"""Checks of notebook 07, real-data adaptation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from matting.lessons.verdicts import ask, exercise, expect, near
from matting.networks.discriminator import PatchDiscriminator, PatchDiscriminatorConfig
from matting.training.adaptation import discriminator_loss

Weight = Callable[[int], float]


@exercise("1 · Predict")
def check_balance(of_d: float, of_g: float) -> str:
    """Judge guesses of Eq. 17 and of Eq. 16's first term where D says ½ to everything."""
    half = torch.full((1, 1, 4, 4), 0.5)
    found = discriminator_loss(half, half).item(), (half - 1).square().mean().item()
    hint = "D's loss has two terms: a composite should get 0 and a photo 1, and each gets ½. Square, and add."
    expect(abs(of_d - found[0]) < 1e-6, hint)
    expect(abs(of_g - found[1]) < 1e-6, "G wants a 1 for its composite and gets ½. Square.")
    return f"{found[0]:g} and {found[1]:g}: while both curves stay near these, neither wins."


@exercise("2 · Implement")
def check_judgement(function: Callable[[nn.Module, Tensor, Tensor], Tensor]) -> str:
    """Judge D's loss of (D, composite, photo), which must not teach the network that made the composite."""
    generator = torch.Generator().manual_seed(0)
    judge = PatchDiscriminator(PatchDiscriminatorConfig(width=4)).eval()
    made = torch.rand(2, 3, 32, 32, generator=generator).requires_grad_(True)
    photo = torch.rand(2, 3, 32, 32, generator=generator)
    found = ask(function, judge, made, photo)
    wanted = discriminator_loss(judge(made), judge(photo))
    exchanged = discriminator_loss(judge(photo), judge(made))
    expect(not near(found.detach(), exchanged.detach(), 1e-6), "Composites should get 0 and photos 1, not the reverse.")
    expect(
        near(found.detach(), wanted.detach(), 1e-6), f"It should be {wanted.item():.4f} here: Eq. 17, means of squares."
    )
    found.backward()
    expect(made.grad is None, "The gradient reaches the composite: G would learn to be found out. Detach it first.")
    expect(any(p.grad is not None and p.grad.any() for p in judge.parameters()), "D itself must get a gradient.")
    return "Eq. 17, and nothing reaches G."


@exercise("3 · Break")
def check_floor(function: Weight) -> str:
    """Judge a λ of (step) that begins at ½, is halved every 20 steps and never falls below 1/16."""
    for step in (0, 19, 20, 59, 60, 79, 80, 1000):
        wanted = max(0.5 * 0.5 ** (step // 20), 1 / 16)
        found = ask(function, step)
        hint = "It fell below 1/16." if found < 1 / 16 else "It is ½ halved once for every 20 steps that are done."
        expect(abs(found - wanted) < 1e-9, f"At step {step} λ should be {wanted:g}, but is {found:g}. {hint}")
    return "The teacher keeps a say, however long the run."
