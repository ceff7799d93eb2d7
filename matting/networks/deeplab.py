"""DeepLabv2 and DeepLabv3, adapted as TGN is: Table I's other two ways from a coarse mask to a trimap.

Both get TGN's five input channels (photo, mask, 1 - mask) and answer with its three classes. They differ from it in
what follows the encoder: DeepLabv2 adds up four dilated classifiers, DeepLabv3 classifies after ASPP, and neither
looks back at the encoder's early features.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torchvision.models.segmentation.deeplabv3 import ASPP

from matting.networks.backbones.efficientnet import EfficientNetLite0
from matting.networks.layers import conv_bn_relu, normalise
from matting.networks.tgn import EfficientNetEncoder, ResNet50Encoder

Encoder = Literal["resnet50", "efficientnet-lite0"]


@dataclass(frozen=True)
class DeepLabV2Config:
    """Sizes of DeepLabv2; the defaults are its authors', on the encoder that TGN has.

    Attributes:
        encoder: "resnet50" or "efficientnet-lite0".
        rates: dilations of the classifiers that are added up.
        output_stride: 8 or 16, pixels of the input per pixel of the classified feature.
    """

    encoder: Encoder = "resnet50"
    rates: tuple[int, ...] = (6, 12, 18, 24)
    output_stride: int = 8

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels."""
        return 16


@dataclass(frozen=True)
class DeepLabV3Config:
    """Sizes of DeepLabv3; encoder, stride and ASPP are TGN's, so that Table I compares what follows them.

    Attributes:
        encoder: "resnet50" or "efficientnet-lite0".
        aspp_width: channels of Atrous Spatial Pyramid Pooling.
        rates: dilations of ASPP.
        output_stride: 8 or 16, pixels of the input per pixel of the classified feature.
    """

    encoder: Encoder = "resnet50"
    aspp_width: int = 256
    rates: tuple[int, ...] = (6, 12, 18)
    output_stride: int = 16

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels."""
        return 16


V2_CONFIGS = {
    "paper": DeepLabV2Config(),
    "small": DeepLabV2Config(encoder="efficientnet-lite0", rates=(3, 6, 9, 12), output_stride=16),
}
V3_CONFIGS = {
    "paper": DeepLabV3Config(),
    "small": DeepLabV3Config(encoder="efficientnet-lite0", aspp_width=64),
}


class _DeepLab(nn.Module):
    """What both share: the encoder, and logits enlarged from the output stride to every pixel."""

    config: DeepLabV2Config | DeepLabV3Config

    def forward(self, image: Tensor, coarse_mask: Tensor) -> Tensor:
        """Trimap logits (B, 3, H, W): background, unknown, foreground.

        Args:
            image: (B, 3, H, W) in [0, 1].
            coarse_mask: (B, 1, H, W) in [0, 1].

        Raises:
            ValueError: where H or W is not a multiple of `config.multiple`.
        """
        return self._enlarge(self.features(image, coarse_mask))

    def features(self, image: Tensor, coarse_mask: Tensor) -> Tensor:
        """Logits at the output stride, (B, 3, H / stride, W / stride)."""
        multiple = self.config.multiple
        if any(size % multiple for size in image.shape[-2:]):
            raise ValueError(f"Pad the image to multiples of {multiple} pixels, got {tuple(image.shape)}.")
        return self.head(self.encoder(torch.cat([normalise(image), coarse_mask, 1 - coarse_mask], dim=1))[-1])

    def logit_stripes(self, feature: Tensor) -> Iterator[Tensor]:
        """Trimap logits of the photo as one stripe; TGN, whose enlarged feature is large, gives several."""
        yield self._enlarge(feature)

    def _enlarge(self, logits: Tensor) -> Tensor:
        return F.interpolate(logits, scale_factor=self.config.output_stride, mode="bilinear", align_corners=False)


class DeepLabV2(_DeepLab):
    """DeepLabv2's large field of view (Chen et al., 2017): dilated 3x3 classifiers, their logits added up."""

    def __init__(self, config: DeepLabV2Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = _encoder(config.encoder, config.output_stride)
        self.head = AddedClassifiers(self.encoder.WIDTHS[-1], config.rates)


class DeepLabV3(_DeepLab):
    """DeepLabv3 (Chen et al., 2017): ASPP with image pooling, a 3x3 convolution, a classifier."""

    def __init__(self, config: DeepLabV3Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = _encoder(config.encoder, config.output_stride)
        self.head = nn.Sequential(
            ASPP(self.encoder.WIDTHS[-1], list(config.rates), config.aspp_width),
            conv_bn_relu(config.aspp_width, config.aspp_width),
            nn.Conv2d(config.aspp_width, 3, kernel_size=1),
        )


class AddedClassifiers(nn.Module):
    """Three logits from a feature: 3x3 convolutions of several dilations, added up."""

    def __init__(self, inputs: int, rates: tuple[int, ...]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(inputs, 3, kernel_size=3, padding=rate, dilation=rate) for rate in rates
        )
        for branch in self.branches:
            nn.init.normal_(branch.weight, std=0.01)
            nn.init.zeros_(branch.bias)

    def forward(self, feature: Tensor) -> Tensor:
        """Classify (B, C, h, w)."""
        first, *others = (branch(feature) for branch in self.branches)
        return sum(others, first)


def _encoder(name: Encoder, output_stride: int) -> nn.Module:
    """Build TGN's encoder; at output stride 8 its stages beyond stride 8 are dilated instead of strided."""
    if output_stride not in (8, 16):
        raise ValueError(f"The output stride should be 8 or 16, got {output_stride}.")
    encoder = ResNet50Encoder(5) if name == "resnet50" else EfficientNetEncoder(5)
    if output_stride == 16:
        return encoder
    if isinstance(encoder, EfficientNetLite0):
        raise ValueError("EfficientNet-Lite0 works at output stride 16 here; choose it, or resnet50.")
    for layer in (encoder.layer3, encoder.layer4):
        _halve_stride(layer, first=layer is encoder.layer3)
    return encoder


def _halve_stride(layer: nn.Sequential, *, first: bool) -> None:
    """Let a stage of a ResNet see the same pixels on a grid twice as fine.

    A block that loses its stride still reads the grid before it; what follows doubles its dilation.
    """
    for index, block in enumerate(layer):
        if first and index == 0:
            block.conv2.stride = block.downsample[0].stride = (1, 1)
            continue
        block.conv2.dilation = block.conv2.padding = tuple(2 * rate for rate in block.conv2.dilation)
