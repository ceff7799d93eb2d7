"""The U-Net's way back up: residual upsampling blocks and the heads that turn features into alpha."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.layers import conv, conv_relu_bn, maybe_spectral_norm


def upsampling_conv(inputs: int, outputs: int, *, spectral: bool) -> nn.ConvTranspose2d:
    """Build a 4x4 transposed convolution of stride 2, which doubles the size."""
    layer = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False)
    nn.init.xavier_uniform_(layer.weight)
    return maybe_spectral_norm(layer, spectral)


class UpBlock(nn.Module):
    """Residual block of the decoder; the first of a stage doubles the size."""

    def __init__(self, inputs: int, outputs: int, *, upsample: bool, spectral: bool) -> None:
        super().__init__()
        first = (
            upsampling_conv(inputs, inputs, spectral=spectral) if upsample else conv(inputs, inputs, spectral=spectral)
        )
        self.body = nn.Sequential(
            first,
            nn.BatchNorm2d(inputs),
            nn.LeakyReLU(0.2, inplace=True),
            conv(inputs, outputs, spectral=spectral),
            nn.BatchNorm2d(outputs),
        )
        nn.init.zeros_(self.body[-1].weight)
        self.shortcut = nn.Identity()
        if upsample or inputs != outputs:
            # The 1x1 commutes with nearest upsampling, and before it costs a quarter.
            self.shortcut = nn.Sequential(
                conv(inputs, outputs, 1, spectral=spectral),
                nn.BatchNorm2d(outputs),
                nn.UpsamplingNearest2d(scale_factor=2) if upsample else nn.Identity(),
            )
        self.activation = nn.LeakyReLU(0.2, inplace=True)

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W), doubling H and W where the block upsamples."""
        return self.activation(self.body(feature) + self.shortcut(feature))


def up_stage(inputs: int, outputs: int, blocks: int, *, spectral: bool) -> nn.Sequential:
    """Build one decoder stage: an upsampling block and `blocks` - 1 more."""
    return nn.Sequential(
        UpBlock(inputs, outputs, upsample=True, spectral=spectral),
        *(UpBlock(outputs, outputs, upsample=False, spectral=spectral) for _ in range(blocks - 1)),
    )


def skip(inputs: int, outputs: int, *, spectral: bool) -> nn.Sequential:
    """Build a skip connection: two times convolution, ReLU, batch norm."""
    return nn.Sequential(
        *conv_relu_bn(inputs, outputs, spectral=spectral), *conv_relu_bn(outputs, outputs, spectral=spectral)
    )


def final_upsampling(inputs: int, outputs: int, *, spectral: bool) -> nn.Sequential:
    """Build the last doubling, from stride 2 to full resolution."""
    return nn.Sequential(
        upsampling_conv(inputs, outputs, spectral=spectral),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


def alpha_head(inputs: int, hidden: int) -> nn.Sequential:
    """Build a head of SPAMattNet* (after Yu et al. 2021): features (B, C, H, W) to one unbounded channel."""
    return nn.Sequential(
        conv(inputs, hidden),
        nn.BatchNorm2d(hidden),
        nn.LeakyReLU(0.2, inplace=True),
        conv(hidden, 1, bias=True),
    )


def to_alpha(logits: Tensor) -> Tensor:
    """Squash a head's output into [0, 1], α = (tanh + 1) / 2."""
    return (logits.tanh() + 1) / 2


def merge_heads(heads: dict[int, Tensor], reach: dict[int, int] | None = None) -> Tensor:
    """Merge SPAMattNet*'s alphas coarse to fine: where one is uncertain (0 < α < 1, dilated), the next replaces it.

    Every alpha in `heads` is (B, 1, H/stride, W/stride); the result is (B, 1, H, W). `reach` is the dilation in
    pixels for the alpha of each stride; by default it covers its upsampling kernel.
    """
    reach = reach or {8: 15, 4: 7}
    size = heads[1].shape[-2:]
    strides = sorted(heads, reverse=True)
    full = [F.interpolate(heads[stride], size=size, mode="bilinear", align_corners=False) for stride in strides]
    merged = full[0]
    for coarser, finer in zip(strides, full[1:], strict=False):
        merged = torch.where(uncertain(merged, reach[coarser]), finer, merged)
    return merged


def uncertain(alpha: Tensor, reach: int) -> Tensor:
    """Boolean (B, 1, H, W): within `reach` pixels of an alpha that rounds (to 8 bits) to neither 0 nor 1."""
    fractional = (alpha > 1 / 255) & (alpha < 254 / 255)
    return F.max_pool2d(fractional.to(alpha.dtype), 2 * reach + 1, stride=1, padding=reach) > 0
