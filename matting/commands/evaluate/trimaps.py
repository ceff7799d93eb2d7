"""`evaluate trimaps`: trimaps of TGN and DeepLab from coarse masks, on a data set or on generated composites."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError
from matting.commands.evaluate.benchmarks import HELP
from matting.commands.evaluate.composites import compose
from matting.commands.evaluate.options import TrimapOptions, prepare
from matting.commands.options import add_cache, add_device, add_first, add_json, add_workers, filled
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.data.composites.compose import CompositeData
    from matting.evaluation.benchmarks.guidance import Guidance
    from matting.evaluation.trimaps import TrimapReport, TrimapSample

    Samples = Sequence[tuple[str, Callable[[], TrimapSample]]]


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
        "--mask", nargs="+", default=TrimapOptions.mask, metavar="KIND",
        help="coarse masks: N of the paper's simulated ones (default: 20 30 40 50), given, a segmenter, a folder",
    )  # fmt: skip
    parser.add_argument("--prompt", default="nothing", choices=("nothing", "click", "box"), help="for a segmenter")
    parser.add_argument(
        "--weights", nargs="+", default=[None], metavar="SOURCE",
        help="folders, hub ids, or files of TGN, DeepLabv2 or DeepLabv3 (default: the bundled TGN)",
    )  # fmt: skip
    add_first(parser, "benchmark")
    add_device(parser)
    add_json(parser)
    add_cache(parser)
    add_workers(parser, "threads")


def run(args: argparse.Namespace) -> int:
    """Print the table, and write the JSON if asked to; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import trimaps

    options = filled(TrimapOptions, args)
    try:
        reports = collect(options)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    print(trimaps.to_markdown(reports, _paper_tables(options)))
    if options.data is None:
        print("\nThe paper's rows are of Composition-1k; these composites are others, so they stand there as a hint.")
    if options.json:
        write_whole(options.json, trimaps.to_json(reports))
    return say_failures(reports)


def collect(options: TrimapOptions) -> dict[str, TrimapReport]:
    """Score every network on every mask and return the reports by their labels; raises ValueError or OSError."""
    from matting.evaluation import trimaps
    from matting.evaluation.benchmarks.protocols import short_mask, unused

    cache = prepare(options)
    networks = {}
    for source in options.weights:
        network = trimaps.load_network(source, options.device)
        name = trimaps.PAPER_NAMES[network.name]
        title = f"{name} ({Path(source).stem})" if name in networks and source else name
        networks[unused(title, networks)] = (source, network)
    reports = {}
    for mask in options.mask:
        samples = _samples(options, mask)
        for title, (source, network) in networks.items():
            suffix = "" if mask == "given" else f"-{short_mask(mask)}"
            counts, failed = trimaps.count_all(samples, network, cache, workers=options.workers, title=title)
            reports[unused(title + suffix, reports)] = _report(options, mask, source, network.name, counts, failed)
    return reports


def _report(
    options: TrimapOptions, mask: str, source: str | None, network: str, counts: dict, failed: dict[str, str]
) -> TrimapReport:
    from matting.evaluation.trimaps import TrimapReport

    if not counts:
        name, why = next(iter(failed.items()))
        raise ValueError(f"Not one of {len(failed)} photos could be scored; the first, {name}: {why}")
    settings = {"mask": mask, "weights": source or "bundled"}
    if options.data is None:
        settings |= {"count": options.count, "seed": options.seed, "size": options.size}
    return TrimapReport(options.data or "composites", network, settings, counts, failed)


def _samples(options: TrimapOptions, mask: str) -> Samples:
    """List the photos' names, each with what makes its sample; raises ValueError where something is lacking."""
    from matting.evaluation.benchmarks.definitions import BENCHMARKS, check_complete, examples
    from matting.evaluation.benchmarks.guidance import Guidance, check_kinds
    from matting.evaluation.benchmarks.guidance import prepare as prepare_guidance

    if options.data is None:
        return _composites(options, mask)
    if options.root is None:
        raise ValueError(f"The folder of {options.data} is needed; name it with --root.")
    benchmark = BENCHMARKS[options.data]
    found = examples(options.data, options.root, backgrounds=options.backgrounds)[: options.first]
    guidance = Guidance(None, mask, options.prompt, benchmark.kernel, device=options.device)
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


def _composites(options: TrimapOptions, mask: str) -> Samples:
    from matting.data.composites.compose import CompositeData
    from matting.data.pools.pool import load_textures, read_pool

    for option, value, least in (
        ("--count", options.count, 1),
        ("--size", options.size, 64),
        ("--seed", options.seed, 0),
    ):
        if value < least:
            raise ValueError(f"{option} should be {least} or more, got {value}.")
    if not options.pool or not options.photos:
        raise ValueError("Name a data set with --data and --root, or composites with --pool and --photos.")
    if not mask.isdecimal() or int(mask) < 1:
        raise ValueError(f"Composites have the paper's simulated masks alone; give numbers N with --mask, got {mask}.")
    foregrounds = [path for pool in options.pool for path in read_pool(pool)]
    data = CompositeData(foregrounds, load_textures(options.photos), options.size, options.seed)
    return [(f"{index:06d}", partial(_composite, data, index, int(mask))) for index in range(options.count)]


def _composite(data: CompositeData, index: int, erosion: int) -> TrimapSample:
    """Compose number `index`, the same as `evaluate composites` does."""
    from matting.data.composites.coarse_masks import simulated_mask
    from matting.evaluation.trimaps import TrimapSample
    from matting.trimaps.algebra import from_alpha

    composite, _ = compose(data, index)
    mask = simulated_mask(composite.alpha, erosion)
    return TrimapSample(f"{index:06d}", composite.image, mask, from_alpha(composite.alpha, 15, 15))


def _paper_tables(options: TrimapOptions) -> list:
    from matting.evaluation.paper.figures import TABLES

    data = options.data or "composition-1k"
    return [table for table in TABLES if table.number in ("I", "II") and table.data == data and not options.first]


def say_failures(reports: dict[str, TrimapReport]) -> int:
    """Name the photos that are not counted, on stderr; returns the exit status."""
    for label, report in reports.items():
        for name, why in report.failed.items():
            print(f"{label}: {name} is not counted: {why}", file=sys.stderr)
    return 1 if any(report.failed for report in reports.values()) else 0
