"""Curves and previews in a notebook: one figure that is drawn anew, whatever the number of steps."""

from __future__ import annotations

import time
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from matting.figures import COLOURS, draw_curve
from matting.figures.pictures import draw_picture
from matting.training.observers.csv_log import read_log
from matting.training.observers.observer import Begun, Observer, Step
from matting.training.validation import Look

SCORES = ("validation_", "photos_")
"""How the names of scores on held-out examples begin."""


class LiveCurves(Observer):
    """Draws a run's curves while it learns, and below them what the network answers for held-out examples.

    A run that goes on is drawn from its first step.

    Args:
        panels: names of figures, or several names that share a panel; by default the loss, and each score beside it.
        every: seconds between two drawings.
        previews: how many held-out examples are shown, each with what guides the network, its answer and the truth.
    """

    def __init__(self, *panels: str | Sequence[str], every: float = 5.0, previews: int = 2) -> None:
        self.panels = [(panel,) if isinstance(panel, str) else tuple(panel) for panel in panels]
        self.every, self.previews = every, previews

    def on_begin(self, run: Begun) -> None:
        """Open an output of its own for the run."""
        self.run, self.rows = run, read_log(run.folder, run.step)
        self.look: Look | None = None
        self.shown = self.panels or [("loss",), *((name,) for name in run.columns if name.startswith(SCORES))]
        self.handle, self.last, self.step = None, time.monotonic(), run.step

    def on_look(self, look: Look) -> None:
        """Keep it for the next drawing."""
        self.look = look

    def on_step(self, done: Step) -> None:
        """Draw if it is time."""
        self.step = done.step
        self.rows.append({"step": done.step, **done.figures})
        if time.monotonic() - self.last >= self.every:
            self._draw()
            self.last = time.monotonic()

    def on_end(self) -> None:
        """Draw what there is at the end."""
        self._draw()

    def _draw(self) -> None:
        figure = self._figure()
        if self.handle is None:
            self.handle = display(figure, display_id=True)
        else:
            self.handle.update(figure)
        plt.close(figure)

    def _figure(self) -> Figure:
        pictures = self._pictures()
        width = max(3.2 * len(self.shown), 1.25 * len(pictures))
        figure = plt.figure(figsize=(width, 3.6 if pictures else 2.2), layout="constrained")
        parts = figure.subfigures(2, 1, height_ratios=[2.1, 1.5]) if pictures else [figure]
        for names, axis in zip(self.shown, parts[0].subplots(1, len(self.shown), squeeze=False)[0], strict=True):
            self._draw_panel(axis, names)
        if pictures:
            for picture, axis in zip(pictures, parts[1].subplots(1, len(pictures), squeeze=False)[0], strict=True):
                draw_picture(axis, *picture)
        figure.suptitle(f"step {self.step} of {self.run.steps}", fontsize=9)
        return figure

    def _draw_panel(self, axis: Axes, names: Sequence[str]) -> None:
        for number, name in enumerate(names):
            curve = [(row["step"], row[name]) for row in self.rows if name in row]
            draw_curve(axis, curve, name.replace("_", " "), COLOURS[number % len(COLOURS)])
        axis.set_title(", ".join(names).replace("_", " "), fontsize=8)
        if len(names) > 1:
            axis.legend(fontsize=7, frameon=False)

    def _pictures(self) -> list[tuple[np.ndarray, str]]:
        """Pictures of the last look, each with its title."""
        if self.look is None:
            return []
        pairs = list(zip(self.look.examples, self.look.answers, strict=True))[: self.previews]
        return [
            (picture, title)
            for example, answer in pairs
            for picture, title in (
                (example.image, "image"),
                (example.guidance, "guidance"),
                (answer, "answer"),
                (example.truth, "truth"),
            )
        ]
