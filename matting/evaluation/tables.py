"""Results for people (Markdown) and for programs (JSON), and comparisons of results."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean, stdev

from matting.data.layouts.photos import AIM500_TYPES
from matting.evaluation.metrics import Scores
from matting.evaluation.paper.figures import MARK, PaperTable
from matting.files import write_whole

NAMES = {"sad": "SAD", "mse": "MSE", "mad": "MAD", "grad": "Grad", "conn": "Conn"}
"""What the literature calls each field of `Scores`."""

THOUSANDTHS = ("MSE", "MAD")
"""The measures, over any region, that tables show times a thousand; JSON holds them as they are."""

PROTOCOL = ("trimap", "mask", "prompt", "erosion", "region")
"""The settings that must agree before reports are compared; others, such as the weights, may well differ."""


@dataclass(frozen=True)
class Report:
    """What one method scored on one benchmark.

    Attributes:
        benchmark: the benchmark's name.
        method: the method's name.
        settings: what was chosen for the run, such as the trimap's number, in JSON's own types.
        images: for each photo, each measure's name and value; all photos have the same measures.
        types: for photos of several types, each one's.
        failed: for photos that could not be scored, why.
    """

    benchmark: str
    method: str
    settings: Mapping[str, str | int | float | None]
    images: Mapping[str, Mapping[str, float]]
    types: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def mean(self) -> dict[str, float]:
        """The plain mean of each measure over the photos, each counted once whatever its size."""
        rows = list(self.images.values())
        return {measure: sum(row[measure] for row in rows) / len(rows) for measure in rows[0]}

    @property
    def summary(self) -> dict[str, float]:
        """The mean and, for photos of several types, each type's mean SAD and, of all types, Avg (Table XII)."""
        by_type: dict[str, list[float]] = {}
        for name, row in self.images.items():
            if name in self.types:
                by_type.setdefault(self.types[name], []).append(row["SAD"])
        means = {f"SAD-{kind}": sum(sads) / len(sads) for kind, sads in sorted(by_type.items(), key=_type_order)}
        # Of fewer types the average would be of other photos than the one that it stands beside.
        average = {"SAD-Avg": sum(means.values()) / len(means)} if len(means) == len(AIM500_TYPES) else {}
        return self.mean | means | average


def named(scores: Scores) -> dict[str, float]:
    """Give scores the literature's names, as in {"SAD": 4.951, ...}."""
    return {NAMES[field]: value for field, value in asdict(scores).items()}


def to_markdown(report: Report) -> str:
    """Lay a report out as a Markdown table: a row per photo, sorted by name, and the mean last."""
    measures = list(report.mean)
    cells = [("Photo", *map(_heading, measures))]
    for name, row in [*sorted(report.images.items()), ("mean", report.mean)]:
        cells.append((name, *_cells(row, measures)))
    return aligned(cells)


def by_photo(reports: Mapping[str, Report]) -> str:
    """Lay several reports' first measure out as a Markdown table: a row per photo, a column per label."""
    measure = next(iter(next(iter(reports.values())).mean))
    names = sorted({name for report in reports.values() for name in report.images})
    cells = [(f"Photo: {_heading(measure)}", *reports)]
    cells += [(name, *(_cells(one.images.get(name, {}), [measure])[0] for one in reports.values())) for name in names]
    return aligned(cells)


def beside_paper(reports: Mapping[str, Report | Sequence[Report]], table: PaperTable | None) -> str:
    """Lay means out as a Markdown table, a row per label, below the paper's rows, marked as such.

    Several reports of one label, of several seeds, give mean ± standard deviation. The columns are ours; what the
    paper gives no figure for is a dash. Without a table there are our rows alone.
    """
    groups = {label: [found] if isinstance(found, Report) else list(found) for label, found in reports.items()}
    measures = list(next(iter(groups.values()))[0].summary)
    cells = [("Method", "figures of", *map(_heading, measures)), *(_paper_rows(table, measures) if table else ())]
    cells += [
        (label, "this run" if len(found) == 1 else f"{len(found)} runs", *_spread_cells(found, measures))
        for label, found in groups.items()
    ]
    return aligned(cells)


