"""What a network costs: its parameters, and its multiply-adds on one photo (Table IX)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from matting.networks.spamattnet import SPAMattNet, SPAMattNetConfig


def spamattnet_cost(config: SPAMattNetConfig, side: int = 512) -> tuple[float, float]:
    """Count millions of parameters, and billions of multiply-adds on a photo of `side` x `side` pixels.

    The vectors of spectral norm count as parameters, attention's two matrix products as multiply-adds. Nothing is
    computed: tensors have shapes alone.
    """
    with FakeTensorMode():
        network = SPAMattNet(config).eval()
        inputs = torch.zeros(1, 3, side, side), torch.full((1, 1, side, side), 0.5)
        return parameters(network) / 1e6, multiply_adds(network, *inputs) / 1e9


def parameters(network: nn.Module) -> int:
    """Count the parameters and the vectors of spectral norm."""
    vectors = [vector for name, vector in network.named_buffers() if ".parametrizations." in f".{name}"]
    return sum(tensor.numel() for tensor in [*network.parameters(), *vectors])


def multiply_adds(network: nn.Module, *inputs: Tensor) -> int:
    """Count the multiply-adds of one forward pass."""
    # Fused attention has no formula on every device; spelled out it is two matrix products.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        network(*inputs)
    return counter.get_total_flops() // 2
