"""`evaluate trimap-free`: coarse masks of the photos of alphamatting.com, joint inference beside its baselines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_json, load_pipeline
from matting.commands.options import add_device, add_weights
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.evaluation.trimap_free import MaskedPhoto


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments, but for --root and --json."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument("--fusion", default="hard", choices=("hard", "soft"), help="default: hard")
    add_weights(parser)
    add_device(parser)
    parser.add_argument("--cache", type=Path, metavar="DIR", help="cache the baselines' alphas there")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes for the baselines (default: 1)")


def run(args: argparse.Namespace) -> int:
    """Print the table, and write the JSON if asked to; returns the exit status."""
    from matting.evaluation import trimap_free

    try:
        check_json(args.json)
        if args.workers < 1:
            raise ValueError(f"--workers should be 1 or more, got {args.workers}.")
        if args.cache:
            args.cache.mkdir(parents=True, exist_ok=True)
        photos = list(_photos(args.root))
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    pipeline = load_pipeline(args.weights, args.device)
    reports = trimap_free.evaluate(
        photos,
        lambda image, mask: pipeline(image, coarse_mask=mask, fusion=args.fusion).alpha,
        cache=args.cache,
        workers=args.workers,
    )
    print(trimap_free.to_markdown(trimap_free.rows(reports)))
    if args.json:
        settings = {"fusion": args.fusion, "weights": args.weights or "bundled"}
        write_whole(args.json, trimap_free.to_json(reports, settings))
    return 0


def _photos(root: Path) -> Iterator[MaskedPhoto]:
    from matting.data.composites.coarse_masks import simulated_mask
    from matting.evaluation.benchmarks.alphamatting import read_truths
    from matting.evaluation.trimap_free import EROSIONS, MaskedPhoto

    for name, image, truth in read_truths(root):
        for erosion in EROSIONS:
            yield MaskedPhoto(name, erosion, image, simulated_mask(truth, erosion), truth)
