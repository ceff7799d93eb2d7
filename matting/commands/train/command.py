"""`python -m matting train STAGE`: train a network, or continue its run; `accelerate launch -m matting train STAGE`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError
from matting.commands.options import filled
from matting.commands.train import adaptation, clicks
from matting.commands.train import data as training_data
from matting.commands.train.options import TrainOptions
from matting.commands.train.prepared import Prepared, changes, write_network

if TYPE_CHECKING:
    from torch import nn

STAGES = ("tgn", "spamattnet", "u2net", "deeplabv2", "deeplabv3", "adaptation", "clicks")
SOURCE = "start from these weights (U2Net: .pth too; adaptation: a folder of both, by default the bundled ones)"
OUT = "write the averaged weights here (safetensors, float16); for adaptation a folder"
PARTS = ("gpa", "lspa", "cfc", "rm", "l_hard")
"""What Table IV takes out of SPAMattNet, see `matting.networks.ablation`."""


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Declare the sub-command and its options."""
    parser = subparsers.add_parser("train", help="train a network, or continue its run")
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
    parser.add_argument("--no-enlarge", action="store_true", help="do not enlarge small photos for SPAMattNet")
    parser.add_argument("--preset", choices=["p3m", "aim-500"], help="the paper's schedule for these data sets")
    parser.add_argument("--run", type=Path, help="folder of the run (default: $TRIMATTE_RUNS/STAGE-CONFIG)")
    parser.add_argument("--from", dest="source", type=Path, metavar="WEIGHTS", help=SOURCE)
    kept = "what of the network keeps its weights, by the beginnings of its parameters' names; on a CPU that saves time"
    parser.add_argument("--keep", nargs="+", default=[], metavar="NAME", help=kept)
    parser.add_argument(
        "--teacher", type=Path, metavar="FILE", help="adaptation: SPAMattNet's weights for G' (default: --from's)"
    )
    parser.add_argument("--out", type=Path, help=OUT)
    parser.add_argument("--seed", type=int, default=0)
    training_data.add_arguments(parser.add_argument_group("data"))
    _add_schedule(parser.add_argument_group("schedule", "by default the configuration's or the preset's own values"))
    _add_machine(parser.add_argument_group("machine"))


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--steps", type=int, help="optimizer steps of the whole run; a small network has no default")
    group.add_argument("--batch", type=int, help="samples of a step, over all processes")
    group.add_argument("--crop", type=int, help="side of a sample in pixels, a multiple of 64 (TGN: 16)")
    group.add_argument("--rate", type=float, help="learning rate (adaptation: TGN's; the others keep their share)")
    group.add_argument("--warmup", type=int, help="steps over which the learning rate rises")
    group.add_argument("--hold", type=float, help="share of the steps before the learning rate falls")
    group.add_argument(
        "--kernel", type=int, help="diameter of the ellipse that makes true trimaps from alpha, in pixels"
    )
    group.add_argument("--ema", type=float, help="decay of the averaged weights; 0 keeps the last ones")
    group.add_argument("--optimizer", choices=["adamw", "adam", "muon", "sgd"])
    group.add_argument("--change-schedule", action="store_true", help="continue although the schedule differs")


def _add_machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"], help="default: the best")
    group.add_argument(
        "--dtype",
        choices=["float32", "bfloat16", "float16"],
        help="bfloat16 is faster where the hardware has it, float16 is for GPUs without it (default: float32)",
    )
    group.add_argument("--accumulate", type=int, default=1, metavar="N", help="split a batch into N passes")
    group.add_argument("--workers", type=int, default=1, help="sample-making processes per training process")
    group.add_argument("--threads", type=int, help="CPU threads of the network (default: all)")
    group.add_argument("--time-limit", type=float, default=math.inf, metavar="MINUTES", help="stop after that time")


def runs_folder() -> Path:
    """Folder of all runs: $TRIMATTE_RUNS, or trimatte-runs beside the checkout."""
    return Path(os.environ.get("TRIMATTE_RUNS", Path(__file__).resolve().parents[4] / "trimatte-runs"))


def run(args: argparse.Namespace) -> int:
    """Train as the arguments say; returns the exit status."""
    return train(filled(TrainOptions, args))


