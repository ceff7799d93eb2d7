"""How likely each region belongs to the object, from nine observations that hold for most photographs.

Objects seldom run out of the frame except at the bottom, are in focus, do not have the frame's colours, and lie
around the click, alike in colour to what was clicked. Each observation is one column; a logistic regression weighs
them. Its three rows of weights (click, box, nothing said) were fitted on photos of animals, none of a benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from matting.coarse.classical.regions import Regions, colour_steps, connect
from matting.coarse.prompts import Box, Prompts

SIDES = np.array([1.0, 1.0, 1.0, 0.1])
"""How much an object is suspected for touching the frame at its left, top, right and bottom: people and things
stand on the ground, and portraits are cut below."""

SEED_RADIUS = 0.06
"""Regions this near to a click, in units of the diagonal, share its colour."""

COLUMNS = (
    "inside",  # log odds that the region's surface stays within the frame, surfaces under the click excused
    "enclosed",  # the same without the excuse
    "frame_colour",  # log likelihood ratio of its colour, frame : whole photo
    "focus",  # log of its detail, photo : mean
    "focus_as_seed",  # the same, photo : clicked region
    "colour_step",  # distance to the clicked colours
    "barrier",  # log of the highest colour step on the best way from the click
    "distance",  # from the click in units of the diagonal, or to the box's middle in units of its half sides
    "sideways",  # the same, horizontally
)


@dataclass(frozen=True)
class Weights:
    """Logistic regression: log odds = bias + observations · weights, in the order of COLUMNS."""

    bias: float
    weights: tuple[float, ...]


CLICK = Weights(2.62, (0.38, 0.36, -0.63, 0.96, 0.66, -0.45, -0.97, -2.72, -2.88))
BOX = Weights(2.19, (0.11, 0.38, -0.94, 0.99, 0.67, -0.45, -0.72, -0.32, -0.27))
NOTHING = Weights(0.87, (-0.02, 0.63, -0.84, 1.14, 0.61, -0.84, -0.48, -0.11, 0.24))


def object_log_odds(regions: Regions, prompts: Prompts, size: tuple[int, int]) -> np.ndarray:
    """The log odds that each region is the object's, (N,).

    The first + point says where the object is. A later one where that is unlikely speaks of another object;
    elsewhere it corrects, as - points do, and is not weighed here. A box and points are averaged. Without any of
    them, something in the middle of the photo is looked for.

    Args:
        regions: The photo's regions.
        prompts: Checked prompts, in the photo's pixels.
        size: The photo's (height, width).
    """
    scale = regions.labels.shape[0] / size[0]
    outside = SIDES @ regions.frame
    if prompts.box is not None:
        outside = outside + 0.05 * regions.area * (1 - share_inside(regions, prompts.box, scale))
    rows = []
    if prompts.positive:
        rows.append(_from_clicks(regions, prompts.positive, outside, scale))
    if prompts.box is not None or not prompts.positive:
        offset = _offset_in_box(regions, prompts.or_centred(size).box, scale)
        reach = np.abs(offset).max(axis=1)
        seeds = np.flatnonzero(reach <= max(1 / 3, reach.min()))
        weights = NOTHING if prompts.box is None else BOX
        rows.append(_weigh(weights, observe(regions, seeds, outside, offset)))
    return np.mean(rows, axis=0)


def _from_clicks(
    regions: Regions, points: tuple[tuple[float, float], ...], outside: np.ndarray, scale: float
) -> np.ndarray:
    """The log odds from + points, (N,): of the first one's object, and of further ones where nothing was likely."""
    odds = np.full(regions.count, -np.inf)
    for point in points:
        seeds = find_seeds(regions, (point,), scale)
        if odds[seeds] < 0:
            offset = regions.position - regions.position[seeds]
            odds = np.maximum(odds, _weigh(CLICK, observe(regions, seeds, outside, offset)))
    return odds


def find_seeds(regions: Regions, points: tuple[tuple[float, float], ...], scale: float) -> np.ndarray:
    """Return the indices of the regions under some points of the photo; `scale` is proxy : photo."""
    height, width = regions.labels.shape
    columns = [min(int(x * scale), width - 1) for x, _ in points]
    rows = [min(int(y * scale), height - 1) for _, y in points]
    return np.unique(regions.labels[rows, columns])


