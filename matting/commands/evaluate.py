"""Score a method on a benchmark and print the table, a row per photo and the mean."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, _composites, _trimap_free, check_json, load_pipeline

if TYPE_CHECKING:
    import numpy as np

    Matte = Callable[[np.ndarray, np.ndarray], np.ndarray]

BASELINES = ("closed-form", "knn", "lbdm")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `evaluate`, a parser for each benchmark."""
    parser = subparsers.add_parser("evaluate", help="score a method on a benchmark", description=__doc__)
    benchmarks = parser.add_subparsers(dest="benchmark", required=True, metavar="BENCHMARK")
    _add_alphamatting(
        benchmarks.add_parser("alphamatting", help="mattes of the training photos of alphamatting.com")
    )
    _add_coarse(
        benchmarks.add_parser("coarse", help="coarse masks of the same photos, from clicks and boxes")
    )
    parser = benchmarks.add_parser("trimap-free", help="mattes of the same photos from coarse masks alone")
    _add_root_and_json(parser)
    _trimap_free.add_arguments(parser)
    _composites.add_arguments(
        benchmarks.add_parser("composites", help="trimaps and mattes of generated composites, whose alpha is exact")
    )


def run(args: argparse.Namespace) -> int:
    """Run the benchmark asked for; returns the exit status."""
    return args.run_benchmark(args)


def _add_alphamatting(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run_benchmark=_run_alphamatting)
    _add_root_and_json(parser)
    parser.add_argument("--trimap", required=True, type=int, choices=(1, 2), help="1 is narrow, 2 is wide")
    parser.add_argument(
        "--method", default="spamattnet", choices=("spamattnet", *BASELINES), help="default: spamattnet"
    )
    parser.add_argument(
        "--weights", metavar="SOURCE", help="a folder of weights or a hub id (default: the bundled ones)"
    )
    parser.add_argument("--device", metavar="D", help="cpu, cuda, mps, ... (default: the best there is)")
    parser.add_argument(
        "--save", type=Path, metavar="DIR", help="write each photo's alpha there, 16-bit gray"
    )
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with an earlier run's --json")


def _add_coarse(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run_benchmark=_run_coarse)
    _add_root_and_json(parser)
    parser.add_argument("--coarse", default="grabcut", metavar="NAME", help="grabcut (default), sam, ...")
    parser.add_argument(
        "--source", metavar="SOURCE", help="a folder or hub id of the segmenter's own weights"
    )
    parser.add_argument("--device", default="cpu", metavar="D", help="cpu (default), cuda, mps, ...")


def _add_root_and_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", required=True, type=Path, metavar="DIR", help="the folder that holds input_training_lowres"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")


def _run_alphamatting(args: argparse.Namespace) -> int:
    from matting.evaluation import alphamatting, tables

    settings = {"trimap": args.trimap}
    if args.method not in BASELINES:
        settings["weights"] = args.weights or "bundled"
    try:
        names = alphamatting.find(args.root, args.trimap)
        report = tables.Report("alphamatting", args.method, settings, dict.fromkeys(names))
        other = tables.read_json(args.against) if args.against else None
        if other:
            tables.check_comparable(report, other)  # now, not after minutes of work
        check_json(args.json)
        if args.save:
            args.save.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    report = dataclasses.replace(report, images=_score(names, _method(args), args))
    print(tables.to_markdown(report))
    if args.json:
        tables.write_json(report, args.json)
    if other:
        print(f"\n{tables.compare(report, other)}")
    return 0


def _run_coarse(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from matting.coarse import SegmenterUnavailable, load_segmenter
    from matting.evaluation import alphamatting, coarse, tables

    images = {}
    try:
        check_json(args.json)
        names = alphamatting.find(args.root, 1)
        segmenter = load_segmenter(args.coarse, source=args.source, device=args.device)
        for name in tqdm(names, unit="photo", file=sys.stderr):
            sample = alphamatting.read(args.root, 1, name)
            images[name] = coarse.score(sample.image, sample.truth, segmenter)
    except (ValueError, OSError, SegmenterUnavailable) as error:
        raise UsageError(str(error)) from error
    report = tables.Report("coarse", args.coarse, {"source": args.source}, images)
    print(tables.to_markdown(report))
    if args.json:
        tables.write_json(report, args.json)
    return 0


def _method(args: argparse.Namespace) -> Matte:
    if args.method in BASELINES:
        from matting.evaluation import baselines

        return baselines.BASELINES[args.method]
    return load_pipeline(args.weights, args.device).alpha


def _score(names: Sequence[str], matte: Matte, args: argparse.Namespace) -> dict[str, dict[str, float]]:
    from tqdm import tqdm

    from matting.evaluation import alphamatting, tables
    from matting.images import write_alpha

    images = {}
    for name in tqdm(names, unit="photo", file=sys.stderr):
        try:
            sample = alphamatting.read(args.root, args.trimap, name)
        except ValueError as error:
            raise UsageError(str(error)) from error
        result = alphamatting.score(sample, matte(sample.image, sample.trimap))
        images[name] = tables.named(result.scores)
        if args.save:
            write_alpha(args.save / f"{name}.png", result.alpha)
    return images