def paper_alone(table: PaperTable) -> str:
    """Lay the paper's own table out in Markdown, with its own columns."""
    return aligned([("Method", "figures of", *map(_heading, table.measures)), *_paper_rows(table, table.measures)])


def aligned(cells: Sequence[Sequence[str]]) -> str:
    """Lay rows of text out as a Markdown table, headings first; the first column to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = ("-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:]))
    return "\n".join(_line(row, widths) for row in [cells[0], rule, *cells[1:]])


def check_comparable(report: Report, other: Report) -> None:
    """Raise ValueError unless both reports are of one benchmark, one protocol and the same photos."""
    for what, ours, theirs in [
        ("benchmark", report.benchmark, other.benchmark),
        *((key, report.settings.get(key), other.settings.get(key)) for key in PROTOCOL),
        ("set of photos", sorted(report.images), sorted(other.images)),
    ]:
        if ours != theirs:
            raise ValueError(f"The results cannot be compared: the {what} is {ours} here and {theirs} there.")


def compare(report: Report, other: Report) -> str:
    """Compare a report's mean SAD with another's in one sentence; raises ValueError as above."""
    check_comparable(report, other)
    ours, theirs = report.mean["SAD"], other.mean["SAD"]
    ratio = f"{ours / theirs:.3f} times" if theirs else "beside"
    return f"Mean SAD: {report.method} {ours:.3f}, {ratio} that of {other.method} ({theirs:.3f})."


def to_json(report: Report) -> str:
    """Write a report as JSON, numbers in full and unscaled."""
    return json.dumps(to_document(report), indent=2, ensure_ascii=False) + "\n"


def to_document(report: Report) -> dict[str, object]:
    """Turn a report into what JSON can hold."""
    document: dict[str, object] = {
        "benchmark": report.benchmark,
        "method": report.method,
        "settings": dict(report.settings),
        "mean": report.summary,
        "images": {name: dict(row) for name, row in sorted(report.images.items())},
    }
    for key, values in (("types", report.types), ("failed", report.failed)):
        if values:
            document[key] = dict(sorted(values.items()))
    return document


def from_json(text: str) -> Report:
    """Read what `to_json` wrote; raises ValueError if it is something else."""
    try:
        document = json.loads(text)
        measures = list(next(iter(document["images"].values())))
        images = {
            name: {measure: float(row[measure]) for measure in measures} for name, row in document["images"].items()
        }
        extra = {key: dict(document.get(key, {})) for key in ("types", "failed")}
        return Report(document["benchmark"], document["method"], dict(document["settings"]), images, **extra)
    except (StopIteration, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"This is no report written by --json: {type(error).__name__} at {error}.") from error


def read_json(path: str | os.PathLike[str]) -> Report:
    """Read a report's file; raises ValueError, naming it, if it is something else."""
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error


def write_json(report: Report, path: str | os.PathLike[str]) -> None:
    """Write a report to a file, whole or not at all."""
    write_whole(path, to_json(report))


def _scale(measure: str) -> int:
    return 1000 if measure.split("-")[0] in THOUSANDTHS else 1


def _heading(measure: str) -> str:
    return f"{measure} (10⁻³)" if _scale(measure) == 1000 else measure


def _cells(row: Mapping[str, float], measures: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{_scale(name) * row[name]:.3f}" if name in row else "–" for name in measures)


def _paper_rows(table: PaperTable, measures: Sequence[str]) -> list[tuple[str, ...]]:
    marked = f"{MARK}, Table {table.number}"
    return [(row.method, marked, *_cells(row.values, measures)) for row in table.rows]


def _spread_cells(reports: Sequence[Report], measures: Sequence[str]) -> tuple[str, ...]:
    if len(reports) == 1:
        return _cells(reports[0].summary, measures)
    cells = []
    for name in measures:
        values = [_scale(name) * report.summary[name] for report in reports if name in report.summary]
        cells.append(f"{mean(values):.3f} ± {stdev(values):.3f}" if len(values) == len(reports) else "–")
    return tuple(cells)


def _type_order(entry: tuple[str, object]) -> tuple[int, str]:
    """Put the types in the order of Table XII."""
    return (AIM500_TYPES.index(entry[0]) if entry[0] in AIM500_TYPES else len(AIM500_TYPES)), entry[0]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
