"""The methods whose cost is compared: ours, ViTMatte-S, and PyMatting's; each from a photo and a trimap to alpha."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from matting.inference import around_object, whole_photo
from matting.inference.fusion import hard_fusion
from matting.methods import classical
from matting.networks import weights
from matting.networks.layers import normalise
from matting.networks.spamattnet import CONFIGS, SPAMattNet
from matting.networks.tensors import pad_to_multiple, to_tensor
from matting.trimaps.algebra import UNKNOWN

Method = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes a photo, uint8 (H, W, 3), and a trimap, uint8 (H, W) in {0, 128, 255}; gives alpha, float32 (H, W)."""

OURS = ("small", "paper", "paper_star")
VITMATTE = "vitmatte-s"
CLASSICAL = {"closed-form": classical.closed_form, "knn": classical.knn}
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
NAMES = (*OURS, VITMATTE, *CLASSICAL)

VITMATTE_HEADS = 6


@dataclass(frozen=True)
class Contender:
    """A method in a dtype: one of `NAMES`, and one of `DTYPES` or, for a classical method, "fp64"."""

    name: str
    dtype: str

    def __str__(self) -> str:
        return f"{self.name} {self.dtype}"


def contenders(names: tuple[str, ...], dtypes: tuple[str, ...], device: torch.device) -> list[Contender]:
    """List the methods in every dtype that they have; the classical ones run on a CPU alone.

    Raises:
        ValueError: for an unknown name or dtype.
    """
    for given, known in ((names, NAMES), (dtypes, tuple(DTYPES))):
        if unknown := [name for name in given if name not in known]:
            raise ValueError(f"There is no {unknown[0]} to measure; choose among {', '.join(known)}.")
    networks = [Contender(name, dtype) for name in names if name not in CLASSICAL for dtype in dtypes]
    solvers = [Contender(name, "fp64") for name in names if name in CLASSICAL and device.type == "cpu"]
    return networks + solvers


def build(contender: Contender, device: torch.device) -> Method:
    """Load a method: ours with the bundled weights where they fit, else and for ViTMatte-S with random ones."""
    if contender.name in CLASSICAL:
        return CLASSICAL[contender.name]
    dtype = DTYPES[contender.dtype]
    if contender.name == VITMATTE:
        return _vitmatte_method(random_vitmatte().to(device, dtype), dtype)
    network = whole_photo.prepare(_spamattnet(contender.name), device, dtype)

    def matte(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        return hard_fusion(around_object.estimate_alpha(network, image, trimap, trimap == UNKNOWN), trimap)

    return matte


def needed_bytes(contender: Contender, size: tuple[int, int]) -> int:
    """Guess at the memory that a method cannot do without, where that is more than any machine may have; else 0.

    ViTMatte's global attention, as transformers computes it, holds its matrix of all pairs of tokens three times.
    """
    if contender.name != VITMATTE:
        return 0
    tokens = -(-size[0] // 16) * -(-size[1] // 16)
    return 3 * VITMATTE_HEADS * tokens**2 * DTYPES[contender.dtype].itemsize


def random_vitmatte() -> nn.Module:
    """ViTMatte-S with random weights: time and memory do not depend on them."""
    from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting

    backbone = VitDetConfig(
        hidden_size=384, num_attention_heads=VITMATTE_HEADS, num_channels=4, image_size=512, pretrain_image_size=224,
        patch_size=16, window_size=14, window_block_indices=[0, 1, 3, 4, 6, 7, 9, 10],
        residual_block_indices=[2, 5, 8, 11], use_relative_position_embeddings=True, out_features=["stage12"],
    )  # fmt: skip
    config = VitMatteConfig(
        backbone_config=backbone,
        hidden_size=384,
        convstream_hidden_sizes=[48, 96, 192],
        fusion_hidden_sizes=[256, 128, 64, 32],
    )
    return VitMatteForImageMatting(config).eval()


def _vitmatte_method(network: nn.Module, dtype: torch.dtype) -> Method:
    @torch.inference_mode()
    def matte(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        height, width = trimap.shape
        regions = torch.from_numpy(trimap)[None, None].float() / 255
        pixels = pad_to_multiple(torch.cat([normalise(to_tensor(image)), regions], dim=1), 32)
        place = next(network.parameters()).device
        return network(pixels.to(place, dtype)).alphas[0, 0, :height, :width].float().clamp(0, 1).cpu().numpy()

    return matte


def _spamattnet(name: str) -> SPAMattNet:
    if weights.BUNDLED.is_dir():
        bundled = weights.load_pair(weights.BUNDLED)["spamattnet"]
        if bundled.config == CONFIGS[name]:
            return bundled
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SPAMattNet(CONFIGS[name])
