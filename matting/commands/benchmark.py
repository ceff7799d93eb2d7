"""Measure what methods cost on this machine: seconds side by side, memory, multiply-adds.

Every round runs each method once, so that whatever else the machine does meets all alike; the median of the rounds
counts. Memory and multiply-adds are measured in a fresh process for each method and photo.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_device, check_json
from matting.commands.options import add_device, add_json
from matting.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    import torch

    from matting.evaluation.speed.contenders import Contender
    from matting.evaluation.speed.report import Machine, Measured

EPILOG = """\
Methods: small, paper, paper_star (SPAMattNet; random weights where none are bundled), vitmatte-s (through
transformers, random weights), closed-form, knn (PyMatting, on the CPU).
seconds: the median; from, to: the fastest and the slowest round. added MB: memory beyond what the process held after
a photo of 64 x 64. of peak: share of the multiply-adds a second that a 3x3 convolution reaches here in that dtype.
Exit status: 0 all measured, 1 a method failed or was left out, 2 called wrongly.
"""
SIZES = [(512, 512), (1024, 1024), (2048, 2048), (2160, 3840)]
PAGE_SIZES = [(1024, 1024), (3000, 4000)]
EXAMPLE = Path(__file__).parents[2] / "assets" / "examples"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `benchmark`."""
    parser = subparsers.add_parser(
        "benchmark",
        help="measure seconds and memory, next to other methods",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    methods = ["small", "paper", "paper_star", "vitmatte-s", "closed-form", "knn"]
    parser.add_argument("--methods", nargs="+", default=methods, metavar="NAME", help="(default: all)")
    parser.add_argument("--dtypes", nargs="+", default=["fp32", "bf16"], metavar="D", help="of networks: fp32, bf16")
    parser.add_argument(
        "--page", action="store_true",
        help="measure instead the steps of the demo, from a photo and a click to its cutout (--sizes: 1024 4000x3000)",
    )  # fmt: skip
    parser.add_argument(
        "--sizes", nargs="+", type=_size, metavar="W[xH]", help="of the photo (default: 512 1024 2048 3840x2160)"
    )
    parser.add_argument(
        "--unknown", nargs="+", type=float, default=[5, 13, 40, 100], metavar="PERCENT",
        help="of the photo, by narrowing or widening the trimap's (default: 5 13 40 100)",
    )  # fmt: skip
    parser.add_argument("--photo", type=Path, default=EXAMPLE / "lemur.jpg", help="(default: the lemur)")
    trimap = EXAMPLE / "outputs" / "lemur" / "trimap.png"
    parser.add_argument("--trimap", type=Path, default=trimap, help="the photo's (default: the lemur's)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(default: 5)")
    parser.add_argument("--no-memory", action="store_true", help="measure seconds alone")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw seconds over megapixels, .png or .svg")
    add_json(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> int:
    """Print the tables as they come; returns 1 where a method is missing in one, else 0."""
    from matting.evaluation.speed import report
    from matting.evaluation.speed.contenders import contenders
    from matting.images import read_photo, read_trimap

    try:
        device = check_device(args.device)
        check_json(args.json)
        if args.rounds < 1:
            raise ValueError(f"--rounds should be 1 or more, got {args.rounds}.")
        chosen = [] if args.page else contenders(tuple(args.methods), tuple(args.dtypes), device)
        image, _ = read_photo(args.photo)
        trimap, _ = read_trimap(args.trimap, image.shape[:2])
        if args.page:
            return _page(image, trimap, device, args)
        sizes = args.sizes or SIZES
        cases = [_case(image, trimap, size, percent / 100) for size in sizes for percent in args.unknown]
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    machine = _machine(device, args.dtypes)
    rows: list[Measured] = []
    for photo, regions in cases:
        rows += _measure(chosen, photo, regions, device, args, machine)
        if args.json:  # after every case, so that an interruption loses one at most
            write_whole(args.json, report.to_json(machine, rows).encode())
    print(report.to_markdown(machine, rows))
    if args.plot:
        report.plot(rows, args.plot)
    return 1 if any(row.remark for row in rows) else 0


def _page(image: np.ndarray, trimap: np.ndarray, device: torch.device, args: argparse.Namespace) -> int:
    """Print what a person waits for, step by step."""
    from matting.evaluation.speed import waiting
    from matting.evaluation.speed.cases import at_size
    from matting.pipeline import MattingPipeline

    pipeline, waits = MattingPipeline.from_pretrained(device=device), []
    for size in args.sizes or PAGE_SIZES:
        photo, regions = at_size(image, trimap, size)
        title = f"{size[1]} x {size[0]}: "
        point = waiting.deepest(regions)
        waits.append(waiting.wait(pipeline, photo, point, args.rounds, lambda what, title=title: _say(title + what)))
        _say("")
    machine = _machine(device, [])
    if args.json:
        write_whole(args.json, json.dumps([asdict(one) for one in waits]).encode())
    print(waiting.to_markdown(machine, waits))
    return 0


def _case(image: np.ndarray, trimap: np.ndarray, size: tuple[int, int], share: float) -> tuple[np.ndarray, np.ndarray]:
    from matting.evaluation.speed.cases import at_size, with_unknown_share

    photo, regions = at_size(image, trimap, size)
    return photo, with_unknown_share(regions, share)


def _measure(
    chosen: list[Contender],
    image: np.ndarray,
    trimap: np.ndarray,
    device: torch.device,
    args: argparse.Namespace,
    machine: Machine,
) -> list[Measured]:
    """Measure every method on one photo."""
    from matting.evaluation.speed import measuring
    from matting.evaluation.speed.contenders import build, needed_bytes
    from matting.evaluation.speed.report import Measured
    from matting.trimaps.algebra import UNKNOWN

    size, share = (trimap.shape[0], trimap.shape[1]), round(float((trimap == UNKNOWN).mean()), 4)
    remarks: dict[Contender, str] = {}
    free = measuring.free_memory() if device.type == "cpu" else 0
    for contender in chosen:
        if free and (needed := needed_bytes(contender, size)) > 0.8 * free:
            remarks[contender] = f"needs about {needed / 1e9:.0f} GB, {free / 1e9:.0f} GB are free"
        elif contender.dtype == "fp64" and share == 1:
            remarks[contender] = "needs known pixels"
    footprints = {}
    for contender in [] if args.no_memory else chosen:
        if contender not in remarks:
            _say(f"{size[1]} x {size[0]}, {100 * share:.0f}% unknown: memory of {contender}")
            try:
                footprints[contender] = measuring.footprint(contender, image, trimap, device)
            except RuntimeError as error:
                remarks[contender] = str(error)
    methods = {contender: build(contender, device) for contender in chosen if contender not in remarks}
    title = f"{size[1]} x {size[0]}, {100 * share:.0f}% unknown: "
    taken = measuring.interleaved(methods, image, trimap, device, args.rounds, lambda what: _say(title + what))
    _say("")
    rows = []
    for contender in chosen:
        row = Measured(str(contender), size, share, taken.get(contender, []), remark=remarks.get(contender, ""))
        found = footprints.get(contender)
        if found and row.median:
            peak = machine.peaks.get(contender.dtype)
            reached = found.multiply_adds / row.median / peak if found.multiply_adds and peak else None
            measured = (found.peak, found.added, found.multiply_adds, reached)
            row = Measured(row.method, size, share, row.seconds, *measured, row.remark)
        rows.append(row)
    return rows


def _machine(device: torch.device, dtypes: list[str]) -> Machine:
    import torch

    from matting.evaluation.speed.measuring import convolution_peak
    from matting.evaluation.speed.report import Machine

    description = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor()
    peaks = {dtype: convolution_peak(dtype, device) for dtype in dtypes}
    described = description or platform.machine()
    return Machine(str(device), described, torch.get_num_threads(), torch.__version__, peaks)


def _size(text: str) -> tuple[int, int]:
    """Read "1024" or "3840x2160" as (height, width)."""
    matched = re.fullmatch(r"([0-9]+)(?:x([0-9]+))?", text)
    if not matched or min(sides := [int(side) for side in matched.groups(matched[1])]) < 64:
        raise argparse.ArgumentTypeError(f'a size is like "1024" or "3840x2160", of 64 or more, got "{text}"')
    return sides[1], sides[0]


def _say(what: str) -> None:
    """Show what is under way in one line of stderr; nothing clears it."""
    end = "" if what and sys.stderr.isatty() else "\n" if what else ""
    print(f"\r\x1b[K{what}" if sys.stderr.isatty() else what, end=end, file=sys.stderr, flush=True)
