"""The heavy steps behind the page: the pipeline on arrays, on a lent GPU where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matting.app.backend import other_methods
from matting.app.backend.gpu import on_gpu
from matting.app.backend.other_methods import CLASSICAL_METHOD
from matting.coarse import Box, CoarseMasks, Prompts, as_asked
from matting.explanation import Explanation, explain
from matting.pipeline import MattingPipeline

OWN_METHOD = "spamattnet"


@dataclass(frozen=True)
class Embedding:
    """A segmenter's embedding of one photo; it lives on the CPU and can be pickled."""

    segmenter: str
    photo: str
    value: Any


class Steps:
    """Select, find the trimap, matte: the three computations, with arrays in and out."""

    def __init__(self, pipeline: MattingPipeline) -> None:
        """Bind the steps to one pipeline, which all visitors share and which keeps none of their data."""
        self.pipeline = pipeline
        self._embed = on_gpu(lambda image, name: pipeline.segmenter(name).embed(image))
        self._segment = on_gpu(
            lambda image, embedding, prompts, name: pipeline.segmenter(name).segment(embedding, prompts)
        )
        self._probabilities = on_gpu(lambda image, mask: pipeline.trimap_probabilities(image, mask))
        self._alpha = on_gpu(
            lambda image, trimap, probabilities, fusion: pipeline.alpha(image, trimap, probabilities, fusion)
        )

        self._preview = on_gpu(lambda image, trimap, alpha, changed: pipeline.preview(image, trimap, alpha, changed))
        self._vitmatte = on_gpu(lambda image, trimap: other_methods.run_vitmatte(image, trimap, str(pipeline.device)))
        self._explain = on_gpu(lambda image, trimap, box: explain(pipeline, image, trimap, box))

    def embed(self, image: np.ndarray, stamp: str, name: str, known: Embedding | None) -> Embedding:
        """Return the photo's embedding for a segmenter, made once for each photo."""
        if known is not None and (known.segmenter, known.photo) == (name, stamp):
            return known
        # Loaded here, since what a lent GPU's process loads is lost with it.
        self.pipeline.segmenter(name)
        return Embedding(name, stamp, self._embed(image, name))

    def segment(self, image: np.ndarray, embedding: Embedding, prompts: Prompts) -> CoarseMasks:
        """Return the candidate masks for the prompts, which not every segmenter needs."""
        asked = as_asked(embedding.segmenter, prompts, image.shape[:2])
        return self._segment(image, embedding.value, asked, embedding.segmenter)

    def probabilities(self, image: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return TGN's probabilities, float32 (H, W, 3), for a coarse mask, float32 (H, W) in [0, 1]."""
        return self._probabilities(image, mask)

    def alpha(self, image: np.ndarray, trimap: np.ndarray, probabilities: np.ndarray | None, fusion: str) -> np.ndarray:
        """Return alpha, float32 (H, W) in [0, 1]."""
        return self._alpha(image, trimap, probabilities, fusion)

    def preview(self, image: np.ndarray, trimap: np.ndarray, alpha: np.ndarray, changed: np.ndarray) -> np.ndarray:
        """Return alpha computed again around what changed, booleans (H, W), and as it was elsewhere."""
        return self._preview(image, trimap, alpha, changed)

    def explain(self, image: np.ndarray, trimap: np.ndarray, box: Box) -> Explanation:
        """Return where SPAMattNet looks from a box."""
        return self._explain(image, trimap, box)

    def other_alpha(self, method: str, image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        """Return alpha by another method than SPAMattNet, float32 (H, W) in [0, 1].

        Raises:
            ValueError: If the photo is too large, the weights are not available, or the trimap does not suffice.
        """
        other_methods.check_pixels(method, trimap)
        if method == CLASSICAL_METHOD:
            return other_methods.solve_closed_form(image, trimap)
        # Loaded here, since what a lent GPU's process loads is lost with it.
        other_methods.load_vitmatte(other_methods.source_of(method), str(self.pipeline.device))
        return self._vitmatte(image, trimap)
