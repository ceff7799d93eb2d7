"""What is scored: ours with a trimap or from a mask alone, the mask itself, classical solvers, ViTMatte, files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from matting.data.layouts.files import partner, pictures
from matting.data.planes import read_sized_alpha
from matting.evaluation.cache import code_version, remember
from matting.inference.fusion import hard_fusion
from matting.inference.whole_photo import average_over_flip
from matting.methods.classical import BASELINES
from matting.methods.vitmatte import load_vitmatte
from matting.networks import weights
from matting.networks.spamattnet import SPAMattNet
from matting.pipeline import MattingPipeline
from matting.trimaps.algebra import from_probabilities

JOINT = {"joint-hard": "hard", "joint-soft": "soft"}
NEED_TRIMAP = ("spamattnet", *BASELINES, "vitmatte")
FROM_MASK = (*JOINT, "mask")
"""Methods that start from the coarse mask; "mask" takes it as alpha, as it is."""

METHODS = ("spamattnet", *JOINT, "mask", *BASELINES, "vitmatte", "predictions")
PAPER_NAMES = {"spamattnet": "SPAMattNet", "joint-soft": "JIS", "joint-hard": "JIH"}
"""What the paper calls ours."""


@dataclass(frozen=True)
class Method:
    """A method and where its weights or files are.

    Attributes:
        name: one of METHODS.
        source: ours: a folder of weights, a hub id or a file of SPAMattNet's, None for the bundled ones; ViTMatte: a
            folder or a hub id; predictions: the folder of alphas.
        device: where a network runs.
        flip: of ours, whether SPAMattNet's alpha is averaged over the photo and its mirror image.
    """

    name: str
    source: str | None = None
    device: str | None = None
    flip: bool = False

    @property
    def label(self) -> str:
        """Its name in a table."""
        return PAPER_NAMES.get(self.name, self.name)

    def identity(self) -> str:
        """Tell methods apart whose alphas differ: by name, weights and version."""
        if self.name in BASELINES:
            return f"{self.name}, pymatting {version('pymatting')}"
        if self.name == "vitmatte":
            return f"vitmatte, transformers {version('transformers')}, {load_vitmatte(self.source, self.device).digest}"
        if self.name in ("predictions", "mask"):
            return f"{self.name}, {self.source}"
        return f"{self.name}, flip {self.flip}, {weights_digest(self.source)}, {code_version()}"

    def prepare(self) -> None:
        """Load what the method needs, so that missing weights are reported before the work; raises ValueError."""
        if self.name in PAPER_NAMES:
            load_pipeline(self.source, self.device)
        elif self.name == "vitmatte":
            load_vitmatte(self.source, self.device)

    def alpha(
        self, image: np.ndarray, trimap: np.ndarray | None, mask: np.ndarray | None, cache: Path | None = None
    ) -> np.ndarray:
        """Estimate alpha, float32 (H, W) in [0, 1], from a photo and its guidance.

        Methods that need a trimap get its known values written over their alpha. Solved alphas are kept in `cache`.

        Raises:
            ValueError: where the guidance does not suffice.
        """
        if self.name in PAPER_NAMES:
            return self._ours(load_pipeline(self.source, self.device), image, trimap, mask)
        if self.name == "mask":
            return mask
        if self.name == "vitmatte":
            return hard_fusion(load_vitmatte(self.source, self.device)(image, trimap), trimap)
        return hard_fusion(remember(cache, self.identity(), image, trimap, BASELINES[self.name]), trimap)

    def _ours(
        self, pipeline: MattingPipeline, image: np.ndarray, trimap: np.ndarray | None, mask: np.ndarray | None
    ) -> np.ndarray:
        """SPAMattNet's alpha from the trimap, or fused with what TGN makes of the mask."""
        if self.name == "spamattnet":
            matte, guidance = pipeline.alpha, (trimap,)
        else:
            probabilities = pipeline.trimap_probabilities(image, mask)
            matte = partial(pipeline.alpha, fusion=JOINT[self.name])
            guidance = (from_probabilities(probabilities), probabilities)
        return average_over_flip(matte, image, *guidance) if self.flip else matte(image, *guidance)


@lru_cache(maxsize=2)
def load_pipeline(source: str | None, device: str | None) -> MattingPipeline:
    """Load our networks once for each process; a single file of SPAMattNet's weights goes with the bundled TGN.

    Raises:
        ValueError: where weights are not available.
    """
    if not _is_file(source):
        return MattingPipeline.from_pretrained(source, device=device)
    network = weights.load_weights(source)
    if not isinstance(network, SPAMattNet):
        raise ValueError(f"{source} holds {type(network).__name__}, which makes no mattes; name SPAMattNet's weights.")
    tgn = weights.load_weights(weights.find_folder(None) / weights.FILES["tgn"])
    return MattingPipeline(tgn, network, device=device)


@lru_cache(maxsize=2)
def weights_digest(source: str | None) -> str:
    """Tell weights apart by what their files hold; raises ValueError where they are not available."""
    folder = weights.find_folder(None if _is_file(source) else source)
    files = [folder / file for file in weights.FILES.values()] + ([Path(source)] if _is_file(source) else [])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes() if file.is_file() else b"absent")
    return digest.hexdigest()[:16]


def _is_file(source: str | None) -> bool:
    return source is not None and Path(source).is_file()


def read_prediction(folder: str, name: str, size: tuple[int, int]) -> np.ndarray:
    """Read another program's alpha of a photo; raises ValueError, naming it, if it is missing or of another size."""
    return read_sized_alpha(partner(predictions_in(folder), name, Path(folder), "alpha", "prediction"), size)


@lru_cache(maxsize=2)
def predictions_in(folder: str) -> dict[str, Path]:
    """Map a folder's alphas by stem, read once for all photos; raises ValueError where there is no such folder."""
    if not Path(folder).is_dir():
        raise ValueError(f"The folder of predictions {folder} is missing.")
    return pictures(Path(folder))
