"""Validation of the averaged network while it trains: loss and score on held-out examples, and its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, default_collate

from matting.coarse import Prompts
from matting.coarse.u2net import SalientObject
from matting.data.composites.coarse_masks import simulated_mask
from matting.data.layouts.alphamatting import read_alphamatting
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.metrics import sum_of_absolute_differences, trimap_confusion, trimap_scores
from matting.inference import whole_photo
from matting.inference.fusion import hard_fusion, soft_fusion
from matting.training.batches import Batch
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, from_alpha, from_probabilities

SEED = 7_001
"""Of the held-out composites: those of a run's own seed are trained on."""

EROSION = 30
"""N of the coarse masks that TGN gets for photos (Section IV-B1)."""


@dataclass(frozen=True)
class HeldOutExample:
    """An image uint8 (H, W, 3), what guides the network and the truth: trimap and alpha, or coarse mask and trimap.

    For both networks together they are coarse mask and alpha. Nothing guides U2Net: both are alpha then. Trimaps are
    uint8 in {0, 128, 255}, alphas and masks float32 (H, W) in [0, 1].
    """

    image: np.ndarray
    guidance: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Judgement:
    """A network's answer (H, W) for one example, a float matte or a uint8 trimap, and what its score is made of."""

    answer: np.ndarray
    counts: float | np.ndarray


Judge = Callable[[nn.Module, HeldOutExample], Judgement]


def judge_alpha(network: nn.Module, example: HeldOutExample) -> Judgement:
    """SPAMattNet's matte, known values written, and its SAD over the unknown region in thousands."""
    alpha = hard_fusion(whole_photo.estimate_alpha(network, example.image, example.guidance), example.guidance)
    unknown = example.guidance == UNKNOWN
    return Judgement(alpha, sum_of_absolute_differences(alpha, example.truth, unknown))


def judge_trimap(network: nn.Module, example: HeldOutExample) -> Judgement:
    """TGN's trimap, and its confusion with the true one."""
    trimap = from_probabilities(whole_photo.estimate_trimap(network, example.image, example.guidance))
    return Judgement(trimap, trimap_confusion(trimap, example.truth))


def judge_joint(network: nn.Module, example: HeldOutExample) -> Judgement:
    """The matte by TGN and SPAMattNet from a coarse mask, fused softly, and its SAD over the whole image in thousands.

    `network` is `adaptation.Generator`.
    """
    probabilities = whole_photo.estimate_trimap(network.tgn, example.image, example.guidance)
    alpha = whole_photo.estimate_alpha(network.spamattnet, example.image, from_probabilities(probabilities))
    alpha = soft_fusion(alpha, probabilities)
    return Judgement(alpha, sum_of_absolute_differences(alpha, example.truth, np.ones(alpha.shape, bool)))


def judge_saliency(network: nn.Module, example: HeldOutExample) -> Judgement:
    """U2Net's mask as `--coarse` makes it, and its mean absolute difference from alpha."""
    segmenter = SalientObject("u2net", network)
    mask = segmenter.segment(segmenter.embed(example.image), Prompts()).best
    return Judgement(mask, float(np.abs(mask - example.truth).mean()))


def total(judgements: Sequence[Judgement]) -> float:
    """Mean of SADs or differences, or mIoU of all pixels counted together."""
    counts = np.mean([judgement.counts for judgement in judgements], axis=0)
    return trimap_scores(counts).mean_iou if np.ndim(counts) else float(counts)


@dataclass(frozen=True)
class Look:
    """What a look at held-out examples found.

    Attributes:
        step: steps done before it.
        scores: by the names of the log's columns.
        examples: what was looked at, composites first.
        answers: the network's, a float matte or a uint8 trimap (H, W) for each.
        composites: how many of the examples are composites; the others are photos.
    """

    step: int
    scores: dict[str, float]
    examples: Sequence[HeldOutExample]
    answers: Sequence[np.ndarray]
    composites: int


class Validation:
    """What a run validates on, every few minutes.

    Without composites it needs no loss.

    Attributes:
        columns: what it adds to the log: the loss and the score on composites, the score on photos.
    """

    def __init__(
        self,
        loss: Callable[[nn.Module, Batch], Tensor] | None,
        judge: Judge,
        score: str,
        composites: Dataset[Batch] | None = None,
        photos: Sequence[HeldOutExample] = (),
    ) -> None:
        self.loss, self.judge = loss, judge
        self.samples = [composites[index] for index in range(len(composites))] if composites is not None else []
        self.composites, self.photos = [from_sample(sample) for sample in self.samples], photos
        on_composites = ("validation_loss", f"validation_{score}") if self.samples else ()
        self.columns = (*on_composites, *((f"photos_{score}",) if photos else ()))

    @torch.no_grad()
    def __call__(self, network: nn.Module, step: int) -> Look:
        """Score a network in eval mode.

        No random number is drawn, so that a run does not depend on how often it is looked at.
        """
        examples = [*self.composites, *self.photos]
        seen = [self.judge(network, example) for example in examples]
        values = []
        if self.samples:
            losses = [self.loss(network, _batch_of(sample, network)).item() for sample in self.samples]
            values += [float(np.mean(losses)), total(seen[: len(self.samples)])]
        if self.photos:
            values.append(total(seen[len(self.samples) :]))
        scores = dict(zip(self.columns, values, strict=True))
        return Look(step, scores, examples, [judgement.answer for judgement in seen], len(self.composites))


def from_sample(sample: Batch) -> HeldOutExample:
    """Turn a training sample of any network into an example."""
    image = (sample["image"] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    if "classes" in sample:
        return HeldOutExample(image, sample["coarse_mask"][0].numpy(), _trimap(sample["classes"].numpy()))
    alpha = sample["alpha"][0].numpy()
    return HeldOutExample(
        image, _trimap((2 * sample["trimap"][0]).long().numpy()) if "trimap" in sample else alpha, alpha
    )


def read_photos(root: Path, stage: str) -> list[HeldOutExample]:
    """Read photos in alphamatting.com's layout; all but SPAMattNet and U2Net get coarse masks made from the true alpha.

    Raises:
        ValueError: where files are missing or damaged.
    """
    samples = [load(example) for example in read_alphamatting(root, "training", ["1"])]
    if stage == "u2net":
        return [HeldOutExample(s.image, s.truth, s.truth) for s in samples]
    if stage == "adaptation":
        return [HeldOutExample(s.image, simulated_mask(s.truth, EROSION), s.truth) for s in samples]
    if stage != "spamattnet":
        return [HeldOutExample(s.image, simulated_mask(s.truth, EROSION), from_alpha(s.truth, 15, 15)) for s in samples]
    return [HeldOutExample(s.image, s.trimap, s.truth) for s in samples]


def _batch_of(sample: Batch, network: nn.Module) -> Batch:
    device = next(network.parameters()).device
    return {name: tensor.to(device) for name, tensor in default_collate([sample]).items()}


def _trimap(classes: np.ndarray) -> np.ndarray:
    """Classes 0, 1, 2 to {0, 128, 255}."""
    return np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8)[classes]
