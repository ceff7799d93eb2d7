"""`evaluate coarse`: masks from nothing, clicks and a box, on any photos with masks or alphas."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_json
from matting.commands.options import add_device, add_json

if TYPE_CHECKING:
    from matting.data.layouts import Example


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument(
        "--root", type=Path, nargs="+", default=[], metavar="DIR",
        help="image/ with alpha/ or mask/, alphamatting.com's layout, or NAME.jpg with NAME.png",
    )  # fmt: skip
    parser.add_argument("--photos", type=Path, nargs="+", default=[], metavar="DIR", help="photos, masks in --masks")
    parser.add_argument("--masks", type=Path, nargs="+", default=[], metavar="DIR", help="masks, a folder for each")
    parser.add_argument("--ending", metavar="END", help="only photos whose name ends so, such as 5")
    parser.add_argument("--clicks", type=int, nargs="+", default=[1, 3], metavar="N", help="default: 1 3")
    parser.add_argument("--coarse", metavar="NAME", help="a segmenter (default: the page's and the command line's)")
    parser.add_argument("--source", metavar="SOURCE", help="a folder or hub id of the segmenter's own weights")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="write the clicks there, a plan for `sheet` to draw")
    add_device(parser, "cpu")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the table and what is below one half, and write the JSON if asked to; returns the exit status."""
    from tqdm import tqdm

    from matting.coarse import DEFAULT, SegmenterUnavailable, load_segmenter
    from matting.evaluation import clicks, tables
    from matting.images import read_mask, read_photo

    name, images, plan = args.coarse or DEFAULT, {}, {}
    try:
        check_json(args.json)
        check_json(args.plan)
        if min(args.clicks) < 1:
            raise ValueError(f"--clicks should be 1 or more, got {min(args.clicks)}.")
        found = find_photos(args)
        segmenter = load_segmenter(name, source=args.source, device=args.device or "cpu")
        for example in tqdm(found, unit="photo", file=sys.stderr):
            image, _ = read_photo(example.image)
            truth, _ = read_mask(example.alpha, image.shape[:2])
            score = clicks.score(image, truth, clicks.User(name, segmenter), args.clicks)
            images[example.name], plan[str(example.image.resolve())] = score.iou, score.clicks
    except (ValueError, OSError, SegmenterUnavailable) as error:
        raise UsageError(str(error)) from error
    report = tables.Report("coarse", name, {"source": args.source}, images)
    print(tables.to_markdown(report))
    print(f"\n{clicks.below_half(images)}")
    if args.plan:
        args.plan.write_text(json.dumps(plan, indent=1) + "\n", "utf-8")
    if args.json:
        tables.write_json(report, args.json)
    return 0


def find_photos(args: argparse.Namespace) -> list[Example]:
    """Find the photos that the options name.

    Raises:
        ValueError: where there are none, or two of one name.
    """
    from matting.data.layouts.masked import read_masked, read_two_folders

    if len(args.photos) != len(args.masks):
        raise ValueError(
            f"A folder of masks for each of photos was expected, got {len(args.masks)} for {len(args.photos)}."
        )
    found = [example for root in args.root for example in read_masked(root)]
    for photos, masks in zip(args.photos, args.masks, strict=True):
        found += read_two_folders(photos, masks)
    found = [example for example in found if not args.ending or example.name.endswith(args.ending)]
    if not found:
        raise ValueError("There is no photo to look at; give --root DIR, or --photos DIR and --masks DIR.")
    if len({example.name for example in found}) < len(found):
        raise ValueError("Two photos have one name; evaluate their folders one by one.")
    return found
