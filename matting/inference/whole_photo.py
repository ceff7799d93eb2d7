"""The networks on whole photos: padding, sizes, devices. NumPy in, NumPy out."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from matting.inference import sparse
from matting.inference.progress import make_watchable
from matting.networks.layers import fold
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tensors import crop_to, pad_to_multiple, to_tensor
from matting.networks.tgn import TGN
from matting.trimaps.algebra import FOREGROUND

TRIMAP_SIDE = 1024
"""TGN looks at photos with at most this many pixels on their longer side: it was trained on views of 448 to 760."""

ALPHA_PIXELS = 12_000_000
"""SPAMattNet looks at photos of at most this many pixels (4K and 12-megapixel phones whole); larger ones are shrunk."""

ENLARGEMENTS = (2.0, 1.5)
"""By how much a small photo is enlarged for SPAMattNet: by the first that `config.enlarged` allows."""


def default_device() -> torch.device:
    """Choose CUDA, then MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def fast_dtype(device: torch.device) -> torch.dtype:
    """Choose bfloat16 where a CPU or a CUDA device multiplies it in hardware, else float32."""
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= (8, 0)
    else:
        tell = getattr(torch.cpu, "get_capabilities", dict)  # PyTorch before 2.10 does not say
        fast = device.type == "cpu" and any(tell().get(name, False) for name in ("avx512_bf16", "amx_bf16"))
    return torch.bfloat16 if fast else torch.float32


