"""Rebuild what ships with the example photos. Run it when the bundled weights change; a test fails until then."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `examples`."""
    parser = subparsers.add_parser("examples", help="rebuild what ships with the example photos", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: where the demo looks for them")


def run(args: argparse.Namespace) -> int:
    """Write the outputs of every example photo by the bundled weights; returns the exit status."""
    from matting.app.examples.outputs import OUTPUTS, make_all
    from matting.commands import load_pipeline

    for caption, example in make_all(load_pipeline(None, "cpu"), args.out or OUTPUTS):
        print(f"{caption}: {example.recipe.alpha[:12]}", flush=True)
    return 0
