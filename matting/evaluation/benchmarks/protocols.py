"""From a benchmark's name and a person's choices to the runs of its protocol, their labels and the paper's table."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from matting.data.layouts import Example
from matting.evaluation.benchmarks.definitions import BENCHMARKS, Benchmark, check_complete
from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS, Guidance, check_kinds, is_segmenter
from matting.evaluation.benchmarks.runner import Outcome, Run
from matting.evaluation.methods import FROM_MASK, PAPER_NAMES, Method
from matting.evaluation.paper import figures
from matting.evaluation.tables import Report

REGIONS = ("unknown", "whole")
"""What may be chosen to be scored where a benchmark has no regions of its own."""


@dataclass(frozen=True)
class Choices:
    """What a person chose; None leaves the benchmark's default.

    Attributes:
        methods: names of methods, several for one table.
        trimap: the trimap's kind, see `matting.evaluation.benchmarks.guidance`.
        masks: kinds of coarse masks, each a row of its own.
        prompt: what a segmenter is told.
        region: "unknown" or "whole", what is scored where a benchmark has no region of its own.
        weights: a folder of our weights or a hub id.
        vitmatte: a folder or hub id of ViTMatte's weights.
        predictions: a folder of another program's alphas.
        device: where networks run.
        flip: whether SPAMattNet's alpha is averaged over the photo and its mirror image.
    """

    methods: Sequence[str] | None = None
    trimap: str | None = None
    masks: Sequence[str] | None = None
    prompt: str = "nothing"
    region: str | None = None
    weights: str | None = None
    vitmatte: str | None = None
    predictions: str | None = None
    device: str | None = None
    flip: bool = False


def plan(
    name: str, found: Sequence[Example], choices: Choices, save: Path | None = None, *, scored: bool = True
) -> dict[str, Run]:
    """Lay out a benchmark's runs by their labels, each method with each mask that it depends on.

    Args:
        name: one of BENCHMARKS.
        found: its examples; what the choices need of them must be there.
        choices: what was chosen.
        save: folder for alphas; several runs get a folder each in it, named by their labels.
        scored: whether there is a truth to score against.

    Raises:
        ValueError: where choices contradict each other or the data set lacks what they need.
    """
    benchmark = BENCHMARKS[name]
    if choices.region and benchmark.scoring != "by trimap":
        raise ValueError(f"{name} has its own regions to score; leave --region out.")
    trimap = choices.trimap or _default_trimap(benchmark, found, choices)
    trimap = TRIMAP_NUMBERS.get(trimap or "", trimap)
    methods = choices.methods or _default_methods(benchmark, trimap, choices)
    runs: dict[str, Run] = {}
    for method in methods:
        if method in FROM_MASK and choices.trimap not in (None, "tgn"):
            raise ValueError(f"{method} starts from a coarse mask, not from a trimap; leave --trimap out.")
        kind = "tgn" if method in FROM_MASK else trimap
        made_of_mask = kind is not None and (kind == "tgn" or kind.startswith("pseudo-"))
        masks = (choices.masks or [benchmark.mask]) if made_of_mask else [None]
        for mask in masks:
            run = _run(benchmark, Guidance(None if method in FROM_MASK else kind, mask), method, choices)
            run = run if scored else replace(run, scoring=None)
            check_kinds(run.guidance)
            _check_data(name, found, run)
            if run not in runs.values():
                runs[unused(label(run), runs)] = run
    if choices.flip and not any(run.method.flip for run in runs.values()):
        raise ValueError(f"--flip is for SPAMattNet's alpha; choose one of the methods {', '.join(PAPER_NAMES)}.")
    if save:
        alone = len(runs) == 1
        runs = {title: replace(run, save=save if alone else save / title) for title, run in runs.items()}
    return runs


def label(run: Run) -> str:
    """Name a run as the paper does, SPAMattNet or JIH-20, and say what the paper does not have: (flip)."""
    mask = run.guidance.mask
    suffix = "" if mask in (None, "given") else f"-{short_mask(mask)}"
    return run.method.label + suffix + (" (flip)" if run.method.flip else "")


def short_mask(mask: str) -> str:
    """Name a kind of coarse mask for people: N, a segmenter without its weights, a folder without its path."""
    return mask.partition(":")[0] if is_segmenter(mask) else Path(mask).name


def unused(name: str, taken: Container[str]) -> str:
    """Return the name, or with the first number from 2 that makes it another than those that are taken."""
    names = (f"{name} ({number})" if number > 1 else name for number in count(1))
    return next(one for one in names if one not in taken)


def paper_table(name: str, runs: Mapping[str, Run]) -> figures.PaperTable | None:
    """Find the paper's table that runs are to stand beside: of their protocol, or of masks eroded by several N."""
    benchmark = BENCHMARKS[name]
    free = [run for run in runs.values() if run.scoring != "unknown"]
    number = benchmark.free if free else benchmark.needed
    if len({run.guidance.erosion for run in free} - {None}) > 1 and benchmark.eroded:
        number = benchmark.eroded
    return figures.find(number, name) if number else None


