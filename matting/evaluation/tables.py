"""Results as people read them (Markdown) and as programs do (JSON), and one result beside another."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import numpy as np

from matting.evaluation.metrics import Scores

NAMES = {"sad": "SAD", "mse": "MSE", "mad": "MAD", "grad": "Grad", "conn": "Conn"}
"""What the literature calls each field of `Scores`."""

HEADINGS = ("SAD", "MSE (10⁻³)", "MAD (10⁻³)", "Grad", "Conn")
SCALES = (1, 1000, 1000, 1, 1)

PROTOCOL = ("trimap",)
"""The settings that must agree before reports are compared; others, such as the weights, may well differ."""


@dataclass(frozen=True)
class Report:
    """The scores of one method on one benchmark, photo by photo.

    `settings` holds what was chosen for the run, such as the trimap's number, in JSON's own types.
    """

    benchmark: str
    method: str
    settings: Mapping[str, str | int | float | None]
    images: Mapping[str, Scores]

    @property
    def mean(self) -> Scores:
        """The plain mean over the photos, each counted once whatever its size."""
        return Scores(*map(float, np.mean([astuple(scores) for scores in self.images.values()], axis=0)))


def to_markdown(report: Report) -> str:
    """Lay a report out as a Markdown table, a row per photo and the mean last; MSE and MAD in thousandths."""
    rows = [(name, report.images[name]) for name in sorted(report.images)] + [("mean", report.mean)]
    cells = [("Photo", *HEADINGS)]
    for name, scores in rows:
        cells.append((name, *(f"{s * value:.3f}" for s, value in zip(SCALES, astuple(scores), strict=True))))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        _line(
            [
                cell.ljust(w) if not i else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            ]
        )
        for row in cells
    ]
    rule = _line(["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]])
    return "\n".join([lines[0], rule, *lines[1:]])


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
    """Say in one sentence how a report's mean SAD stands to another's; raises ValueError as above."""
    check_comparable(report, other)
    ours, theirs = report.mean.sad, other.mean.sad
    ratio = f"{ours / theirs:.3f} times" if theirs else "beside"
    return f"Mean SAD: {report.method} {ours:.3f}, {ratio} that of {other.method} ({theirs:.3f})."


def to_json(report: Report) -> str:
    """Write a report as JSON, numbers in full, MSE and MAD unscaled."""
    document = {
        "benchmark": report.benchmark,
        "method": report.method,
        "settings": dict(report.settings),
        "mean": _named(report.mean),
        "images": {name: _named(report.images[name]) for name in sorted(report.images)},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Report:
    """Read what `to_json` wrote; raises ValueError if it is something else."""
    try:
        document = json.loads(text)
        images = {
            name: Scores(**{field: float(row[NAMES[field]]) for field in NAMES})
            for name, row in document["images"].items()
        }
        return Report(document["benchmark"], document["method"], dict(document["settings"]), images)
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"This is no report written by --json: {type(error).__name__} at {error}."
        ) from error


def read_json(path: str | os.PathLike[str]) -> Report:
    """Read a report's file; raises ValueError, naming it, if it is something else."""
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error


def write_json(report: Report, path: str | os.PathLike[str]) -> None:
    """Write a report to a file, whole or not at all."""
    part = Path(f"{os.fspath(path)}.part")
    part.write_text(to_json(report), encoding="utf-8")
    os.replace(part, path)


def _named(scores: Scores) -> dict[str, float]:
    return {NAMES[field]: value for field, value in asdict(scores).items()}


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
