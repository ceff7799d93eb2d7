"""What is trained: one stage per network, from its data to its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from matting.coarse import SegmenterUnavailable
from matting.coarse.u2net import load_u2net
from matting.data.composites.compose import CompositeData, SPAMattNetSamples, U2NetSamples
from matting.data.composites.object_scenes import tgn_samples
from matting.data.photos.with_mattes import PhotoData, SPAMattNetPhotos, TGNPhotos, U2NetPhotos
from matting.networks import deeplab, spamattnet, tgn
from matting.networks.backbones import efficientnet, u2net
from matting.networks.weights import load_network_weights
from matting.training import validation
from matting.training.batches import Batch
from matting.training.losses import laplacian_loss, matting_loss, star_loss, trimap_loss
from matting.training.schedules import Schedule

Loss = Callable[[nn.Module, Batch], Tensor]


@dataclass(frozen=True)
class Stage:
    """One network's training.

    Attributes:
        configs: the network's named configurations.
        build: makes an untrained network of a configuration.
        composites: makes the data set of composites that a schedule asks for.
        photographs: makes the data set of photographs with mattes, of a length.
        loss: the loss of a batch, by the network's configuration and a schedule.
        judge: looks at a network's answer for one example, see `validation`.
        score: the name of what `judge` counts.
        guidance: what files may guide the network in photographs: "coarse_masks", "trimaps", or "" for nothing.
        fill: fills a network from a file of weights.
        least: samples, 1 or 2, that its batch norms need in each pass of a process.
    """

    configs: dict[str, object]
    build: Callable[[object], nn.Module]
    composites: Callable[[CompositeData, Schedule], Dataset[Batch]]
    photographs: Callable[[PhotoData, int], Dataset[Batch]]
    loss: Callable[[object, Schedule], Loss]
    judge: validation.Judge
    score: str
    guidance: str
    fill: Callable[[nn.Module, Path], None] = load_network_weights
    least: int = 1

    def samples(self, data: CompositeData | PhotoData, schedule: Schedule, count: int | None = None) -> Dataset[Batch]:
        """Make the samples of a whole run by a schedule, or only the first `count`."""
        if isinstance(data, PhotoData):
            return self.photographs(data, count or schedule.steps * schedule.batch)
        return self.composites(data, replace(schedule, steps=1, batch=count) if count else schedule)


def spamattnet_loss(config: spamattnet.SPAMattNetConfig, schedule: Schedule) -> Loss:
    """The loss of SPAMattNet, or of SPAMattNet* where the decoder is the progressive one."""

    def plain(network: nn.Module, batch: Batch) -> Tensor:
        """Eq. 10 over the unknown region, the Laplacian loss of both estimates, Eq. 10 over the whole image."""
        estimate, alpha, region = _estimate(network, batch)
        terms = []
        if schedule.laplacian:
            details = sum(laplacian_loss(a.float(), alpha, region) for a in (estimate.heads[1], estimate.alpha))
            terms.append(schedule.laplacian * details)
        if schedule.whole:
            terms.append(schedule.whole * matting_loss(estimate, alpha, torch.ones_like(region), schedule.hard))
        return sum(terms, matting_loss(estimate, alpha, region, schedule.hard))

    def star(network: nn.Module, batch: Batch) -> Tensor:
        estimate, alpha, region = _estimate(network, batch)
        return star_loss(estimate, alpha, region, batch["foreground"], batch["background"])

    return star if config.decoder == "progressive" else plain


def tgn_loss(config: tgn.TGNConfig, schedule: Schedule) -> Loss:
    """Cross-entropy over the three regions, whatever the configuration and the schedule."""

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        return trimap_loss(network(image, batch["coarse_mask"]), batch["classes"])

    return loss


def saliency_loss(config: u2net.U2NetConfig, schedule: Schedule) -> Loss:
    """U2Net's mean squared errors of its seven outputs, whatever the configuration and the schedule."""

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        return u2net.u2net_loss([output.float() for output in network(image)], batch["alpha"])

    return loss


def with_imagenet(network: nn.Module) -> nn.Module:
    """Start an EfficientNet-Lite0 encoder from its published ImageNet weights."""
    if isinstance(getattr(network, "encoder", None), efficientnet.EfficientNetLite0):
        network.encoder.load_imagenet(efficientnet.published_weights())
    return network


def fill_u2net(network: u2net.U2Net, path: Path) -> None:
    """Fill U2Net from an official checkpoint or from what a run wrote: .pth, .safetensors, or a folder of one.

    Raises:
        ValueError: where it is missing, or holds something else than this network.
    """
    if not path.exists():
        raise ValueError(f"{path} is missing; name a file of U2Net's weights.")
    name = next(name for name, config in u2net.CONFIGS.items() if config == network.config)
    try:
        network.load_state_dict(load_u2net(name, source=path).network.state_dict())
    except SegmenterUnavailable as error:
        raise ValueError(str(error)) from error


def _estimate(network: nn.Module, batch: Batch) -> tuple[spamattnet.AlphaEstimate, Tensor, Tensor]:
    """Run SPAMattNet; returns its estimate, the true alpha and the unknown region."""
    image = batch["image"].contiguous(memory_format=torch.channels_last)
    return network(image, batch["trimap"]), batch["alpha"], (batch["trimap"] == 0.5).float()


TGN_STAGE = Stage(
    tgn.CONFIGS,
    tgn.TGN,
    lambda data, schedule: tgn_samples(data, schedule.steps * schedule.batch, schedule.kernel),
    TGNPhotos,
    tgn_loss,
    validation.judge_trimap,
    "miou",
    "coarse_masks",
    least=2,  # the ASPP's last branch sees the whole image as one pixel
)
STAGES = {
    "spamattnet": Stage(
        spamattnet.CONFIGS,
        spamattnet.SPAMattNet,
        lambda data, schedule: SPAMattNetSamples(data, schedule.steps * schedule.batch),
        SPAMattNetPhotos,
        spamattnet_loss,
        validation.judge_alpha,
        "sad",
        "trimaps",
    ),
    "tgn": TGN_STAGE,
    "u2net": Stage(
        u2net.CONFIGS,
        u2net.U2Net,
        lambda data, schedule: U2NetSamples(data, schedule.steps * schedule.batch),
        U2NetPhotos,
        saliency_loss,
        validation.judge_saliency,
        "mae",
        "",
        fill_u2net,
    ),
    # Table I's baselines: the same data, loss and scores.
    "deeplabv2": replace(TGN_STAGE, configs=deeplab.V2_CONFIGS, build=deeplab.DeepLabV2, least=1),
    "deeplabv3": replace(TGN_STAGE, configs=deeplab.V3_CONFIGS, build=deeplab.DeepLabV3),
}
