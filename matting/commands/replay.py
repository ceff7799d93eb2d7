"""Repeat a recipe: the same matte again, bit for bit on the machine that made it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matting.commands import UsageError, load_pipeline
from matting.commands.options import add_device, add_weights

EPILOG = """\
For a photo NAME.jpg, DIR gets NAME_alpha.png, NAME_cutout.png and NAME_trimap.png, as from `matte`.
Exit status: 0 done, 1 done, but the alpha is not bit for bit the recipe's, 2 called wrongly or with other weights.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `replay`."""
    parser = subparsers.add_parser(
        "replay",
        help="repeat a recipe from the demo",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a recipe downloaded from the demo")
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="the recipe's photo")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where to write; made if missing")
    add_weights(parser)
    parser.add_argument(
        "--vitmatte", metavar="SOURCE", help="ViTMatte's weights, if it made the matte (default: the recipe's)"
    )
    add_device(parser, "the recipe's")


def run(args: argparse.Namespace) -> int:
    """Replay a recipe; returns 0, or 1 if the alpha is not the recipe's bit for bit."""
    import torch

    from matting.commands.matte.batch import write_result
    from matting.commands.matte.naming import output_paths
    from matting.images import carried
    from matting.replay.recipe import read_recipe
    from matting.replay.replaying import matches, replay

    try:
        recipe = read_recipe(args.recipe)
        pipeline = load_pipeline(args.weights, args.device or recipe.device, recipe.dtype)
        torch.set_num_threads(recipe.threads_here())  # sums are rounded in the order in which threads add
        result = replay(recipe, pipeline, args.photo, args.vitmatte)
        outputs = output_paths(args.out, args.photo.stem)
        if args.photo.resolve() in {path.resolve() for path in outputs.values()}:
            raise UsageError(f"{args.photo} is given and would be written over; choose another --out.")
        args.out.mkdir(parents=True, exist_ok=True)
        write_result(result, outputs, carried(args.photo))
    except (ValueError, OSError, RuntimeError) as error:
        raise UsageError(str(error)) from error
    for notice in result.notices:
        print(notice, file=sys.stderr)
    exact = matches(recipe, result.alpha)
    print(f"Replayed{', bit for bit the same alpha' if exact else ''}, written to {args.out}.")
    return 0 if exact or recipe.alpha is None else 1
