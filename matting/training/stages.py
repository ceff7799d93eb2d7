"""What is trained: one stage per network, from its data to its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from matting.data.compose import CompositeData, SPAMattNetSamples, TGNSamples
from matting.networks import efficientnet, spamattnet, tgn
from matting.training.loop import Batch
from matting.training.losses import laplacian_loss, matting_loss, trimap_loss


@dataclass(frozen=True)
class Stage:
    """One network's training.

    Attributes:
        configs: the network's named configurations.
        build: makes an untrained network of a configuration.
        samples: makes the data set of a given length.
        loss: loss of a batch.
    """

    configs: dict[str, object]
    build: Callable[[object], nn.Module]
    samples: Callable[[CompositeData, int], Dataset[Batch]]
    loss: Callable[[nn.Module, Batch], Tensor]


def spamattnet_loss(network: nn.Module, batch: Batch, hard_weight: float = 0.5) -> Tensor:
    """Eq. 10 over the unknown region, plus the Laplacian loss of both estimates."""
    estimate = network(batch["image"].contiguous(memory_format=torch.channels_last), batch["trimap"])
    alpha, region = batch["alpha"], (batch["trimap"] == 0.5).float()
    details = sum(laplacian_loss(a.float(), alpha, region) for a in (estimate.heads[1], estimate.alpha))
    return matting_loss(estimate, alpha, region, hard_weight=hard_weight) + 0.5 * details


def tgn_loss(network: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy over the three regions."""
    image = batch["image"].contiguous(memory_format=torch.channels_last)
    return trimap_loss(network(image, batch["coarse_mask"]), batch["classes"])


def with_imagenet(network: nn.Module) -> nn.Module:
    """Start an EfficientNet-Lite0 encoder from its published ImageNet weights."""
    if isinstance(network.encoder, efficientnet.EfficientNetLite0):
        network.encoder.load_imagenet(efficientnet.published_weights())
    return network.to(memory_format=torch.channels_last)


STAGES = {
    "spamattnet": Stage(spamattnet.CONFIGS, spamattnet.SPAMattNet, SPAMattNetSamples, spamattnet_loss),
    "tgn": Stage(tgn.CONFIGS, tgn.TGN, TGNSamples, tgn_loss),
}


def composite_data(pools: list[Path], photos: list[np.ndarray], crop: int, seed: int) -> CompositeData:
    """Collect the foregrounds of several pools; sample numbers refer to this sorted list."""
    from matting.data.pool import read_pool

    return CompositeData([path for pool in pools for path in read_pool(pool)], photos, crop, seed)
