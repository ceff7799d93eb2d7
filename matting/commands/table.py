"""Show how one of the paper's tables is produced, and produce it if its data sets are there."""

from __future__ import annotations

import argparse
import json
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matting.commands import UsageError, check_json
from matting.commands.evaluate import benchmarks
from matting.commands.evaluate import trimaps as _trimaps
from matting.files import write_whole

if TYPE_CHECKING:
    from matting.evaluation.paper.figures import PaperTable
    from matting.evaluation.paper.procedures import Procedure, Step
    from matting.evaluation.tables import Report

ELSEWHERE = ("I", "II", "III", "IV", "V", "VI", "VIII", "IX")
"""Tables whose protocol runs on any photos with true alphas, and trimaps for III, IV and IX."""
NUMBERS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


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
    parser.add_argument("--first", type=int, metavar="N", help="only the first N photos, as a trial")
    parser.add_argument("--device", metavar="D", help="cpu, cuda, mps, ... (default: the best there is)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there too")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where finished photos are cached")
    parser.add_argument("--no-cache", action="store_true", help="ignore the cache and compute everything again")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes (default: 1)")


def run(args: argparse.Namespace) -> int:
    """Print the procedure, then each part of the table; returns 1 where a photo could not be scored, else 0."""
    from matting.evaluation import tables
    from matting.evaluation.paper import figures
    from matting.evaluation.paper.procedures import PROCEDURES

    procedure = PROCEDURES[args.number]
    folder = args.data or (Path(os.environ["TRIMATTE_DATA"]) if os.environ.get("TRIMATTE_DATA") else None)
    parts = [part for part in figures.TABLES if part.number == args.number]
    print(describe(procedure, parts[0].caption))
    if args.first is not None:
        print(f"\nOnly the first {args.first} photos are scored: a trial, not the table.")
    documents, status = {}, 0
    try:
        check_json(args.json)
        if args.folder:
            status, documents["folder"] = _elsewhere(procedure.steps[0], args, parts[0])
        for step, part in zip(procedure.steps, parts, strict=True) if not args.folder else ():
            print(f"\n## {part.data}\n")
            if args.number == "IX":
                print(_costs() + "\n")
            if folder is None or not _present(step, folder):
                print(tables.paper_alone(part) + f"\n\nNot produced: {_missing(step, folder)}")
            elif args.number == "VII":
                status |= _submission(step, folder, args, tables.paper_alone(part))
            else:
                found, failed = _produce(step, folder, args, part)
                status, documents = status | failed, documents | {part.data: found}
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from error
    if args.json and documents:
        write_whole(args.json, json.dumps({"table": args.number, "parts": documents}, indent=2) + "\n")
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


def _elsewhere(step: Step, args: argparse.Namespace, part: PaperTable) -> tuple[int, dict]:
    """Run a table's protocol on folders of one's own; returns the exit status and its JSON."""
    from matting.evaluation.paper.procedures import Step

    if args.number not in ELSEWHERE:
        raise ValueError(f"Table {args.number} needs its own data set; --folder is for {', '.join(ELSEWHERE)}.")
    print(f"\n## {args.folder}\n\nThe paper's rows are of {part.data}: other pixels, so they stand there as a hint.\n")
    found, failed = _produce(Step("folder", step.words, step.command), args.folder, args, part)
    return failed, found


def _produce(step: Step, folder: Path, args: argparse.Namespace, part: PaperTable) -> tuple[dict, int]:
    """Score one part with all weights, print it beside the paper's rows; returns its JSON and the exit status."""
    if step.command == "trimaps":
        from matting.evaluation import trimaps

        sources = [source for _, source in labelled(args.weights) if source]
        found = _trimaps.collect(_parse(step, folder, args, sources))
        print(trimaps.to_markdown(found, [part]))
        return {label: trimaps.to_document(one) for label, one in found.items()}, _trimaps.say_failures(found)
    from matting.evaluation import tables

    rows: dict[str, list[Report]] = {}
    for label, source in labelled(args.weights):
        found = benchmarks.collect(_parse(step, folder, args, [source] if source else []))
        for method, one in found.items():
            rows.setdefault(_title(label, source, method, len(found), args), []).append(one)
    print(tables.beside_paper(rows, part))
    documents = {title: [tables.to_document(one) for one in found] for title, found in rows.items()}
    flat = {f"{title} {seed}": one for title, found in rows.items() for seed, one in enumerate(found)}
    return documents, benchmarks.say_failures(flat)


def _title(label: str | None, source: str | None, method: str, methods: int, args: argparse.Namespace) -> str:
    """Name a row: by its label, by its method, or by both where there are several of each."""
    if label:
        return label if methods == 1 else f"{method} {label}"
    return f"{method} ({source})" if len(args.weights) > 1 else method


def _parse(step: Step, folder: Path, args: argparse.Namespace, sources: Sequence[str]) -> argparse.Namespace:
    """Turn a step into the arguments of `evaluate`, with what this command was given."""
    from matting.commands.evaluate import command

    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    words = step.call(folder)
    if args.mask:
        words = words[: words.index("--mask")] if "--mask" in words else words
        words += ["--mask", *args.mask]
    for option, values in (("--weights", sources), ("--device", [args.device]), ("--cache", [args.cache])):
        words += [option, *map(str, values)] if values and values[0] is not None else []
    words += ["--first", str(args.first)] if args.first is not None else []
    words += ["--no-cache"] if args.no_cache else []
    parsed = parser.parse_args(words)
    parsed.workers = args.workers
    return parsed


def _submission(step: Step, folder: Path, args: argparse.Namespace, table: str) -> int:
    """Write the mattes for alphamatting.com's own scoring."""
    print(table + "\n")
    if args.save is None:
        print("Not produced: name a folder for the mattes with --save; the site scores them.")
        return 0
    sources = [source for _, source in labelled(args.weights) if source]
    parsed = _parse(step, folder, args, sources[:1])
    parsed.save, parsed.json = args.save, None
    return parsed.run_benchmark(parsed)


def _costs() -> str:
    from matting.evaluation.tables import aligned
    from matting.networks.cost import spamattnet_cost
    from matting.networks.spamattnet import CONFIGS

    cells = [("Configuration", "parameters (10⁶)", "multiply-adds (10⁹) at 512x512")]
    for name, config in CONFIGS.items():
        cells.append((name, *(f"{value:.1f}" for value in spamattnet_cost(config))))
    return aligned(cells)
