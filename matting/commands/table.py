"""Show how one of the paper's tables is produced, and produce it if its data sets are there."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matting.commands import UsageError, check_json
from matting.commands.evaluate import benchmarks, submission
from matting.commands.evaluate import trimaps as evaluate_trimaps
from matting.commands.evaluate.options import BenchmarkOptions, RunOptions, TrimapOptions
from matting.commands.options import add_cache, add_device, add_first, add_json, add_workers, filled
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.evaluation.paper.figures import PaperTable
    from matting.evaluation.paper.procedures import Procedure, Step
    from matting.evaluation.tables import Report

ELSEWHERE = ("I", "II", "III", "IV", "V", "VI", "VIII", "IX")
"""Tables whose protocol runs on any photos with true alphas, and trimaps for III, IV and IX."""
NUMBERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


@dataclass(frozen=True, kw_only=True)
class TableOptions(RunOptions):
    """`table NUMBER`: where its data is, or folders of one's own, and the weights to score; see the options' help."""

    number: str
    data: Path | None = None
    folder: Path | None = None
    weights: Sequence[str] = ()
    mask: Sequence[str] | None = None
    save: Path | None = None


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments."""
    parser = subparsers.add_parser("table", help="show how a table of the paper is produced, and produce it")
    parser.description = __doc__
    parser.add_argument("number", choices=NUMBERS, metavar="NUMBER", help="I to XII")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the folder with the data sets (default: $TRIMATTE_DATA)"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR",
        help="folders image, alpha and trimap to run the table's protocol on instead of the paper's data",
    )  # fmt: skip
    parser.add_argument(
        "--weights", nargs="+", default=[], metavar="[LABEL=]SOURCE",
        help="weights to score, with labels if you like; equal labels are seeds: mean and standard deviation",
    )  # fmt: skip
    parser.add_argument("--mask", nargs="+", metavar="KIND", help="other coarse masks than the paper's")
    parser.add_argument("--save", type=Path, metavar="DIR", help="Table VII: where to write the mattes for the site")
    add_first(parser, "table")
    add_device(parser)
    add_json(parser)
    add_cache(parser)
    add_workers(parser)


def run(args: argparse.Namespace) -> int:
    """Produce the table that the arguments name; returns the exit status."""
    return produce(filled(TableOptions, args))


def produce(options: TableOptions) -> int:
    """Print the procedure, then each part of the table; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import tables
    from matting.evaluation.paper import figures
    from matting.evaluation.paper.procedures import PROCEDURES

    procedure = PROCEDURES[options.number]
    folder = options.data or (Path(os.environ["TRIMATTE_DATA"]) if os.environ.get("TRIMATTE_DATA") else None)
    parts = [part for part in figures.TABLES if part.number == options.number]
    print(describe(procedure, parts[0].caption))
    if options.first is not None:
        print(f"\nOnly the first {options.first} photos are scored: a trial, not the table.")
    documents, status = {}, 0
    try:
        check_json(options.json)
        if options.folder:
            status, documents["folder"] = _on_own_folders(procedure.steps[0], options, parts[0])
        for step, part in zip(procedure.steps, parts, strict=True) if not options.folder else ():
            print(f"\n## {part.data}\n")
            if options.number == "IX":
                print(_costs() + "\n")
            if folder is None or not _present(step, folder):
                print(tables.paper_alone(part) + f"\n\nNot produced: {_missing(step, folder)}")
            elif options.number == "VII":
                status |= _submission(step, folder, options, tables.paper_alone(part))
            else:
                found, failed = _produce(step, folder, options, part)
                status, documents = status | failed, documents | {part.data: found}
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    if options.json and documents:
        write_whole(options.json, json.dumps({"table": options.number, "parts": documents}, indent=2) + "\n")
    return status


def describe(procedure: Procedure, caption: str) -> str:
    """Say how a table is produced: what is measured, the data, the training, the calls."""
    from matting.evaluation.paper.procedures import FOLDERS, SOURCES

    data = {FOLDERS[step.data]: SOURCES[step.data] for step in procedure.steps}
    lines = [f"# Table {procedure.number}. {caption}", "", procedure.how, "", "Data, in one folder DIR:"]
    lines += [f"- {folder}: {source}" for folder, source in data.items()]
    lines += ["", "Training (with the data as `train --help` says):", *(f"- {line}" for line in procedure.training)]
    lines += ["", "Scoring:", *(f"- python -m matting {shlex.join(step.call())}" for step in procedure.steps)]
    lines += [f"- all of it: python -m matting table {procedure.number} --data DIR --weights SOURCE"]
    return "\n".join(lines)


def labelled(weights: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Split each LABEL=SOURCE; without any there are the bundled weights, without label."""
    pairs = []
    for given in weights:
        label, equals, source = given.partition("=")
        pairs.append((label, source) if equals else (None, given))
    return pairs or [(None, None)]


