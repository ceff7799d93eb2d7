"""ClickNet: masks from clicks, boxes or nothing, after SAM's division of labour (Kirillov et al., 2023).

The photo is looked at once, by U2NetP, which knows what stands out, and EfficientNet-Lite0, which knows what things
are; both stay as they were published. A small U-Net then answers every further click: it gets maps of the clicks, the
box and its previous answer (Sofiiuk et al., 2022), and how alike every place is to the clicked ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from matting.networks.backbones import u2net
from matting.networks.backbones.efficientnet import WIDTHS, EfficientNetLite0
from matting.networks.layers import normalise

WHOLE, PART, ALL = range(3)
"""The candidates: the object that is meant, the clicked piece of it, and all that stands out with it."""

SALIENT_WIDTH = 64
PROMPT_MAPS = 7
FINE = 16
SURE = 3.354e-4  # log odds of 8

SETTLED = 500
"""After so many answers the batch norms keep their statistics. In training, prompts of all kinds share a batch; in use
each is alone, and a network that went on to rely on its neighbours would answer the first click by half."""


@dataclass(frozen=True)
class ClickNetConfig:
    """Sizes of ClickNet.

    Attributes:
        side: height and width in pixels of the view that is looked at.
        widths: channels of the decoder at strides 4, 8, 16 and 32.
        detail: channels at stride 2.
        groups: groups of channels whose likeness to the clicked ones is told apart.
        disc: radius of a click's disc as a share of the view's side.
    """

    side: int = 384
    widths: tuple[int, int, int, int] = (32, 48, 96, 144)
    detail: int = 16
    groups: int = 4
    disc: float = 0.015

    @property
    def multiple(self) -> int:
        """The side must be a multiple of this many pixels."""
        return 32


CONFIGS = {"small": ClickNetConfig()}


class Seen(NamedTuple):
    """What the published networks saw in a view: U2NetP's logits, its features and EfficientNet's.

    The logits are (B, 1, S/2, S/2); features are those of strides 4, 8, 16 and 32, from the finest.
    """

    logits: Tensor
    salient4: Tensor
    salient8: Tensor
    salient16: Tensor
    salient32: Tensor
    things4: Tensor
    things8: Tensor
    things16: Tensor
    things32: Tensor


class Embedding(NamedTuple):
    """A view ready to be clicked in: features at strides 2 (with U2NetP's logits in front), 4, 8, 16 and 32."""

    detail: Tensor
    level4: Tensor
    level8: Tensor
    level16: Tensor
    level32: Tensor


class Asked(NamedTuple):
    """What is asked of a view, in shares of its width and height.

    Attributes:
        points: (B, N, 3) x, y, and 1 on the object, 0 beside it, -1 for no point.
        box: (B, 4) x0, y0, x1, y1; all of it -1 for no box.
        previous: (B, 1, S/2, S/2) the probabilities answered before; -1 everywhere for none.
    """

    points: Tensor
    box: Tensor
    previous: Tensor


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm and a way past them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs))
        self.past = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, feature: Tensor) -> Tensor:
        """Transform (B, C, H, W) at its size."""
        return F.relu(self.second(F.relu(self.first(feature))) + self.past(feature))


