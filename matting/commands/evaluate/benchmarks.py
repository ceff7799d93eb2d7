"""`evaluate BENCHMARK`: a method, or several on the same pixels, on one of the paper's data sets or any folders."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError
from matting.commands.evaluate import submission
from matting.commands.evaluate.options import BenchmarkOptions, prepare
from matting.commands.options import add_cache, add_device, add_first, add_json, add_weights, add_workers, filled
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.data.layouts import Example
    from matting.evaluation.benchmarks.runner import Run
    from matting.evaluation.tables import Report

HELP = {
    "composition-1k": "Adobe's test foregrounds on VOC's photos, 1000 composites (Tables III, V, VIII)",
    "distinctions-646": "the same with Distinctions-646 (Tables V, VIII)",
    "alphamatting": "alphamatting.com: training photos scored, test photos saved for its site (Table VII)",
    "rwp-636": "636 portraits at 512x512 from pseudo trimaps, whole and details (Table X)",
    "p3m-500-p": "500 portraits with blurred faces (Table XI)",
    "p3m-500-np": "500 portraits with natural faces (Table XI)",
    "aim-500": "500 photos of three types (Table XII)",
    "ppm-100": "100 portraits",
    "folder": "your own folders: image or foreground, alpha, and, if you have them, trimap, background, coarse_mask",
}
FROM_MASK = ("joint-hard", "joint-soft", "mask")
METHODS = ("spamattnet", *FROM_MASK, "closed-form", "knn", "lbdm", "vitmatte", "predictions")
LONGEST_TABLE = 40
"""Up to so many photos get a line each; of more the mean is printed, and JSON has them all."""


def add_parsers(benchmarks: argparse._SubParsersAction) -> None:
    """Describe the arguments of every benchmark."""
    for name, help_text in HELP.items():
        add_arguments(benchmarks.add_parser(name, help=help_text, description=help_text), name)


def add_arguments(parser: argparse.ArgumentParser, name: str) -> None:
    """Describe the arguments of one benchmark."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument("--root", required=True, type=Path, metavar="DIR", help="the data set's folder")
    add_protocol_arguments(parser)
    parser.add_argument(
        "--method", nargs="+", choices=METHODS, metavar="METHOD", help=f"one or several of {', '.join(METHODS)}"
    )
    parser.add_argument("--vitmatte", metavar="SOURCE", help="a folder or hub id of ViTMatte's weights")
    parser.add_argument("--predictions", metavar="DIR", help="another program's alphas, for --method predictions")
    parser.add_argument(
        "--flip", action="store_true", help="average SPAMattNet's alpha over the photo and its mirror image"
    )
    parser.add_argument("--save", type=Path, metavar="DIR", help="write each photo's alpha there, 16-bit gray")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with an earlier run's --json")
    if name == "alphamatting":
        parser.add_argument("--split", default="training", choices=("training", "test"), help="default: training")


def add_protocol_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what methods get, where they run and what is cached."""
    parser.add_argument(
        "--trimap", metavar="KIND",
        help="given, tgn, true-PIXELS, pseudo-PIXELS, a folder; alphamatting: 1 (narrow), 2 (wide), test also 3, all",
    )  # fmt: skip
    parser.add_argument(
        "--mask", nargs="+", metavar="KIND",
        help="coarse masks: the paper's simulated ones (20 30 40 50), given, true (the true alpha cut at 1/2), "
        "a segmenter's NAME or NAME:FILE, a folder",
    )  # fmt: skip
    parser.add_argument(
        "--prompt", default="nothing", choices=("nothing", "click", "box"), help="what a segmenter gets"
    )
    parser.add_argument(
        "--region", choices=("unknown", "whole"), help="what is scored (default: unknown where a trimap is given)"
    )
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="photos to put behind bare foregrounds")
    add_first(parser, "benchmark")
    add_weights(
        parser, "a folder of weights, a hub id, or a file of SPAMattNet's beside the bundled TGN (default: the bundled)"
    )
    add_device(parser)
    add_json(parser)
    add_cache(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Run what the arguments say; returns the exit status."""
    return evaluate(filled(BenchmarkOptions, args))


