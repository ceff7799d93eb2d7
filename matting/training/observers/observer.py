"""What an observer is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matting.training.validation import Look


@dataclass(frozen=True)
class Begun:
    """A run that begins or goes on.

    Attributes:
        folder: the run's folder.
        step: steps done before.
        steps: steps of the whole run.
        columns: names of the figures beside loss, rate and seconds.
    """

    folder: Path
    step: int
    steps: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """A step that is done.

    Attributes:
        step: its number, from 1.
        steps: steps of the whole run.
        figures: loss, rate and seconds since the run began or went on; what the stage tells beside them; and the scores
            on held-out examples, where they were looked at.
    """

    step: int
    steps: int
    figures: dict[str, float]


class Observer:
    """Watches a run; of several processes the first one's only. Here nothing is done.

    KeyboardInterrupt out of any of these stops the run as Ctrl-C does: with a checkpoint, after one more step.
    """

    def on_begin(self, run: Begun) -> None:
        """Be told that a run begins or goes on."""

    def on_look(self, look: Look) -> None:
        """Be told of a look at held-out examples: scores, and what the network answers; `on_step` of it follows."""

    def on_step(self, done: Step) -> None:
        """Be told of a step."""

    def on_end(self) -> None:
        """Be told that the run ends, finished or not."""
