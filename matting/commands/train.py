"""`python -m matting train STAGE`: train a network, or go on with a run; `accelerate launch -m matting train STAGE`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, _training_data

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import nn

    from matting.training.recipes import Recipe

STAGES = ("tgn", "spamattnet", "u2net", "deeplabv2", "deeplabv3")
PARTS = ("gpa", "lspa", "cfc", "rm", "l_hard")
"""What Table IV takes out of SPAMattNet, see `matting.evaluation.ablation`."""
CHANGES = ("steps", "batch", "crop", "rate", "warmup", "hold", "ema", "optimizer")
"""Values of a recipe that have an option of their own."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the sub-command and its options."""
    parser = subparsers.add_parser("train", help="train TGN, SPAMattNet or U2Net, or go on with a run")
    parser.add_argument("stage", choices=STAGES, help="the network to train")
    parser.add_argument(
        "--config",
        choices=["small", "paper", "paper_star", "u2net", "u2netp"],
        help="default: small, or paper with --preset; u2net for U2Net",
    )
    parts = f"parts of SPAMattNet to leave out: {', '.join(PARTS)}"
    parser.add_argument("--without", nargs="+", default=[], choices=PARTS, metavar="PART", help=parts)
    parser.add_argument("--preset", choices=["p3m", "aim-500"], help="the paper's recipe for these data sets")
    parser.add_argument("--run", type=Path, help="folder of the run (default: $TRIMATTE_RUNS/STAGE-CONFIG)")
    parser.add_argument("--from", dest="source", type=Path, help="start from these weights (U2Net: .pth too)")
    parser.add_argument("--out", type=Path, help="write the averaged weights here (safetensors, float16)")
    parser.add_argument("--seed", type=int, default=0)
    _training_data.add_arguments(parser.add_argument_group("data"))
    _add_recipe(parser.add_argument_group("recipe", "by default the configuration's or the preset's own values"))
    _add_machine(parser.add_argument_group("machine"))


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--steps", type=int, help="optimizer steps of the whole run; small has no default")
    group.add_argument("--batch", type=int, help="samples of a step, over all processes")
    group.add_argument("--crop", type=int, help="side of a sample in pixels, a multiple of 64 (TGN: 16)")
    group.add_argument("--rate", type=float, help="learning rate")
    group.add_argument("--warmup", type=int, help="steps over which the learning rate rises")
    group.add_argument("--hold", type=float, help="share of the steps before the learning rate falls")
    group.add_argument("--ema", type=float, help="decay of the averaged weights; 0 takes the last ones")
    group.add_argument("--optimizer", choices=["adamw", "adam", "muon", "sgd"])
    group.add_argument("--change-recipe", action="store_true", help="go on by another recipe than the checkpoint's")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default: the best")
    group.add_argument(
        "--dtype",
        choices=["float32", "bfloat16", "float16"],
        help="bfloat16 is faster where built in, float16 for GPUs without it (default: float32)",
    )
    group.add_argument("--accumulate", type=int, default=1, metavar="N", help="take a batch in N passes")
    group.add_argument("--workers", type=int, default=1, help="processes that make samples, for each that trains")
    group.add_argument("--threads", type=int, help="CPU threads of the network (default: all)")
    group.add_argument("--time-limit", type=float, default=math.inf, metavar="MINUTES", help="stop after so long")


def runs_folder() -> Path:
    """Folder of all runs: $TRIMATTE_RUNS, or trimatte-runs beside the checkout."""
    return Path(os.environ.get("TRIMATTE_RUNS", Path(__file__).resolve().parents[3] / "trimatte-runs"))


def run(args: argparse.Namespace) -> int:
    """Train and write the weights; returns the exit status."""
    import torch

    from matting.training.batches import UnreadableSampleError
    from matting.training.checkpoint import OtherSettingsError
    from matting.training.stopping import StoppedError

    if args.threads:
        torch.set_num_threads(args.threads)
    args.config = args.config or ("u2net" if args.stage == "u2net" else "paper" if args.preset else "small")
    args.run = args.run or runs_folder() / f"{args.stage}-{args.config}"
    try:
        work = _prepare(args)
    except (ValueError, OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    try:
        _train(args, *work)
    except OtherSettingsError as error:
        raise UsageError(str(error)) from error
    except (FloatingPointError, UnreadableSampleError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        return 130
    return 0


def _prepare(args: argparse.Namespace) -> tuple[Recipe, Accelerator, nn.Module, Callable, _training_data.Data]:
    """Return the recipe, Accelerate, the network that the run starts from, its loss and what it learns from."""
    import torch

    from matting.evaluation.ablation import without
    from matting.training import engine
    from matting.training.batches import split
    from matting.training.recipes import find_recipe
    from matting.training.stages import STAGES, with_imagenet

    stage = STAGES[args.stage]
    if args.config not in stage.configs:
        raise ValueError(f"{args.stage} has the configurations {', '.join(stage.configs)}, got {args.config}.")
    if args.without and args.stage != "spamattnet":
        raise ValueError(f"--without takes parts out of SPAMattNet; leave it out for {args.stage}.")
    sources = _training_data.find_sources(args)
    changes = {name: getattr(args, name) for name in CHANGES}
    recipe = find_recipe(args.stage, args.config, args.preset, len(sources), **changes)
    recipe = replace(recipe, hard=0.0) if "l_hard" in args.without else recipe
    accelerator = engine.start(args.device, args.dtype)
    split(recipe.batch, args.accumulate, accelerator.num_processes)
    torch.manual_seed(args.seed)
    config = stage.configs[args.config]
    network = with_imagenet(stage.build(without(config, args.without) if args.without else config))
    if recipe.crop < 1 or recipe.crop % network.config.multiple:
        raise ValueError(f"--crop should be a multiple of {network.config.multiple} pixels, got {recipe.crop}.")
    if args.source:
        stage.fill(network, args.source)
    loss = stage.loss(network.config, recipe)
    return recipe, accelerator, network, loss, _training_data.prepare(args, recipe, network.config, loss, sources)


def _train(
    args: argparse.Namespace,
    recipe: Recipe,
    accelerator: Accelerator,
    network: nn.Module,
    loss: Callable,
    data: _training_data.Data,
) -> None:
    """Run the loop and write the weights."""
    import torch

    from matting.training.checkpoint import as_settings, writing
    from matting.training.loop import train
    from matting.weights import save_weights

    settings = {
        "config": as_settings(network.config),
        "seed": args.seed,
        "batch": recipe.batch,
        "crop": recipe.crop,
        # What there was before there was a choice goes without saying: the first runs' checkpoints do not name it.
        "composites": None if data.composites == "realistic" else data.composites,
    }
    accelerator.print(f"Recipe: {recipe}.", file=sys.stderr)
    average = train(
        network,
        data.samples,
        loss,
        recipe,
        args.run,
        settings,
        accelerator=accelerator,
        accumulate=args.accumulate,
        time_limit=60 * args.time_limit,
        workers=args.workers,
        change_recipe=args.change_recipe,
        validation=data.validation,
        validate_every=60 * args.validate_every,
    )
    out = args.out or args.run / f"{args.stage}.safetensors"
    if accelerator.is_main_process:
        with writing("weights", out.parent):
            save_weights(average, out, dtype=torch.float16)
    accelerator.print(f"Weights of {args.stage} ({args.config}): {out}")
    accelerator.end_training()
