"""Checks of notebook 02, sampling, propagation, attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from matting.lessons.verdicts import ask, exercise, expect, near
from matting.networks.attention import distance_map, pixel_distances, propagate, region_weights

N = 5
"""Side of the toy."""

ASKING = (1, 1)
"""Row and column of the pixel that asks."""


@dataclass(frozen=True)
class Toy:
    """The notebook's world of 5 x 5 pixels: certain foreground left, certain background right, doubt between them.

    Attributes:
        pixels: colours (25, 3).
        query: queries, which are the keys too, (25, 3).
        foreground: booleans (25,).
        background: booleans (25,).
        yellow: the colour (3,) that is mixed into every pixel in doubt.
    """

    pixels: Tensor
    query: Tensor
    foreground: Tensor
    background: Tensor
    yellow: Tensor

    def attention(self, dis: Tensor) -> Tensor:
        """Attention of the asking pixel, (5, 5), with a distance map (25, 25)."""
        affinity = self.query @ self.query.T / self.query.shape[-1] ** 0.5
        return (dis * affinity).softmax(dim=-1)[ASKING[0] * N + ASKING[1]].view(N, N)


def toy() -> Toy:
    """Build the world as the notebook does."""
    fade = torch.linspace(0, 1, N)
    red_to_yellow = torch.stack([torch.full((N,), 0.9), 0.1 + 0.7 * fade, torch.full((N,), 0.1)], dim=-1)
    alpha = torch.linspace(1, 0, N).expand(N, N)
    image = alpha[..., None] * red_to_yellow[-1] + (1 - alpha[..., None]) * torch.tensor([0.1, 0.2, 0.8])
    image[:, 0] = red_to_yellow
    foreground, background = torch.zeros(2, N, N, dtype=torch.bool)
    foreground[:, 0] = background[:, -1] = True
    pixels = image.reshape(-1, 3)
    query = 3.5 * (pixels - pixels.mean(0))
    return Toy(pixels, query, foreground.reshape(-1), background.reshape(-1), red_to_yellow[-1])


@exercise("1 · Predict")
def check_without_background(place: tuple[int, int]) -> str:
    """Judge the (row, column) that gets most of the sampling attention when the background is unknown too."""
    world = toy()
    dis = distance_map(world.foreground[None], torch.zeros(1, N * N, dtype=torch.bool), pixel_distances(N))[0]
    attention = world.attention(dis)
    row, column = place
    expect(column != N - 1, "Without known background D_B is 0: the blue column has the logit 0, as the middle has.")
    expect(column == 0, "A pixel in doubt has dis = 0, so its logit is 0. Who has a logit above 0?")
    expect(row == N - 1, "All of the left column are known. Whose colour fits, and who is far away?")
    return f"The yellow corner gets {attention[row, column]:.2f} of the attention."


@exercise("2 · Implement")
def check_propagation(by_loops: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> str:
    """Judge Eq. 5 for one head: query (N, C), key (N, C), value (N, V) and weights (N,) give (N, V)."""
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(N * N, width, generator=draw) for width in (4, 4, 2))
    weights = region_weights(toy().foreground[None])[0]
    found, wanted = ask(by_loops, query, key, value, weights), propagate(query, key, value, weights)
    expect(tuple(found.shape) == tuple(wanted.shape), f"{tuple(wanted.shape)} is wanted, {tuple(found.shape)} came.")
    expect(not near(found, propagate(query, key, value, torch.ones(N * N))), "The weights m are missing.")
    expect(not near(found, propagate(2 * query, key, value, weights)), "The product is divided by √C, here 2.")
    flat = "The shares of a query are to sum to one: divide each exponential by the sum of all."
    expect(near(ask(by_loops, query, key, torch.ones_like(value), weights), torch.ones_like(value)), flat)
    expect(
        near(found, wanted), "Follow one query: its products with all keys, times m, then softmax, then the average."
    )
    return "Your loops agree with fused attention on scaled keys."


@exercise("3 · Break")
def check_nearer(change: Callable[[Tensor], Tensor]) -> str:
    """Judge another distance map, (25, 25) from Eq. 3's, by where the asking pixel takes its foreground from."""
    world = toy()
    dis = distance_map(world.foreground[None], world.background[None], pixel_distances(N))[0]
    changed = ask(change, dis.clone())
    expect(changed.shape == dis.shape, f"A map of {tuple(dis.shape)} is wanted, {tuple(changed.shape)} came.")
    expect(changed.isfinite().all(), "There are infinities: where dis is 0, nothing may be divided by it.")
    doubt = ~(world.foreground | world.background)
    expect((changed[:, doubt] == 0).all(), "A key in doubt keeps dis = 0; change the known ones alone.")
    left = world.attention(changed)[:, 0]
    far = "Most of the foreground's share still comes from the bottom. Let a key count less the larger its dis is."
    expect(left.argmax() == ASKING[0], far)
    colours = [world.attention(one).reshape(-1) @ world.pixels for one in (dis, changed)]
    off = [float((colour - world.yellow).norm()) for colour in colours]
    expect(off[1] > off[0], "The colour that it collects is as good as before.")
    return f"It falls into the trap: its colour is {off[1]:.2f} away from the yellow, by Eq. 4 it was {off[0]:.2f}."