def report(name: str, run: Run, found: Sequence[Example], outcomes: Mapping[str, Outcome]) -> Report:
    """Collect a run's outcomes; raises ValueError where not one photo could be scored."""
    images = {key: outcome.scores for key, outcome in outcomes.items() if outcome.scores is not None}
    failed = {key: outcome.failure for key, outcome in outcomes.items() if outcome.failure is not None}
    if not images:
        first = next(iter(failed.items()), ("none", "there is no photo"))
        raise ValueError(f"Not one of {len(failed)} photos could be scored; the first, {first[0]}: {first[1]}")
    types = {example.name: example.type for example in found if example.type and example.name in images}
    return Report(name, run.method.name, settings(run), images, types, failed)


def settings(run: Run) -> dict[str, str | int | None]:
    """Say what was chosen for a run, in JSON's own types."""
    guidance = run.guidance
    chosen: dict[str, str | int | None] = {}
    if guidance.trimap is not None:
        chosen["trimap"] = int(guidance.trimap) if guidance.trimap.isdecimal() else guidance.trimap
    if guidance.mask is not None:
        chosen["mask"] = guidance.mask
    if is_segmenter(guidance.mask):
        chosen["prompt"] = guidance.prompt
    if run.method.name in PAPER_NAMES or guidance.trimap == "tgn":
        chosen["weights"] = guidance.weights or "bundled"
    elif run.method.source:
        chosen["weights"] = run.method.source
    if run.method.flip:
        chosen["flip"] = True
    if run.scoring in REGIONS and run.scoring != _usual_region(guidance):
        chosen["region"] = run.scoring
    return chosen


def _run(benchmark: Benchmark, given: Guidance, name: str, choices: Choices) -> Run:
    sources = {"vitmatte": choices.vitmatte, "predictions": choices.predictions}
    if name == "predictions" and not choices.predictions:
        raise ValueError("Scoring predictions needs the folder that they are in; name it with --predictions.")
    guidance = replace(
        given, prompt=choices.prompt, kernel=benchmark.kernel, weights=choices.weights, device=choices.device
    )
    scoring = benchmark.scoring
    if scoring == "by trimap":
        scoring = choices.region or _usual_region(guidance)
    ours = name in PAPER_NAMES
    source = sources.get(name, choices.weights if ours else None)
    method = Method(name, source, choices.device, flip=choices.flip and ours)
    return Run(method, guidance, scoring, benchmark.side)


def _usual_region(guidance: Guidance) -> str:
    return "unknown" if guidance.from_truth else "whole"


def _default_methods(benchmark: Benchmark, trimap: str | None, choices: Choices) -> list[str]:
    """Joint inference where TGN makes the trimap, with the mask itself beside it where folders' masks were named."""
    if trimap != "tgn":
        return ["spamattnet"]
    return ["joint-hard", "mask"] if benchmark.layout == "folder" and choices.masks else ["joint-hard"]


def _default_trimap(benchmark: Benchmark, found: Sequence[Example], choices: Choices) -> str | None:
    if choices.methods and all(method == "predictions" for method in choices.methods):
        unknown = benchmark.trimap == "given" and all(one.trimap for one in found) and choices.region != "whole"
        return benchmark.trimap if unknown else None
    if benchmark.layout == "folder" and not all(example.trimap for example in found):
        return "tgn"
    return "tgn" if choices.masks and benchmark.trimap == "given" else benchmark.trimap


def _check_data(name: str, found: Sequence[Example], run: Run) -> None:
    """Raise ValueError where the protocol needs files that the data set lacks, or a segmenter that there is not."""
    if run.guidance.trimap == "given":
        check_complete(found, "trimap", "choose another --trimap")
    if run.guidance.mask == "given":
        check_complete(found, "coarse_mask", "choose another --mask")
    if run.scoring == "transition":
        check_complete(found, "trimap", f"{name}'s -T measures need them")
    if run.scoring == "details":
        check_complete(found, "detail", f"{name}'s Details need them")
    if run.scoring is not None:
        check_complete(found, "alpha", "there is nothing to score against")
