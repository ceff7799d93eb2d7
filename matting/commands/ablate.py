"""Train SPAMattNet without its parts, each with several seeds and the same budget, and score all in one table.

Finished runs are kept, and an interrupted one continues.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from matting.commands import UsageError, table
from matting.commands.train import command as train

ROWS = ("full", "gpa", "lspa", "cfc", "rm", "l_hard", "attention")
ALIKE = {"full": "SPAMattNet", "gpa": "without GPA", "lspa": "without LSPA and CFC", "cfc": "without CFC",
         "rm": "without RM", "l_hard": "without L_hard", "attention": "without GPA, LSPA and CFC"}  # fmt: skip
"""The rows of Table IV by short names."""


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
    parser.add_argument("--device", metavar="D", help="where to train and score")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], help="as of train")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")


def run(args: argparse.Namespace) -> int:
    """Train what is missing, then print Table IV on the test folder; returns the exit status."""
    if args.steps < 1:
        raise UsageError(f"--steps should be 1 or more, got {args.steps}.")
    if not args.test.is_dir():
        raise UsageError(f"The folder {args.test} to score on is missing; `evaluate composites --keep` makes one.")
    files: list[tuple[str, Path]] = []
    for row in args.rows:
        for seed in args.seeds:
            file = args.run / f"{row}-{seed}" / "spamattnet.safetensors"
            if not file.is_file():
                print(f"Training {ALIKE[row]}, seed {seed}.", file=sys.stderr)
                status = _call(train_call(args, row, seed, file))
                if status or not file.is_file():
                    return status or 1
            files.append((ALIKE[row], file))
    words = ["table", "IV", "--folder", str(args.test), "--weights", *(f"{row}={file}" for row, file in files)]
    words += ["--device", args.device] if args.device else []
    return _call([*words, *(["--json", str(args.json)] if args.json else [])])


def train_call(args: argparse.Namespace, row: str, seed: int, file: Path) -> list[str]:
    """Return the words of `train` for one row and seed, which differ in nothing but these."""
    from matting.networks.ablation import ROWS as PARTS

    words = ["train", "spamattnet", "--config", args.config, "--steps", str(args.steps), "--seed", str(seed)]
    words += ["--no-enlarge"]  # composites of the size of their crops are scored, not photos
    words += ["--pool", *map(str, args.pool), "--photos", *map(str, args.photos)]
    words += ["--run", str(file.parent), "--out", str(file)]
    words += ["--without", *PARTS[ALIKE[row]]] if PARTS[ALIKE[row]] else []
    for option in ("batch", "crop", "warmup", "workers", "threads", "rate", "hold", "ema", "device", "dtype"):
        value = getattr(args, option)
        words += [f"--{option}", str(value)] if value is not None else []
    return words


def _call(words: list[str]) -> int:
    """Run `train` or `table` by the words of its command line; returns the exit status."""
    commands = {"train": train, "table": table}
    parser = argparse.ArgumentParser(prog="python -m matting")
    subparsers = parser.add_subparsers(dest="command")
    for module in commands.values():
        module.add_parser(subparsers)
    parsed = parser.parse_args(words)
    return commands[parsed.command].run(parsed)
