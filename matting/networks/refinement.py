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
        feature = self.stem(torch.cat([image, coarse_alpha], dim=1))
        skips = []
        for block in self.down:
            feature = block(feature)
            skips.append(feature)
            feature = F.max_pool2d(feature, 2)
        feature = self.bridge(feature)
        for block in self.up:
            skip = skips.pop()
            feature = F.interpolate(feature, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            feature = block(torch.cat([feature, skip], dim=1))
        return coarse_alpha + self.residual(feature)
