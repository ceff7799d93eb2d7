"""Score a method on a benchmark and print the table: photos, means, and the paper's rows beside them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matting.commands import UsageError, check_json
from matting.commands.evaluate import benchmarks as _benchmarks
from matting.commands.evaluate import composites, trimap_free, trimaps
from matting.commands.options import add_json


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `evaluate`, a parser for each benchmark."""
    parser = subparsers.add_parser("evaluate", help="score a method on a benchmark", description=__doc__)
    benchmarks = parser.add_subparsers(dest="benchmark", required=True, metavar="BENCHMARK")
    _benchmarks.add_parsers(benchmarks)
    _add_coarse(benchmarks.add_parser("coarse", help="alphamatting.com's photos: coarse masks from clicks and boxes"))
    trimaps.add_arguments(
        benchmarks.add_parser("trimaps", help="trimaps of TGN or DeepLab from coarse masks (Tables I and II)")
    )
    parser = benchmarks.add_parser("trimap-free", help="alphamatting.com's photos: mattes from coarse masks alone")
    _add_root_and_json(parser)
    trimap_free.add_arguments(parser)
    composites.add_arguments(
        benchmarks.add_parser("composites", help="trimaps and mattes of generated composites, whose alpha is exact")
    )


def run(args: argparse.Namespace) -> int:
    """Run the benchmark asked for; returns the exit status."""
    return args.run_benchmark(args)


def _add_coarse(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run_benchmark=_run_coarse)
    _add_root_and_json(parser)
    parser.add_argument("--coarse", default="grabcut", metavar="NAME", help="grabcut (default), sam, ...")
    parser.add_argument("--source", metavar="SOURCE", help="a folder or hub id of the segmenter's weights")
    parser.add_argument("--device", default="cpu", metavar="D", help="cpu (default), cuda, mps, ...")


def _add_root_and_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", required=True, type=Path, metavar="DIR", help="the folder with input_training_lowres")
    add_json(parser)


def _run_coarse(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from matting.coarse import SegmenterUnavailable, load_segmenter
    from matting.evaluation import clicks, tables
    from matting.evaluation.benchmarks import alphamatting

    images = {}
    try:
        check_json(args.json)
        names = alphamatting.find(args.root, 1)
        segmenter = load_segmenter(args.coarse, source=args.source, device=args.device)
        for name in tqdm(names, unit="photo", file=sys.stderr):
            sample = alphamatting.read(args.root, 1, name)
            images[name] = clicks.score(sample.image, sample.truth, segmenter)
    except (ValueError, OSError, SegmenterUnavailable) as error:
        raise UsageError(str(error)) from error
    report = tables.Report("coarse", args.coarse, {"source": args.source}, images)
    print(tables.to_markdown(report))
    if args.json:
        tables.write_json(report, args.json)
    return 0
