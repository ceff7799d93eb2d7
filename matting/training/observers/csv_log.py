"""A run's log.csv: one row per step, none beyond the checkpoint."""

from __future__ import annotations

import csv
from pathlib import Path

from matting.files import whole_file
from matting.training.checkpoint import writing
from matting.training.observers.observer import Begun, Observer, Step

NAME = "log.csv"
FORMATS = {"step": "d", "loss": ".6f", "rate": ".3e", "seconds": ".1f"}
"""The columns that every log has; the others are written like the loss."""


class DamagedLogError(ValueError):
    """A log.csv that no run wrote."""


class CsvLog(Observer):
    """Writes log.csv into the run's folder.

    Where a run goes on, later rows than its checkpoint's are dropped, since their steps will be repeated.
    """

    def on_begin(self, run: Begun) -> None:
        """Cut the log back to the steps that are done, and give it the run's columns."""
        self.folder, self.path = run.folder, run.folder / NAME
        known, before = _read(self.path, run.step)
        # A log that has had further columns keeps them, and one that lacks them gets them.
        self.columns = tuple(dict.fromkeys([*FORMATS, *before, *run.columns]))
        if before:
            with writing("log", self.folder), whole_file(self.path) as part:
                self._write(part, "w", known)

    def on_step(self, done: Step) -> None:
        """Add a row."""
        figures = {"step": done.step, **done.figures}
        row = {name: format(value, FORMATS.get(name, ".6f")) for name, value in figures.items()}
        with writing("log", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(self.path, "a", [row])

    def _write(self, path: Path, mode: str, rows: list[dict[str, str]]) -> None:
        new = mode == "w" or not path.exists()
        with path.open(mode, newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            if new:
                writer.writeheader()
            writer.writerows(rows)


def read_log(folder: Path | str, step: int | None = None) -> list[dict[str, float]]:
    """Read the rows of a run's log, up to a step; a figure that a row lacks is not in it. No log is no rows.

    Raises:
        DamagedLogError: where the file is no log.
    """
    path = Path(folder) / NAME
    rows, _ = _read(path, step)
    try:
        return [{name: float(value) for name, value in row.items() if value} for row in rows]
    except ValueError as error:
        raise _damaged(path) from error


def _read(path: Path, step: int | None) -> tuple[list[dict[str, str]], list[str]]:
    """Rows up to a step, and the columns; a full disk or a kill may have cut the last row short."""
    if not path.exists():
        return [], []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = list(csv.reader(file)) or [[]]
        if header and header[0] != next(iter(FORMATS)):
            raise ValueError("another column comes first")
        whole = [row for row in rows if len(row) == len(header)]
        kept = [row for row in whole if step is None or int(row[0]) <= step]
    except (ValueError, csv.Error) as error:
        raise _damaged(path) from error
    return [dict(zip(header, row, strict=True)) for row in kept], header


def _damaged(path: Path) -> DamagedLogError:
    return DamagedLogError(f"{path} is damaged or is no log of a run; move it away and go on.")
