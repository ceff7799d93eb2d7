"""`evaluate trimap-free`: coarse masks of the photos of alphamatting.com, joint inference beside its baselines."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from matting.commands import UsageError
from matting.commands.evaluate.options import RunOptions, prepare
from matting.commands.options import add_cache, add_device, add_json, add_weights, add_workers, filled
from matting.files import write_whole


@dataclass(frozen=True, kw_only=True)
class TrimapFreeOptions(RunOptions):
    """`evaluate trimap-free`: whose photos, how joint inference fuses and by which weights."""

    root: Path
    fusion: str = "hard"
    weights: str | None = None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument("--root", required=True, type=Path, metavar="DIR", help="the folder with input_training_lowres")
    parser.add_argument("--fusion", default="hard", choices=("hard", "soft"), help="default: hard")
    add_weights(parser)
    add_device(parser)
    add_json(parser)
    add_cache(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table, and write the JSON if asked to; returns the exit status."""
    from matting.data.layouts.alphamatting import read_alphamatting
    from matting.evaluation.benchmarks import trimap_free

    options = filled(TrimapFreeOptions, args)
    try:
        cache = prepare(options)
        examples = read_alphamatting(options.root, "training", trimaps=())
        reports = {}
        for erosion in trimap_free.EROSIONS:
            runs = trimap_free.runs(erosion, options.fusion, options.weights, options.device)
            reports[erosion] = trimap_free.score(examples, runs, cache=cache, workers=options.workers)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    print(trimap_free.to_markdown(trimap_free.rows(reports)))
    if options.json:
        settings = {"fusion": options.fusion, "weights": options.weights or "bundled"}
        write_whole(options.json, trimap_free.to_json(reports, settings))
    return 0
