"""What the tests of the networks share: small configurations, awkward trimaps, settled batch norms, a memory meter."""

import weakref
from dataclasses import replace

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from matting import MattingPipeline
from matting.networks import spamattnet, tgn

TINY = {
    "encoder_widths": (8, 12, 16, 20, 24),
    "decoder_widths": (4, 8, 12, 16, 20),
    "image_width": 6,
    "refinement_width": 4,
}
"""Widths at which the paper's structure costs little."""

PAPER = replace(spamattnet.CONFIGS["paper"], **TINY)
SPAMATTNETS = {
    "paper": PAPER,
    "paper_star": replace(spamattnet.CONFIGS["paper_star"], **TINY | {"refinement_width": 0}),
    "small": spamattnet.CONFIGS["small"],
    "ratio per image": replace(PAPER, ratio="image"),
    "without GPA": replace(PAPER, gpa=False),
    "without LSPA": replace(PAPER, lspa=False),
    "without CFC": replace(PAPER, cfc=False),
    "without RM": replace(PAPER, refinement_width=0),
    "without SPA": replace(PAPER, gpa=False, lspa=False),
    "without SN": replace(PAPER, spectral=False),
}
NARROWEST = spamattnet.SPAMattNetConfig(
    encoder_widths=(4, 8, 8, 8, 8),
    encoder_blocks=(1, 1, 1, 1),
    decoder_widths=(4, 4, 8, 8, 8),
    decoder_blocks=(1, 1, 1, 1),
    image_width=4,
    window=4,
    refinement_width=4,
)
"""The paper's structure, spectral norm included, a few channels wide and one block deep."""
NARROWEST_TGN = tgn.TGNConfig(encoder="efficientnet-lite0", aspp_width=8, detail_width=4)
TGNS = {
    "paper": replace(tgn.CONFIGS["paper"], aspp_width=16, detail_width=8),
    "small": tgn.CONFIGS["small"],
}


def narrowest_pipeline():
    """Both of the narrowest networks, initialised by PyTorch's generator as it stands, on the CPU."""
    return MattingPipeline(tgn.TGN(NARROWEST_TGN), spamattnet.SPAMattNet(NARROWEST), device="cpu")


def awkward_trimaps(height, width):
    """Trimaps (7, 1, height, width) in {0, 1/2, 1}: one region alone, one pixel of another, and all mixed."""
    all_unknown = torch.full((height, width), 0.5)
    foreground, background = torch.ones(height, width), torch.zeros(height, width)
    one_known, one_unknown, one_hole = all_unknown.clone(), background.clone(), foreground.clone()
    one_known[0, 0], one_unknown[0, 0], one_hole[0, 0] = 1, 0.5, 0.5
    mixed = torch.randint(0, 3, (height, width)) / 2
    return torch.stack([all_unknown, foreground, background, one_known, one_unknown, one_hole, mixed])[:, None]


def patchy_trimap(batch, height, width, patch=8):
    """A random trimap (batch, 1, height, width) of square patches."""
    coarse = torch.randint(0, 3, (batch, 1, height // patch, width // patch)) / 2
    return coarse.repeat_interleave(patch, 2).repeat_interleave(patch, 3)


def photos(batch, height, width):
    """Images (batch, 3, height, width) in [0, 1]: each has a colour of its own, some blotches and grain."""
    colour, grain = torch.rand(batch, 3, 1, 1), torch.rand(batch, 3, height, width)
    blotches = nn.functional.interpolate(torch.rand(batch, 3, 4, 4), (height, width), mode="bilinear")
    return (2 * colour + blotches + grain) / 4


def norms(network):
    """Every batch norm."""
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def randomise_norms(network):
    """Give every batch norm a gain and a shift of its own, also those that start at zero."""
    for norm in norms(network):
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
    return network


@torch.no_grad()
def settled(network, *inputs):
    """Randomise the batch norms, let them see the inputs' own statistics, and return the network in eval mode."""
    randomise_norms(network).train()
    for norm in norms(network):
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all that was seen
    for _ in range(2):
        network(*inputs)
    return network.eval()


class MemoryMeter(TorchDispatchMode):
    """Counts the bytes of the tensors that operations make while it is on; what went in does not count.

    Attributes:
        peak: bytes held at once at most.
        largest: bytes of the largest single tensor.
        operations: names of the operations that ran.
    """

    def __init__(self):
        super().__init__()
        self.held = self.peak = self.largest = 0
        self.operations = set()
        self.known = set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        self.operations.add(str(function))
        for storage in _storages((arguments, keywords)):
            self._count(storage, 0)
        result = function(*arguments, **(keywords or {}))
        for storage in _storages(result):
            self._count(storage, storage.nbytes())
        return result

    def _count(self, storage, size):
        if storage._cdata in self.known:
            return
        self.known.add(storage._cdata)
        self.held += size
        self.peak, self.largest = max(self.peak, self.held), max(self.largest, size)
        weakref.finalize(storage, self._release, storage._cdata, size)

    def _release(self, identity, size):
        self.known.discard(identity)
        self.held -= size


def _storages(tree):
    return [leaf.untyped_storage() for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def multiply_adds(network, *inputs):
    """Multiply-adds of one forward, the two matrix products of fused attention included."""
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu  # PyTorch's counter has no formula for it

    def flops(query, key, value, *rest, out_shape=None, **options):
        batch, heads, queries, width = query
        return 2 * batch * heads * queries * key[2] * (width + value[3])

    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping={attention: flops}) as counter:
        network(*inputs)
    return counter.get_total_flops() / 2


def cancelled_by_the_next_norm(name):
    """Whether a parameter is the shift of a linear bottleneck (MobileNetV2's).

    Nothing but 1x1 convolutions follows it before the next batch norms, and in training their batch's mean takes a
    constant away: the gradient is zero by the architecture, until the statistics are frozen.
    """
    return "_blocks." in name and name.endswith("._bn2.bias")


def fit(network, loss, steps, rate=5e-3):
    """Minimise loss() by Adam, and leave the network in training, where it sees its batch's own statistics."""
    optimizer = torch.optim.Adam(network.train().parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
