"""Where SPAMattNet looks (Fig. 11): the attention of a patch of a photo, and the alpha features that come of it.

`matting.explain` is this module's `explain`. Attention is made for the asked queries alone, a few rows at a time; no
whole matrix ever exists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from matting.coarse.prompts import Box, Prompts
from matting.images import Source, read_photo, read_trimap
from matting.inference import whole_photo
from matting.networks.attention import (
    GlobalPropagationAttention,
    LocalSamplingPropagationAttention,
    distance_map,
    propagation_attention,
    sampling_attention,
    window_partition,
)
from matting.networks.layers import downsample_nearest

if TYPE_CHECKING:
    from matting.pipeline import MattingPipeline

ROWS = 256
"""Queries whose attention over the whole image exists at once."""

CHANNELS = 3
"""Principal channels of an alpha feature that are kept: one for each colour of a picture."""

EXTREMES = 0.01, 0.99
"""The quantiles of a principal channel that become 0 and 1."""


@dataclass(frozen=True, eq=False)
class PhotoGrid:
    """Values on a grid of cells that is laid over a photo.

    Attributes:
        values: float32 (..., h, w).
        cell: (width, height) of a cell in the photo's pixels.
        origin: (row, column) of the grid's first cell; (0, 0) has its corner in the photo's upper left one.
        size: (height, width) of the photo; cells of the padding lie beyond.
    """

    values: np.ndarray
    cell: tuple[float, float]
    origin: tuple[int, int]
    size: tuple[int, int]

    @property
    def box(self) -> Box:
        """What the grid covers of the photo, (x0, y0, x1, y1) in pixels."""
        (row, column), (width, height) = self.origin, self.cell
        x1 = min((column + self.values.shape[-1]) * width, self.size[1])
        y1 = min((row + self.values.shape[-2]) * height, self.size[0])
        return column * width, row * height, x1, y1

    def on_photo(self) -> np.ndarray:
        """Return the values at the photo's size, (..., H, W): each pixel bears its cell's; 0 beyond the grid."""
        index, inside = [], []
        for length, side, first, count in zip(
            self.size, self.cell[::-1], self.origin, self.values.shape[-2:], strict=True
        ):
            cells = np.floor((np.arange(length) + 0.5) / side).astype(int) - first
            index.append(cells.clip(0, count - 1))
            inside.append((cells >= 0) & (cells < count))
        return self.values[..., index[0][:, None], index[1]] * (inside[0][:, None] & inside[1]).astype(np.float32)

    def share_on(self, region: np.ndarray) -> np.ndarray:
        """Share of the values' sum that lies on a region of the photo, booleans (H, W): (...), in [0, 1].

        A cell's value is spread evenly over its pixels; what lies beyond the photo does not count.
        """
        values = self.on_photo()
        return (values * region).sum(axis=(-2, -1)) / values.sum(axis=(-2, -1))

    def area_of(self, region: np.ndarray) -> float:
        """Share of a region, booleans (H, W), in what the grid covers of the photo: even attention's `share_on`."""
        return float(replace(self, values=np.ones(self.values.shape[-2:], np.float32)).share_on(region))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the pixels of a box look, averaged over them after the softmax; None where the network has no such branch.

    Attributes:
        box: what was asked, (x0, y0, x1, y1) in the photo's pixels.
        gpa: attention of GPA over the whole image, (h, w), summing to one.
        sampling: LSPA's sampling attention by head, (d, h, w), each summing to one, on the windows of the box.
        propagation: LSPA's propagation attention by head, the same.
        dis: distance map `dis` (Eq. 3) of the queries, (h, w), on the same windows.
        gpa_alpha: GPA's alpha feature, its first principal channels, (3, h, w) in [0, 1].
        lspa_alpha: LSPA's alpha feature, the same.
    """

    box: Box
    gpa: PhotoGrid | None
    sampling: PhotoGrid | None
    propagation: PhotoGrid | None
    dis: PhotoGrid | None
    gpa_alpha: PhotoGrid | None
    lspa_alpha: PhotoGrid | None

    @property
    def window(self) -> Box | None:
        """What LSPA can see from the box, (x0, y0, x1, y1) in the photo's pixels: its window or windows."""
        return self.dis.box if self.dis is not None else None


