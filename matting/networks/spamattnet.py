"""SPAMattNet (Section III-B, Fig. 2): a U-Net with Sampling Propagation Attention, Cross-Fusion and Refinement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.backbones import efficientnet
from matting.networks.backbones.resnet import ResNetEncoder
from matting.networks.cfc import CrossFusion2d
from matting.networks.decoder import alpha_head, final_upsampling, merge_heads, skip, to_alpha, up_stage
from matting.networks.layers import conv, conv_bn_relu, conv_relu_bn, downsample_nearest, normalise, one_hot_trimap
from matting.networks.refinement import RefinementModule


@dataclass(frozen=True)
class SPAMattNetConfig:
    """Sizes and switches of SPAMattNet; the defaults are the paper's.

    Attributes:
        encoder: "resnet34" (the paper's variant) or "efficientnet-lite0" (small, pretrained; its own widths).
        encoder_widths: channels at strides 2, 4, 8, 16, 32.
        encoder_blocks: residual blocks at strides 4, 8, 16, 32.
        decoder: "plain" ends in one alpha at full resolution; "progressive" is SPAMattNet*'s, heads at 8, 4, 1.
        decoder_widths: channels at strides 1, 2, 4, 8, 16.
        decoder_blocks: residual blocks at strides 16, 8, 4, 2.
        image_width: channels of the image branch at stride 2; at 4 and 8 they are the encoder's.
        window, heads: side and number of heads d of LSPA.
        reduction: r of GPA.
        ratio: whether Eq. 6 counts pixels per "window" or per "image" in LSPA.
        refinement_width: channels of the Refinement Module; 0 leaves it out.
        gpa, lspa, cfc: ablation switches of Table IV.
        spectral: spectral norm.
        enlarged: small photos are enlarged, at most twice and to at most so many pixels, before the network sees
            them (`matting.inference.whole_photo.working_scale`); 0 leaves them as they are.
    """

    encoder: Literal["resnet34", "efficientnet-lite0"] = "resnet34"
    encoder_widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    encoder_blocks: tuple[int, ...] = (3, 4, 4, 2)
    decoder: Literal["plain", "progressive"] = "plain"
    decoder_widths: tuple[int, ...] = (32, 32, 64, 128, 256)
    decoder_blocks: tuple[int, ...] = (2, 3, 3, 2)
    image_width: int = 32
    window: int = 16
    heads: int = 2
    reduction: int = 2
    ratio: Literal["window", "image"] = "window"
    refinement_width: int = 32
    gpa: bool = True
    lspa: bool = True
    cfc: bool = True
    spectral: bool = True
    enlarged: int = 0

    @property
    def multiple(self) -> int:
        """Heights and widths of the input must be multiples of this many pixels."""
        return 64


CONFIGS = {
    "paper": SPAMattNetConfig(),
    "paper_star": SPAMattNetConfig(decoder="progressive", refinement_width=0),
    "small": SPAMattNetConfig(
        encoder="efficientnet-lite0",
        encoder_widths=efficientnet.WIDTHS,
        encoder_blocks=(),
        decoder_widths=(16, 24, 40, 64, 112),
        decoder_blocks=(1, 2, 1, 1),
        image_width=16,
        refinement_width=8,
        spectral=False,
        enlarged=2_500_000,
    ),
}


@dataclass(frozen=True)
class AlphaEstimate:
    """What SPAMattNet answers. Every alpha is (B, 1, h, w), at the full size or at a head's stride.

    Attributes:
        alpha: the final estimate, full size; not clamped while training.
        heads: the supervised estimates by their stride, coarse to fine: {1: α_coarse} or {8: …, 4: …, 1: …}.
    """

    alpha: Tensor
    heads: dict[int, Tensor]


@dataclass(frozen=True)
class AttentionFeatures:
    """What attention looks at and what it makes of it, for display (Fig. 11).

    Attributes:
        image: I_w (B, C, H/4, W/4) and I (B, C', H/8, W/8).
        alpha: A_w and A, of the same sizes.
        regions: one-hot trimap (B, 3, H, W).
        local: LSPA's reconstruction of A_w, or None without LSPA.
        propagated: GPA's reconstruction of A; A itself without GPA.
    """

    image: tuple[Tensor, Tensor]
    alpha: tuple[Tensor, Tensor]
    regions: Tensor
    local: Tensor | None
    propagated: Tensor


class SPAMattNet(nn.Module):
    """Alpha matte from an image and a trimap."""

    def __init__(self, config: SPAMattNetConfig) -> None:
        super().__init__()
        self.config = config
        widths, outs, spectral = config.encoder_widths, config.decoder_widths, config.spectral
        self.encoder = _encoder(config)
        # Only attention looks at the image features: what the ablation leaves out takes its branch along.
        self.image_quarter = self.image_eighth = nn.Identity()
        if config.lspa or config.gpa:
            self.image_quarter = nn.Sequential(
                conv_relu_bn(3, config.image_width, stride=2, spectral=spectral, reflect=True),
                conv_relu_bn(config.image_width, widths[1], stride=2, spectral=spectral, reflect=True),
            )
        if config.gpa:
            self.image_eighth = conv_relu_bn(widths[1], widths[2], stride=2, spectral=spectral, reflect=True)
        self.attention = SamplingPropagationAttention(config)
        self.skips = nn.ModuleList(
            skip(inputs, outputs, spectral=spectral) for inputs, outputs in zip((6, *widths[:4]), outs, strict=True)
        )
        stages = zip((widths[4], *outs[:1:-1]), outs[:0:-1], config.decoder_blocks, strict=True)
        self.decoder = nn.ModuleList(up_stage(*stage, spectral=spectral) for stage in stages)
        self.last_upsampling = final_upsampling(outs[1], outs[0], spectral=spectral)
        if config.decoder == "progressive":
            self.heads = nn.ModuleDict(
                {str(s): alpha_head(w, 32) for s, w in ((8, outs[3]), (4, outs[2]), (1, outs[0]))}
            )
        else:
            self.heads = nn.ModuleDict({"1": conv(outs[0], 1, bias=True)})
        self.refine = RefinementModule(config.refinement_width) if config.refinement_width else None

    def forward(self, image: Tensor, trimap: Tensor) -> AlphaEstimate:
        """Estimate alpha from an image (B, 3, H, W) in [0, 1] and a trimap (B, 1, H, W) in {0, 1/2, 1}.

        Raises:
            ValueError: where H or W is not a multiple of `config.multiple`.
        """
        if any(size % self.config.multiple for size in image.shape[-2:]):
            raise ValueError(f"Pad the image to multiples of {self.config.multiple} pixels, got {tuple(image.shape)}.")
        image, regions = normalise(image), one_hot_trimap(trimap)
        inputs = torch.cat([image, regions], dim=1)
        half = self.encoder.stride2(inputs)
        quarter = self.encoder.stride4(half)
        eighth = self.encoder.stride8(quarter)
        fused, eighth = self.attention(self.image_features(image), (quarter, eighth), regions)
        feature = self.decode_deep(fused, eighth)
        heads = self.alphas(8, feature)
        for stride, skipped in ((4, quarter), (2, half), (1, inputs)):
            feature = self.decode(stride, feature, skipped)
            heads |= self.alphas(stride, feature)
        if self.config.decoder == "progressive":
            return AlphaEstimate(merge_heads(heads), heads)
        coarse = heads[1]
        return AlphaEstimate(self.refine(image, coarse) if self.refine else coarse, heads)

    def attention_features(self, image: Tensor, trimap: Tensor) -> AttentionFeatures:
        """Run the encoder as far as attention, on inputs as `forward` takes them, and return what attention meets."""
        image, regions = normalise(image), one_hot_trimap(trimap)
        quarter = self.encoder.stride4(self.encoder.stride2(torch.cat([image, regions], dim=1)))
        seen, alpha = self.image_features(image), (quarter, self.encoder.stride8(quarter))
        return AttentionFeatures(seen, alpha, regions, *self.attention.branches(seen, alpha, regions))

    def image_features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """I_w at stride 4 and I at stride 8 of the normalised image."""
        quarter = self.image_quarter(image)
        return quarter, self.image_eighth(quarter)

    def decode_deep(self, fused: Tensor, propagated: Tensor) -> Tensor:
        """Go from attention's two outputs down to stride 32 and up again; returns the decoder's feature at stride 8."""
        sixteenth = self.encoder.stride16(propagated)
        feature = self.decode(16, self.encoder.stride32(sixteenth), sixteenth)
        return self.decode(8, feature, fused)

    def decode(self, stride: int, coarser: Tensor, skipped: Tensor) -> Tensor:
        """The decoder's feature at a stride, from its feature at twice that stride and what skips the deeper layers."""
        return self.upsampling(stride)(coarser) + self.skip(stride)(skipped)

    def upsampling(self, stride: int) -> nn.Sequential:
        """The decoder's layers from twice a stride to it: at 2 to 16 residual blocks, whose first doubles the size."""
        return self.last_upsampling if stride == 1 else self.decoder[4 - _level(stride)]

    def skip(self, stride: int) -> nn.Sequential:
        """The skip connection at a stride."""
        return self.skips[_level(stride)]

    def alphas(self, stride: int, feature: Tensor) -> dict[int, Tensor]:
        """Alpha by its stride, in [0, 1], from the decoder's feature there; nothing where no head stands."""
        head = str(stride)
        return {stride: to_alpha(self.heads[head](feature))} if head in self.heads else {}


class SamplingPropagationAttention(nn.Module):
    """SPA and what joins it: LSPA at stride 4, GPA at stride 8, the 2D CFC, two convolutions for the decoder."""

    def __init__(self, config: SPAMattNetConfig) -> None:
        super().__init__()
        low, high, spectral = config.encoder_widths[1], config.encoder_widths[2], config.spectral
        self.local = (
            LocalSamplingPropagationAttention(
                low,
                config.window,
                config.heads,
                cross_fusion=config.cfc,
                spectral=spectral,
                ratio=config.ratio,
            )
            if config.lspa
            else None
        )
        self.to_eighth = conv(low, high, stride=2, spectral=spectral, bias=True) if config.lspa else None
        self.propagate = GlobalPropagationAttention(high, config.reduction, spectral=spectral) if config.gpa else None
        self.fuse = CrossFusion2d(high, spectral=spectral) if config.lspa and config.cfc else None
        self.output = nn.Sequential(
            *conv_bn_relu(high, high, spectral=spectral), *conv_bn_relu(high, high, spectral=spectral)
        )

    def forward(
        self,
        image: tuple[Tensor, Tensor],
        alpha: tuple[Tensor, Tensor],
        regions: Tensor,
        windows: Tensor | None = None,
        pixels: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Reconstruct alpha features by image similarity.

        Args:
            image: I_w (stride 4) and I (stride 8).
            alpha: A_w (stride 4) and A (stride 8).
            regions: one-hot trimap (B, 3, H, W) at full size.
            windows: those that LSPA works in, as its `forward` takes them.
            pixels: those at stride 8 that GPA works in, as its `forward` takes them.

        Returns:
            The decoder's feature at stride 8, and GPA's output, from which the encoder goes on.
        """
        local, propagated = self.branches(image, alpha, regions, windows, pixels)
        fused = propagated
        if local is not None:
            local = self.to_eighth(local)
            fused = self.fuse(local, propagated) if self.fuse is not None else local + propagated
        return self.output(fused), propagated

    def branches(
        self,
        image: tuple[Tensor, Tensor],
        alpha: tuple[Tensor, Tensor],
        regions: Tensor,
        windows: Tensor | None = None,
        pixels: Tensor | None = None,
    ) -> tuple[Tensor | None, Tensor]:
        """Return LSPA's feature at stride 4, None without LSPA, and GPA's at stride 8; arguments as in `forward`."""
        propagated = alpha[1]
        if self.propagate is not None:
            unknown = downsample_nearest(regions[:, 1:2], 8) > 0.5
            propagated = self.propagate(image[1], alpha[1], unknown, pixels)
        local = None
        if self.local is not None:
            local = self.local(image[0], alpha[0], downsample_nearest(regions, 4), windows)
        return local, propagated


def _level(stride: int) -> int:
    """How often a stride of 1, 2, 4, ... was doubled."""
    return stride.bit_length() - 1


def _encoder(config: SPAMattNetConfig) -> nn.Module:
    if config.encoder == "efficientnet-lite0":
        return efficientnet.EfficientNetLite0(inputs=6)
    return ResNetEncoder(6, config.encoder_widths, config.encoder_blocks, spectral=config.spectral)
