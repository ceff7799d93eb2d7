"""Both networks on composites whose alpha is exact: trimaps as in Table II, mattes as in Table III.

The figures depend on what was drawn and photographed; beside the paper's they stand only as a hint, for its data are
others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from matting.evaluation.metrics import Scores, TrimapScores, trimap_confusion, trimap_scores, unknown_region_scores
from matting.evaluation.tables import aligned
from matting.inference.fusion import hard_fusion
from matting.pipeline import MattingPipeline
from matting.trimaps.algebra import UNKNOWN

SHARES = ("pixAcc", "IoU-Bg", "IoU-Unk", "IoU-Fg", "mIoU")
"""What Table I calls the fields of `TrimapScores`, in their order."""


@dataclass(frozen=True)
class CompositeSample:
    """A composite with its guidance and truth.

    Attributes:
        image: uint8 (H, W, 3).
        alpha: the truth, float32 (H, W) in [0, 1].
        trimap: the truth for TGN, uint8 (H, W).
        guidance: the trimap that SPAMattNet gets, uint8 (H, W).
        coarse_masks: the masks that TGN gets, float32 (H, W) in [0, 1], by N.
    """

    image: np.ndarray
    alpha: np.ndarray
    trimap: np.ndarray
    guidance: np.ndarray
    coarse_masks: Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """TGN's scores by N, all pixels counted together; SPAMattNet's over the unknown region, mean over composites."""

    trimaps: dict[int, TrimapScores]
    alpha: Scores


def evaluate(samples: Iterable[CompositeSample], pipeline: MattingPipeline) -> Outcome:
    """Score TGN on each composite's coarse masks and SPAMattNet on its trimap."""
    counts: dict[int, np.ndarray] = {}
    scores = []
    for sample in samples:
        for erosion, mask in sample.coarse_masks.items():
            found = trimap_confusion(pipeline.trimap(sample.image, mask), sample.trimap)
            counts[erosion] = counts.get(erosion, 0) + found
        alpha = hard_fusion(pipeline.alpha(sample.image, sample.guidance), sample.guidance)
        scores.append(unknown_region_scores(alpha, sample.alpha, sample.guidance == UNKNOWN))
    if not scores:
        raise ValueError("There is no composite to score.")
    mean = Scores(*(float(np.mean([getattr(s, n) for s in scores])) for n in Scores.__dataclass_fields__))
    return Outcome({erosion: trimap_scores(count) for erosion, count in counts.items()}, mean)


def to_markdown(outcome: Outcome) -> str:
    """Lay out the trimaps' scores in percent, and say the matte's in a sentence."""
    cells = [("Masks", *SHARES)]
    for erosion, scores in outcome.trimaps.items():
        cells.append((f"TGN-{erosion}", *(f"{100 * value:.2f}" for value in vars(scores).values())))
    alpha = outcome.alpha
    return (
        f"{aligned(cells)}\n\nSPAMattNet over the unknown region: SAD {alpha.sad:.3f}, "
        f"MSE {1000 * alpha.mse:.3f} (10⁻³), Grad {alpha.grad:.3f}, Conn {alpha.conn:.3f}."
    )
