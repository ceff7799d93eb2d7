"""U2Net (Qin et al., 2020): salient objects by a U-Net of U-Nets, and its small version U2NetP.

The parameters bear the names and shapes of the official checkpoints, `u2net.pth` and `u2netp.pth`, so either loads by
`load_state_dict`. The paper makes its coarse masks of people and of salient objects with it (Section IV-B1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.layers import normalise

DEPTHS = (7, 6, 5, 4, 4, 4)
"""Convolutions on the way down of each encoder stage's U; the last two stages dilate instead of shrinking."""

SIDE = 320
"""Height and width in pixels to which photos are resized, whatever their shape, for the official weights."""

DILATED = (False, False, False, False, True, True)

Widths = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class U2NetConfig:
    """Widths of U2Net; the defaults are the full network's.

    Attributes:
        encoder: (inside the U, at its output) of stages 1 to 6.
        decoder: the same of stages 1 to 5 on the way up.
    """

    encoder: Widths = ((32, 64), (32, 128), (64, 256), (128, 512), (256, 512), (256, 512))
    decoder: Widths = ((16, 64), (32, 64), (64, 128), (128, 256), (256, 512))

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels: any will do."""
        return 1


CONFIGS = {
    "u2net": U2NetConfig(),
    "u2netp": U2NetConfig(encoder=((16, 64),) * 6, decoder=((16, 64),) * 5),
}


class ConvUnit(nn.Module):
    """3x3 convolution of any dilation, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(outputs)

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W) at its size."""
        return F.relu(self.bn_s1(self.conv_s1(feature)))


class ResidualU(nn.Module):
    """A small U-Net whose output is added to its first feature (RSU).

    Args:
        depth: convolutions on the way down.
        inputs: channels that come in.
        inside: channels within.
        outputs: channels that go out.
        dilated: never shrink, but dilate by 1, 2, 4, 8.
    """

    def __init__(self, depth: int, inputs: int, inside: int, outputs: int, *, dilated: bool = False) -> None:
        super().__init__()
        self.depth, self.dilated = depth, dilated
        steps = [2**step if dilated else 1 for step in range(depth)]
        steps[-1] = max(2, steps[-1])  # the bottom is dilated in either form
        self.rebnconvin = ConvUnit(inputs, outputs)
        for level, step in enumerate(steps, start=1):
            self.add_module(f"rebnconv{level}", ConvUnit(outputs if level == 1 else inside, inside, step))
        for level in range(depth - 1, 0, -1):
            ahead = outputs if level == 1 else inside
            self.add_module(f"rebnconv{level}d", ConvUnit(2 * inside, ahead, steps[level - 1]))

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W) at its size."""
        first = self.rebnconvin(feature)
        passed, current = [], first
        for level in range(1, self.depth + 1):
            # The two lowest levels share a size; only the levels above them are pooled.
            if 1 < level < self.depth and not self.dilated:
                current = _halve(current)
            current = self.get_submodule(f"rebnconv{level}")(current)
            passed.append(current)
        current = passed.pop()
        for level in range(self.depth - 1, 0, -1):
            beside = passed.pop()
            joined = torch.cat([_resize(current, beside), beside], dim=1)
            current = self.get_submodule(f"rebnconv{level}d")(joined)
        return current + first


class U2Net(nn.Module):
    """Saliency of a photo, at seven scales."""

    def __init__(self, config: U2NetConfig) -> None:
        super().__init__()
        self.config = config
        inputs = 3
        for stage, ((inside, outputs), depth, dilated) in enumerate(
            zip(config.encoder, DEPTHS, DILATED, strict=True), start=1
        ):
            self.add_module(f"stage{stage}", ResidualU(depth, inputs, inside, outputs, dilated=dilated))
            inputs = outputs
        for stage in range(5, 0, -1):
            inside, outputs = config.decoder[stage - 1]
            joined = inputs + config.encoder[stage - 1][1]
            block = ResidualU(DEPTHS[stage - 1], joined, inside, outputs, dilated=DILATED[stage - 1])
            self.add_module(f"stage{stage}d", block)
            inputs = outputs
        for side, width in enumerate((*(w for _, w in config.decoder), config.encoder[5][1]), start=1):
            self.add_module(f"side{side}", nn.Conv2d(width, 1, 3, padding=1))
        self.outconv = nn.Conv2d(6, 1, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return d0, the fused saliency, and d1 to d6, those of the stages: (B, 1, H, W) in [0, 1] each.

        The image is (B, 3, H, W) in [0, 1] of any size; the official weights know 320x320 (see `SIDE`).
        """
        return tuple(logits.sigmoid() for logits in self.judge(self.features(image), image))

    def features(self, image: Tensor) -> list[Tensor]:
        """Return the features of decoder stages 1 to 5 and of encoder stage 6, at strides 1, 2, 4, 8, 16 and 32.

        They are (B, width, h, w) each, for an image (B, 3, H, W) in [0, 1].
        """
        passed, current = [], normalise_by_largest(image)
        for stage in range(1, 7):
            current = self.get_submodule(f"stage{stage}")(current if stage == 1 else _halve(current))
            passed.append(current)
        features = [passed.pop()]
        for stage in range(5, 0, -1):
            beside = passed.pop()
            joined = torch.cat([_resize(features[-1], beside), beside], dim=1)
            features.append(self.get_submodule(f"stage{stage}d")(joined))
        return features[::-1]

    def judge(self, features: Sequence[Tensor], image: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of d0 to d6, (B, 1, H, W) each, of an image's `features`."""
        sides = [self.get_submodule(f"side{side}")(feature) for side, feature in enumerate(features, start=1)]
        sides = [_resize(side, image) for side in sides]
        return self.outconv(torch.cat(sides, dim=1)), *sides


def normalise_by_largest(image: Tensor) -> Tensor:
    """Divide each photo (B, 3, H, W) by its largest value, then bring it to ImageNet's statistics.

    The official weights were trained so. A black photo stays black.
    """
    largest = image.amax(dim=(1, 2, 3), keepdim=True)
    return normalise(image / torch.where(largest > 0, largest, 1))


def stretch(saliency: Tensor) -> Tensor:
    """Stretch each map (B, 1, H, W) over [0, 1], (d - min) / (max - min); an even one becomes 0."""
    low, high = (limit(saliency, dim=(1, 2, 3), keepdim=True) for limit in (torch.amin, torch.amax))
    return (saliency - low) / (high - low).clamp(min=torch.finfo(saliency.dtype).tiny)


def u2net_loss(outputs: Sequence[Tensor], mask: Tensor) -> Tensor:
    """Sum of the seven outputs' mean squared errors, for the paper's fine-tuning by MSE (Section IV-B1).

    Outputs and mask are (B, 1, H, W) in [0, 1]. The official training sums binary cross-entropies in the same way.
    """
    return torch.stack([F.mse_loss(output, mask) for output in outputs]).sum()


def _halve(feature: Tensor) -> Tensor:
    return F.max_pool2d(feature, kernel_size=2, stride=2, ceil_mode=True)


def _resize(feature: Tensor, like: Tensor) -> Tensor:
    if feature.shape[-2:] == like.shape[-2:]:
        return feature
    return F.interpolate(feature, size=like.shape[-2:], mode="bilinear", align_corners=False)
