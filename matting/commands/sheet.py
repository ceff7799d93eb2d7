"""Draw a contact sheet: photos, one click each, with the masks, trimaps and cutouts that they lead to."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, load_pipeline
from matting.commands.options import add_device, add_weights

if TYPE_CHECKING:
    from matting import MattingPipeline
    from matting.app.looks.contact_sheet import Entry
    from matting.coarse import Point


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `sheet`."""
    parser = subparsers.add_parser("sheet", help="draw what one click makes of each photo", description=__doc__)
    parser.add_argument(
        "plan", type=Path, help='a JSON file: {"photo.jpg": [[x, y, 1], ...]}, clicks in pixels, 0 beside the object'
    )
    parser.add_argument("--root", type=Path, metavar="DIR", help="where the photos are (default: beside the plan)")
    parser.add_argument("--out", type=Path, default=Path("sheet.png"), metavar="FILE", help="default: sheet.png")
    parser.add_argument("--side", type=int, default=200, metavar="PIXELS", help="of each picture (default: 200)")
    parser.add_argument("--coarse", metavar="NAME", help="a segmenter (default: the page's and the command line's)")
    add_weights(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the sheet; returns the exit status."""
    from matting.app.looks.contact_sheet import draw_sheet

    try:
        plan = read_plan(args.plan, args.root or args.plan.parent)
        if not 16 <= args.side <= 2000:
            raise ValueError(f"--side should be 16 to 2000 pixels, got {args.side}.")
        sheet = draw_sheet(_entries(plan, load_pipeline(args.weights, args.device), args.coarse), args.side)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(args.out)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    print(f"{args.out}: {len(plan)} photos")
    return 0


def read_plan(path: Path, root: Path) -> dict[Path, list[Point]]:
    """Read which photos are clicked where.

    Raises:
        ValueError: where the file is no such plan.
        OSError: where it cannot be read.
    """
    from matting.coarse import Prompts

    expected = f'{path} should hold {{"photo.jpg": [[x, y, 1], ...]}} with at least one click for each photo.'
    try:
        given = json.loads(path.read_text("utf-8"))
        plan = {root / name: list(Prompts(points).points) for name, points in given.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(expected) from error
    if not plan or not all(plan.values()):
        raise ValueError(expected)
    return plan


def _entries(plan: dict[Path, list[Point]], pipeline: MattingPipeline, coarse: str | None) -> Iterator[Entry]:
    from tqdm import tqdm

    from matting.app.looks.contact_sheet import Entry
    from matting.coarse import DEFAULT

    for path, points in tqdm(plan.items(), unit="photo", file=sys.stderr):
        yield Entry(path.stem, points, pipeline(path, points=points, coarse=coarse or DEFAULT))