class ClickNet(nn.Module):
    """See a view once (`see`, `embed`), then answer what is asked of it (`answer`)."""

    def __init__(self, config: ClickNetConfig) -> None:
        super().__init__()
        self.config = config
        self.salient = u2net.U2Net(u2net.CONFIGS["u2netp"])
        self.encoder = EfficientNetLite0(3)
        for network in self.published:
            network.requires_grad_(False)
        widths = config.widths
        self.from_salient = nn.ModuleList(nn.Conv2d(SALIENT_WIDTH, width, 1, bias=False) for width in widths)
        self.from_things = nn.ModuleList(
            nn.Conv2d(inputs, width, 1, bias=False) for inputs, width in zip(WIDTHS[1:], widths, strict=True)
        )
        self.joined = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.details = nn.Sequential(
            nn.Conv2d(3, config.detail, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(config.detail),
            nn.ReLU(),
            nn.Conv2d(config.detail, config.detail, 3, padding=1, bias=False),
            nn.BatchNorm2d(config.detail),
            nn.ReLU(),
        )
        alike = 2 * config.groups
        self.asked = nn.Sequential(
            nn.Conv2d(PROMPT_MAPS, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.down = nn.ModuleList(
            [
                Block(2 * widths[0] + 1, widths[0]),
                Block(widths[0] + widths[1] + alike, widths[1]),
                Block(widths[1] + widths[2] + alike, widths[2]),
                Block(widths[2] + widths[3], widths[3]),
            ]
        )
        self.clicked = nn.Linear(2 * widths[2], widths[3])
        self.context = nn.Linear(widths[3], widths[3])
        self.up = nn.ModuleList(Block(widths[n] + widths[n + 1], widths[n]) for n in range(3))
        self.trust = nn.Parameter(torch.tensor([3.0, 1.0, 3.0]))  # without a word, what stands out is the answer
        self.finer = nn.Conv2d(widths[0], 4 * FINE, 1)
        self.fine = nn.Sequential(
            nn.Conv2d(FINE + config.detail + 2, FINE, 3, padding=1, bias=False),
            nn.BatchNorm2d(FINE),
            nn.ReLU(),
            nn.Conv2d(FINE, 3, 3, padding=1),
        )

    @property
    def published(self) -> tuple[nn.Module, nn.Module]:
        """The networks that are used as they were published."""
        return self.salient, self.encoder

    def train(self, mode: bool = True) -> ClickNet:
        """Switch to training or back; what was published keeps its statistics."""
        super().train(mode)
        for network in self.published:
            network.eval()
        return self

    def forward(self, image: Tensor, dialogue: Callable[[Callable[[Asked], Tensor]], Tensor], *seen: Tensor) -> Tensor:
        """Hold a dialogue about views, (B, 3, S, S) in [0, 1]; it gets what answers and returns what is asked for.

        `seen` are the fields of `Seen` where they are known.
        """
        self._settle()
        embedding = self.embed(image, Seen(*seen) if seen else self.see(image))
        return dialogue(lambda asked: self.answer(embedding, asked))

    def _settle(self) -> None:
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d) and part.training and int(part.num_batches_tracked) >= SETTLED:
                part.eval()

    @torch.no_grad()
    def see(self, image: Tensor) -> Seen:
        """Look at views, (B, 3, S, S) in [0, 1]."""
        small = F.interpolate(image, (u2net.SIDE, u2net.SIDE), mode="bilinear", antialias=True, align_corners=False)
        features = self.salient.features(small)  # which normalises
        logits = F.interpolate(
            self.salient.judge(features, small)[0],
            (self.config.side // 2, self.config.side // 2),
            mode="bilinear",
            align_corners=False,
        )
        encoder, things = self.encoder, []
        feature = encoder.stride2(normalise(image))
        for stage in (encoder.stride4, encoder.stride8, encoder.stride16, encoder.stride32):
            feature = stage(feature)
            things.append(feature)
        return Seen(logits, *features[2:], *things)

    def embed(self, image: Tensor, seen: Seen) -> Embedding:
        """Join what was seen with the view's pixels."""
        levels = []
        for salient, things, first, second, norm in zip(
            seen[1:5], seen[5:], self.from_salient, self.from_things, self.joined, strict=True
        ):
            levels.append(F.relu(norm(first(_resize(salient, things)) + second(things))))
        details = self.details(normalise(image))
        return Embedding(torch.cat([stretched(seen.logits).to(details.dtype), details], dim=1), *levels)

    def answer(self, embedding: Embedding, asked: Asked) -> Tensor:
        """Return the logits of the three candidates, (B, 3, S/2, S/2)."""
        detail, level4, level8, level16, level32 = embedding
        maps = prompt_maps(asked, level4.shape[-2:], self.config.disc)
        saliency = F.avg_pool2d(detail[:, :1], 2)
        groups = self.config.groups
        passed = [self.down[0](torch.cat([level4, self.asked(maps), saliency], dim=1))]
        for level, block in ((level8, self.down[1]), (level16, self.down[2])):
            halved = F.max_pool2d(passed[-1], 2)
            passed.append(block(torch.cat([halved, level, likeness(level, asked.points, groups)], dim=1)))
        lowest = self.down[3](torch.cat([F.max_pool2d(passed[-1], 2), level32], dim=1))
        told = self.clicked(clicked_features(level16, asked.points)) + self.context(lowest.mean(dim=(2, 3)))
        current = F.relu(lowest + told[..., None, None])
        for block, beside in zip(reversed(self.up), reversed(passed), strict=True):
            current = block(torch.cat([F.interpolate(current, scale_factor=2.0, mode="nearest"), beside], dim=1))
        finer = F.pixel_shuffle(self.finer(current), 2)
        logits = self.fine(torch.cat([finer, detail, asked.previous.to(finer.dtype)], dim=1)).float()
        return logits + self.trust.view(1, 3, 1, 1) * detail[:, :1].float()


def stretched(logits: Tensor) -> Tensor:
    """Stretch saliency over [0, 1] as U2Net's masks are, and return its log odds by 4, within [-2, 2]; (B, 1, h, w).

    What stands out little, beside what stands out less, stands out.
    """
    probability = u2net.stretch(logits.float().sigmoid())
    return probability.clamp(SURE, 1 - SURE).logit() / 4


def mirrored(points: Tensor, box: Tensor) -> tuple[Tensor, Tensor]:
    """Say the same of a view that is flipped from left to right: points (..., 3) and boxes (..., 4) as in `Asked`."""
    points, box = points.clone(), box.clone()
    points[..., 0] = torch.where(points[..., 2] >= 0, 1 - points[..., 0], points[..., 0])
    box[..., [0, 2]] = torch.where(box[..., :1] >= 0, 1 - box[..., [2, 0]], box[..., [0, 2]])
    return points, box


def prompt_maps(asked: Asked, size: tuple[int, int], disc: float) -> Tensor:
    """Draw what is asked on a grid of `size`: (B, 7, h, w).

    Discs around + and - points, nearness to either, the box (1 within, -1 beyond, 0 for none), the previous answer,
    and whether there is one.
    """
    points, box = asked.points.float(), asked.box.float()
    height, width = size
    y = (torch.arange(height, device=points.device) + 0.5) / height
    x = (torch.arange(width, device=points.device) + 0.5) / width
    away = ((x - points[..., 0, None, None]).square() + (y[:, None] - points[..., 1, None, None]).square()).sqrt()
    maps = []
    for label in (1, 0):
        counted = torch.where((points[..., 2] == label)[..., None, None], away, torch.full_like(away, 9.0))
        nearest = counted.amin(dim=1)
        maps += [torch.sigmoid((disc - nearest) * height), torch.exp(-nearest / 0.15)]
    x0, y0, x1, y1 = (side[:, None, None] for side in box.unbind(1))
    inside = ((x > x0) & (x < x1)) & ((y[:, None] > y0) & (y[:, None] < y1))
    boxed = torch.where(x1 < 0, 0.0, 2.0 * inside - 1)
    before = F.adaptive_avg_pool2d(asked.previous.float(), size)[:, 0]
    return torch.stack([*maps, boxed, before.clamp(min=0), (before >= 0).float()], dim=1)


def likeness(feature: Tensor, points: Tensor, groups: int) -> Tensor:
    """How alike every place is to the likest + and - point, cosines of groups of channels: (B, 2 * groups, h, w)."""
    batch, channels, height, width = feature.shape
    place = _at(feature, points).view(batch, -1, groups, channels // groups)
    place = F.normalize(place, dim=3)
    every = F.normalize(feature.view(batch, groups, channels // groups, height, width).float(), dim=2)
    alike = torch.einsum("bngc,bgchw->bnghw", place, every)
    maps = []
    for label in (1, 0):
        counted = torch.where((points[..., 2] == label)[..., None, None, None], alike, torch.full_like(alike, -1.0))
        maps.append(counted.amax(dim=1))
    return torch.cat(maps, dim=1)


def clicked_features(feature: Tensor, points: Tensor) -> Tensor:
    """The mean feature under + points and that under - points, zeros where there are none: (B, 2C)."""
    place, means = _at(feature, points), []
    for label in (1, 0):
        counted = (points[..., 2:] == label).float()
        means.append((place * counted).sum(dim=1) / counted.sum(dim=1).clamp(min=1))
    return torch.cat(means, dim=1)


def _at(feature: Tensor, points: Tensor) -> Tensor:
    """The features under points, (B, N, C), between the grid's by bilinear interpolation."""
    grid = (2 * points[..., :2].float() - 1)[:, :, None]
    found = F.grid_sample(feature.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return found[..., 0].transpose(1, 2)


def _resize(feature: Tensor, like: Tensor) -> Tensor:
    if feature.shape[-2:] == like.shape[-2:]:
        return feature
    return F.interpolate(feature, size=like.shape[-2:], mode="bilinear", align_corners=False)
