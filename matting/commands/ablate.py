"""Train SPAMattNet without its parts, each with several seeds and the same budget, and score all in one table.

Finished runs are kept, and an interrupted one continues.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matting.commands import UsageError, table
from matting.commands.options import add_device, add_json, filled
from matting.commands.train import command
from matting.commands.train.options import TrainOptions

ROWS = ("full", "gpa", "lspa", "cfc", "rm", "l_hard", "attention")
TITLES = {"full": "SPAMattNet", "gpa": "without GPA", "lspa": "without LSPA and CFC", "cfc": "without CFC",
         "rm": "without RM", "l_hard": "without L_hard", "attention": "without GPA, LSPA and CFC"}  # fmt: skip
"""The rows of Table IV by short names."""

ALIKE_IN = ("config", "pool", "photos", "steps", "batch", "crop", "warmup", "workers", "threads", "rate", "hold", "ema",
            "device", "dtype")  # fmt: skip
"""What `train` is told for every row and seed alike, where it is given."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments."""
    parser = subparsers.add_parser("ablate", help="train SPAMattNet without its parts and score all (Table IV)")
    parser.description = __doc__
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="S", help="default: 0 1 2")
    parser.add_argument("--test", type=Path, required=True, metavar="DIR", help="folders image, alpha and trimap")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="folder of the runs and their weights")
    parser.add_argument("--pool", type=Path, nargs="+", required=True, metavar="DIR", help="folders of foregrounds")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, metavar="DIR", help="folders of backgrounds")
    parser.add_argument("--config", default="small", choices=["small", "paper"], help="default: small")
    parser.add_argument("--steps", type=int, required=True, help="optimizer steps of each run")
    for option in ("--batch", "--crop", "--warmup", "--workers", "--threads"):
        parser.add_argument(option, type=int, metavar="N", help="as of train")
    for option in ("--rate", "--hold", "--ema"):
        parser.add_argument(option, type=float, metavar="X", help="as of train")
    add_device(parser)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="as of train")
    add_json(parser)


@dataclass(frozen=True)
class AblationOptions:
    """`ablate`: rows and seeds to train alike, what they learn from, and the folder that scores them."""

    test: Path
    run: Path
    pool: Sequence[Path]
    photos: Sequence[Path]
    steps: int
    rows: Sequence[str] = ROWS
    seeds: Sequence[int] = (0, 1, 2)
    config: str = "small"
    batch: int | None = None
    crop: int | None = None
    warmup: int | None = None
    workers: int | None = None
    threads: int | None = None
    rate: float | None = None
    hold: float | None = None
    ema: float | None = None
    device: str | None = None
    dtype: str | None = None
    json: Path | None = None


def run(args: argparse.Namespace) -> int:
    """Train what is missing, then print Table IV on the test folder; returns the exit status."""
    options = filled(AblationOptions, args)
    if options.steps < 1:
        raise UsageError(f"--steps should be 1 or more, got {options.steps}.")
    if not options.test.is_dir():
        raise UsageError(f"The folder {options.test} to score on is missing; `evaluate composites --keep` makes one.")
    weights: list[str] = []
    for row in options.rows:
        for seed in options.seeds:
            file = options.run / f"{row}-{seed}" / "spamattnet.safetensors"
            if not file.is_file():
                print(f"Training {TITLES[row]}, seed {seed}.", file=sys.stderr)
                status = command.train(training(options, row, seed, file))
                if status or not file.is_file():
                    return status or 1
            weights.append(f"{TITLES[row]}={file}")
    return table.produce(
        table.TableOptions(number="IV", folder=options.test, weights=weights, device=options.device, json=options.json)
    )


def training(options: AblationOptions, row: str, seed: int, file: Path) -> TrainOptions:
    """Return the options of `train` for one row and seed; nothing else differs."""
    from matting.networks.ablation import ROWS as PARTS

    alike = {name: value for name in ALIKE_IN if (value := getattr(options, name)) is not None}
    # Composites of the size of their crops are scored, not photos, so nothing is enlarged.
    return TrainOptions(
        stage="spamattnet", seed=seed, run=file.parent, out=file, without=PARTS[TITLES[row]], no_enlarge=True, **alike
    )
