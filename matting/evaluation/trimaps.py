"""How good trimaps made from coarse masks are: pixAcc, IoU of each region and mIoU, as in Tables I and II.

The truth is a trimap made from the true alpha. Shares of a set count the pixels of all its photos together; those
of one photo are its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from matting.evaluation.cache import code_version, remember_scores
from matting.evaluation.composites import SHARES
from matting.evaluation.metrics import trimap_confusion, trimap_scores
from matting.evaluation.paper.figures import MARK, PaperTable
from matting.evaluation.tables import aligned
from matting.files import digest_of
from matting.inference import whole_photo
from matting.networks import weights
from matting.networks.spamattnet import SPAMattNet
from matting.trimaps.algebra import from_probabilities

PAPER_NAMES = {"TGN": "TGN", "DeepLabV2": "Deeplabv2", "DeepLabV3": "Deeplabv3"}
"""What Table I calls our networks."""

Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class TrimapSample:
    """A photo, uint8 (H, W, 3), a coarse mask, float32 (H, W) in [0, 1], and the true trimap, uint8 (H, W)."""

    name: str
    image: np.ndarray
    coarse_mask: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class TrimapReport:
    """The scores of a network's trimaps.

    Attributes:
        benchmark: what the photos are.
        method: the network.
        settings: what was chosen, in JSON's own types.
        counts: for each photo the pixels of each pair of classes, see `metrics.trimap_confusion`.
        failed: for photos that could not be scored, why.
    """

    benchmark: str
    method: str
    settings: Mapping[str, str | int | None]
    counts: Mapping[str, np.ndarray]
    failed: Mapping[str, str]

    @property
    def mean(self) -> dict[str, float]:
        """The shares of all photos' pixels together, in [0, 1]."""
        return shares(sum(self.counts.values()))


@dataclass(frozen=True)
class TrimapNetwork:
    """A network that makes trimaps: its name, `digest` of its weights, and what estimates uint8 (H, W) trimaps."""

    name: str
    digest: str
    estimate: Estimate


def load_network(source: str | None, device: str | None) -> TrimapNetwork:
    """Load TGN from a folder or hub repository, or whichever trimap network a single file of weights holds.

    Raises:
        ValueError: where the weights are not available or are of a matting network.
    """
    import torch

    path = Path(source) if source and Path(source).is_file() else weights.find_folder(source) / weights.FILES["tgn"]
    network = weights.load_weights(path)
    if isinstance(network, SPAMattNet):
        raise ValueError(f"{path} holds SPAMattNet, which makes no trimaps; name weights of TGN or DeepLab.")
    chosen = torch.device(device) if device else whole_photo.default_device()
    ready = whole_photo.prepare(network, chosen, torch.float32)

    def estimate(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return from_probabilities(whole_photo.estimate_trimap(ready, image, mask))

    return TrimapNetwork(type(network).__name__, digest_of(path)[:16], estimate)


def count(sample: TrimapSample, network: TrimapNetwork, cache: Path | None = None) -> np.ndarray:
    """Count one photo's pixels by true and estimated class, (3, 3), from the cache if they are there."""

    def work() -> dict[str, float]:
        found = trimap_confusion(network.estimate(sample.image, sample.coarse_mask), sample.truth)
        return {str(index): int(number) for index, number in enumerate(found.ravel())}

    key = f"trimap, {network.name}, {network.digest}, {code_version()}"
    found = remember_scores(cache, key, [sample.image, sample.coarse_mask, sample.truth], work)
    return np.array([found[str(index)] for index in range(9)], np.int64).reshape(3, 3)


def count_all(
    samples: Sequence[tuple[str, Callable[[], TrimapSample]]],
    network: TrimapNetwork,
    cache: Path | None = None,
    *,
    workers: int = 1,
    title: str | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Count every photo; returns the counts by name, and why others failed.

    Args:
        samples: names, each with what makes the sample when its turn comes.
        network: makes the trimaps.
        cache: folder that keeps the counts.
        workers: threads that work at the same time; networks and filters run beside each other in them.
        title: what the progress bar says; by default the network's name.
    """

    def work(entry: tuple[str, Callable[[], TrimapSample]]) -> np.ndarray | str:
        try:
            return count(entry[1](), network, cache)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(workers) as executor:
        found = list(
            tqdm(executor.map(work, samples), title or network.name, len(samples), unit="photo", file=sys.stderr)
        )
    results = dict(zip((name for name, _ in samples), found, strict=True))
    counts = {name: result for name, result in results.items() if not isinstance(result, str)}
    return counts, {name: result for name, result in results.items() if isinstance(result, str)}


def shares(confusion: np.ndarray) -> dict[str, float]:
    """Name the scores of counts as Table I does, each in [0, 1]."""
    return dict(zip(SHARES, astuple(trimap_scores(confusion)), strict=True))


def to_markdown(reports: Mapping[str, TrimapReport], tables: Iterable[PaperTable] = ()) -> str:
    """Lay shares out in percent, a row per report by its label, below the paper's rows, marked as such."""
    cells = [("Method", "figures of", *SHARES)]
    for table in tables:
        for row in table.rows:
            marked = f"{MARK}, Table {table.number}"
            cells.append((row.method, marked, *(f"{row.values[name]:.2f}" for name in SHARES)))
    for label, report in reports.items():
        cells.append((label, "this run", *(f"{100 * value:.2f}" for value in report.mean.values())))
    return aligned(cells)


def to_document(report: TrimapReport) -> dict[str, object]:
    """Turn a report into what JSON can hold, shares in [0, 1]."""
    images = {name: shares(counts) for name, counts in sorted(report.counts.items())}
    document: dict[str, object] = {
        "benchmark": report.benchmark,
        "method": report.method,
        "settings": dict(report.settings),
        "mean": report.mean,
        "images": images,
    }
    return document | ({"failed": dict(sorted(report.failed.items()))} if report.failed else {})


def to_json(reports: Mapping[str, TrimapReport]) -> str:
    """Write one report as it is, several under "runs" by their labels."""
    documents = {label: to_document(report) for label, report in reports.items()}
    first = next(iter(documents.values()))
    document = first if len(documents) == 1 else {"benchmark": "trimaps", "runs": documents}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
