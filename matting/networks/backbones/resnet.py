"""The paper's U-Net encoder: a ResNet-34 variant for matting (Li and Lu 2020), with spectral norm."""

from __future__ import annotations

from torch import Tensor, nn

from matting.networks.layers import conv, conv_bn_relu


class BasicBlock(nn.Module):
    """Two 3x3 convolutions plus the input; downsampling averages the input before its 1x1."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, spectral: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *conv_bn_relu(inputs, outputs, stride=stride, spectral=spectral),
            conv(outputs, outputs, spectral=spectral),
            nn.BatchNorm2d(outputs),
        )
        nn.init.zeros_(self.body[-1].weight)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride, stride) if stride != 1 else nn.Identity(),
                conv(inputs, outputs, 1, spectral=spectral),
                nn.BatchNorm2d(outputs),
            )
        self.activation = nn.ReLU(inplace=True)

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W)."""
        return self.activation(self.body(feature) + self.shortcut(feature))


class ResNetEncoder(nn.Module):
    """Features of a 6-channel input at strides 2, 4, 8, 16, 32.

    Args:
        inputs: channels of the input.
        widths: channels at strides 2, 4, 8, 16, 32.
        blocks: residual blocks at strides 4, 8, 16, 32.
        spectral: spectral norm on every convolution.

    Attributes:
        reach: by stride, pixels of the photo around a place that `stride2`, `stride4` and `stride8` look at, each on
            its own; multiples of that stride.
    """

    def __init__(self, inputs: int, widths: tuple[int, ...], blocks: tuple[int, ...], *, spectral: bool = True) -> None:
        super().__init__()
        self.to_half = nn.Sequential(
            conv_bn_relu(inputs, widths[0], stride=2, spectral=spectral),
            conv_bn_relu(widths[0], widths[0], spectral=spectral),
        )
        # Two 3x3 convolutions a block; at strides 2 and 4 a third before them, at 8 the first has the finer stride.
        self.reach = {2: 4, 4: 4 + 8 * blocks[0], 8: 16 * blocks[1]}
        self.to_quarter = conv_bn_relu(widths[0], widths[1], stride=2, spectral=spectral)
        previous = (widths[1], *widths[1:-1])
        self.layers = nn.ModuleList(
            nn.Sequential(
                *(
                    BasicBlock(
                        before if index == 0 else width,
                        width,
                        2 if level and index == 0 else 1,
                        spectral=spectral,
                    )
                    for index in range(count)
                )
            )
            for level, (before, width, count) in enumerate(zip(previous, widths[1:], blocks, strict=True))
        )

    def stride2(self, inputs: Tensor) -> Tensor:
        """Feature at stride 2 of the network's input."""
        return self.to_half(inputs)

    def stride4(self, feature: Tensor) -> Tensor:
        """Feature at stride 4 of the one at stride 2."""
        return self.layers[0](self.to_quarter(feature))

    def stride8(self, feature: Tensor) -> Tensor:
        """Feature at stride 8 of the one at stride 4."""
        return self.layers[1](feature)

    def stride16(self, feature: Tensor) -> Tensor:
        """Feature at stride 16 of the one at stride 8."""
        return self.layers[2](feature)

    def stride32(self, feature: Tensor) -> Tensor:
        """Feature at stride 32 of the one at stride 16."""
        return self.layers[3](feature)
