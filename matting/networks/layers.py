"""Small parts that every network shares: input statistics, convolutions, spectral norm, folding."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

LayerT = TypeVar("LayerT", bound=nn.Module)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def normalise(image: Tensor) -> Tensor:
    """Bring an image (B, 3, H, W) in [0, 1] to ImageNet's zero mean and unit variance."""
    mean = image.new_tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = image.new_tensor(IMAGENET_STD).view(1, 3, 1, 1)
    return (image - mean) / std


def one_hot_trimap(trimap: Tensor) -> Tensor:
    """Encode a trimap (B, 1, H, W) in {0, 1/2, 1} as (B, 3, H, W): background, unknown, foreground."""
    background, foreground = trimap < 0.25, trimap > 0.75
    return torch.cat([background, ~(background | foreground), foreground], dim=1).to(trimap.dtype)


def downsample_nearest(mask: Tensor, stride: int) -> Tensor:
    """Keep the top-left pixel of every stride x stride cell of a mask (B, C, H, W)."""
    return mask[..., ::stride, ::stride]


def maybe_spectral_norm(layer: LayerT, enabled: bool) -> LayerT:
    """Constrain a layer's largest singular value to one (Miyato et al. 2018) where the configuration says so."""
    return spectral_norm(layer) if enabled else layer


def conv(
    inputs: int,
    outputs: int,
    kernel: int = 3,
    *,
    stride: int = 1,
    spectral: bool = False,
    bias: bool = False,
    reflect: bool = False,
) -> nn.Conv2d:
    """Build a same-size convolution, Xavier-initialised, spectral-normalised where asked."""
    layer = nn.Conv2d(
        inputs,
        outputs,
        kernel,
        stride,
        kernel // 2,
        bias=bias,
        padding_mode="reflect" if reflect else "zeros",
    )
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return maybe_spectral_norm(layer, spectral)


def conv_bn_relu(
    inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, spectral: bool = False
) -> nn.Sequential:
    """Build convolution, batch norm, ReLU, in this order."""
    return nn.Sequential(
        conv(inputs, outputs, kernel, stride=stride, spectral=spectral),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def conv_relu_bn(
    inputs: int, outputs: int, *, stride: int = 1, spectral: bool = False, reflect: bool = False
) -> nn.Sequential:
    """Build convolution, ReLU, batch norm: the order of the skip connections and of the image branch."""
    return nn.Sequential(
        conv(inputs, outputs, stride=stride, spectral=spectral, reflect=reflect),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(outputs),
    )


def fold(network: nn.Module) -> nn.Module:
    """Return an inference copy: spectral norm baked in, every BN that directly follows a convolution folded into it.

    A BN that follows anything else stays, which in eval mode is an affine map. The copy is in eval mode and
    gives the same output up to rounding (1e-4 in float32).
    """
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if is_parametrized(module, "weight"):
            _give_own_class(module)
            remove_parametrizations(module, "weight", leave_parametrized=True)
    for module in folded.modules():
        _fold_children(module)
    return folded.requires_grad_(False)


def _give_own_class(module: nn.Module) -> None:
    """Part a deep copy's class from the original's: removing a parametrization deletes an attribute of the class."""
    shared = type(module)
    attributes = {name: value for name, value in vars(shared).items() if name not in ("__dict__", "__weakref__")}
    module.__class__ = type(shared.__name__, shared.__bases__, attributes)


def _fold_children(module: nn.Module) -> None:
    """Merge neighbours (convolution, batch norm) among a module's children, which run in the order they stand in."""
    children = list(module.named_children())
    for (name, layer), (norm_name, norm) in zip(children, children[1:], strict=False):
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
            transposed = isinstance(layer, nn.ConvTranspose2d)
            setattr(module, name, fuse_conv_bn_eval(layer, norm, transpose=transposed))
            setattr(module, norm_name, nn.Identity())
