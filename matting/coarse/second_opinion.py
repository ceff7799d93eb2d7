"""The region cut's second opinion on ClickNet's answer.

ClickNet knows things, and is unsure of those that it has never met. Where it is, the photo's regions decide, by what
most photographs have in common (`classical.evidence`), and by where their edges are; where it has no idea, they alone.
"""

from __future__ import annotations

import cv2
import numpy as np

from matting.coarse.classical.evidence import clicked_regions, object_log_odds
from matting.coarse.classical.region_cut import cut_regions
from matting.coarse.classical.regions import Regions
from matting.coarse.parts import expected_iou
from matting.coarse.prompts import Prompts

SUREST = 0.02
"""No region is nearer to 0 or 1 than that by ClickNet's word."""

NO_IDEA = 0.4
"""The IoU that ClickNet expects of its answer below which it has no idea what is meant."""

DOUBTED = 0.3
"""Then no region is nearer to 0 or 1 than that by ClickNet's word."""

HABITS = 1.0
"""What the observations on regions count beside ClickNet's log odds."""

SHARE = 0.3
"""The region cut's share of the mean of both."""

SOFT = 1.5
"""Standard deviation in pixels of the regions' copy by which the cut's outline is softened."""


def heard(probability: np.ndarray, regions: Regions, prompts: Prompts, size: tuple[int, int]) -> np.ndarray:
    """Return the mean of an answer and of a cut through the photo's regions by its odds, or that cut alone.

    Args:
        probability: ClickNet's for the whole photo, float32 (h, w).
        regions: the photo's.
        prompts: checked, in the photo's pixels.
        size: the photo's (height, width).

    Returns:
        float32 (h, w) in [0, 1].
    """
    rows, columns = regions.labels.shape
    surest, share = SUREST, SHARE
    if has_no_idea(probability, prompts):
        surest, share = DOUBTED, 1.0
    likely = regions.mean(cv2.resize(probability, (columns, rows), interpolation=cv2.INTER_AREA))
    likely = np.clip(likely, surest, 1 - surest)
    odds = np.log(likely / (1 - likely)) + HABITS * object_log_odds(regions, prompts, size)
    chosen = cut_regions(regions, odds, *clicked_regions(regions, prompts, rows / size[0]))
    cut = cv2.GaussianBlur(chosen[regions.labels].astype(np.float32), (0, 0), SOFT)
    cut = cv2.resize(cut, probability.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return share * cut + (1 - share) * probability


def has_no_idea(probability: np.ndarray, prompts: Prompts) -> bool:
    """Tell whether ClickNet has no idea what nothing or a first click, without a box, means in a photo."""
    first = prompts.box is None and len(prompts.points) <= 1
    return first and expected_iou(probability, probability) < NO_IDEA
