"""Curves over the steps of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from matting.figures.palette import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Curve = Sequence[tuple[float, float]]
"""Pairs of a step and a value."""


def show_curves(panels: Mapping[str, Mapping[str, Curve]], width: float = 3.2, height: float = 2.0) -> None:
    """Show panels of curves beside each other.

    Args:
        panels: by title, the curves by name.
        width: of one panel, in inches.
        height: of one panel, in inches.
    """
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, len(panels), figsize=(width * len(panels), height), squeeze=False, layout="constrained")
    for axis, (title, curves) in zip(axes[0], panels.items(), strict=True):
        for number, (name, curve) in enumerate(curves.items()):
            draw_curve(axis, curve, name, COLOURS[number % len(COLOURS)])
        axis.set_title(title, fontsize=9)
        if len(curves) > 1:
            axis.legend(fontsize=7, frameon=False)


def draw_curve(axis: Axes, curve: Curve, name: str, colour: str) -> None:
    """Draw a curve into axes: many values faintly, with their running mean over them; few values as dots."""
    steps, values = np.array(curve, float).reshape(-1, 2).T
    if len(values) >= 40:
        axis.plot(steps, values, color=colour, alpha=0.25, linewidth=0.7)
        axis.plot(steps, running_mean(values, max(3, len(values) // 20)), color=colour, linewidth=1.5, label=name)
    else:
        axis.plot(steps, values, color=colour, marker=".", linewidth=1, label=name)
    axis.xaxis.get_major_locator().set_params(integer=True)  # there is no half a step
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)


def running_mean(values: np.ndarray, width: int) -> np.ndarray:
    """Mean of the last `width` values at each place, of fewer at the beginning."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    begins = np.maximum(0, ends - width)
    return (sums[ends] - sums[begins]) / (ends - begins)
