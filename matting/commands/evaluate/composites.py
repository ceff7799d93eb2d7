"""`evaluate composites`: both networks on generated composites."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_json, load_pipeline
from matting.commands.options import add_device, add_json, add_weights
from matting.files import write_whole

if TYPE_CHECKING:
    import numpy as np

    from matting.data.composites.compose import Composite, CompositeData
    from matting.evaluation.composites import CompositeSample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument("--pool", type=Path, nargs="+", required=True, metavar="DIR", help="folders of foregrounds")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR", help="folders of backgrounds")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="how many composites (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="composites depend on it and the files alone")
    parser.add_argument("--size", type=int, default=512, metavar="PIXELS", help="their side (default: 512)")
    add_weights(parser)
    add_device(parser)
    add_json(parser)
    parser.add_argument(
        "--keep", type=Path, metavar="DIR",
        help="only write the composites there, as folders image, alpha and trimap, for `evaluate folder`",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print the scores, and write the JSON if asked to; returns the exit status."""
    from tqdm import tqdm

    from matting.data.composites.compose import CompositeData
    from matting.data.pools.pool import load_textures, read_pool
    from matting.evaluation import composites

    try:
        check_composites(args.count, args.size, args.seed)
        check_json(args.json)
        foregrounds = [path for pool in args.pool for path in read_pool(pool)]
        data = CompositeData(foregrounds, load_textures(args.photos), args.size, args.seed)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    if args.keep:
        _keep(data, args.count, args.keep)
        return 0
    samples = tqdm(_samples(data, args.count), total=args.count, unit="composite", file=sys.stderr)
    outcome = composites.evaluate(samples, load_pipeline(args.weights, args.device))
    print(composites.to_markdown(outcome))
    if args.json:
        settings = {"count": args.count, "seed": args.seed, "size": args.size, "weights": args.weights or "bundled"}
        document = {"benchmark": "composites", "settings": settings, **asdict(outcome)}
        write_whole(args.json, json.dumps(document, indent=2) + "\n")
    return 0


def check_composites(count: int, size: int, seed: int) -> None:
    """Raise ValueError unless there is something to compose."""
    for option, value, least in (("--count", count, 1), ("--size", size, 64), ("--seed", seed, 0)):
        if value < least:
            raise ValueError(f"{option} should be {least} or more, got {value}.")


def compose(data: CompositeData, index: int) -> tuple[Composite, np.random.Generator]:
    """Compose number `index`, which depends on (seed, index) and the files alone, and the generator that did it."""
    import numpy as np

    from matting.data.composites.compose import compose_layer, crop_anywhere, draw_layer

    rng = np.random.default_rng([data.seed, index])
    layer = crop_anywhere(rng, draw_layer(rng, data), data.crop)
    return compose_layer(rng, layer, data), rng


def _keep(data: CompositeData, count: int, folder: Path) -> None:
    """Write composites, their alphas and the trimaps that SPAMattNet gets, without loss."""
    from tqdm import tqdm

    from matting.images import write_alpha, write_png

    for name in ("image", "alpha", "trimap"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for index, sample in enumerate(tqdm(_samples(data, count), total=count, unit="composite", file=sys.stderr)):
        write_png(folder / f"image/{index:06d}.png", sample.image)
        write_alpha(folder / f"alpha/{index:06d}.png", sample.alpha)
        write_png(folder / f"trimap/{index:06d}.png", sample.guidance)
    print(f"{count} composites are in {folder}.")


def _samples(data: CompositeData, count: int) -> Iterator[CompositeSample]:
    """Compose number 0 to `count` - 1 with their masks and trimaps."""
    import cv2

    from matting.data.composites.coarse_masks import simulated_mask
    from matting.data.composites.trimaps import random_trimap
    from matting.evaluation.benchmarks.trimap_free import EROSIONS
    from matting.evaluation.composites import CompositeSample
    from matting.trimaps.algebra import from_alpha

    cv2.setNumThreads(1)
    for index in range(count):
        composite, rng = compose(data, index)
        alpha = composite.alpha
        masks = {erosion: simulated_mask(alpha, erosion) for erosion in EROSIONS}
        yield CompositeSample(composite.image, alpha, from_alpha(alpha, 15, 15), random_trimap(rng, alpha), masks)
