"""Tables, JSON and a plot of what methods cost."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

COLUMNS = ("method", "seconds", "from", "to", "peak MB", "added MB", "GMACs", "of peak")


@dataclass(frozen=True)
class Measured:
    """What one method cost on one photo.

    Attributes:
        method: its name and dtype.
        size: (height, width) of the photo.
        unknown: share of it that was unknown, in [0, 1].
        seconds: of every round; empty where it could not run.
        peak: bytes at most in a fresh process, None where they were not measured.
        added: those that came with the photo.
        multiply_adds: None for a solver.
        reached: share of what a convolution reaches in this dtype on this machine.
        remark: why something is missing.
    """

    method: str
    size: tuple[int, int]
    unknown: float
    seconds: list[float] = field(default_factory=list)
    peak: int | None = None
    added: int | None = None
    multiply_adds: int | None = None
    reached: float | None = None
    remark: str = ""

    @property
    def median(self) -> float | None:
        """Median of the rounds."""
        return statistics.median(self.seconds) if self.seconds else None


@dataclass(frozen=True)
class Machine:
    """Where it was measured, and the multiply-adds a second that a 3x3 convolution reaches there, by dtype."""

    device: str
    description: str
    threads: int
    torch: str
    peaks: dict[str, float]


def to_markdown(machine: Machine, rows: Sequence[Measured]) -> str:
    """A table for every size and share, medians first."""
    peaks = ", ".join(f"{dtype} {peak / 1e9:.0f}" for dtype, peak in machine.peaks.items())
    parts = [
        f"{machine.description}, {machine.device}, {machine.threads} threads, torch {machine.torch}. "
        f"A 3x3 convolution reaches, in billions of multiply-adds a second: {peaks or 'not measured'}."
    ]
    for case in dict.fromkeys((row.size, row.unknown) for row in rows):
        found = [row for row in rows if (row.size, row.unknown) == case]
        parts += [f"**{case[0][1]} x {case[0][0]}, {100 * case[1]:.0f}% unknown**", _table(found)]
    return "\n\n".join(parts)


def to_json(machine: Machine, rows: Sequence[Measured]) -> str:
    """Everything that was measured."""
    return json.dumps({"machine": asdict(machine), "rows": [asdict(row) | {"median": row.median} for row in rows]})


def plot(rows: Sequence[Measured], path: Path) -> None:
    """Draw seconds over megapixels, both logarithmic: a line for each method, a panel for each unknown share."""
    from matplotlib.figure import Figure

    shares = sorted({row.unknown for row in rows})
    figure = Figure(figsize=(4.5 * len(shares), 4), layout="constrained")
    panels = figure.subplots(1, len(shares), sharey=True, squeeze=False)[0]
    for panel, share in zip(panels, shares, strict=True):
        for method in dict.fromkeys(row.method for row in rows):
            points = sorted(
                (row.size[0] * row.size[1] / 1e6, row.median)
                for row in rows
                if row.method == method and row.unknown == share and row.median is not None
            )
            if points:
                panel.loglog(*zip(*points, strict=True), "o-", label=method)
        panel.set(title=f"{100 * share:.0f}% unknown", xlabel="megapixels")
        panel.grid(which="both", alpha=0.3)
    panels[0].set_ylabel("seconds")
    panels[-1].legend(fontsize=7)
    figure.savefig(path)


def _table(rows: Sequence[Measured]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for row in rows:
        times = [row.median, min(row.seconds, default=None), max(row.seconds, default=None)]
        cells = [
            f"{row.method}: {row.remark}" if row.remark else row.method,
            *("" if taken is None else f"{taken:.3g}" for taken in times),
            *("" if size is None else f"{size / 1e6:.0f}" for size in (row.peak, row.added)),
            "" if row.multiply_adds is None else f"{row.multiply_adds / 1e9:.1f}",
            "" if row.reached is None else f"{100 * row.reached:.0f}%",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
