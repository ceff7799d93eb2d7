"""GrabCut (Rother et al., 2004) from a click, a box or nothing: coarse masks without any network.

GrabCut alone finds little from a single click: its colour models need a first guess. Here the guess is a cut through
a few hundred regions, weighted by what photographs have in common (`evidence`); GrabCut then decides the pixels
around its outline, and a guided filter brings the mask to the photo's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from matting.coarse.classical.evidence import clicked_regions, find_seeds, object_log_odds, share_inside
from matting.coarse.classical.guided_filter import guided_upsample
from matting.coarse.classical.region_cut import cut_regions, keep_connected
from matting.coarse.classical.regions import Regions, find_regions, shrink
from matting.coarse.prompts import CoarseMasks, Prompts

PIXEL_SIDE = 384
"""Long side in pixels of the copy that GrabCut works on."""

BAND = 0.2
"""GrabCut may move the outline by this share of the object's size, the root of its area."""

DOT = 0.015
"""Radius around a click that is certain, in units of the diagonal."""

WIDER = 1.5
"""Log odds that are added to find a larger candidate, and taken away for a smaller one."""

LEAST_OF_BOX = 0.1
"""An object fills at least this share of a box drawn around it."""

MOST_OF_BOX = 0.75
"""The share of a box that is likely where the regions alone tell nothing: about that of an ellipse."""

SAME = 0.95
"""Candidates whose regions overlap (IoU) more than this are one."""

FILTER_RADIUS, FILTER_EPSILON = 3, 1e-3


@dataclass(frozen=True, eq=False)
class GrabCutEmbedding:
    """What does not depend on clicks: the photo, RGB uint8, and its regions."""

    photo: np.ndarray
    regions: Regions

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the photo."""
        return self.photo.shape[:2]


class GrabCut:
    """Coarse masks from points, a box or nothing: always available and deterministic."""

    name = "grabcut"

    def embed(self, image: np.ndarray) -> GrabCutEmbedding:
        """Find the regions of a photo, RGB uint8 (H, W, 3)."""
        image = np.ascontiguousarray(image)
        return GrabCutEmbedding(image, find_regions(image))

    def segment(self, embedding: GrabCutEmbedding, prompts: Prompts) -> CoarseMasks:
        """Return up to three candidates: the most likely object, a larger one, and a part of it.

        Scores are the expected IoU if the regions' odds were true.

        Raises:
            ValueError: If the prompts do not fit the photo.
        """
        prompts = prompts.checked(embedding.size)
        masks, scores = [], []
        for chosen, score in _choose_regions(embedding, prompts):
            mask = _settle_pixels(embedding, chosen, prompts)
            mask = guided_upsample(mask, embedding.photo, FILTER_RADIUS, FILTER_EPSILON)
            masks.append(_obey_clicks(mask, prompts))
            scores.append(score)
        return CoarseMasks.ranked(np.stack(masks), np.array(scores))


def _choose_regions(embedding: GrabCutEmbedding, prompts: Prompts) -> list[tuple[np.ndarray, float]]:
    """Cut the regions in up to three ways; returns (N,) bool and a score in [0, 1] for each."""
    regions = embedding.regions
    scale = regions.labels.shape[0] / embedding.size[0]
    seeds = find_seeds(regions, prompts.positive, scale)
    inside, outside = clicked_regions(regions, prompts, scale)
    if prompts.box is not None:
        share = share_inside(regions, prompts.box, scale)
        outside |= (share < min(0.5, share.max())) & ~inside
    odds = object_log_odds(regions, prompts, embedding.size)
    likely = np.where(inside, 1, np.where(outside, 0, 1 / (1 + np.exp(-odds))))
    least = 0 if prompts.box is None else LEAST_OF_BOX * regions.area[~outside].sum()
    found = []
    for wish in (odds, odds + WIDER, _odds_of_part(regions, odds, seeds)):
        chosen = keep_connected(regions, cut_regions(regions, wish, inside, outside), seeds)
        enough = chosen.any() and regions.area[chosen].sum() >= least
        if enough and all(_iou(chosen, other, regions.area) < SAME for other, _ in found):
            found.append((chosen, _iou(chosen, likely, regions.area)))
    if not found:  # nothing was likely enough; then what is likelier than the rest
        chosen = inside | _likeliest(regions, odds, outside, MOST_OF_BOX if least else 0)
        found.append((chosen, _iou(chosen, likely, regions.area)))
    return found


def _likeliest(regions: Regions, odds: np.ndarray, outside: np.ndarray, share: float) -> np.ndarray:
    """The likeliest regions that make up a share of all that is not `outside`, at least one; (N,) bool."""
    falling = np.argsort(np.where(outside, np.inf, -odds), kind="stable")
    area = np.where(outside, 0, regions.area)[falling]
    chosen = np.zeros(regions.count, bool)
    chosen[falling[np.cumsum(area) - area <= share * area.sum()]] = True
    return chosen & ~outside


def _odds_of_part(regions: Regions, odds: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The log odds for the clicked part alone: what shares a surface with a click."""
    if not len(seeds):
        return odds - WIDER
    shared = regions.surface[seeds].max(axis=0)
    return odds + np.log((shared + 0.05) / (1.05 - shared))


