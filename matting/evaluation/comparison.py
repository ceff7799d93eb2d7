"""Methods beside each other on the same photos, in memory: alphas, scores, error maps, and how sure the means are.

results = evaluate({"ours": pipeline, "closed-form": "closed-form"}, photos)
results                                   # a table: in a notebook as such, elsewhere as text
results.alpha("ours", "fur 1"), results.error("ours", "fur 1")
results.mean("ours").sad, results.interval("ours")
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.methods import FROM_MASK, METHODS, Method
from matting.evaluation.metrics import Scores, unknown_region_scores, whole_image_scores
from matting.evaluation.tables import aligned
from matting.inference.fusion import hard_fusion
from matting.pipeline import MattingPipeline
from matting.trimaps.algebra import UNKNOWN

Region = Literal["unknown", "whole"]
Matte = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""A method of one's own: a photo, uint8 (H, W, 3), and a trimap, uint8 (H, W), give alpha, floats (H, W) in [0, 1]."""

RESAMPLES = 10_000
"""Draws of the bootstrap."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `evaluate` found. Photos and methods keep the order in which they were given.

    Attributes:
        photos: by name.
        region: what was scored, "unknown" or "whole".
        scores: by method, by photo; a photo that a method failed on is missing there.
        alphas: by method, by photo, float32 (H, W).
        failed: by method, by photo, why there is no alpha.
    """

    photos: Mapping[str, Photo]
    region: Region
    scores: Mapping[str, Mapping[str, Scores]]
    alphas: Mapping[str, Mapping[str, np.ndarray]]
    failed: Mapping[str, Mapping[str, str]]

    @property
    def common(self) -> list[str]:
        """Names of the photos that no method failed on: means are taken over these, so that they can be compared."""
        return [name for name in self.photos if all(name in row for row in self.scores.values())]

    def alpha(self, method: str, photo: str) -> np.ndarray:
        """A method's alpha of a photo, float32 (H, W)."""
        return self.alphas[method][photo]

    def error(self, method: str, photo: str) -> np.ndarray:
        """The error map |alpha - truth|, float32 (H, W); what lies beyond the scored region is 0."""
        shown = self.photos[photo]
        error = np.abs(self.alphas[method][photo] - shown.truth)
        return error if self.region == "whole" else error * (shown.trimap == UNKNOWN)

    def values(self, method: str, measure: str = "sad") -> np.ndarray:
        """One measure of a method on each of the common photos, a field of `Scores`."""
        return np.array([getattr(self.scores[method][name], measure) for name in self.common])

    def mean(self, method: str) -> Scores:
        """The mean scores of a method over the common photos."""
        return Scores(*(float(self.values(method, field.name).mean()) for field in fields(Scores)))

    def interval(self, method: str, measure: str = "sad", *, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
        """Where the mean over photos of this kind lies with a probability of `level`, by the bootstrap."""
        return bootstrap(self.values(method, measure), level, seed)

    def difference(
        self, method: str, other: str, measure: str = "sad", *, level: float = 0.95, seed: int = 0
    ) -> tuple[float, float, float]:
        """The mean difference of two methods and its interval: (mean, low, high); below 0 the first is better.

        Both are taken on the same photos, so how hard a photo is cancels: the interval is far narrower than those of
        the two means.
        """
        differences = self.values(method, measure) - self.values(other, measure)
        return float(differences.mean()), *bootstrap(differences, level, seed)

    def worst(self, method: str, count: int = 1) -> list[str]:
        """Names of the photos on which a method's SAD is highest, the highest first."""
        scores = self.scores[method]
        return sorted(scores, key=lambda name: -scores[name].sad)[:count]

    def to_markdown(self) -> str:
        """A row for each method: mean SAD with its interval, MSE, Grad, Conn, and SAD on each photo."""
        heads = ("Method", "SAD", "95 %", "MSE (10⁻³)", "Grad", "Conn", *(f"SAD {name}" for name in self.photos))
        rows = [self._row(method) for method in self.scores]
        notes = [
            f"{method} has no alpha of {name}: {why}"
            for method, row in self.failed.items()
            for name, why in row.items()
        ]
        return "\n\n".join([aligned([heads, *rows]), *notes])

    def _row(self, method: str) -> tuple[str, ...]:
        found = self.scores[method]
        each = [f"{found[name].sad:.2f}" if name in found else "–" for name in self.photos]
        if not self.common:
            return method, *"–––––", *each
        mean, (low, high) = self.mean(method), self.interval(method)
        means = (
            f"{mean.sad:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{1000 * mean.mse:.1f}",
            f"{mean.grad:.2f}",
            f"{mean.conn:.2f}",
        )
        return method, *means, *each

    def __repr__(self) -> str:
        return self.to_markdown()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def evaluate(
    methods: Mapping[str, MattingPipeline | Matte | str],
    photos: Sequence[Photo],
    *,
    region: Region = "unknown",
    watch: Callable[[float], None] | None = None,
) -> Comparison:
    """Matte photos by several methods and score the alphas.

    Args:
        methods: by the name that the table gives them: a pipeline, whose SPAMattNet gets the trimap; a function of
            photo and trimap; or one of the names of `evaluation.methods` that need a trimap, such as "closed-form".
        photos: each with its trimap and true alpha; their names differ.
        region: what is scored: the trimap's "unknown" region (Composition-1k's convention), or the "whole" photo
            (AIM's and P3M's).
        watch: is told the share that is done before each matte; raise in it to stop.

    Returns:
        all alphas and scores. Where a method cannot matte a photo, its reason stands in `failed`.

    Raises:
        ValueError: where a photo lacks its truth or trimap, two bear one name, or a method is unknown.
    """
    by_name = {photo.name: photo for photo in photos}
    if len(by_name) < len(photos):
        raise ValueError("Two photos bear the same name; give each its own.")
    for photo in photos:
        if photo.truth is None or photo.trimap is None:
            raise ValueError(f"{photo.name} needs a trimap and a true alpha to be matted and scored; give both.")
    mattes = {name: _matte(name, method) for name, method in methods.items()}
    alphas: dict[str, dict[str, np.ndarray]] = {name: {} for name in mattes}
    failed: dict[str, dict[str, str]] = {name: {} for name in mattes}
    jobs = [(name, photo) for photo in photos for name in mattes]
    for number, (name, photo) in enumerate(jobs):
        if watch is not None:
            watch(number / len(jobs))
        try:
            alphas[name][photo.name] = hard_fusion(mattes[name](photo.image, photo.trimap), photo.trimap)
        except ValueError as error:
            failed[name][photo.name] = str(error)
    scores = {
        name: {photo: _score(alpha, by_name[photo], region) for photo, alpha in found.items()}
        for name, found in alphas.items()
    }
    return Comparison(by_name, region, scores, alphas, {name: row for name, row in failed.items() if row})


def bootstrap(values: np.ndarray, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Interval of the mean of values (N,), by drawing N of them with replacement again and again (Efron, 1979).

    With fewer than about ten values it is too narrow; with one value it is that value.
    """
    drawn = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    tail = (1 - level) / 2
    low, high = np.quantile(values[drawn].mean(axis=1), (tail, 1 - tail))
    return float(low), float(high)


def _matte(name: str, method: MattingPipeline | Matte | str) -> Matte:
    if isinstance(method, MattingPipeline):
        return method.alpha
    if not isinstance(method, str):
        return method
    usable = [known for known in METHODS if known not in (*FROM_MASK, "predictions")]
    if method not in usable:
        raise ValueError(f"{name} is to be {method}, but a method by name is one of {', '.join(usable)}.")
    chosen = Method(method)
    chosen.prepare()

    def matte(image: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        with redirect_stderr(io.StringIO()):  # PyMatting's remarks on its own speed
            return chosen.alpha(image, trimap, None)

    return matte


def _score(alpha: np.ndarray, photo: Photo, region: Region) -> Scores:
    if region == "whole":
        return whole_image_scores(alpha, photo.truth)
    return unknown_region_scores(alpha, photo.truth, photo.trimap == UNKNOWN)