def prepare(network: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """Fold a network for inference and move the copy, which can be watched, to its device."""
    return make_watchable(fold(network)).to(device=device, dtype=dtype, memory_format=torch.channels_last)


@torch.inference_mode()
def estimate_trimap(network: TGN, image: np.ndarray, coarse_mask: np.ndarray) -> np.ndarray:
    """Run TGN: region probabilities float32 (H, W, 3) from uint8 (H, W, 3) and a mask float32 (H, W) in [0, 1]."""
    size = image.shape[:2]
    scale = min(1.0, TRIMAP_SIDE / max(size))
    photo, mask = _scale(image, scale), _scale(coarse_mask, scale)
    inputs = (to_tensor(photo), torch.from_numpy(np.ascontiguousarray(mask, np.float32))[None, None])
    padded = [_place(pad_to_multiple(tensor, network.config.multiple), network) for tensor in inputs]
    stripes = [logits.float().softmax(dim=1).cpu() for logits in network.logit_stripes(network.features(*padded))]
    probabilities = crop_to(torch.cat(stripes, dim=2), photo.shape[:2])[0].permute(1, 2, 0).numpy()
    return _at_photo_size(np.ascontiguousarray(probabilities), size)


@torch.inference_mode()
def estimate_alpha(
    network: SPAMattNet,
    image: np.ndarray,
    trimap: np.ndarray,
    scale: float | None = None,
    asked: np.ndarray | None = None,
) -> np.ndarray:
    """Run SPAMattNet: alpha float32 (H, W) in [0, 1] from uint8 (H, W, 3) and a trimap uint8 in {0, 128, 255}.

    Args:
        network: folded for inference or in evaluation mode.
        image: the photo.
        trimap: its trimap.
        scale: as in `spamattnet_inputs`.
        asked: booleans (H, W) where alpha is asked for, all that is unknown among it; the rest is the trimap's, and
            costs little (`inference.sparse`). By default everywhere: known regions are the network's own guess then,
            and `fusion` writes the trimap over them.
    """
    inputs, shown = spamattnet_inputs(network, image, trimap, scale)
    if asked is None:
        alpha = network(*inputs).alpha
    else:
        alpha = sparse.estimate(network, *inputs, _asked_of_inputs(asked, shown, inputs[0].shape[-2:]))
    alpha = crop_to(alpha.float().clamp(0, 1).cpu(), shown)[0, 0].numpy()
    alpha = _at_photo_size(np.ascontiguousarray(alpha), image.shape[:2])
    return alpha if asked is None else np.where(asked, alpha, np.float32(trimap == FOREGROUND))


def average_over_flip(matte: Callable[..., np.ndarray], image: np.ndarray, *guidance: np.ndarray) -> np.ndarray:
    """Average a matte over a photo and its mirror image (test-time augmentation by a horizontal flip).

    Args:
        matte: gives alpha, float32 (H, W), from a photo and its guidance.
        image: the photo, uint8 (H, W, 3).
        guidance: what else it is given, each (H, W) or (H, W, C).

    Returns:
        alpha, float32 (H, W): half from the photo as it is, half from its mirror image, mirrored back.
    """
    mirrored = matte(*(np.ascontiguousarray(plane[:, ::-1]) for plane in (image, *guidance)))
    return (matte(image, *guidance) + mirrored[:, ::-1]) / 2


def working_scale(network: SPAMattNet, size: tuple[int, ...]) -> float:
    """Scale at which SPAMattNet looks at a photo of size (height, width).

    Above `ALPHA_PIXELS` a photo is shrunk to them. One so small that it has no more than `config.enlarged` pixels at
    one of `ENLARGEMENTS` is enlarged by the first such: hair of a pixel's width is too fine for the few channels that
    a small network has at full resolution.
    """
    pixels = size[0] * size[1]
    if pixels > ALPHA_PIXELS:
        return math.sqrt(ALPHA_PIXELS / pixels)
    return next((scale for scale in ENLARGEMENTS if scale**2 * pixels <= network.config.enlarged), 1.0)


def spamattnet_inputs(
    network: SPAMattNet, image: np.ndarray, trimap: np.ndarray, scale: float | None = None
) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
    """Prepare uint8 (H, W, 3) and a trimap for SPAMattNet: at its working scale, padded, on its device.

    Args:
        network: for which.
        image: the photo, uint8 (H, W, 3).
        trimap: uint8 (H, W) in {0, 128, 255}.
        scale: at which to look; None is `working_scale` of this photo. A crop is looked at as its photo is.

    Returns:
        image and trimap as `forward` takes them, and the (height, width) that the photo has in them.
    """
    photo = _scale(image, working_scale(network, image.shape[:2]) if scale is None else scale)
    regions = cv2.resize(trimap, photo.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    values = torch.from_numpy(np.array([0.0, 0.5, 1.0], np.float32)[(regions.astype(np.int64) + 1) // 128])
    inputs = (to_tensor(photo), values[None, None])
    padded = [_place(pad_to_multiple(tensor, network.config.multiple), network) for tensor in inputs]
    return (padded[0], padded[1]), photo.shape[:2]


def _asked_of_inputs(asked: np.ndarray, shown: tuple[int, int], size: torch.Size) -> Tensor:
    """Pixels of a network's input, booleans of its size, that alpha is made of where it is asked for in the photo."""
    smaller = shown[0] < asked.shape[0]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    met = cv2.resize(asked.astype(np.float32), shown[::-1], interpolation=method) > 0
    if smaller:  # alpha grows back by lines between neighbours
        met = cv2.dilate(met.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    whole = torch.zeros(size, dtype=torch.bool)
    whole[: shown[0], : shown[1]] = torch.from_numpy(met)
    return whole


def _place(tensor: Tensor, network: nn.Module) -> Tensor:
    weight = next(network.parameters())
    return tensor.to(device=weight.device, dtype=weight.dtype, memory_format=torch.channels_last)


def _scale(plane: np.ndarray, scale: float) -> np.ndarray:
    if scale == 1:
        return plane
    size = [max(2, round(side * scale)) for side in plane.shape[1::-1]]
    return cv2.resize(plane, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _at_photo_size(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring what a network made back to the photo's size: means where it looked at more pixels, lines where at less."""
    if plane.shape[:2] == size:
        return plane
    larger = plane.shape[0] > size[0]
    return cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA if larger else cv2.INTER_LINEAR)
