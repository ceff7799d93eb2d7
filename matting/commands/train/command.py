"""`python -m matting train STAGE`: train a network, or go on with a run; `accelerate launch -m matting train STAGE`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, _clicks
from matting.commands.train import adaptation
from matting.commands.train import data as _training_data
from matting.commands.train.job import Work, begin, changes, check_crop

if TYPE_CHECKING:
    from torch import nn

    from matting.training.schedules import Schedule

STAGES = ("tgn", "spamattnet", "u2net", "deeplabv2", "deeplabv3", "adaptation", "clicks")
SOURCE = "start from these weights (U2Net: .pth too; adaptation: a folder of both, by default the bundled ones)"
OUT = "write the averaged weights here (safetensors, float16); for adaptation a folder"
PARTS = ("gpa", "lspa", "cfc", "rm", "l_hard")
"""What Table IV takes out of SPAMattNet, see `matting.networks.ablation`."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the sub-command and its options."""
    parser = subparsers.add_parser("train", help="train TGN, SPAMattNet, U2Net or ClickNet, or go on with a run")
    parser.add_argument(
        "stage",
        choices=STAGES,
        help="the network to train; adaptation: both on photos without mattes; clicks: ClickNet on scenes",
    )
    parser.add_argument(
        "--config",
        choices=["small", "paper", "paper_star", "u2net", "u2netp"],
        help="default: small, or paper with --preset; u2net for U2Net",
    )
    parts = f"parts of SPAMattNet to leave out: {', '.join(PARTS)}"
    parser.add_argument("--without", nargs="+", default=[], choices=PARTS, metavar="PART", help=parts)
    parser.add_argument(
        "--no-enlarge", action="store_true", help="SPAMattNet is to see small photos as they are, not enlarged"
    )
    parser.add_argument("--preset", choices=["p3m", "aim-500"], help="the paper's schedule for these data sets")
    parser.add_argument("--run", type=Path, help="folder of the run (default: $TRIMATTE_RUNS/STAGE-CONFIG)")
    parser.add_argument("--from", dest="source", type=Path, metavar="WEIGHTS", help=SOURCE)
    parser.add_argument(
        "--teacher", type=Path, metavar="FILE", help="adaptation: SPAMattNet's weights for G' (default: of --from)"
    )
    parser.add_argument("--out", type=Path, help=OUT)
    parser.add_argument("--seed", type=int, default=0)
    _training_data.add_arguments(parser.add_argument_group("data"))
    _add_schedule(parser.add_argument_group("schedule", "by default the configuration's or the preset's own values"))
    _add_machine(parser.add_argument_group("machine"))


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--steps", type=int, help="optimizer steps of the whole run; a small network has no default")
    group.add_argument("--batch", type=int, help="samples of a step, over all processes")
    group.add_argument("--crop", type=int, help="side of a sample in pixels, a multiple of 64 (TGN: 16)")
    group.add_argument("--rate", type=float, help="learning rate (adaptation: TGN's; the others keep their share)")
    group.add_argument("--warmup", type=int, help="steps over which the learning rate rises")
    group.add_argument("--hold", type=float, help="share of the steps before the learning rate falls")
    group.add_argument("--ema", type=float, help="decay of the averaged weights; 0 takes the last ones")
    group.add_argument("--optimizer", choices=["adamw", "adam", "muon", "sgd"])
    group.add_argument("--change-schedule", action="store_true", help="go on by another schedule than the checkpoint's")


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
    return Path(os.environ.get("TRIMATTE_RUNS", Path(__file__).resolve().parents[4] / "trimatte-runs"))


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
        prepare = {"adaptation": adaptation.prepare, "clicks": _clicks.prepare}.get(args.stage, _prepare)
        work = prepare(args)
    except (ValueError, OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    try:
        _train(args, work)
    except OtherSettingsError as error:
        raise UsageError(str(error)) from error
    except (FloatingPointError, UnreadableSampleError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        return 130
    return 0


def _prepare(args: argparse.Namespace) -> Work:
    """Understand the options where one network learns: all that can be wrong is found before the first step."""
    from matting.networks.ablation import without
    from matting.training.learning import Learning
    from matting.training.schedules import find_schedule
    from matting.training.stages import STAGES, with_imagenet

    stage = STAGES[args.stage]
    if args.config not in stage.configs:
        raise ValueError(f"{args.stage} has the configurations {', '.join(stage.configs)}, got {args.config}.")
    if args.teacher:
        raise ValueError(f"--teacher is for adaptation; leave it out for {args.stage}.")
    if args.without and args.stage != "spamattnet":
        raise ValueError(f"--without takes parts out of SPAMattNet; leave it out for {args.stage}.")
    if args.no_enlarge and args.stage != "spamattnet":
        raise ValueError(f"--no-enlarge is for SPAMattNet; leave it out for {args.stage}.")
    sources = _training_data.find_sources(args)
    schedule = find_schedule(args.stage, args.config, args.preset, len(sources), **changes(args))
    schedule = replace(schedule, hard=0.0) if "l_hard" in args.without else schedule
    accelerator = begin(args, schedule)
    config = stage.configs[args.config]
    config = replace(config, enlarged=0) if args.no_enlarge else config
    network = with_imagenet(stage.build(without(config, args.without) if args.without else config))
    check_crop(schedule, network.config.multiple)
    if args.source:
        stage.fill(network, args.source)
    loss = stage.loss(network.config, schedule)
    data = _training_data.prepare(args, schedule, network.config, loss, sources)
    settings, out = _settings(args, schedule, network, data), args.out or args.run / f"{args.stage}.safetensors"
    return Work(
        schedule, accelerator, network, Learning, loss, data.samples, settings, data.validation, out, _write_weights
    )


def _settings(
    args: argparse.Namespace, schedule: Schedule, network: nn.Module, data: _training_data.Data
) -> dict[str, object]:
    """Return what a resumed run must share with its checkpoint."""
    from matting.training.checkpoint import as_settings

    return {
        "config": as_settings(network.config),
        "seed": args.seed,
        "batch": schedule.batch,
        "crop": schedule.crop,
        # What there was before there was a choice goes without saying: the first runs' checkpoints do not name it.
        "composites": None if data.composites == "realistic" else data.composites,
    }


def _write_weights(network: nn.Module, path: Path) -> None:
    import torch

    from matting.networks.weights import save_weights

    save_weights(network, path, dtype=torch.float16)


def _train(args: argparse.Namespace, work: Work) -> None:
    """Run the loop and write the weights."""
    from matting.training.checkpoint import writing
    from matting.training.loop import train

    work.accelerator.print(f"Schedule: {work.schedule}.", file=sys.stderr)
    average = train(
        work.network,
        work.samples,
        work.loss,
        work.schedule,
        args.run,
        work.settings,
        accelerator=work.accelerator,
        accumulate=args.accumulate,
        time_limit=60 * args.time_limit,
        workers=args.workers,
        change_schedule=args.change_schedule,
        validation=work.validation,
        validate_every=60 * args.validate_every,
        learning=work.learning,
    )
    if work.accelerator.is_main_process:
        with writing("weights", work.out.parent):
            work.write(average, work.out)
    work.accelerator.print(f"Weights of {args.stage} ({args.config}): {work.out}")
    work.accelerator.end_training()
