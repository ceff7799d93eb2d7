"""From a benchmark's name and a person's choices to the runs of its protocol, their labels and the paper's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from matting.coarse import ALIASES, SEGMENTERS
from matting.data.layouts import Example
from matting.evaluation import paper
from matting.evaluation.benchmarks import BENCHMARKS, Benchmark, check_complete
from matting.evaluation.guidance import TRIMAP_NUMBERS, Guidance, check_kinds
from matting.evaluation.methods import JOINT, PAPER_NAMES, Method
from matting.evaluation.runner import Outcome, Run
from matting.evaluation.tables import Report


@dataclass(frozen=True)
class Choices:
    """What a person chose; None leaves the benchmark's default.

    Attributes:
        methods: names of methods, several for one table.
        trimap: the trimap's kind, see `matting.evaluation.guidance`.
        masks: kinds of coarse masks, each a row of its own.
        prompt: what a segmenter is told.
        region: "unknown" or "whole", what is scored where a benchmark has no region of its own.
        weights: a folder of our weights or a hub id.
        vitmatte: a folder or hub id of ViTMatte's weights.
        predictions: a folder of another program's alphas.
        device: where networks run.
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
    methods = choices.methods or (["joint-hard"] if trimap == "tgn" else ["spamattnet"])
    runs: dict[str, Run] = {}
    for method in methods:
        if method in JOINT and choices.trimap not in (None, "tgn"):
            raise ValueError(f"{method} makes its own trimap from a coarse mask; leave --trimap out.")
        kind = "tgn" if method in JOINT else trimap
        made_of_mask = kind is not None and (kind == "tgn" or kind.startswith("pseudo-"))
        masks = (choices.masks or [benchmark.mask]) if made_of_mask else [None]
        for mask in masks:
            run = _run(benchmark, Guidance(None if method in JOINT else kind, mask), method, choices)
            run = run if scored else replace(run, scoring=None)
            if mask == "u2net" and mask not in SEGMENTERS and not choices.masks:
                raise ValueError(
                    f"The paper's coarse masks for {name} come from a U2Net, which is not among the segmenters here; "
                    "name other ones with --mask: 20, grabcut, sam, or a folder of your own."
                )
            check_kinds(run.guidance)
            _check_data(name, found, run)
            runs[label(run)] = run
    if save:
        alone = len(runs) == 1
        runs = {title: replace(run, save=save if alone else save / title) for title, run in runs.items()}
    return runs


def label(run: Run) -> str:
    """Name a run as the paper does: SPAMattNet, JIH-20; other methods from masks carry what the mask is."""
    mask = run.guidance.mask
    if mask in (None, "given"):
        return run.method.label
    short = mask if mask.isdecimal() else Path(mask).name
    return f"{run.method.label}-{short}"


def paper_table(name: str, runs: Mapping[str, Run]) -> paper.PaperTable | None:
    """Find the paper's table that runs are to stand beside: of their protocol, or of masks eroded by several N."""
    benchmark = BENCHMARKS[name]
    free = [run for run in runs.values() if run.scoring != "unknown"]
    number = benchmark.free if free else benchmark.needed
    if len({run.guidance.erosion for run in free} - {None}) > 1 and benchmark.eroded:
        number = benchmark.eroded
    return paper.find(number, name) if number else None


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
    if guidance.mask in (*SEGMENTERS, *ALIASES):
        chosen["prompt"] = guidance.prompt
    if run.method.name in PAPER_NAMES or guidance.trimap == "tgn":
        chosen["weights"] = guidance.weights or "bundled"
    elif run.method.source:
        chosen["weights"] = run.method.source
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
        scoring = choices.region or ("unknown" if guidance.from_truth else "whole")
    method = Method(name, sources.get(name, choices.weights if name in PAPER_NAMES else None), choices.device)
    return Run(method, guidance, scoring, benchmark.side)


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
