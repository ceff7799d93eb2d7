"""`python -m matting train STAGE`: train a network on composites, or go on with a run."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError

if TYPE_CHECKING:
    from torch import nn
    from torch.utils.data import Dataset


PARTS = ("gpa", "lspa", "cfc", "rm", "l_hard")
"""What Table IV takes out of SPAMattNet, see `matting.evaluation.ablation`."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the sub-command and its options."""
    parser = subparsers.add_parser("train", help="train TGN or SPAMattNet on composites, or go on with a run")
    parser.add_argument("stage", choices=["tgn", "spamattnet"], help="the network to train")
    parser.add_argument("--config", default="small", choices=["small", "paper", "paper_star"])
    parts = f"parts of SPAMattNet to leave out: {', '.join(PARTS)}"
    parser.add_argument("--without", nargs="+", default=[], choices=PARTS, metavar="PART", help=parts)
    parser.add_argument("--pool", type=Path, nargs="+", required=True, help="folders of foregrounds")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders of background photos")
    parser.add_argument("--run", type=Path, help="folder of the run (default: $TRIMATTE_RUNS/STAGE-CONFIG)")
    parser.add_argument("--from", dest="source", type=Path, help="start from these weights (safetensors)")
    parser.add_argument("--steps", type=int, required=True, help="optimizer steps of the whole run")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--crop", type=int, default=256, help="side of a sample in pixels, a multiple of 64")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate")
    parser.add_argument("--warmup", type=int, default=200, help="steps over which the learning rate rises")
    parser.add_argument("--hold", type=float, default=0.0, help="share of the steps before the cosine decay")
    parser.add_argument("--ema", type=float, default=0.999, help="decay of the averaged weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    parser.add_argument("--threads", type=int, help="CPU threads of the network (default: all)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--dtype", default="float32", choices=["float32", "bfloat16"], help="bfloat16: autocast, faster where built in"
    )
    parser.add_argument(
        "--time-limit", type=float, default=math.inf, metavar="MINUTES", help="stop after so long"
    )
    parser.add_argument("--out", type=Path, help="write the averaged weights here (safetensors, float16)")


def runs_folder() -> Path:
    """Folder of all runs: $TRIMATTE_RUNS, or trimatte-runs beside the checkout."""
    return Path(os.environ.get("TRIMATTE_RUNS", Path(__file__).resolve().parents[3] / "trimatte-runs"))


def run(args: argparse.Namespace) -> int:
    """Train and write the weights; returns the exit status."""
    import torch

    from matting.training.checkpoint import OtherSettingsError, as_settings
    from matting.training.loop import Schedule, train
    from matting.weights import save_weights

    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    network, samples, loss = _prepare(args)
    schedule = Schedule(args.steps, args.batch, args.rate, args.warmup, args.hold, args.ema)
    folder = args.run or runs_folder() / f"{args.stage}-{args.config}"
    settings = {"config": as_settings(network.config), "seed": args.seed, "batch": args.batch, "crop": args.crop}
    limit = 60 * args.time_limit
    out = args.out or folder / f"{args.stage}.safetensors"
    try:
        average = train(network, samples, loss, schedule, folder, settings, time_limit=limit, workers=args.workers)
        save_weights(average, out, dtype=torch.float16)
    except (OtherSettingsError, OSError) as error:
        raise UsageError(str(error)) from error
    except FloatingPointError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Weights of {args.stage} ({args.config}): {out}")
    return 0


def _prepare(args: argparse.Namespace) -> tuple[nn.Module, Dataset, Callable]:
    """Return the network on its device, its samples and its loss; raises UsageError where they cannot be had."""
    import torch

    from matting.data.pool import load_textures
    from matting.evaluation.ablation import without
    from matting.training.stages import STAGES, composite_data, with_imagenet
    from matting.weights import load_network_weights

    stage = STAGES[args.stage]
    try:
        if args.without and args.stage != "spamattnet":
            raise ValueError("--without takes parts out of SPAMattNet; leave it out for TGN.")
        config = stage.configs[args.config]
        config = without(config, args.without) if args.without else config
        network = with_imagenet(stage.build(config)).to(args.device)
        if args.crop < 1 or args.crop % network.config.multiple:
            raise ValueError(f"--crop should be a multiple of {network.config.multiple} pixels, got {args.crop}.")
        if args.source:
            load_network_weights(network, args.source)
        data = composite_data(args.pool, load_textures(args.photos), args.crop, args.seed)
    except (ValueError, OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    loss = partial(stage.loss, hard_weight=0.0) if "l_hard" in args.without else stage.loss
    if args.dtype == "bfloat16":
        loss = torch.autocast(torch.device(args.device).type, torch.bfloat16)(loss)
    return network, stage.samples(data, args.steps * args.batch), loss
