"""Both networks look at the object: at a crop around it with context, at a scale that fits it, not at the whole photo.

What a mask does not cover beyond the context is background. An object that fills its photo is looked at in the whole
photo.
"""

from __future__ import annotations

import numpy as np

from matting.inference import whole_photo
from matting.inference.preview import Crop, crop_around
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.trimaps.algebra import BACKGROUND

CONTEXT = 0.3
"""The context on each side, as a share of the longer side of what is covered."""

LEAST_CONTEXT = 64
"""The context in pixels is at least so much."""

WHOLE = 0.6
"""A crop of more than this share of the photo's pixels is not worth it: the whole photo is looked at."""

COVERED = 0.1
"""A mask covers what it is surer of than this."""


def crop_around_object(covered: np.ndarray) -> Crop | None:
    """Find the crop that holds what is covered with its context; None where nothing is.

    Args:
        covered: Booleans (H, W).

    Returns:
        Rows and columns, whose ends are multiples of `preview.MULTIPLE` or the photo's border; all of them where the
        crop would hold more than `WHOLE` of the photo.
    """
    rows, columns = (np.flatnonzero(covered.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    extent = int(max(np.ptp(rows), np.ptp(columns))) + 1
    crop = crop_around(covered, max(LEAST_CONTEXT, round(CONTEXT * extent)))
    if covered[crop].size > WHOLE * covered.size:
        return slice(0, covered.shape[0]), slice(0, covered.shape[1])
    return crop


def estimate_trimap(network: TGN, image: np.ndarray, coarse_mask: np.ndarray) -> np.ndarray:
    """Run TGN around what the mask covers: float32 (H, W, 3) from uint8 (H, W, 3) and float32 (H, W) in [0, 1].

    Beyond the crop the probabilities are those of certain background.
    """
    crop = crop_around_object(coarse_mask > COVERED) or (slice(None), slice(None))
    probabilities = np.zeros((*coarse_mask.shape, 3), np.float32)
    probabilities[..., 0] = 1
    probabilities[crop] = whole_photo.estimate_trimap(network, image[crop], coarse_mask[crop])
    return probabilities


def estimate_alpha(
    network: SPAMattNet, image: np.ndarray, trimap: np.ndarray, asked: np.ndarray | None = None
) -> np.ndarray:
    """Run SPAMattNet around what is not background: float32 (H, W) from uint8 (H, W, 3) and a trimap; 0 beyond.

    `asked` is as in `whole_photo.estimate_alpha`.
    """
    alpha = np.zeros(trimap.shape, np.float32)
    if (crop := crop_around_object(trimap != BACKGROUND)) is not None:
        nearby = None if asked is None else asked[crop]
        alpha[crop] = whole_photo.estimate_alpha(network, image[crop], trimap[crop], asked=nearby)
    return alpha


def working_scale(network: SPAMattNet, trimap: np.ndarray) -> float:
    """Scale at which `estimate_alpha` looks at a trimap's photo; see `whole_photo.working_scale`."""
    crop = crop_around_object(trimap != BACKGROUND) or (slice(None), slice(None))
    return whole_photo.working_scale(network, trimap[crop].shape)
