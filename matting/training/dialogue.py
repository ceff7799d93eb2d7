"""How ClickNet learns: a simulated user prompts, sees the mask, and clicks where it is most wrong.

The first answer is a guess: its candidates are the object under the click, the clicked part and all objects. From
then on the first candidate is to be what is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.clicknet import ALL, PART, WHOLE, Asked, Seen
from matting.training.batches import Batch

OTHERS = 0.2
"""Weight of the two other candidates beside the first."""

LATER = 0.4
"""How often a dialogue is one answer longer, so that later clicks are met too."""

ANYWHERE = 0.25
"""How often a further click goes anywhere in the largest wrong region instead of its middle."""


def click_loss(network: nn.Module, batch: Batch, rounds: int) -> Tensor:
    """Mean loss of so many answers in a row, each to one more click."""
    image = batch["image"].contiguous(memory_format=torch.channels_last)
    dtype = torch.bfloat16 if torch.is_autocast_enabled(image.device.type) else image.dtype
    seen = [batch[f"seen{n}"].to(dtype).contiguous(memory_format=torch.channels_last) for n in range(len(Seen._fields))]
    return network(image, partial(converse, batch, rounds), *seen)


def converse(batch: Batch, rounds: int, answer: Callable[[Asked], Tensor]) -> Tensor:
    """Hold a dialogue, sometimes one answer longer, and return the mean loss of its last `rounds` answers.

    Places are drawn by PyTorch's generator.
    """
    rng = np.random.default_rng(int(torch.randint(2**31, ())))
    turns = rounds + int(rng.random() < LATER)
    points, losses = batch["point"][:, None], []
    previous = torch.full_like(batch["meant"], -1)
    others = {"part": PART, "all": ALL}
    for turn in range(turns):
        logits = answer(Asked(points, batch["box"], previous))
        first = "whole" if turn == 0 else "meant"
        if turn >= turns - rounds:
            loss = mask_loss(logits[:, WHOLE : WHOLE + 1], batch[first])
            for name, number in others.items():
                loss = loss + OTHERS * mask_loss(logits[:, number : number + 1], batch[name])
            losses.append(loss)
        previous = logits[:, WHOLE : WHOLE + 1].detach().sigmoid()
        if turn + 1 < turns:
            points = torch.cat([points, next_points(rng, previous, batch["meant"])[:, None]], dim=1)
    return torch.stack(losses).mean()


def mask_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Focal cross-entropy, scaled up to its plain size (Sofiiuk et al., 2019), plus 1 - IoU, both of soft masks.

    Both are (B, 1, H, W), truth in [0, 1]; the mean over the batch.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    wrong = (logits.detach().sigmoid() - truth).abs() + 0.02
    focal = (entropy * wrong).flatten(1).sum(1) / wrong.flatten(1).sum(1)
    chosen = logits.sigmoid()
    common = (chosen * truth).flatten(1).sum(1)
    union = (chosen + truth - chosen * truth).flatten(1).sum(1)
    return (0.5 * focal + 1 - (common + 1) / (union + 1)).mean()


def next_points(rng: np.random.Generator, probability: Tensor, meant: Tensor) -> Tensor:
    """One click per image into its largest wrong region, (B, 3) as in `Asked`; -1 where nothing is wrong."""
    found, truth = (values[:, 0].cpu().numpy() >= 0.5 for values in (probability, meant))
    points = [_next_point(rng, one, other) for one, other in zip(found, truth, strict=True)]
    return torch.tensor(points, dtype=torch.float32, device=probability.device)


def _next_point(rng: np.random.Generator, found: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    wrong = (found != truth).astype(np.uint8)
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(wrong, connectivity=4)
    if len(statistics) == 1:
        return -1.0, -1.0, -1.0
    largest = (pieces == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax()).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(largest, 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    least = 0.4 if rng.random() < ANYWHERE else 0.95
    rows, columns = np.nonzero(depth >= least * depth.max())
    place = int(rng.integers(len(rows)))
    row, column = int(rows[place]), int(columns[place])
    height, width = truth.shape
    return (column + 0.5) / width, (row + 0.5) / height, float(truth[row, column])