def clicked_regions(regions: Regions, prompts: Prompts, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the regions under + points and those under - points alone, (N,) bool both; `scale` is proxy : photo."""
    every = np.arange(regions.count)
    inside = np.isin(every, find_seeds(regions, prompts.positive, scale))
    return inside, np.isin(every, find_seeds(regions, prompts.negative, scale)) & ~inside


def share_inside(regions: Regions, box: Box, scale: float) -> np.ndarray:
    """The share of each region's pixels that lie in a box of the photo, (N,)."""
    height, width = regions.labels.shape
    x0, y0, x1, y1 = (scale * side for side in box)
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    inside = ((rows > y0) & (rows < y1))[:, None] & ((columns > x0) & (columns < x1))[None]
    return regions.mean(inside)


def observe(regions: Regions, seeds: np.ndarray, outside: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Fill in COLUMNS.

    Args:
        regions: The photo's regions.
        seeds: Indices of regions that lie on the object.
        outside: (N,) how much of the background's frame each region makes up, in pixels.
        offset: (N, 2) how far right and down of the object's supposed middle each region lies.

    Returns:
        float (N, 9).
    """
    near = _near(regions, seeds)
    own = regions.area[near] * np.exp(-0.5 * (_distance(regions, seeds)[near] / (SEED_RADIUS / 2)) ** 2)
    own = own / own.sum() if own.sum() else own
    colour = np.linalg.norm(regions.colour[:, None] - regions.colour[near][None], axis=2).min(axis=1)
    return np.stack(
        [
            _log_odds_enclosed(regions, outside * (1 - regions.surface[near].max(axis=0))),
            _log_odds_enclosed(regions, outside),
            _frame_likelihood(regions, outside),
            regions.focus,
            regions.focus - regions.focus[seeds].max(),
            colour / 20,
            np.log1p(_barrier(regions, seeds) / 5),
            np.linalg.norm(offset, axis=1),
            np.abs(offset[:, 0]),
        ],
        axis=1,
    )


def _weigh(weights: Weights, observations: np.ndarray) -> np.ndarray:
    return weights.bias + observations @ np.array(weights.weights)


def _offset_in_box(regions: Regions, box: Box, scale: float) -> np.ndarray:
    """Where regions lie in a box of the photo, (N, 2): 0 in its middle, -1 and 1 on its sides."""
    corners = np.array(box).reshape(2, 2) * scale / np.hypot(*regions.labels.shape)
    return (regions.position - corners.mean(axis=0)) / (np.ptp(corners, axis=0) / 2)


def _distance(regions: Regions, seeds: np.ndarray) -> np.ndarray:
    """From each region's centre to the nearest seed's, (N,)."""
    apart = regions.position[:, None] - regions.position[seeds][None]
    return np.linalg.norm(apart, axis=2).min(axis=1)


def _near(regions: Regions, seeds: np.ndarray) -> np.ndarray:
    return np.union1d(seeds, np.flatnonzero(_distance(regions, seeds) < SEED_RADIUS))


def _log_odds_enclosed(regions: Regions, outside: np.ndarray) -> np.ndarray:
    """Boundary connectivity (Zhu et al., 2014): a surface's length on the frame over the root of its area."""
    length, area = regions.surface @ outside, regions.surface @ regions.area
    background = 1 - np.exp(-0.5 * length**2 / area)
    return np.log((1.05 - background) / (background + 0.05))


def _frame_likelihood(regions: Regions, outside: np.ndarray) -> np.ndarray:
    on_frame = regions.likeness @ outside / outside.sum()
    anywhere = regions.likeness @ regions.area / regions.area.sum()
    return np.log(on_frame / anywhere + 0.05)


def _barrier(regions: Regions, seeds: np.ndarray) -> np.ndarray:
    """The least colour step that must be taken to get from a seed to each region, (N,): minimax paths."""
    steps = colour_steps(regions.colour, regions.pairs) + 1e-3
    tree = minimum_spanning_tree(connect(regions.pairs, steps, regions.count))
    tree = tree + tree.T
    barrier = np.full(regions.count, np.inf)
    for seed in seeds:
        order, before = breadth_first_order(tree, seed, directed=False)
        highest = np.zeros(regions.count)
        for region in order[1:]:
            highest[region] = max(highest[before[region]], tree[before[region], region])
        barrier = np.minimum(barrier, highest)
    return barrier
