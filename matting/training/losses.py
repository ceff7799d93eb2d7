"""Losses of TGN and SPAMattNet (Section III-B4): Eq. 10 to 12, and those of SPAMattNet* (after Yu et al. 2021).

Every loss is a mean over one image's region and then over the batch, so that a batch split over processes has the
same gradient. Alphas are (B, 1, H, W), the region M is
(B, 1, H, W) in {0, 1}; an image without any pixel in M adds nothing.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from matting.compositing import compose
from matting.networks.spamattnet import AlphaEstimate

STAR_WEIGHTS = {1: 2 / 5, 4: 1 / 5, 8: 1 / 5}
"""Weights of SPAMattNet*'s heads, by their stride."""


def alpha_loss(predicted: Tensor, alpha: Tensor, region: Tensor) -> Tensor:
    """Mean absolute difference over the region, L_alpha (Eq. 11)."""
    error = (predicted - alpha).abs() * region
    return (error.flatten(1).sum(1) / region.flatten(1).sum(1).clamp(min=1)).mean()


def hard_mining_loss(predicted: Tensor, alpha: Tensor, region: Tensor, percent: float = 50.0) -> Tensor:
    """Mean absolute difference over the `percent` largest errors of the region, L_hard (Eq. 12).

    The hard samples are counted (top-k): at least one, rounded up, per image.
    """
    losses = []
    for error, inside in zip((predicted - alpha).abs(), region, strict=True):
        errors = error[inside > 0.5]
        count = -int(-len(errors) * percent // 100)
        losses.append(errors.topk(count, sorted=False).values.mean() if count else error.sum() * 0)
    return torch.stack(losses).mean()


def estimation_loss(predicted: Tensor, alpha: Tensor, region: Tensor, hard_weight: float = 1.0) -> Tensor:
    """L_alpha + L_hard of one estimate."""
    loss = alpha_loss(predicted, alpha, region)
    return loss + hard_weight * hard_mining_loss(predicted, alpha, region) if hard_weight else loss


def matting_loss(estimate: AlphaEstimate, alpha: Tensor, region: Tensor, hard_weight: float = 1.0) -> Tensor:
    """L_α = L_coarse + L_refined (Eq. 10)."""
    coarse = estimation_loss(estimate.heads[1].float(), alpha, region, hard_weight)
    return coarse + estimation_loss(estimate.alpha.float(), alpha, region, hard_weight)


def composition_loss(
    predicted: Tensor, alpha: Tensor, region: Tensor, foreground: Tensor, background: Tensor
) -> Tensor:
    """Mean absolute difference of the composites by both alphas, summed over its three colours (Xu et al. 2017).

    The layers are (B, 3, H, W) in [0, 1]. The true composite is made from them, not taken from the photo: alpha should
    not explain a camera's noise.
    """
    error = compose(foreground, background, predicted) - compose(foreground, background, alpha)
    return (error.abs() * region).flatten(1).sum(1).div(region.flatten(1).sum(1).clamp(min=1)).mean()


def star_loss(estimate: AlphaEstimate, alpha: Tensor, region: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
    """SPAMattNet*'s loss: L1, composition and Laplacian of the heads at 1, 4 and 8, enlarged to full size.

    The head at stride 8 is asked for the whole image, since merging takes from it what is certain; the others for the
    unknown region.
    """
    loss = alpha.new_zeros(())
    for stride, weight in STAR_WEIGHTS.items():
        head = estimate.heads[stride].float()
        full = F.interpolate(head, size=alpha.shape[-2:], mode="bilinear", align_corners=False)
        where = torch.ones_like(region) if stride == 8 else region
        composition = composition_loss(full, alpha, where, foreground, background)
        loss = loss + weight * (alpha_loss(full, alpha, where) + composition + laplacian_loss(full, alpha, where))
    return loss


def laplacian_loss(predicted: Tensor, alpha: Tensor, region: Tensor, levels: int = 5) -> Tensor:
    """Weighted L1 between Laplacian pyramids (Hou and Liu 2019), level i with weight 2^i, over the region's mean."""
    difference = (predicted - alpha) * region
    pixels = region.flatten(1).sum(1).clamp(min=1)
    loss = difference.new_zeros(len(difference))
    for level in range(levels):
        smaller = _halved(difference)
        band = difference - F.interpolate(smaller, size=difference.shape[-2:], mode="bilinear", align_corners=False)
        # A pixel of level i stands for 4^i of the image; the weight 2^i comes on top.
        loss = loss + band.abs().flatten(1).sum(1) * (2**level) / pixels
        difference = smaller
    return loss.mean()


def _halved(plane: Tensor) -> Tensor:
    """Shrink (B, 1, H, W) by two: the binomial filter (1, 4, 6, 4, 1) / 16, then means of 2 x 2, along both axes.

    Together they are the binomial filter of six taps at stride 2, a quarter of the work.
    """
    taps = plane.new_tensor([1.0, 5.0, 10.0, 10.0, 5.0, 1.0]) / 32
    padded = F.pad(plane, (2, 2, 2, 2), mode="replicate")
    rows = F.conv2d(padded, taps.view(1, 1, 6, 1), stride=(2, 1))
    return F.conv2d(rows, taps.view(1, 1, 1, 6), stride=(1, 2))


def trimap_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy L_ce of TGN: logits (B, 3, H, W), classes (B, H, W) 0 background, 1 unknown, 2 foreground."""
    return F.cross_entropy(logits.float(), classes)
