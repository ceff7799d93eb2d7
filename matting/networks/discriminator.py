"""The discriminator of the real-data adaptation (Section IV-B4, Fig. 7): does a photo look composed, patch by patch?

The paper names no layout. This is the PatchGAN of Isola et al. (2017, "Image-to-Image Translation with Conditional
Adversarial Networks"), its norms taken per image, so that an answer does not depend on the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class PatchDiscriminatorConfig:
    """Size of the discriminator; the paper leaves it open, and the defaults are Isola et al.'s.

    Attributes:
        width: channels after the first convolution; they double with each further one, up to eight times.
        layers: convolutions of stride 2; with three a score sees 70 pixels square.
        slope: of LeakyReLU below zero.
    """

    width: int = 64
    layers: int = 3
    slope: float = 0.2


class PatchDiscriminator(nn.Module):
    """One score for each patch of an image: towards 1 for a photo, towards 0 for a composite."""

    def __init__(self, config: PatchDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * min(2**layer, 8) for layer in range(config.layers + 1)]
        blocks = [_block(3, widths[0], config.slope, stride=2, norm=False)]
        for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False), start=1):
            blocks.append(_block(inputs, outputs, config.slope, stride=2 if layer < config.layers else 1))
        self.blocks = nn.Sequential(*blocks)
        self.score = nn.Conv2d(widths[-1], 1, 4, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, image: Tensor) -> Tensor:
        """Scores (B, 1, h, w) of images (B, 3, H, W) in [0, 1], not bounded; h is H / 2^layers - 2.

        H and W should be multiples of 2^layers, and large enough for one score.
        """
        return self.score(self.blocks(2 * image - 1))


def _block(inputs: int, outputs: int, slope: float, *, stride: int, norm: bool = True) -> nn.Sequential:
    """Build convolution, instance norm, LeakyReLU; before a norm, which takes the mean away, a shift would be idle."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, 4, stride, padding=1, bias=not norm)]
    if norm:
        layers.append(nn.InstanceNorm2d(outputs))
    return nn.Sequential(*layers, nn.LeakyReLU(slope, inplace=True))
