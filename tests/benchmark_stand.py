"""What the tests of the benchmarks share: a stand-in for our networks, the command, predictions as files."""

import numpy as np
import pytest
from benchmark_trees import write

from matting import MattingPipeline
from matting.__main__ import main
from matting.evaluation import methods
from matting.evaluation.benchmarks import definitions, photos
from matting.inference.fusion import hard_fusion
from matting.trimaps.algebra import from_mask


class Stand:
    """Stands in for our networks: alpha is the mask, or half where the trimap is unknown; keeps what it was asked."""

    def __init__(self):
        self.asked, self.device = [], None

    def trimap(self, image, mask):
        self.asked.append(("tgn", image.shape))
        return from_mask(mask, 9)

    def trimap_probabilities(self, image, mask):
        return np.dstack([1 - mask, np.zeros_like(mask), mask])

    def alpha(self, image, trimap, probabilities=None, fusion="hard"):
        self.asked.append(("alpha" if probabilities is None else fusion, image.shape))
        if probabilities is None:
            return hard_fusion(np.full(trimap.shape, 0.5, np.float32), trimap)
        return probabilities[..., 2] * np.float32(1 if fusion == "hard" else 0.5)


@pytest.fixture(autouse=True, name="ours")
def stand_in(monkeypatch, tmp_path):
    """A stand-in for our networks, and a cache of the test's own."""
    stand = Stand()

    def load(source=None, device=None):
        stand.device = device
        return stand

    monkeypatch.setattr(MattingPipeline, "from_pretrained", load)
    monkeypatch.setattr(methods, "weights_digest", lambda source: str(source))
    monkeypatch.setenv("TRIMATTE_CACHE", str(tmp_path / "results"))
    methods.load_pipeline.cache_clear()
    yield stand
    methods.load_pipeline.cache_clear()


def call(*words):
    return main([str(word) for word in words])


def predict(name, root, folder, change=lambda alpha: alpha):
    """Write a prediction for each photo of a benchmark, its truth by default; returns the truths."""
    found = found_in(name, root)
    truths = {example.name: photos.load(example).truth for example in found}
    for key, truth in truths.items():
        write(folder / f"{key}.png", np.rint(65535 * change(truth).astype(np.float64)).astype(np.uint16))
    return truths


def found_in(name, root):
    return definitions.examples(name, root, backgrounds=root / "voc" if name == "distinctions-646" else None)