def explain(pipeline: MattingPipeline, image: Source, trimap: Source, box: Box) -> Explanation:
    """Show where the pixels in a box look when SPAMattNet mattes a photo.

    Args:
        pipeline: whose SPAMattNet is asked.
        image: the photo.
        trimap: its trimap.
        box: (x0, y0, x1, y1) in the photo's pixels; a click on (x, y) is (x, y, x + 1, y + 1).

    Raises:
        ValueError: where an input cannot be used or the box lies outside the photo.
    """
    return Explainer(pipeline, image, trimap).at(box)


class Explainer:
    """`explain` for many boxes of one photo: the network runs once.

    Args:
        pipeline: whose SPAMattNet is asked.
        image: the photo.
        trimap: its trimap.

    Raises:
        ValueError: where an input cannot be used.
    """

    @torch.inference_mode()
    def __init__(self, pipeline: MattingPipeline, image: Source, trimap: Source) -> None:
        photo, _ = read_photo(image)
        self.size = photo.shape[:2]
        regions, _ = read_trimap(trimap, self.size)
        self.network = pipeline.spamattnet
        inputs, self.shown = whole_photo.spamattnet_inputs(self.network, photo, regions)
        self.seen = self.network.attention_features(*inputs)
        # Of the photo to the network's input.
        self.scale = (self.size[1] / self.shown[1], self.size[0] / self.shown[0])

    @torch.inference_mode()
    def at(self, box: Box) -> Explanation:
        """Show where the pixels in a box look; raises ValueError where it lies outside the photo."""
        asked = Prompts(box=box).checked(self.size).box
        attention, seen = self.network.attention, self.seen
        gpa = sampling = propagation = dis = None
        if attention.propagate is not None:
            unknown = downsample_nearest(seen.regions[:, 1:2], 8) > 0.5
            rows = gpa_attention(attention.propagate, seen.image[1], unknown, *self._cells(asked, 8))
            gpa = self._grid(rows, 8 * self.network.config.reduction)
        if attention.local is not None:
            *maps, origin = lspa_attention(
                attention.local, seen.image[0], downsample_nearest(seen.regions, 4), *self._cells(asked, 4)
            )
            sampling, propagation, dis = (self._grid(values, 4, origin) for values in maps)
        return Explanation(asked, gpa, sampling, propagation, dis, *self._alpha_features)

    @cached_property
    def _alpha_features(self) -> tuple[PhotoGrid | None, PhotoGrid | None]:
        """GPA's and LSPA's alpha features, which do not depend on the box."""
        attention = self.network.attention
        return tuple(
            None if branch is None else self._grid(principal_channels(_shown(feature, self.shown, stride)), stride)
            for branch, feature, stride in (
                (attention.propagate, self.seen.propagated, 8),
                (attention.local, self.seen.local, 4),
            )
        )

    def _grid(self, values: Tensor, stride: int, origin: tuple[int, int] = (0, 0)) -> PhotoGrid:
        cell = (stride * self.scale[0], stride * self.scale[1])
        return PhotoGrid(values.float().cpu().numpy(), cell, origin, self.size)

    def _cells(self, box: Box, stride: int) -> tuple[range, range]:
        cell = (stride * self.scale[0], stride * self.scale[1])
        return _cells(box, cell, [-(-side // stride) for side in self.shown])


def gpa_attention(
    module: GlobalPropagationAttention, image: Tensor, unknown: Tensor, rows: range, columns: range
) -> Tensor:
    """Mean attention of GPA's queries in `rows` x `columns` of I (1, C, H, W): (H/r, W/r), summing to one."""
    query, key, weights = module.query_key_weights(image, unknown)
    height, width = image.shape[-2:]
    index = torch.tensor([row * width + column for row in rows for column in columns], device=image.device)
    total = sum(propagation_attention(query[:, chunk], key, weights).sum(dim=1) for chunk in index.split(ROWS))
    return (total / len(index)).view(height // module.reduction, width // module.reduction)


def lspa_attention(
    module: LocalSamplingPropagationAttention, image: Tensor, regions: Tensor, rows: range, columns: range
) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    """Mean attention of LSPA's queries in `rows` x `columns` of I_w (1, C, H, W), by the regions (1, 3, H, W).

    Returns sampling and propagation (d, h, w), each head summing to one, `dis` (h, w), and the (row, column) of the
    upper left corner of the windows that they cover.
    """
    size, across = module.window, image.shape[-1] // module.window
    windows = window_partition(image, size)
    background, unknown, foreground = module.window_regions(regions)
    weights = module.window_weights(unknown, 1)
    first, last = (rows[0] // size, columns[0] // size), (rows[-1] // size, columns[-1] // size)
    shape = [(b - a + 1) * size for a, b in zip(first, last, strict=True)]
    maps = torch.zeros(2 * module.heads + 1, *shape, device=image.device)
    for top in range(first[0], last[0] + 1):
        for left in range(first[1], last[1] + 1):
            number, corner = top * across + left, (top * size, left * size)
            inside = _queries_in_window(rows, columns, corner, size).to(image.device)
            query, key = module.heads_of(windows[number][None])
            dis = distance_map(foreground[number][None], background[number][None], module.distances)[:, inside]
            sampled = sampling_attention(query[:, :, inside], key, dis)
            propagated = propagation_attention(query[:, :, inside], key, weights[number][None, None])
            total = torch.cat([sampled[0].sum(dim=1), propagated[0].sum(dim=1), dis.sum(dim=1)])
            y, x = corner[0] - first[0] * size, corner[1] - first[1] * size
            maps[:, y : y + size, x : x + size] = total.view(-1, size, size)
    sampling, propagation, dis = (maps / (len(rows) * len(columns))).split([module.heads, module.heads, 1])
    return sampling, propagation, dis[0], (first[0] * size, first[1] * size)


def principal_channels(feature: Tensor, count: int = CHANNELS) -> Tensor:
    """Project a feature (C, h, w) onto its `count` main directions of variance, each stretched over [0, 1].

    The lowest and the highest hundredth are cut off, so that a few extreme cells do not darken the picture. A
    direction's sign is that of its largest weight, so equal features give equal pictures.
    """
    values = feature.cpu().double().flatten(1)  # in this order: MPS has no float64
    centred = values - values.mean(dim=1, keepdim=True)
    directions = torch.linalg.eigh(centred @ centred.T).eigenvectors.flip(1)[:, :count]
    largest = directions.gather(0, directions.abs().argmax(dim=0, keepdim=True))
    projected = (directions * largest.sign()).T @ centred
    low, high = (torch.from_numpy(np.quantile(projected, share, axis=1, keepdims=True)) for share in EXTREMES)
    stretched = ((projected - low) / (high - low).clamp(min=torch.finfo(torch.float64).tiny)).clamp(0, 1)
    return stretched.view(-1, *feature.shape[1:])


def _cells(box: Box, cell: tuple[float, float], counts: list[int]) -> tuple[range, range]:
    """Rows and columns of the cells that a box touches."""
    rows, columns = (
        range(min(int(low // side), count - 1), min(max(int(-(-high // side)), int(low // side) + 1), count))
        for low, high, side, count in zip(box[1::-1], box[:1:-1], cell[::-1], counts, strict=True)
    )
    return rows, columns


def _queries_in_window(rows: range, columns: range, corner: tuple[int, int], size: int) -> Tensor:
    """Numbers, within a window, of its pixels that lie in `rows` x `columns`."""
    inside_rows = [row - corner[0] for row in rows if 0 <= row - corner[0] < size]
    inside_columns = [column - corner[1] for column in columns if 0 <= column - corner[1] < size]
    return torch.tensor([row * size + column for row in inside_rows for column in inside_columns])


def _shown(feature: Tensor, shown: tuple[int, int], stride: int) -> Tensor:
    """Cut a feature (1, C, h, w) to the cells of the photo, without those of its padding alone."""
    return feature[0, :, : -(-shown[0] // stride), : -(-shown[1] // stride)]
