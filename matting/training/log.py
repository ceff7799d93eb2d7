"""A run's log.csv: one row per step, none beyond the checkpoint."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from matting.files import whole_file
from matting.training.checkpoint import writing

NAME = "log.csv"
COLUMNS = ("step", "loss", "rate", "seconds")


class Log:
    """The log of a run that continues after `step`; later rows are dropped, since their steps will be repeated."""

    def __init__(self, folder: Path, step: int, more_columns: Iterable[str] = ()) -> None:
        self.folder, self.path = folder, folder / NAME
        known, before = _read(self.path, step)
        # A log that has had further columns keeps them, and one that lacks them gets them.
        self.columns = tuple(dict.fromkeys([*COLUMNS, *before, *more_columns]))
        if before:
            with writing("log", folder), whole_file(self.path) as part:
                self._write(part, "w", known)

    def add(self, step: int, loss: float, rate: float, seconds: float, more: dict[str, float]) -> None:
        """Add the row of a step."""
        row = {"step": step, "loss": f"{loss:.6f}", "rate": f"{rate:.3e}", "seconds": f"{seconds:.1f}"}
        with writing("log", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(self.path, "a", [row | {name: f"{value:.6f}" for name, value in more.items()}])

    def _write(self, path: Path, mode: str, rows: list[dict[str, object]]) -> None:
        new = mode == "w" or not path.exists()
        with path.open(mode, newline="") as file:
            writer = csv.DictWriter(file, self.columns, restval="")
            if new:
                writer.writeheader()
            writer.writerows(rows)


def _read(path: Path, step: int) -> tuple[list[dict[str, object]], list[str]]:
    """Rows up to a step, and the columns; a full disk or a kill may have cut the last row short."""
    if not path.exists():
        return [], []
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    whole = [row for row in rows if len(row) == len(header) and int(row[0]) <= step]
    return [dict(zip(header, row, strict=True)) for row in whole], header
