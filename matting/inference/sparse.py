"""SPAMattNet where alpha is asked for: all that is kept is the unknown region, so the fine layers work there alone.

The encoder and strides 8 to 32 see the whole photo, the encoder's fine strides in bands that fit the caches. LSPA,
the decoder at strides 4, 2 and 1 and the Refinement Module work in tiles near what is asked for (`inference.tiles`).
GPA gathers from the whole photo, for every pixel near it and for one of sixteen elsewhere. There alpha is that of the
network's `forward` within 2/255. It is not exactly it, since the Refinement Module sees the coarse alpha as far as
`REACH`, and the known one beyond, and the deeper strides see what GPA gathers for each pixel as far as `GLOBAL`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from matting.inference.tiles import CELL, TILE, Stage, Tiles, bands, cells_of, chosen_tiles, run_in_tiles, touched
from matting.networks.decoder import merge_heads
from matting.networks.layers import normalise, one_hot_trimap
from matting.networks.refinement import RefinementModule
from matting.networks.spamattnet import SPAMattNet

REACH = 56
"""Pixels around what is asked for in which the Refinement Module sees the network's own coarse alpha."""

CONTEXT = 80
"""Pixels around it that the Refinement Module looks at."""

MERGED = 32
"""Pixels around it that count where SPAMattNet*'s heads are merged: the reach of `merge_heads` and its upsampling."""

LOCAL = 24
"""Pixels around the decoder's tiles at stride 4 in which LSPA works."""

GLOBAL = 192
"""Pixels around what is asked for in which every pixel of GPA gathers for itself; beyond, one for its neighbours."""

EVERYWHERE = 0.8
"""Where tiles cover more than this share of the photo, bands over all of it cost less."""

BANDS = {1: 256, 2: 128, 4: 64, 8: 512}
"""Height of bands in pixels, by the stride of what is made in them."""


@torch.inference_mode()
def estimate(network: SPAMattNet, image: Tensor, trimap: Tensor, asked: Tensor) -> Tensor:
    """Estimate alpha where it is asked for.

    Args:
        network: in evaluation mode.
        image: (1, 3, H, W) in [0, 1], sides multiples of `config.multiple`.
        trimap: (1, 1, H, W) in {0, 1/2, 1}.
        asked: booleans (H, W).

    Returns:
        (1, 1, H, W): alpha where it is asked for, not clamped, the trimap elsewhere.
    """
    if not asked.any():
        return trimap
    places = _Places(asked)
    seen = _encode(network, torch.cat([normalise(image), one_hot_trimap(trimap)], dim=1))
    fused, propagated = network.attention(
        (seen.image_quarter, seen.image_eighth),
        (seen.quarter, seen.eighth),
        seen.inputs[:, 3:],
        _windows(network, places, LOCAL + REACH),
        _near(places, GLOBAL, 8),
    )
    feature = network.decode_deep(fused, propagated)
    progressive = network.config.decoder == "progressive"
    alpha = (_decode_progressive if progressive else _decode_plain)(network, feature, seen, places, trimap)
    return torch.where(asked.to(alpha.device), alpha, trimap)


@dataclass(frozen=True)
class _Features:
    """The network's input, normalised image and one-hot trimap, and what encoder and image branch made of it."""

    inputs: Tensor
    half: Tensor
    quarter: Tensor
    eighth: Tensor
    image_quarter: Tensor
    image_eighth: Tensor


class _Places:
    """Tiles near what is asked for; bands over the whole photo where that is less work."""

    def __init__(self, asked: Tensor) -> None:
        self.size = (asked.shape[0], asked.shape[1])
        self.cells = cells_of(asked)

    def near(self, reach: int) -> list[Tiles]:
        """Tiles within `reach` pixels."""
        tiles = chosen_tiles(touched(self.cells, reach))
        return [tiles] if tiles.share <= EVERYWHERE else bands(self.size, BANDS[1])


def _encode(network: SPAMattNet, inputs: Tensor) -> _Features:
    """Run the encoder and the image branch down to stride 8, over the whole photo."""
    size, reach = (inputs.shape[-2], inputs.shape[-1]), network.encoder.reach

    def over_all(stride: int, stage: Stage, margin: int, *feature: tuple[Tensor, int]) -> Tensor:
        return run_in_tiles(stage, feature, bands(size, BANDS[stride]), margin)

    half = over_all(2, network.encoder.stride2, reach[2], (inputs, 1))
    quarter = over_all(4, network.encoder.stride4, reach[4], (half, 2))
    eighth = over_all(8, network.encoder.stride8, reach[8], (quarter, 4))
    image_quarter = over_all(4, network.image_quarter, 4, (inputs[:, :3], 1))
    return _Features(inputs, half, quarter, eighth, image_quarter, network.image_eighth(image_quarter))


