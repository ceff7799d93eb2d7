"""Cross-Fusion Contextual Module (Section III-B2, Fig. 5): Eq. 9 for windows (1D) and for maps (2D)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.layers import conv, maybe_spectral_norm


def gate(first: Tensor, second: Tensor) -> Tensor:
    """Fuse two features, F_cfc = ELU(F̂₁) ⊙ sigmoid(F̂₂) (Eq. 9); any equal shapes."""
    return F.elu(first) * second.sigmoid()


class CrossFusion1d(nn.Module):
    """CFC for windows: a fully connected layer over the concatenated channels, then the gate."""

    def __init__(self, channels: int, *, spectral: bool = True) -> None:
        super().__init__()
        self.transform = maybe_spectral_norm(nn.Linear(2 * channels, 2 * channels), spectral)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two (S, N, C) features into one (S, N, C)."""
        fused = self.transform(torch.cat([first, second], dim=-1))
        return gate(*fused.chunk(2, dim=-1))


class CrossFusion2d(nn.Module):
    """CFC for maps: a 1x1 convolution over the concatenated channels, then the gate."""

    def __init__(self, channels: int, *, spectral: bool = True) -> None:
        super().__init__()
        self.transform = conv(2 * channels, 2 * channels, 1, spectral=spectral, bias=True)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two (B, C, H, W) features into one (B, C, H, W)."""
        fused = self.transform(torch.cat([first, second], dim=1))
        return gate(*fused.chunk(2, dim=1))
