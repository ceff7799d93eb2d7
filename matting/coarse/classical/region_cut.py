"""The best cut through a photo's regions: likely ones inside, the outline along strong edges (Boykov & Jolly, 2001)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from matting.coarse.classical.regions import Regions, connect

EVIDENCE_WEIGHT = 0.025
"""What a pixel's log odds count against a pixel of outline in a flat place."""

LOG_ODDS_LIMIT = 6.0
"""No region is surer than that, except by a person's word."""

UNIT = 1000
"""Capacities are integers in units of one thousandth."""

CERTAIN = 10**8


def cut_regions(regions: Regions, log_odds: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Choose the object's regions by a minimum cut.

    Args:
        regions: The photo's regions.
        log_odds: (N,) that each belongs to the object.
        inside: (N,) bool, regions that must.
        outside: (N,) bool, regions that must not.

    Returns:
        (N,) bool.
    """
    evidence = EVIDENCE_WEIGHT * np.clip(log_odds, -LOG_ODDS_LIMIT, LOG_ODDS_LIMIT) * regions.area
    for_object = np.where(inside, CERTAIN, np.where(outside, 0, UNIT * np.maximum(evidence, 0)))
    against = np.where(outside, CERTAIN, np.where(inside, 0, UNIT * np.maximum(-evidence, 0)))
    source, sink = regions.count, regions.count + 1
    graph = _network(regions, for_object, against, source, sink)
    residual = graph - maximum_flow(graph, source, sink).flow
    residual.data = np.maximum(residual.data, 0)
    residual.eliminate_zeros()
    reached = breadth_first_order(residual, source, return_predecessors=False)
    chosen = np.zeros(regions.count + 2, bool)
    chosen[reached] = True
    return chosen[: regions.count]


def keep_connected(regions: Regions, chosen: np.ndarray, seeds: np.ndarray, smallest: float = 0.1) -> np.ndarray:
    """Keep the pieces that hold a seed or, without seeds, those of at least `smallest` of the largest's area."""
    both = chosen[regions.pairs].all(axis=1)
    _, piece = connected_components(connect(regions.pairs[both], np.ones(both.sum()), regions.count))
    if len(seeds):
        return chosen & np.isin(piece, piece[seeds])
    area = np.bincount(piece, regions.area * chosen)
    return chosen & (area[piece] >= smallest * area.max())


def _network(regions: Regions, for_object: np.ndarray, against: np.ndarray, source: int, sink: int) -> csr_matrix:
    """Capacities, int32 (N + 2, N + 2): source to region, region to sink, and between neighbours."""
    contrast = 2 * np.mean(regions.edge**2) + 1e-9 if len(regions.edge) else 1.0
    outline = UNIT * regions.border * np.exp(-(regions.edge**2) / contrast)
    every = np.arange(regions.count)
    rows = np.concatenate([np.full_like(every, source), every, *regions.pairs.T])
    columns = np.concatenate([every, np.full_like(every, sink), *regions.pairs[:, ::-1].T])
    capacities = np.concatenate([for_object, against, outline, outline]).astype(np.int32)
    return csr_matrix((capacities, (rows, columns)), shape=(sink + 1, sink + 1))
