"""`evaluate trimaps`: trimaps of TGN and DeepLab from coarse masks, on a data set or on generated composites."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError
from matting.commands.evaluate.benchmarks import HELP, prepare
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.data.composites.compose import CompositeData
    from matting.evaluation.benchmarks.guidance import Guidance
    from matting.evaluation.trimaps import TrimapReport, TrimapSample

    Samples = Sequence[tuple[str, Callable[[], TrimapSample]]]

EROSIONS = ("20", "30", "40", "50")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    parser.set_defaults(run_benchmark=run)
    parser.add_argument("--data", choices=tuple(HELP), help="a data set, with --root; otherwise --pool and --photos")
    parser.add_argument("--root", type=Path, metavar="DIR", help="the data set's folder")
    parser.add_argument("--backgrounds", type=Path, metavar="DIR", help="photos to put behind bare foregrounds")
    parser.add_argument("--pool", type=Path, nargs="+", metavar="DIR", help="folders of foregrounds, for composites")
    parser.add_argument("--photos", type=Path, nargs="+", metavar="DIR", help="folders of backgrounds, for composites")
    parser.add_argument("--count", type=int, default=100, metavar="N", help="how many composites (default: 100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="composites depend on it and the files alone")
    parser.add_argument("--size", type=int, default=512, metavar="PIXELS", help="the composites' side (default: 512)")
    parser.add_argument(
        "--mask", nargs="+", default=list(EROSIONS), metavar="KIND",
        help="coarse masks: N of the paper's simulated ones (default: 20 30 40 50), given, a segmenter, a folder",
    )  # fmt: skip
    parser.add_argument("--prompt", default="nothing", choices=("nothing", "click", "box"), help="for a segmenter")
    parser.add_argument(
        "--weights", nargs="+", default=[None], metavar="SOURCE",
        help="folders, hub ids, or files of TGN, DeepLabv2 or DeepLabv3 (default: the bundled TGN)",
    )  # fmt: skip
    parser.add_argument("--first", type=int, metavar="N", help="only the first N photos, as a trial")
    parser.add_argument("--device", metavar="D", help="cpu, cuda, mps, ... (default: the best there is)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where finished photos are cached")
    parser.add_argument("--no-cache", action="store_true", help="ignore the cache and compute everything again")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="threads (default: 1)")


def run(args: argparse.Namespace) -> int:
    """Print the table, and write the JSON if asked to; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import trimaps

    try:
        reports = collect(args)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    print(trimaps.to_markdown(reports, _paper_tables(args)))
    if args.data is None:
        print("\nThe paper's rows are of Composition-1k; these composites are others, so they stand there as a hint.")
    if args.json:
        write_whole(args.json, trimaps.to_json(reports))
    return say_failures(reports)


def collect(args: argparse.Namespace) -> dict[str, TrimapReport]:
    """Score every network on every mask and return the reports by their labels; raises ValueError or OSError."""
    from matting.evaluation import trimaps
    from matting.evaluation.benchmarks.protocols import short_mask, unused

    cache = prepare(args)
    networks = {}
    for source in args.weights:
        network = trimaps.load_network(source, args.device)
        name = trimaps.PAPER_NAMES[network.name]
        title = f"{name} ({Path(source).stem})" if name in networks and source else name
        networks[unused(title, networks)] = (source, network)
    reports = {}
    for mask in args.mask:
        samples = _samples(args, mask)
        for title, (source, network) in networks.items():
            suffix = "" if mask == "given" else f"-{short_mask(mask)}"
            counts, failed = trimaps.count_all(samples, network, cache, workers=args.workers, title=title)
            reports[unused(title + suffix, reports)] = _report(args, mask, source, network.name, counts, failed)
    return reports


