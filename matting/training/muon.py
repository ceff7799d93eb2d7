"""Muon (Jordan et al. 2024): steps of equal size in all directions of a layer's weights, not in the steepest alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients of Jordan's iteration: the steepest at zero whose fixed points stay near one."""

LEAST_CHANNELS = 8
"""Layers of fewer channels, in or out, are not turned: first and last layers, depthwise ones, biases and scales."""


class Muon(torch.optim.Optimizer):
    """Muon for the weights of hidden layers, AdamW for the rest.

    The moving average of a weight's gradient, seen as a matrix of outputs by inputs, is brought near the closest matrix
    with orthonormal rows or columns. Its size is matched to AdamW's (Liu et al. 2025, Eq. 4), so that rates and decays
    mean the same for both.

    Args:
        parameters: what to train.
        lr: learning rate.
        betas: β₁ and β₂ of AdamW.
        weight_decay: decoupled, of both.
        momentum: of Muon, Nesterov's.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 1e-4,
        momentum: float = 0.95,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(list(parameters), defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take a step along the gradients; returns what `closure` does, if any."""
        with torch.enable_grad():
            loss = closure() if closure else None
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                turned = is_hidden(parameter)
                update = (muon_update if turned else adam_update)(parameter.grad, self.state[parameter], group)
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])
        return loss


def is_hidden(parameter: Tensor) -> bool:
    """Whether a parameter is the weight of a hidden layer, dense or convolution, which Muon may turn."""
    return parameter.ndim > 1 and min(parameter.shape[:2]) >= LEAST_CHANNELS


def muon_update(gradient: Tensor, state: dict, group: dict) -> Tensor:
    """Return Muon's step for a weight, its own shape; 0.2 √max(rows, columns) gives it AdamW's root mean square."""
    if not state:
        state["average"] = torch.zeros_like(gradient)
    average = state["average"].lerp_(gradient, 1 - group["momentum"])
    matrix = gradient.lerp(average, group["momentum"]).flatten(1)
    return (orthogonalise(matrix) * (0.2 * max(matrix.shape) ** 0.5)).view(gradient.shape)


def adam_update(gradient: Tensor, state: dict, group: dict) -> Tensor:
    """Return Adam's step for a parameter (Kingma and Ba 2015), its own shape."""
    if not state:
        state |= {"average": torch.zeros_like(gradient), "square": torch.zeros_like(gradient), "step": 0}
    state["step"] += 1
    first, second = group["betas"]
    average = state["average"].lerp_(gradient, 1 - first) / (1 - first ** state["step"])
    square = state["square"].lerp_(gradient.square(), 1 - second) / (1 - second ** state["step"])
    return average / (square.sqrt() + 1e-8)


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of a (rows, columns) matrix near one, by Newton-Schulz's iteration X ← aX + bAX + cA²X.

    A is XXᵀ. After five steps they lie between 0.7 and 1.2, which is as good for training as exactly one.
    """
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x
