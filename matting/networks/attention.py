"""Sampling Propagation Attention (Section III-B1, Fig. 4): Eq. 2 to 8, one function each.

Shapes inside a window: S windows, d heads, N = h*w pixels, C/d channels per head.
Masks are booleans. Affinities that are scaled by hand and their softmax are taken in float32 (or float64), also under
autocast: `dis` can scale a logit twentyfold.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from einops import rearrange
from torch import Tensor, nn

from matting.networks.cfc import CrossFusion1d
from matting.networks.layers import conv, downsample_nearest


def window_partition(feature: Tensor, size: int) -> Tensor:
    """Cut (B, C, H, W) into non-overlapping windows (B*S, N, C); H and W are multiples of `size`, N = size²."""
    return rearrange(feature, "b c (s h) (t w) -> (b s t) (h w) c", h=size, w=size)


def window_unpartition(windows: Tensor, size: int, height: int, width: int) -> Tensor:
    """Undo `window_partition`: (B*S, N, C) back to (B, C, H, W)."""
    return rearrange(windows, "(b s t) (h w) c -> b c (s h) (t w)", h=size, w=size, s=height // size, t=width // size)


def pixel_distances(size: int, device: torch.device | None = None) -> Tensor:
    """Euclidean distances d_ij between the pixels of one size x size window, (N, N) float32, in pixels."""
    y, x = torch.meshgrid(*[torch.arange(size, device=device, dtype=torch.float32)] * 2, indexing="ij")
    position = torch.stack([y, x], dim=-1).reshape(-1, 2)
    return (position[:, None] - position[None]).square().sum(-1).sqrt()


def query_scale(unknown: Tensor, region: Tensor, distances: Tensor) -> Tensor:
    """Factor that Eq. 4 puts before d_ij: 1 / min_j d_ij for an unknown query, -1 for a known one.

    `unknown` and `region` (foreground or background) are (S, N) booleans; the result is (S, N).
    An unknown pixel is never in `region`, so its nearest one is at least one pixel away; a window
    without any gives the factor 0 and no NaN.
    """
    nearest = distances.masked_fill(~region[:, None, :], torch.inf).amin(dim=-1)
    return torch.where(unknown, 1 / nearest.clamp(min=1), -1.0)


def region_distance(unknown: Tensor, region: Tensor, distances: Tensor) -> Tensor:
    """Distance map D_F (or D_B, by the region given) of Eq. 4, (S, N, N); zero wherever key j is not in the region."""
    scale = query_scale(unknown, region, distances)
    return distances * scale[:, :, None] * region[:, None, :]


def distance_map(foreground: Tensor, background: Tensor, distances: Tensor) -> Tensor:
    """Distance map dis = D_F + D_B (Eq. 3), (S, N, N), from (S, N) booleans.

    Both terms share d_ij, so their factors are summed first as one rank-two product.
    """
    unknown = ~(foreground | background)
    scales = torch.stack([query_scale(unknown, region, distances) for region in (foreground, background)], dim=-1)
    regions = torch.stack([foreground, background], dim=1).to(scales.dtype)
    return (scales @ regions).mul_(distances)


def sample(query: Tensor, key: Tensor, value: Tensor, dis: Tensor) -> Tensor:
    """Local sampling F_ls = softmax(dis ⊙ q·k / √(C/d))·v_I (Eq. 2).

    query, key and value are (S, d, N, C/d), dis is (S, N, N), shared by the heads. A key whose distance is 0
    keeps the logit 0: it is not masked out, and a window without a known pixel is averaged.
    """
    return sampling_attention(query, key, dis).to(value.dtype) @ value


def sampling_attention(query: Tensor, key: Tensor, dis: Tensor) -> Tensor:
    """Attention of the sampling branch, (S, d, N, N), float32 or float64; rows sum to one."""
    return (dis[:, None] * affinity(query, key)).softmax(dim=-1)


def affinity(query: Tensor, key: Tensor) -> Tensor:
    """Affinity q·k / √dim, (..., Nq, Nk), in float32 at least: float16 would overflow, and 0 * inf is NaN."""
    precise = torch.promote_types(query.dtype, torch.float32)
    with torch.autocast(query.device.type, enabled=False):
        return (query.to(precise) * query.shape[-1] ** -0.5) @ key.to(precise).mT


def clip(ratio: Tensor) -> Tensor:
    """Bound a ratio to [0.1, 10] (Eq. 7); survives 0 and infinity."""
    return ratio.clamp(0.1, 10.0)


def region_weights(unknown: Tensor) -> Tensor:
    """Weights m_j of the keys (Eq. 6): clip(√(|U|/|K|)) in U, clip(√(|K|/|U|)) in K.

    `unknown` is (..., N) boolean; |U| and |K| are counted over the last axis. m depends on key j alone, so the
    result is (..., N) float32 instead of a matrix.
    """
    unknown_count = unknown.sum(dim=-1, keepdim=True, dtype=torch.float32)
    ratio = unknown_count / (unknown.shape[-1] - unknown_count)
    return torch.where(unknown, clip(ratio.sqrt()), clip(ratio.reciprocal().sqrt()))


def propagate(query: Tensor, key: Tensor, value: Tensor, weights: Tensor) -> Tensor:
    """Propagation softmax(m ⊙ q·k / √dim)·v_A (Eq. 5 with dim = C/d in a window, Eq. 8 with dim = C/r globally).

    query is (..., Nq, dim), key and value (..., Nk, dim), weights m (..., Nk). Since m_ij = m_j,
    m_j (q_i·k_j) = q_i·(m_j k_j): scaled keys and fused attention are exact, and no matrix is stored.
    """
    weighted = key * weights[..., None].to(key.dtype)
    # Where channels are not side by side in memory, no fused kernel fits and PyTorch would store the matrix.
    return F.scaled_dot_product_attention(query.contiguous(), weighted.contiguous(), value.contiguous())


def propagation_attention(query: Tensor, key: Tensor, weights: Tensor) -> Tensor:
    """Attention rows of `propagate` for the given queries alone, (..., Nq, Nk), float32 or float64; for display."""
    return (weights[..., None, :] * affinity(query, key)).softmax(dim=-1)


class LocalSamplingPropagationAttention(nn.Module):
    """LSPA (Fig. 4, top): sampling (Eq. 2) and propagation (Eq. 5) in windows, joined by the 1D CFC.

    Args:
        channels: C, the width of both the image feature and the alpha feature.
        window: side of a window in pixels of the feature map.
        heads: d.
        cross_fusion: join by the CFC; without it (Table IV) the branches are added.
        spectral: spectral norm on the linear maps.
        ratio: count |U| and |K| of Eq. 6 per "window" or per "image".
        chunk: windows handled at a time in inference: so few that their affinities stay in the processor's cache.
    """

    def __init__(
        self,
        channels: int,
        window: int,
        heads: int,
        *,
        cross_fusion: bool = True,
        spectral: bool = True,
        ratio: str = "window",
        chunk: int = 8,
    ) -> None:
        super().__init__()
        self.window, self.heads, self.ratio, self.chunk = window, heads, ratio, chunk
        self.query_key = nn.Linear(channels, 2 * channels)
        self.refine_sampled = conv(channels, channels, spectral=spectral, bias=True)
        self.fuse = CrossFusion1d(channels, spectral=spectral) if cross_fusion else None
        self.register_buffer("distances", pixel_distances(window), persistent=False)

    def forward(self, image: Tensor, alpha: Tensor, regions: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Fuse the image feature and the alpha feature (both (B, C, H, W)) by the one-hot regions (B, 3, H, W).

        `chosen`, booleans (B*S), are the windows to work in, by default all of them; the others give zeros.
        """
        height, width = alpha.shape[-2:]
        sampled, propagated = self.branches(image, alpha, regions, chosen)
        sampled = self.refine_sampled(window_unpartition(_spread(sampled, chosen), self.window, height, width))
        if self.fuse is None:
            return sampled + window_unpartition(_spread(propagated, chosen), self.window, height, width)
        fused = self.fuse(_choose(window_partition(sampled, self.window), chosen), propagated)
        return window_unpartition(_spread(fused, chosen), self.window, height, width)

    def branches(
        self, image: Tensor, alpha: Tensor, regions: Tensor, chosen: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """F_ls before its convolution, and F_lp, as windows (B*S, N, C), or those of them that are chosen."""
        windows = [window_partition(feature, self.window) for feature in (image, alpha)]
        background, unknown, foreground = self.window_regions(regions)
        weights = self.window_weights(unknown, len(image))
        windows = [_choose(each, chosen) for each in (*windows, foreground, background, weights)]
        # One chunk holds chunk * d * N² affinities, so memory grows with the pixels and not with their square.
        step = len(windows[0]) if torch.is_grad_enabled() else self.chunk
        parts = [self._attend(*chunk) for chunk in zip(*(each.split(step) for each in windows), strict=True)]
        sampled, propagated = (torch.cat(branch) for branch in zip(*parts, strict=True))
        return sampled, propagated

    def window_regions(self, regions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Boolean background, unknown, foreground of every window, (B*S, N) each, from one-hot (B, 3, H, W)."""
        background, unknown, foreground = window_partition(regions > 0.5, self.window).unbind(dim=-1)
        return background, unknown, foreground

    def window_weights(self, unknown: Tensor, batch: int) -> Tensor:
        """Weights m_j (Eq. 6) of every window's keys, (B*S, N)."""
        if self.ratio == "window":
            return region_weights(unknown)
        return region_weights(unknown.reshape(batch, -1)).reshape(unknown.shape)

    def heads_of(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Query and key of image windows (S, N, C), each (S, d, N, C/d)."""
        query, key = rearrange(self.query_key(image), "s n (two d c) -> two s d n c", two=2, d=self.heads)
        return query, key

    def _attend(
        self, image: Tensor, alpha: Tensor, foreground: Tensor, background: Tensor, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        query, key = self.heads_of(image)
        image_value, alpha_value = (rearrange(t, "s n (d c) -> s d n c", d=self.heads) for t in (image, alpha))
        dis = distance_map(foreground, background, self.distances)
        sampled = sample(query, key, image_value.to(query.dtype), dis)
        propagated = propagate(query, key, alpha_value.to(query.dtype), weights[:, None])
        return rearrange(sampled, "s d n c -> s n (d c)"), rearrange(propagated, "s d n c -> s n (d c)")


def _choose(windows: Tensor, chosen: Tensor | None) -> Tensor:
    """Keep the chosen windows of (B*S, ...)."""
    return windows if chosen is None else windows[chosen]


def _spread(windows: Tensor, chosen: Tensor | None) -> Tensor:
    """Undo `_choose`: what was not chosen is zero."""
    if chosen is None:
        return windows
    return windows.new_zeros(len(chosen), *windows.shape[1:]).index_put((chosen,), windows)


SHARED = 4
"""Where GPA is asked for some pixels alone, one of the others gathers for its square of so many pixels a side."""


class GlobalPropagationAttention(nn.Module):
    """GPA (Fig. 4, bottom; Eq. 8): every pixel gathers alpha features from the r-times coarser whole image.

    Args:
        channels: C, the width of both features.
        reduction: r, which divides the channels and the keys' grid.
        spectral: spectral norm on the convolutions.
    """

    def __init__(self, channels: int, reduction: int, *, spectral: bool = True) -> None:
        super().__init__()
        inner = channels // reduction
        self.reduction = reduction
        self.query = conv(channels, inner, 1, spectral=spectral, bias=True)
        self.key = self._reduced(channels, inner, spectral)
        self.value = self._reduced(channels, inner, spectral)
        self.output = conv(inner, channels, 1, bias=True)
        nn.init.normal_(self.output.weight, std=1e-3)  # near the identity at first, so the encoder learns undisturbed

    def _reduced(self, channels: int, inner: int, spectral: bool) -> nn.Sequential:
        return nn.Sequential(
            conv(channels, inner, 1, spectral=spectral, bias=True),
            conv(inner, inner, stride=self.reduction, spectral=spectral, bias=True),
        )

    def forward(self, image: Tensor, alpha: Tensor, unknown: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Return A plus what propagates into it; image and alpha are (B, C, H, W), unknown (B, 1, H, W) boolean.

        `chosen`, booleans (H, W), are the pixels that gather for themselves, by default all; of the others one gathers
        for its square of `SHARED` pixels a side, of which H and W are multiples then.
        """
        value = rearrange(self.value(alpha), "b c h w -> b (h w) c")
        query, key, weights = self.query_key_weights(image, unknown)
        if chosen is None:
            return alpha + self._told(query, key, value, weights).unflatten(-1, alpha.shape[-2:])
        asking = chosen | _corners(chosen)
        told = torch.zeros_like(alpha)
        told[..., asking] = self._told(query[:, asking.flatten()], key, value, weights)
        shared = told[..., ::SHARED, ::SHARED].repeat_interleave(SHARED, dim=-2).repeat_interleave(SHARED, dim=-1)
        return alpha + torch.where(chosen, told, shared)

    def _told(self, query: Tensor, key: Tensor, value: Tensor, weights: Tensor) -> Tensor:
        """What Eq. 8 tells so many queries (B, N, C/r), brought back to C channels: (B, C, N)."""
        # Fused kernels take an axis of heads; without it PyTorch 2.6 would store the whole matrix.
        gathered = propagate(query[:, None], key[:, None], value[:, None], weights[:, None])
        return self.output(rearrange(gathered, "b 1 n c -> b c n 1"))[..., 0]

    def query_key_weights(self, image: Tensor, unknown: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries (B, HW, C/r), keys (B, HW/r², C/r) and their weights m_j (B, HW/r²)."""
        query, key = (rearrange(t, "b c h w -> b (h w) c") for t in (self.query(image), self.key(image)))
        coarse = downsample_nearest(unknown, self.reduction)
        return query, key, region_weights(coarse.flatten(1))

    def affinity(self, image: Tensor, unknown: Tensor, row: int, column: int) -> Tensor:
        """Where the pixel (row, column) of the feature map looks: (B, H/r, W/r) float32, summing to one."""
        query, key, weights = self.query_key_weights(image, unknown)
        index = row * image.shape[-1] + column
        attention = propagation_attention(query[:, index : index + 1], key, weights)
        return attention[:, 0].unflatten(-1, (image.shape[-2] // self.reduction, -1))


def _corners(chosen: Tensor) -> Tensor:
    """The upper left pixel of every square of `SHARED` pixels a side, booleans as `chosen`."""
    corners = torch.zeros_like(chosen)
    corners[::SHARED, ::SHARED] = True
    return corners
