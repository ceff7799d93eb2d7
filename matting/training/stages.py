"""What is trained: one stage per network, from its data to its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from matting.data.compose import CompositeData, SPAMattNetSamples, TGNSamples
from matting.networks import deeplab, efficientnet, spamattnet, tgn
from matting.training import validation
from matting.training.batches import Batch
from matting.training.losses import laplacian_loss, matting_loss, star_loss, trimap_loss
from matting.training.photographs import Photograph, SPAMattNetPhotographs, TGNPhotographs
from matting.training.recipes import Recipe

Loss = Callable[[nn.Module, Batch], Tensor]


@dataclass(frozen=True)
class Stage:
    """One network's training.

    Attributes:
        configs: the network's named configurations.
        build: makes an untrained network of a configuration.
        composites: makes the data set of composites that a recipe asks for.
        photographs: makes the data set of photographs with mattes, by a recipe and a seed.
        loss: the loss of a batch, by the network's configuration and a recipe.
        judge: looks at a network's answer for one example, see `validation`.
        score: the name of what `judge` counts.
    """

    configs: dict[str, object]
    build: Callable[[object], nn.Module]
    composites: Callable[[CompositeData, Recipe], Dataset[Batch]]
    photographs: Callable[[Sequence[Photograph], Recipe, int], Dataset[Batch]]
    loss: Callable[[object, Recipe], Loss]
    judge: validation.Judge
    score: str


def spamattnet_loss(config: spamattnet.SPAMattNetConfig, recipe: Recipe) -> Loss:
    """The loss of SPAMattNet, or of SPAMattNet* where the decoder is the progressive one."""

    def plain(network: nn.Module, batch: Batch) -> Tensor:
        """Eq. 10 over the unknown region, the Laplacian loss of both estimates, Eq. 10 over the whole image."""
        estimate, alpha, region = _estimate(network, batch)
        terms = []
        if recipe.laplacian:
            details = sum(laplacian_loss(a.float(), alpha, region) for a in (estimate.heads[1], estimate.alpha))
            terms.append(recipe.laplacian * details)
        if recipe.whole:
            terms.append(recipe.whole * matting_loss(estimate, alpha, torch.ones_like(region), recipe.hard))
        return sum(terms, matting_loss(estimate, alpha, region, recipe.hard))

    def star(network: nn.Module, batch: Batch) -> Tensor:
        estimate, alpha, region = _estimate(network, batch)
        return star_loss(estimate, alpha, region, batch["foreground"], batch["background"])

    return star if config.decoder == "progressive" else plain


def tgn_loss(config: tgn.TGNConfig, recipe: Recipe) -> Loss:
    """Cross-entropy over the three regions, whatever the configuration and the recipe."""

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        return trimap_loss(network(image, batch["coarse_mask"]), batch["classes"])

    return loss


def with_imagenet(network: nn.Module) -> nn.Module:
    """Start an EfficientNet-Lite0 encoder from its published ImageNet weights."""
    if isinstance(network.encoder, efficientnet.EfficientNetLite0):
        network.encoder.load_imagenet(efficientnet.published_weights())
    return network.to(memory_format=torch.channels_last)


def composite_data(pools: list[Path], photos: list[np.ndarray], crop: int, seed: int) -> CompositeData:
    """Collect the foregrounds of several pools; sample numbers refer to this sorted list."""
    from matting.data.pool import read_pool

    return CompositeData([path for pool in pools for path in read_pool(pool)], photos, crop, seed)


def _estimate(network: nn.Module, batch: Batch) -> tuple[spamattnet.AlphaEstimate, Tensor, Tensor]:
    """Run SPAMattNet; returns its estimate, the true alpha and the unknown region."""
    image = batch["image"].contiguous(memory_format=torch.channels_last)
    return network(image, batch["trimap"]), batch["alpha"], (batch["trimap"] == 0.5).float()


TGN_STAGE = Stage(
    tgn.CONFIGS,
    tgn.TGN,
    lambda data, recipe: TGNSamples(data, recipe.steps * recipe.batch, recipe.kernel),
    TGNPhotographs,
    tgn_loss,
    validation.judge_trimap,
    "miou",
)
STAGES = {
    "spamattnet": Stage(
        spamattnet.CONFIGS,
        spamattnet.SPAMattNet,
        lambda data, recipe: SPAMattNetSamples(data, recipe.steps * recipe.batch),
        SPAMattNetPhotographs,
        spamattnet_loss,
        validation.judge_alpha,
        "sad",
    ),
    "tgn": TGN_STAGE,
    # Table I's baselines: the same data, loss and scores.
    "deeplabv2": replace(TGN_STAGE, configs=deeplab.V2_CONFIGS, build=deeplab.DeepLabV2),
    "deeplabv3": replace(TGN_STAGE, configs=deeplab.V3_CONFIGS, build=deeplab.DeepLabV3),
}
