"""Refinement Module (Section III-B3): a small U-Net that learns what the coarse alpha lacks."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.layers import conv, conv_bn_relu


class RefinementModule(nn.Module):
    """α_refined = α_coarse + α_residual, the residual seen at full resolution and four coarser ones.

    Args:
        channels: width of every layer (BASNet, from which the shape comes, has 64; the cost grows with its square).
    """

    LEVELS = 4

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stem = conv(4, channels, bias=True)
        self.down = nn.ModuleList(conv_bn_relu(channels, channels) for _ in range(self.LEVELS))
        self.bridge = conv_bn_relu(channels, channels)
        self.up = nn.ModuleList(conv_bn_relu(2 * channels, channels) for _ in range(self.LEVELS))
        self.residual = conv(channels, 1, bias=True)
        nn.init.normal_(self.residual.weight, std=1e-3)  # the refined alpha starts as the coarse one

    def forward(self, image: Tensor, coarse_alpha: Tensor) -> Tensor:
        """Refine (B, 1, H, W) by the normalised image (B, 3, H, W); not clamped, H and W are multiples of 16."""
        fine = self.enter(image, coarse_alpha)
        return self.leave(coarse_alpha, fine, self.context(F.max_pool2d(fine, 2)))

    def enter(self, image: Tensor, coarse_alpha: Tensor) -> Tensor:
        """First feature at full resolution, (B, channels, H, W); arguments as in `forward`."""
        return self.down[0](self.stem(torch.cat([image, coarse_alpha], dim=1)))

    def context(self, feature: Tensor) -> Tensor:
        """What the coarser levels make of the first feature, both (B, channels, H/2, W/2)."""
        skips = []
        for block in self.down[1:]:
            feature = block(feature)
            skips.append(feature)
            feature = F.max_pool2d(feature, 2)
        feature = self.bridge(feature)
        for block in self.up[:-1]:
            feature = _join(block, feature, skips.pop())
        return feature

    def leave(self, coarse_alpha: Tensor, fine: Tensor, context: Tensor) -> Tensor:
        """Add the residual, made of the first feature and of `context`'s, to the coarse alpha."""
        return coarse_alpha + self.residual(_join(self.up[-1], context, fine))


def _join(block: nn.Module, coarser: Tensor, skipped: Tensor) -> Tensor:
    feature = F.interpolate(coarser, size=skipped.shape[-2:], mode="bilinear", align_corners=False)
    return block(torch.cat([feature, skipped], dim=1))