def _present(step: Step, folder: Path) -> bool:
    from matting.evaluation.paper.procedures import FOLDERS

    return (folder / FOLDERS[step.data]).is_dir()


def _missing(step: Step, folder: Path | None) -> str:
    from matting.evaluation.paper.procedures import FOLDERS

    if folder is None:
        return "name the folder of the data sets with --data or $TRIMATTE_DATA."
    return f"{folder / FOLDERS[step.data]} is not there."


def _on_own_folders(step: Step, options: TableOptions, part: PaperTable) -> tuple[int, dict]:
    """Run a table's protocol on folders of one's own; returns the exit status and its JSON."""
    if options.number not in ELSEWHERE:
        raise ValueError(f"Table {options.number} needs its own data set; --folder is for {', '.join(ELSEWHERE)}.")
    print(
        f"\n## {options.folder}\n\nThe paper's rows are of {part.data}: other pixels, so they stand there as a hint.\n"
    )
    found, failed = _produce(replace(step, data="folder"), options.folder, options, part)
    return failed, found


def _produce(step: Step, folder: Path, options: TableOptions, part: PaperTable) -> tuple[dict, int]:
    """Score one part with all weights, print it beside the paper's rows; returns its JSON and the exit status."""
    if step.scores == "trimaps":
        from matting.evaluation import trimaps

        sources = tuple(source for _, source in labelled(options.weights) if source)
        found = evaluate_trimaps.collect(_trimap_options(step, folder, options, sources))
        print(trimaps.to_markdown(found, [part]))
        documents = {label: trimaps.to_document(one) for label, one in found.items()}
        return documents, evaluate_trimaps.say_failures(found)
    from matting.evaluation import tables

    rows: dict[str, list[Report]] = {}
    for label, source in labelled(options.weights):
        found = benchmarks.collect(_benchmark_options(step, folder, options, source))
        for method, one in found.items():
            rows.setdefault(_title(label, source, method, len(found), options), []).append(one)
    print(tables.beside_paper(rows, part))
    documents = {title: [tables.to_document(one) for one in found] for title, found in rows.items()}
    flat = {f"{title} {seed}": one for title, found in rows.items() for seed, one in enumerate(found)}
    return documents, benchmarks.say_failures(flat)


def _title(label: str | None, source: str | None, method: str, methods: int, options: TableOptions) -> str:
    """Name a row: by its label, by its method, or by both where there are several of each."""
    if label:
        return label if methods == 1 else f"{method} {label}"
    return f"{method} ({source})" if len(options.weights) > 1 else method


def _benchmark_options(step: Step, folder: Path, options: TableOptions, source: str | None) -> BenchmarkOptions:
    return BenchmarkOptions(
        benchmark=step.data,
        split=step.split,
        trimap=step.trimap,
        method=step.methods or None,
        weights=source,
        **_common(step, folder, options),
    )


def _trimap_options(step: Step, folder: Path, options: TableOptions, sources: Sequence[str]) -> TrimapOptions:
    return TrimapOptions(data=step.data, weights=sources or (None,), **_common(step, folder, options))


def _common(step: Step, folder: Path, options: TableOptions) -> dict[str, Any]:
    """Return the options that calls for mattes and for trimaps share."""
    from matting.evaluation.paper.procedures import backgrounds_of, root_of

    return {
        "root": root_of(step.data, folder),
        "backgrounds": backgrounds_of(step.data, folder),
        "mask": options.mask or step.masks or None,
        "first": options.first,
        "device": options.device,
        "cache": options.cache,
        "no_cache": options.no_cache,
        "workers": options.workers,
    }


def _submission(step: Step, folder: Path, options: TableOptions, table: str) -> int:
    """Write the mattes for alphamatting.com's own scoring."""
    print(table + "\n")
    if options.save is None:
        print("Not produced: name a folder for the mattes with --save; the site scores them.")
        return 0
    _, source = labelled(options.weights)[0]
    return submission.write_mattes(replace(_benchmark_options(step, folder, options, source), save=options.save))


def _costs() -> str:
    from matting.evaluation.tables import aligned
    from matting.networks.cost import spamattnet_cost
    from matting.networks.spamattnet import CONFIGS

    cells = [("Configuration", "parameters (10⁶)", "multiply-adds (10⁹) at 512x512")]
    for name, config in CONFIGS.items():
        cells.append((name, *(f"{value:.1f}" for value in spamattnet_cost(config))))
    return aligned(cells)