def train(options: TrainOptions) -> int:
    """Train and write the weights; returns the exit status."""
    import torch

    from matting.training.batches import UnreadableSampleError
    from matting.training.checkpoint import DamagedCheckpointError, OtherSettingsError
    from matting.training.observers.csv_log import DamagedLogError
    from matting.training.stopping import StoppedError

    if options.threads:
        torch.set_num_threads(options.threads)
    config = options.config or ("u2net" if options.stage == "u2net" else "paper" if options.preset else "small")
    run_folder = options.run or runs_folder() / f"{options.stage}-{config}"
    options = replace(options, config=config, run=run_folder)
    try:
        prepare = {"adaptation": adaptation.prepare, "clicks": clicks.prepare}.get(options.stage, _prepare)
        prepared = prepare(options)
    except (ValueError, OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    try:
        _train(options, prepared)
    except (OtherSettingsError, DamagedCheckpointError, DamagedLogError) as error:
        raise UsageError(str(error)) from error
    except (FloatingPointError, UnreadableSampleError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except StoppedError as stop:
        print(stop, file=sys.stderr)
        return 130
    return 0


def _prepare(options: TrainOptions) -> Prepared:
    """Check and resolve the options when one network learns: errors surface before the first step."""
    from matting.networks.ablation import without
    from matting.training import engine
    from matting.training.jobs import stage_job
    from matting.training.schedules import find_schedule
    from matting.training.stages import STAGES

    stage = STAGES[options.stage]
    if options.config not in stage.configs:
        raise ValueError(f"{options.stage} has the configurations {', '.join(stage.configs)}, got {options.config}.")
    if options.teacher:
        raise ValueError(f"--teacher is for adaptation; leave it out for {options.stage}.")
    if options.without and options.stage != "spamattnet":
        raise ValueError(f"--without takes parts out of SPAMattNet; leave it out for {options.stage}.")
    if options.no_enlarge and options.stage != "spamattnet":
        raise ValueError(f"--no-enlarge is for SPAMattNet; leave it out for {options.stage}.")
    sources = training_data.find_sources(options)
    schedule = find_schedule(options.stage, options.config, options.preset, len(sources), **changes(options))
    schedule = replace(schedule, hard=0.0) if "l_hard" in options.without else schedule
    config = stage.configs[options.config]
    config = replace(config, enlarged=0) if options.no_enlarge else config
    held_out, photos = training_data.held_out(options, schedule, sources.photos)
    job = stage_job(
        options.stage,
        training_data.made(options, schedule, sources),
        schedule,
        config=without(config, options.without) if options.without else config,
        start=options.source or "imagenet",
        held_out=held_out,
        photos=photos,
        looks=options.validate_count,
        accelerator=engine.start(options.device, options.dtype),
        accumulate=options.accumulate,
    )
    _keep(job.network, options.keep)
    return Prepared(job, options.out or options.run / f"{options.stage}.safetensors", write_network)


def _keep(network: nn.Module, beginnings: Sequence[str]) -> None:
    """Let the parameters whose names begin so learn nothing; raises ValueError where none does."""
    for beginning in beginnings:
        chosen = [parameter for name, parameter in network.named_parameters() if name.startswith(beginning)]
        if not chosen:
            raise ValueError(f"--keep names parts of the network, but none of its parameters begins with {beginning}.")
        for parameter in chosen:
            parameter.requires_grad_(False)


def _train(options: TrainOptions, prepared: Prepared) -> None:
    """Run the job and write the weights."""
    from matting.training.checkpoint import writing
    from matting.training.observers import PictureFiles, ProgressBar

    job, accelerator = prepared.job, prepared.job.accelerator
    accelerator.print(f"Schedule: {job.schedule}.", file=sys.stderr)
    average = job.run(
        options.run,
        minutes=options.time_limit,
        look_every=options.validate_every,
        observers=(ProgressBar(), PictureFiles()),
        workers=options.workers,
        change_schedule=options.change_schedule,
    )
    if accelerator.is_main_process:
        with writing("weights", prepared.out.parent):
            prepared.write(average, prepared.out)
    accelerator.print(f"Weights of {options.stage} ({options.config}): {prepared.out}")
    accelerator.end_training()
