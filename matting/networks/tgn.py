"""Trimap Generation Network (Section III-A, Fig. 3): DeepLabv3's encoder and ASPP, with detail from early features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.models import resnet50
from torchvision.models.segmentation.deeplabv3 import ASPP

from matting.networks.backbones import efficientnet
from matting.networks.layers import conv_bn_relu, normalise


@dataclass(frozen=True)
class TGNConfig:
    """Sizes of TGN; the defaults are the paper's.

    Attributes:
        encoder: "resnet50" or "efficientnet-lite0", both at output stride 16.
        aspp_width: channels of Atrous Spatial Pyramid Pooling and of the decoder.
        rates: dilations of ASPP.
        detail_width: channels to which the features at strides 4 and 8 are projected.
        dropout: rate on the high-level feature.
    """

    encoder: Literal["resnet50", "efficientnet-lite0"] = "resnet50"
    aspp_width: int = 256
    rates: tuple[int, ...] = (6, 12, 18)
    detail_width: int = 48
    dropout: float = 0.5

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels."""
        return 16


CONFIGS = {
    "paper": TGNConfig(),
    "small": TGNConfig(encoder="efficientnet-lite0", aspp_width=64, detail_width=24),
}
CONFIGS["paper_star"] = CONFIGS["paper"]


class ResNet50Encoder(nn.Module):
    """torchvision's ResNet-50 at output stride 16, with features at strides 4 (256), 8 (512) and 16 (2048)."""

    WIDTHS = (256, 512, 2048)

    def __init__(self, inputs: int) -> None:
        super().__init__()
        backbone = resnet50(weights=None, replace_stride_with_dilation=[False, False, True])
        stem = nn.Conv2d(inputs, 64, kernel_size=7, stride=2, padding=3, bias=False)
        with torch.no_grad():
            stem.weight.zero_()[:, :3] = backbone.conv1.weight
        self.stem = nn.Sequential(stem, backbone.bn1, backbone.relu, backbone.maxpool)
        self.layer1, self.layer2 = backbone.layer1, backbone.layer2
        self.layer3, self.layer4 = backbone.layer3, backbone.layer4

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 4, 8 and 16 of (B, C, H, W)."""
        low = self.layer1(self.stem(inputs))
        middle = self.layer2(low)
        return low, middle, self.layer4(self.layer3(middle))


class EfficientNetEncoder(efficientnet.EfficientNetLite0):
    """EfficientNet-Lite0 at output stride 16, with features at strides 4 (24), 8 (40) and 16 (320)."""

    WIDTHS = (24, 40, 320)

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, output_stride=16)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at strides 4, 8 and 16 of (B, C, H, W)."""
        low = self.stride4(self.stride2(inputs))
        middle = self.stride8(low)
        return low, middle, self.stride32(self.stride16(middle))


class TGN(nn.Module):
    """Trimap from an image and a coarse mask."""

    def __init__(self, config: TGNConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = ResNet50Encoder(5) if config.encoder == "resnet50" else EfficientNetEncoder(5)
        low, middle, high = self.encoder.WIDTHS
        self.aspp = ASPP(high, list(config.rates), config.aspp_width)
        self.aspp.project[3] = nn.Identity()  # the dropout after it is the paper's
        self.dropout = nn.Dropout(config.dropout)
        self.project_low = conv_bn_relu(low, config.detail_width, 1)
        self.project_middle = conv_bn_relu(middle, config.detail_width, 1)
        self.fuse = conv_bn_relu(config.aspp_width + 2 * config.detail_width, config.aspp_width)
        self.classify = nn.Conv2d(config.aspp_width, 3, kernel_size=3, padding=1)

    def forward(self, image: Tensor, coarse_mask: Tensor) -> Tensor:
        """Trimap logits (B, 3, H, W): background, unknown, foreground.

        Args:
            image: (B, 3, H, W) in [0, 1].
            coarse_mask: (B, 1, H, W) in [0, 1].

        Raises:
            ValueError: where H or W is not a multiple of `config.multiple`.
        """
        return self.classify(_enlarge(self.features(image, coarse_mask), 4))

    def features(self, image: Tensor, coarse_mask: Tensor) -> Tensor:
        """Fused feature at stride 4, from which every pixel is classified."""
        if any(size % self.config.multiple for size in image.shape[-2:]):
            raise ValueError(f"Pad the image to multiples of {self.config.multiple} pixels, got {tuple(image.shape)}.")
        low, middle, high = self.encoder(torch.cat([normalise(image), coarse_mask, 1 - coarse_mask], dim=1))
        high = _enlarge(self.dropout(self.aspp(high)), 4)
        details = [self.project_low(low), _enlarge(self.project_middle(middle), 2)]
        return self.fuse(torch.cat([high, *details], dim=1))

    def logit_stripes(self, feature: Tensor, rows: int = 64) -> Iterator[Tensor]:
        """Trimap logits in stripes (B, 3, 4 * rows, W) from top to bottom, equal to the whole `forward`.

        The enlarged feature of a 4K photo has 256 channels and 8 million pixels: one stripe of it is held at a time.
        """
        height = feature.shape[-2]
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            # Bilinear enlargement and the 3x3 convolution reach one row of the coarse feature beyond the stripe each.
            first, last = max(0, top - 2), min(height, bottom + 2)
            # The enlarged stripe gets no name: under one it would live on while the next is made.
            logits = self.classify(_enlarge(feature[..., first:last, :], 4))
            yield logits[..., 4 * (top - first) : 4 * (bottom - first), :]


def _enlarge(feature: Tensor, factor: int) -> Tensor:
    return F.interpolate(feature, scale_factor=factor, mode="bilinear", align_corners=False)
