"""A bar on the terminal."""

from __future__ import annotations

from tqdm import tqdm

from matting.training.observers.observer import Begun, Observer, Step


class ProgressBar(Observer):
    """Shows steps done, loss, rate and the last scores on stderr."""

    def on_begin(self, run: Begun) -> None:
        """Begin at the steps that are done."""
        self.bar = tqdm(total=run.steps, initial=run.step, unit="step", mininterval=5)
        self.scores = [name for name in run.columns if name.startswith(("validation_", "photos_"))]

    def on_step(self, done: Step) -> None:
        """Move on by one."""
        figures = done.figures
        found = {name: figures[name] for name in self.scores if name in figures}
        self.bar.set_postfix(loss=f"{figures['loss']:.4f}", rate=f"{figures['rate']:.1e}", refresh=False, **found)
        self.bar.update()

    def on_end(self) -> None:
        """Leave the bar as it is."""
        self.bar.close()