def _report(
    args: argparse.Namespace, mask: str, source: str | None, network: str, counts: dict, failed: dict[str, str]
) -> TrimapReport:
    from matting.evaluation.trimaps import TrimapReport

    if not counts:
        name, why = next(iter(failed.items()))
        raise ValueError(f"Not one of {len(failed)} photos could be scored; the first, {name}: {why}")
    settings = {"mask": mask, "weights": source or "bundled"}
    if args.data is None:
        settings |= {"count": args.count, "seed": args.seed, "size": args.size}
    return TrimapReport(args.data or "composites", network, settings, counts, failed)


def _samples(args: argparse.Namespace, mask: str) -> Samples:
    """List the photos' names, each with what makes its sample; raises ValueError where something is lacking."""
    from matting.evaluation.benchmarks.definitions import BENCHMARKS, check_complete, examples
    from matting.evaluation.benchmarks.guidance import Guidance, check_kinds
    from matting.evaluation.benchmarks.guidance import prepare as prepare_guidance

    if args.data is None:
        return _composites(args, mask)
    if args.root is None:
        raise ValueError(f"The folder of {args.data} is needed; name it with --root.")
    benchmark = BENCHMARKS[args.data]
    found = examples(args.data, args.root, backgrounds=args.backgrounds)[: args.first]
    guidance = Guidance(None, mask, args.prompt, benchmark.kernel, device=args.device)
    check_kinds(guidance)
    if mask == "given":
        check_complete(found, "coarse_mask", "choose another --mask")
    check_complete(found, "alpha", "there is nothing to score against")
    prepare_guidance(guidance)
    return [(example.name, partial(_sample, example, guidance)) for example in found]


def _sample(example: object, guidance: Guidance) -> TrimapSample:
    from matting.evaluation.benchmarks.guidance import coarse_mask
    from matting.evaluation.benchmarks.photos import load
    from matting.evaluation.trimaps import TrimapSample
    from matting.trimaps.algebra import from_alpha

    photo = load(example)
    truth = from_alpha(photo.truth, guidance.kernel, guidance.kernel)
    return TrimapSample(photo.name, photo.image, coarse_mask(photo, guidance), truth)


def _composites(args: argparse.Namespace, mask: str) -> Samples:
    from matting.data.composites.compose import CompositeData
    from matting.data.pools.pool import load_textures, read_pool

    for option, value, least in (("--count", args.count, 1), ("--size", args.size, 64), ("--seed", args.seed, 0)):
        if value < least:
            raise ValueError(f"{option} should be {least} or more, got {value}.")
    if not args.pool or not args.photos:
        raise ValueError("Name a data set with --data and --root, or composites with --pool and --photos.")
    if not mask.isdecimal() or int(mask) < 1:
        raise ValueError(f"Composites have the paper's simulated masks alone; give numbers N with --mask, got {mask}.")
    foregrounds = [path for pool in args.pool for path in read_pool(pool)]
    data = CompositeData(foregrounds, load_textures(args.photos), args.size, args.seed)
    return [(f"{index:06d}", partial(_composite, data, index, int(mask))) for index in range(args.count)]


def _composite(data: CompositeData, index: int, erosion: int) -> TrimapSample:
    """Compose number `index`, the same as `evaluate composites` does."""
    from matting.commands.evaluate.composites import compose
    from matting.data.composites.coarse_masks import simulated_mask
    from matting.evaluation.trimaps import TrimapSample
    from matting.trimaps.algebra import from_alpha

    composite, _ = compose(data, index)
    mask = simulated_mask(composite.alpha, erosion)
    return TrimapSample(f"{index:06d}", composite.image, mask, from_alpha(composite.alpha, 15, 15))


def _paper_tables(args: argparse.Namespace) -> list:
    from matting.evaluation.paper.figures import TABLES

    data = args.data or "composition-1k"
    return [table for table in TABLES if table.number in ("I", "II") and table.data == data and not args.first]


def say_failures(reports: dict[str, TrimapReport]) -> int:
    """Name the photos that are not counted, on stderr; returns the exit status."""
    for label, report in reports.items():
        for name, why in report.failed.items():
            print(f"{label}: {name} is not counted: {why}", file=sys.stderr)
    return 1 if any(report.failed for report in reports.values()) else 0
