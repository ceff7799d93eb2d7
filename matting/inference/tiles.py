"""Parts of a feature map: which tiles a region touches, and how a stage of a network runs in them alone.

A stage made of convolutions answers in a tile exactly as in the whole map where it sees enough around the tile. So it
is given windows, tiles widened by a margin, and what it answers in the margin is thrown away. Windows at the border of
the map are moved inwards instead of filled up: what a convolution pads with at the border, it pads with in them, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

TILE = 64
"""Side of a tile in pixels of the photo as the network sees it: one window of LSPA."""

CELL = 8
"""Regions are widened in steps of so many pixels."""

PIXELS = 16 * TILE**2
"""Tiles of about so many pixels are computed at once: few enough for the processor's caches."""

Stage = Callable[..., Tensor]


@dataclass(frozen=True)
class Tiles:
    """Tiles of a photo, all of one shape, that do not overlap.

    Attributes:
        corners: (top, left) of each, in pixels.
        shape: (height, width) of each, in pixels.
        size: (height, width) of the photo.
    """

    corners: tuple[tuple[int, int], ...]
    shape: tuple[int, int]
    size: tuple[int, int]

    @property
    def share(self) -> float:
        """Share of the photo that they cover."""
        return len(self.corners) * math.prod(self.shape) / math.prod(self.size)


def bands(size: tuple[int, int], height: int) -> list[Tiles]:
    """Cut a photo of `size` into bands over its whole width, `height` pixels high, and what is left below them."""
    rest = size[0] % height
    whole = Tiles(tuple((top, 0) for top in range(0, size[0] - rest, height)), (height, size[1]), size)
    last = Tiles(((size[0] - rest, 0),), (rest, size[1]), size)
    return [tiles for tiles, there in ((whole, size[0] > rest), (last, rest > 0)) if there]


def cells_of(region: Tensor) -> Tensor:
    """Find the cells that a region, booleans (H, W), touches: booleans (H / CELL, W / CELL)."""
    height, width = region.shape
    return region.view(height // CELL, CELL, width // CELL, CELL).any(dim=3).any(dim=1)


def touched(cells: Tensor, reach: int) -> Tensor:
    """Find the tiles within `reach` pixels of a region, counted in whole cells.

    Args:
        cells: the region's, by `cells_of`.
        reach: in pixels.

    Returns:
        Booleans (H / TILE, W / TILE).
    """
    around = -(-reach // CELL)
    near = cells[None, None].float()
    for kernel, padding in (((2 * around + 1, 1), (around, 0)), ((1, 2 * around + 1), (0, around))):
        near = F.max_pool2d(near, kernel, stride=1, padding=padding)
    return F.max_pool2d(near, TILE // CELL)[0, 0] > 0


def chosen_tiles(chosen: Tensor) -> Tiles:
    """List the tiles that are chosen among all, booleans (rows, columns)."""
    corners = tuple((TILE * row, TILE * column) for row, column in chosen.nonzero().tolist())
    return Tiles(corners, (TILE, TILE), (TILE * chosen.shape[0], TILE * chosen.shape[1]))


def run_in_tiles(
    stage: Stage, features: Sequence[tuple[Tensor, int]], tiles: Sequence[Tiles], margin: int, out: Tensor | None = None
) -> Tensor:
    """Run a stage in tiles alone.

    Args:
        stage: takes a part of every feature, (n, C, h, w), and returns (n, C', h', w').
        features: what it takes, (1, C, H / stride, W / stride), each with its stride.
        tiles: where, at least in one; a group of every shape.
        margin: pixels around a tile that the stage has to see: a multiple of every stride in it.
        out: where the answer is written, (1, C', H / stride, W / stride); by default zeros.
    """
    for group in tiles:
        at_once = max(1, PIXELS // math.prod(group.shape))
        for first in range(0, len(group.corners), at_once):
            out = _run(stage, features, group, group.corners[first : first + at_once], margin, out)
    return out


def _run(
    stage: Stage,
    features: Sequence[tuple[Tensor, int]],
    tiles: Tiles,
    corners: Sequence[tuple[int, int]],
    margin: int,
    out: Tensor | None,
) -> Tensor:
    extent = tuple(min(side + 2 * margin, length) for side, length in zip(tiles.shape, tiles.size, strict=True))
    windows = [
        tuple(
            min(max(begin - margin, 0), length - side)
            for begin, side, length in zip(corner, extent, tiles.size, strict=True)
        )
        for corner in corners
    ]
    answer = stage(*(_cut(feature, windows, extent, stride) for feature, stride in features))
    stride = extent[0] // answer.shape[-2]
    if out is None:
        shape = (1, answer.shape[1], tiles.size[0] // stride, tiles.size[1] // stride)
        out = answer.new_zeros(shape).contiguous(memory_format=torch.channels_last)
    for index, (corner, window) in enumerate(zip(corners, windows, strict=True)):
        inside = tuple(begin - origin for begin, origin in zip(corner, window, strict=True))
        out[0][_part(corner, tiles.shape, stride)] = answer[index][_part(inside, tiles.shape, stride)]
    return out


def _cut(feature: Tensor, windows: Sequence[tuple[int, ...]], extent: tuple[int, ...], stride: int) -> Tensor:
    """Cut windows out of (1, C, H / stride, W / stride): (n, C, h, w). One that is all there is, is not copied."""
    if len(windows) == 1:
        return feature[0][_part(windows[0], extent, stride)][None]
    shape = (len(windows), feature.shape[1], extent[0] // stride, extent[1] // stride)
    parts = torch.empty(shape, dtype=feature.dtype, device=feature.device, memory_format=torch.channels_last)
    for index, window in enumerate(windows):
        parts[index] = feature[0][_part(window, extent, stride)]
    return parts


def _part(corner: tuple[int, ...], shape: tuple[int, ...], stride: int) -> tuple[slice, ...]:
    return (
        slice(None),
        *(slice(begin // stride, (begin + side) // stride) for begin, side in zip(corner, shape, strict=True)),
    )