def _windows(network: SPAMattNet, places: _Places, reach: int) -> Tensor | None:
    """The windows of LSPA near what is asked for, booleans (S); None for all of them."""
    chosen = _near(places, reach, 4 * network.config.window)
    return None if chosen is None else chosen.flatten()


def _near(places: _Places, reach: int, stride: int) -> Tensor | None:
    """What lies in the tiles within `reach` pixels, booleans (H / stride, W / stride); None where all is."""
    chosen = touched(places.cells, reach)
    if chosen.float().mean() > EVERYWHERE:
        return None
    side = TILE // stride
    return chosen.repeat_interleave(side, dim=0).repeat_interleave(side, dim=1)


def _decode_plain(network: SPAMattNet, feature: Tensor, seen: _Features, places: _Places, trimap: Tensor) -> Tensor:
    """The one alpha at full resolution, refined."""
    reach = REACH if network.refine else 0
    quarter = _decode(network, 4, feature, seen.quarter, places.near(reach + 8))
    half = _decode(network, 2, quarter, seen.half, places.near(reach + 4))
    coarse = _full(network, half, seen, places.near(reach), trimap.clone())
    return _refine(network.refine, seen.inputs[:, :3], coarse, places) if network.refine else coarse


def _decode_progressive(
    network: SPAMattNet, feature: Tensor, seen: _Features, places: _Places, trimap: Tensor
) -> Tensor:
    """SPAMattNet*'s three alphas, merged."""
    coarse = network.alphas(8, feature)[8]
    quarter = _decode(network, 4, feature, seen.quarter, places.near(MERGED))
    finer = run_in_tiles(lambda part: network.alphas(4, part)[4], [(quarter, 4)], places.near(CELL), 8)
    half = _decode(network, 2, quarter, seen.half, places.near(4))
    full = _full(network, half, seen, places.near(0), trimap.clone())

    def merge(coarse: Tensor, finer: Tensor, full: Tensor) -> Tensor:
        return merge_heads({8: coarse, 4: finer, 1: full})

    return run_in_tiles(merge, [(coarse, 8), (finer, 4), (full, 1)], places.near(0), MERGED)


def _decode(network: SPAMattNet, stride: int, coarser: Tensor, skipped: Tensor, tiles: list[Tiles]) -> Tensor:
    """The decoder's feature at stride 4 or 2, a residual block at a time: each looks no farther than two pixels."""
    *blocks, last = network.upsampling(stride)
    feature = (coarser, 2 * stride)
    for block in blocks:
        feature = (run_in_tiles(block, [feature], tiles, 2 * stride), stride)

    def join(feature: Tensor, skipped: Tensor) -> Tensor:
        return last(feature) + network.skip(stride)(skipped)

    return run_in_tiles(join, [feature, (skipped, stride)], tiles, 2 * stride)


def _full(network: SPAMattNet, half: Tensor, seen: _Features, tiles: list[Tiles], out: Tensor) -> Tensor:
    """Alpha at full resolution, before it is refined, written into `out`."""

    def stage(half: Tensor, inputs: Tensor) -> Tensor:
        return network.alphas(1, network.decode(1, half, inputs))[1]

    return run_in_tiles(stage, [(half, 2), (seen.inputs, 1)], tiles, 4, out)


def _refine(module: RefinementModule, image: Tensor, coarse: Tensor, places: _Places) -> Tensor:
    """Refine the coarse alpha: its coarser levels over the whole photo, the finest where it is asked for."""

    def enter(image: Tensor, coarse: Tensor) -> Tensor:
        return F.max_pool2d(module.enter(image, coarse), 2)

    def leave(image: Tensor, coarse: Tensor, context: Tensor) -> Tensor:
        return module.leave(coarse, module.enter(image, coarse), context)

    context = module.context(run_in_tiles(enter, [(image, 1), (coarse, 1)], places.near(CONTEXT), 2))
    return run_in_tiles(leave, [(image, 1), (coarse, 1), (context, 2)], places.near(0), 4)
