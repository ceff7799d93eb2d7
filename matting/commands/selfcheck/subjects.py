"""The networks that `selfcheck` runs: bundled ones as they are, others with random weights that use every part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn

from matting.inference import whole_photo
from matting.networks import deeplab, spamattnet, tgn, weights
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

SIZE = (96, 150)  # no multiple of anything: padding is checked too
NARROW = {"encoder_widths": (8, 16, 32, 32, 64), "decoder_widths": (8, 8, 16, 32, 32), "image_width": 8}

Config = tgn.TGNConfig | spamattnet.SPAMattNetConfig | deeplab.DeepLabV2Config | deeplab.DeepLabV3Config
_SMALL = (("TGN small", tgn.CONFIGS["small"]), ("SPAMattNet small", spamattnet.CONFIGS["small"]))
CONFIGS = {
    "quick": (
        *_SMALL,
        ("TGN narrow", tgn.TGNConfig(aspp_width=32, detail_width=12)),
        ("SPAMattNet narrow", spamattnet.SPAMattNetConfig(**NARROW, refinement_width=8)),
        ("SPAMattNet* narrow", spamattnet.SPAMattNetConfig(**NARROW, decoder="progressive", refinement_width=0)),
        ("DeepLabv2 small", deeplab.V2_CONFIGS["small"]),
        ("DeepLabv3 small", deeplab.V3_CONFIGS["small"]),
    ),
    "small": _SMALL,
    "paper": (("TGN", tgn.CONFIGS["paper"]), ("SPAMattNet", spamattnet.CONFIGS["paper"])),
    "paper_star": (("TGN", tgn.CONFIGS["paper_star"]), ("SPAMattNet*", spamattnet.CONFIGS["paper_star"])),
}


@dataclass(frozen=True)
class Subject:
    """A network, and how it is run: on a whole photo, as the pipeline does, with an answer in [0, 1]."""

    name: str
    network: nn.Module
    estimate: Callable[[nn.Module], np.ndarray]


def build_subjects(name: str) -> list[Subject]:
    """Build the networks of one of `CONFIGS`."""
    bundled = list(weights.load_pair(weights.BUNDLED).values()) if weights.BUNDLED.is_dir() else []
    subjects = []
    for label, config in CONFIGS[name]:
        found = [network for network in bundled if network.config == config]
        label = f"{label}, bundled" if found else label
        subjects.append(Subject(label, found[0] if found else _random(config), _estimate_of(config)))
    return subjects


def _random(config: Config) -> nn.Module:
    (build,) = (network for network, kind in weights.NETWORKS.values() if kind is type(config))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = _enliven(build(config))
        if not isinstance(config, spamattnet.SPAMattNetConfig):
            _steady(network)
        return network


@torch.no_grad()
def _enliven(network: nn.Module) -> nn.Module:
    """Make every part matter: statistics other than 0 and 1, and no layer that starts near zero."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, (low, high) in (
                (module.weight, (0.5, 1.5)),
                (module.bias, (-0.2, 0.2)),
                (module.running_mean, (-0.2, 0.2)),
                (module.running_var, (0.5, 1.5)),
            ):
                values.uniform_(low, high)
    for parameter in network.parameters():
        if parameter.dim() > 1 and parameter.std() < 5e-3:
            parameter.normal_(std=0.05)
    return network.eval()


@torch.no_grad()
def _steady(network: nn.Module) -> None:
    """Scale what classifies so that its logits vary by about one: neither flat nor all but certain."""
    met = []
    last = network.classify if isinstance(network, tgn.TGN) else network.head
    hook = last.register_forward_hook(lambda _, __, logits: met.append(logits.std()))
    _estimate_of(network.config)(network)
    hook.remove()
    for layer in (module for module in last.modules() if getattr(module, "out_channels", None) == 3):
        layer.weight.div_(met[0])


def _estimate_of(config: Config) -> Callable[[nn.Module], np.ndarray]:
    image, distance = _scene()
    if not isinstance(config, spamattnet.SPAMattNetConfig):
        mask = (distance < 30).astype(np.float32)
        return lambda network: whole_photo.estimate_trimap(network, image, mask)
    trimap = np.select([distance < 22, distance > 40], [FOREGROUND, BACKGROUND], UNKNOWN).astype(np.uint8)
    # As it is: the tolerances of single pixels are those of a scene that no network sees enlarged.
    return lambda network: whole_photo.estimate_alpha(network, image, trimap, scale=1)


def _scene() -> tuple[np.ndarray, np.ndarray]:
    """A blurry picture, uint8 (H, W, 3), and each pixel's distance from its centre."""
    values = np.random.default_rng(0).integers(0, 256, (12, 19, 3), dtype=np.uint8)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    image = cv2.resize(values, SIZE[::-1], interpolation=cv2.INTER_CUBIC)
    return image, np.hypot(y - SIZE[0] / 2, x - SIZE[1] / 2)
