"""`evaluate BENCHMARK`: a method, or several on the same pixels, on one of the paper's data sets or any folders."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_device, check_json
from matting.commands.evaluate import submission
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
JOINT = ("joint-hard", "joint-soft")
METHODS = ("spamattnet", *JOINT, "closed-form", "knn", "lbdm", "vitmatte", "predictions")
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
        help="coarse masks: the paper's simulated ones (20 30 40 50), given, a segmenter's NAME or NAME:FILE, a folder",
    )  # fmt: skip
    parser.add_argument(
        "--prompt", default="nothing", choices=("nothing", "click", "box"), help="what a segmenter gets"
    )
    parser.add_argument(
        "--region", choices=("unknown", "whole"), help="what is scored (default: unknown where a trimap is given)"
    )
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="photos to put behind bare foregrounds")
    parser.add_argument("--first", type=int, metavar="N", help="only the first N photos, as a trial")
    parser.add_argument(
        "--weights", metavar="SOURCE",
        help="a folder of weights, a hub id, or a file of SPAMattNet's beside the bundled TGN (default: the bundled)",
    )  # fmt: skip
    parser.add_argument("--device", metavar="D", help="cpu, cuda, mps, ... (default: the best there is)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")
    where = "where finished photos are cached (default: $TRIMATTE_CACHE or ~/.cache/trimatte)"
    parser.add_argument("--cache", type=Path, metavar="DIR", help=where)
    parser.add_argument("--no-cache", action="store_true", help="ignore the cache and compute everything again")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")


def run(args: argparse.Namespace) -> int:
    """Print the table and write the files that were asked for; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import tables
    from matting.evaluation.benchmarks.protocols import paper_table

    if getattr(args, "split", None) == "test":
        return submission.run(args)
    try:
        cache = prepare(args)
        found = _examples(args)
        runs = _plan(args, found)
        other = _against(args, runs, found)
        reports = score(args, found, runs, cache)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    show(reports, None if args.first else paper_table(args.benchmark, runs))
    write(reports, args.json)
    if other:
        print(f"\n{tables.compare(next(iter(reports.values())), other)}")
    return say_failures(reports)


def collect(args: argparse.Namespace) -> dict[str, Report]:
    """Score what the arguments ask for and return the reports by their labels; raises ValueError or OSError."""
    cache = prepare(args)
    found = _examples(args)
    return score(args, found, _plan(args, found), cache)


def score(
    args: argparse.Namespace, found: Sequence[Example], runs: Mapping[str, Run], cache: Path | None
) -> dict[str, Report]:
    """Score every run on the same examples; raises ValueError or OSError."""
    from matting.evaluation.benchmarks.protocols import report
    from matting.evaluation.benchmarks.runner import evaluate

    reports = {}
    for label, one in runs.items():
        outcomes = evaluate(found, one, cache=cache, workers=args.workers)
        reports[label] = report(args.benchmark, one, found, outcomes)
    return reports


def prepare(args: argparse.Namespace) -> Path | None:
    """Check what can be checked before any work, and return the cache's folder; raises ValueError or OSError."""
    for option, value in (("--workers", args.workers), ("--first", args.first)):
        if value is not None and value < 1:
            raise ValueError(f"{option} should be 1 or more, got {value}.")
    check_json(args.json)
    check_device(args.device)
    if args.no_cache:
        return None
    folder = args.cache or Path(os.environ.get("TRIMATTE_CACHE", Path.home() / ".cache" / "trimatte"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def show(reports: Mapping[str, Report], table: object | None) -> None:
    """Print a line per photo where one method ran on few, and the means beside the paper's rows."""
    from matting.evaluation import tables

    alone = next(iter(reports.values())) if len(reports) == 1 else None
    if alone and len(alone.images) <= LONGEST_TABLE:
        print(tables.to_markdown(alone))
        if table is None and alone.mean == alone.summary:
            return
        print()
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


def choices_of(args: argparse.Namespace) -> dict[str, object]:
    """Return the arguments that say what methods get, as `Choices` takes them."""
    return {
        "trimap": args.trimap, "masks": args.mask, "prompt": args.prompt, "region": args.region,
        "weights": args.weights, "device": args.device,
    }  # fmt: skip


def _plan(args: argparse.Namespace, found: Sequence[Example]) -> dict[str, Run]:
    from matting.evaluation.benchmarks.protocols import Choices, plan

    choices = Choices(
        **choices_of(args), methods=args.method, vitmatte=args.vitmatte, predictions=args.predictions, flip=args.flip
    )
    return plan(args.benchmark, found, choices, args.save)


def _examples(args: argparse.Namespace) -> list[Example]:
    from matting.evaluation.benchmarks import alphamatting, definitions
    from matting.evaluation.benchmarks.guidance import TRIMAP_NUMBERS

    needs_trimap = not set(args.method or ["spamattnet"]) <= set(JOINT)
    if args.benchmark == "alphamatting" and args.trimap is None and needs_trimap:
        raise ValueError("alphamatting.com's photos have two trimaps; choose --trimap 1 (narrow) or 2 (wide).")
    if args.benchmark == "alphamatting" and args.trimap in TRIMAP_NUMBERS:
        found = alphamatting.examples(args.root, int(TRIMAP_NUMBERS[args.trimap]))
    else:
        found = definitions.examples(args.benchmark, args.root, backgrounds=args.backgrounds)
    return found[: args.first]


def _against(args: argparse.Namespace, runs: Mapping[str, Run], found: Sequence[Example]) -> Report | None:
    """Read the report to compare with and make sure, before minutes of work, that it can be compared."""
    from matting.evaluation import tables
    from matting.evaluation.benchmarks.protocols import settings

    if not args.against:
        return None
    if len(runs) > 1:
        raise ValueError("--against compares one run; choose one --method and one --mask.")
    other, (one,) = tables.read_json(args.against), runs.values()
    names = dict.fromkeys(example.name for example in found)
    tables.check_comparable(tables.Report(args.benchmark, one.method.name, settings(one), names), other)
    return other
