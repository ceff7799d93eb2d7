"""Score a method on a benchmark and print the table: photos, means, and the paper's rows beside them."""

from __future__ import annotations

import argparse

from matting.commands.evaluate import benchmarks, coarse, composites, trimap_free, trimaps


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `evaluate`, a parser for each benchmark."""
    parser = subparsers.add_parser("evaluate", help="score a method on a benchmark", description=__doc__)
    kinds = parser.add_subparsers(dest="benchmark", required=True, metavar="BENCHMARK")
    benchmarks.add_parsers(kinds)
    coarse.add_arguments(kinds.add_parser("coarse", help="coarse masks of photos, from nothing, clicks and a box"))
    trimaps.add_arguments(
        kinds.add_parser("trimaps", help="trimaps of TGN or DeepLab from coarse masks (Tables I and II)")
    )
    trimap_free.add_arguments(
        kinds.add_parser("trimap-free", help="alphamatting.com's photos: mattes from coarse masks alone")
    )
    composites.add_arguments(
        kinds.add_parser("composites", help="trimaps and mattes of generated composites, whose alpha is exact")
    )


def run(args: argparse.Namespace) -> int:
    """Run the benchmark asked for; returns the exit status."""
    return args.run_benchmark(args)
