"""Options that several commands share, declared once, and the dataclasses that options become."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

Options = TypeVar("Options")
Group = argparse.ArgumentParser | argparse._ArgumentGroup


def filled(kind: type[Options], args: argparse.Namespace) -> Options:
    """Fill a dataclass with the arguments of its fields' names; a field that has none keeps its default."""
    given: dict[str, Any] = vars(args)
    return kind(**{field.name: given[field.name] for field in fields(kind) if field.name in given})


def add_weights(parser: Group, what: str = "a folder of weights or a hub id (default: the bundled ones)") -> None:
    """Declare --weights."""
    parser.add_argument("--weights", metavar="SOURCE", help=what)


def add_device(parser: Group, default: str = "the best there is") -> None:
    """Declare --device; `default` says what none means."""
    parser.add_argument("--device", metavar="D", help=f"cpu, cuda, mps, ... (default: {default})")


def add_dtype(parser: Group) -> None:
    """Declare --dtype."""
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16", "auto"),
        help="of the networks; auto is bfloat16 where the device is fast at it (default: float32)",
    )  # fmt: skip


def add_json(parser: Group) -> None:
    """Declare --json."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")


def add_first(parser: Group, whole: str) -> None:
    """Declare --first; `whole` is what a part of the photos does not make."""
    parser.add_argument("--first", type=int, metavar="N", help=f"only the first N photos: a trial, not the {whole}")


def add_workers(parser: Group, what: str = "processes") -> None:
    """Declare --workers."""
    parser.add_argument("--workers", type=int, default=1, metavar="N", help=f"{what} (default: 1)")


def add_cache(parser: Group) -> None:
    """Declare --cache and --no-cache."""
    where = "where finished photos are cached (default: $TRIMATTE_CACHE or ~/.cache/trimatte)"
    parser.add_argument("--cache", type=Path, metavar="DIR", help=where)
    parser.add_argument("--no-cache", action="store_true", help="keep no results, and compute everything anew")