def evaluate(options: BenchmarkOptions) -> int:
    """Print the table and write the files that were asked for; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import tables
    from matting.evaluation.benchmarks.protocols import paper_table

    if options.split == "test":
        return submission.write_mattes(options)
    try:
        cache = prepare(options)
        found = _examples(options)
        runs = _plan(options, found)
        other = _against(options, runs, found)
        reports = score(options, found, runs, cache)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    show(reports, None if options.first else paper_table(options.benchmark, runs))
    write(reports, options.json)
    if other:
        print(f"\n{tables.compare(next(iter(reports.values())), other)}")
    return say_failures(reports)


def collect(options: BenchmarkOptions) -> dict[str, Report]:
    """Score what the arguments ask for and return the reports by their labels; raises ValueError or OSError."""
    cache = prepare(options)
    found = _examples(options)
    return score(options, found, _plan(options, found), cache)


def score(
    options: BenchmarkOptions, found: Sequence[Example], runs: Mapping[str, Run], cache: Path | None
) -> dict[str, Report]:
    """Score every run on the same examples; raises ValueError or OSError."""
    from matting.evaluation.benchmarks.protocols import report
    from matting.evaluation.benchmarks.runner import evaluate

    reports = {}
    for label, one in runs.items():
        outcomes = evaluate(found, one, cache=cache, workers=options.workers)
        reports[label] = report(options.benchmark, one, found, outcomes)
    return reports


def show(reports: Mapping[str, Report], table: object | None) -> None:
    """Print a line per photo where there are few, and the means beside the paper's rows."""
    from matting.evaluation import tables

    alone = next(iter(reports.values())) if len(reports) == 1 else None
    if alone and len(alone.images) <= LONGEST_TABLE:
        print(tables.to_markdown(alone))
        if table is None and alone.mean == alone.summary:
            return
        print()
    elif max(len(report.images) for report in reports.values()) <= LONGEST_TABLE:
        print(f"{tables.by_photo(reports)}\n")
    counts = {len(report.images) for report in reports.values()}
    print(f"Means over {' or '.join(map(str, sorted(counts)))} photos.\n")
    print(tables.beside_paper(reports, table))


def write(reports: Mapping[str, Report], path: Path | None) -> None:
    """Write one report as it is, several under "runs", by their labels."""
    from matting.evaluation import tables

    if path is None:
        return
    first = next(iter(reports.values()))
    if len(reports) == 1:
        tables.write_json(first, path)
        return
    runs = {label: tables.to_document(report) for label, report in reports.items()}
    document = {"benchmark": first.benchmark, "runs": runs}
    write_whole(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def say_failures(reports: Mapping[str, Report]) -> int:
    """Name the photos that are missing from the means, on stderr; returns the exit status."""
    for label, report in reports.items():
        if report.failed:
            total = len(report.images) + len(report.failed)
            print(f"{label}: {len(report.failed)} of {total} photos are not in the mean:", file=sys.stderr)
            for name, why in report.failed.items():
                print(f"  {name}: {why}", file=sys.stderr)
    return 1 if any(report.failed for report in reports.values()) else 0


def choices_of(options: BenchmarkOptions) -> dict[str, object]:
    """Return the arguments that say what methods get, as `Choices` takes them."""
    return {
        "trimap": options.trimap, "masks": options.mask, "prompt": options.prompt, "region": options.region,
        "weights": options.weights, "device": options.device,
    }  # fmt: skip


def _plan(options: BenchmarkOptions, found: Sequence[Example]) -> dict[str, Run]:
    from matting.evaluation.benchmarks.protocols import Choices, plan

    choices = Choices(
        **choices_of(options),
        methods=options.method,
        vitmatte=options.vitmatte,
        predictions=options.predictions,
        flip=options.flip,
    )
    return plan(options.benchmark, found, choices, options.save)


def _examples(options: BenchmarkOptions) -> list[Example]:
    from matting.data.layouts.alphamatting import read_alphamatting
    from matting.evaluation.benchmarks import definitions
    from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS

    needs_trimap = not set(options.method or ["spamattnet"]) <= set(FROM_MASK)
    if options.benchmark == "alphamatting" and options.trimap is None and needs_trimap:
        raise ValueError("alphamatting.com's photos have two trimaps; choose --trimap 1 (narrow) or 2 (wide).")
    if options.benchmark == "alphamatting" and options.trimap in TRIMAP_NUMBERS:
        found = list(read_alphamatting(options.root, "training", [TRIMAP_NUMBERS[options.trimap]]))
    else:
        found = definitions.examples(options.benchmark, options.root, backgrounds=options.backgrounds)
    return found[: options.first]


def _against(options: BenchmarkOptions, runs: Mapping[str, Run], found: Sequence[Example]) -> Report | None:
    """Read the report to compare with and check, before minutes of work, that it is comparable."""
    from matting.evaluation import tables
    from matting.evaluation.benchmarks.protocols import settings

    if not options.against:
        return None
    if len(runs) > 1:
        raise ValueError("--against compares one run; choose one --method and one --mask.")
    other, (one,) = tables.read_json(options.against), runs.values()
    names = dict.fromkeys(example.name for example in found)
    tables.check_comparable(tables.Report(options.benchmark, one.method.name, settings(one), names), other)
    return other