def _iou(chosen: np.ndarray, likely: np.ndarray, area: np.ndarray) -> float:
    """Expected IoU of chosen regions with an object that has each region with some probability."""
    union = (area * np.maximum(chosen, likely)).sum()
    return float((area * chosen * likely).sum() / union) if union else 0.0


def _settle_pixels(embedding: GrabCutEmbedding, chosen: np.ndarray, prompts: Prompts) -> np.ndarray:
    """Let GrabCut decide the pixels around the chosen regions' outline; returns float32 (h, w), 0 or 1."""
    small = shrink(embedding.photo, PIXEL_SIDE)
    height, width = small.shape[:2]
    guess = cv2.resize(chosen[embedding.regions.labels].astype(np.float32), (width, height)) >= 0.5
    labels = _label(guess, prompts, height / embedding.size[0])
    if np.ptp(labels % 2):  # GrabCut needs pixels of both kinds; odd is the object's
        cv2.setRNGSeed(0)  # of this thread alone
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(small, labels, None, *models, 1, cv2.GC_INIT_WITH_MASK)
    return _keep_pieces(labels % 2 == 1, prompts, height / embedding.size[0]).astype(np.float32)


def _label(guess: np.ndarray, prompts: Prompts, scale: float) -> np.ndarray:
    """Turn a guess into GrabCut's labels, uint8: open within a band around its outline, certain beyond."""
    height, width = guess.shape
    band = max(2.0, BAND * np.sqrt(guess.sum()))
    depth = cv2.distanceTransform(np.pad(guess, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    away = cv2.distanceTransform((~guess).astype(np.uint8), cv2.DIST_L2, 3)
    core = depth > min(band, 0.8 * depth.max())  # however thin, something is certain
    labels = np.where(guess, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[core] = cv2.GC_FGD
    labels[away > band] = cv2.GC_BGD
    if prompts.box is not None:
        x0, y0, x1, y1 = (scale * side for side in prompts.box)
        rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
        labels[(rows < y0) | (rows > y1)] = cv2.GC_BGD
        labels[:, (columns < x0) | (columns > x1)] = cv2.GC_BGD
    radius = max(1, round(DOT * np.hypot(height, width)))
    for points, label in ((prompts.negative, cv2.GC_BGD), (prompts.positive, cv2.GC_FGD)):
        for x, y in points:
            cv2.circle(labels, (int(x * scale), int(y * scale)), radius, label, cv2.FILLED)
    return labels


def _obey_clicks(mask: np.ndarray, prompts: Prompts) -> np.ndarray:
    """Set the clicked pixels of a mask (H, W) to what the clicks say, whatever the filter made of them."""
    for points, value in ((prompts.negative, 0), (prompts.positive, 1)):
        for x, y in points:
            mask[int(y), int(x)] = value
    return mask


def _keep_pieces(mask: np.ndarray, prompts: Prompts, scale: float) -> np.ndarray:
    """Keep the pieces that were clicked or, without clicks, those of at least a tenth of the largest's area."""
    height, width = mask.shape
    _, pieces, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    area = statistics[:, cv2.CC_STAT_AREA]
    area[0] = 0
    kept = area >= max(1, 0.1 * area.max())
    if prompts.positive:
        clicked = [pieces[min(int(y * scale), height - 1), min(int(x * scale), width - 1)] for x, y in prompts.positive]
        kept = np.isin(np.arange(len(area)), clicked) & (area > 0)
    return kept[pieces]
