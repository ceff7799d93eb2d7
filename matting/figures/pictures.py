"""Pictures side by side: photos as they are, alphas and masks gray from 0 to 1, trimaps in their palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from matting.figures.palette import coloured_trimap
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

REGIONS = np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8)
"""By the class of a pixel."""


def show(*pictures: np.ndarray, titles: Sequence[str] = (), width: float = 1.85, vmax: float = 1.0) -> None:
    """Show pictures in a row.

    Args:
        pictures: uint8 (H, W, 3) photos; uint8 (H, W) trimaps; floats or booleans (H, W), gray from 0 to `vmax`.
        titles: one for each, or fewer.
        width: of one picture, in inches.
        vmax: what is white.
    """
    show_rows([pictures], titles=titles, width=width, vmax=vmax)


def show_rows(
    rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str] = (), width: float = 1.85, vmax: float = 1.0
) -> None:
    """Show rows of pictures, see `show`; the titles stand above the first row."""
    columns = max(len(row) for row in rows)
    ratio = max(row[0].shape[0] / row[0].shape[1] for row in rows)
    size = (width * columns, len(rows) * width * ratio + 0.3)
    figure, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False, layout="constrained")
    for number, row in enumerate(rows):
        for place, axis in enumerate(axes[number]):
            axis.set_axis_off()
            if place < len(row):
                draw_picture(axis, row[place], titles[place] if number == 0 and place < len(titles) else "", vmax)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)


def draw_picture(axis: Axes, picture: np.ndarray, title: str = "", vmax: float = 1.0) -> None:
    """Draw one picture of `show` into axes."""
    picture = np.asarray(picture)
    if picture.ndim == 2 and picture.dtype == np.uint8:
        picture = coloured_trimap(picture)
    axis.imshow(picture, cmap="gray", vmin=0, vmax=vmax)
    axis.set_title(title, fontsize=9)
    axis.set_axis_off()


def show_batch(batch: Mapping[str, Tensor], columns: Sequence[str] = (), width: float = 1.3) -> None:
    """Show a batch of samples (`matting.data.batch`): a row for each, a column for each tensor.

    Args:
        batch: tensors (B, C, H, W) in [0, 1], or classes (B, H, W).
        columns: the tensors to show, in this order; by default all of them.
        width: of one picture, in inches.

    Raises:
        ValueError: where the batch lacks a column.
    """
    columns = tuple(columns) or tuple(batch)
    if lacking := [name for name in columns if name not in batch]:
        raise ValueError(f"This batch has {', '.join(batch)}, but no {lacking[0]}; leave it out.")
    count = len(batch[columns[0]])
    rows = [[picture_of(name, batch[name][number]) for name in columns] for number in range(count)]
    show_rows(rows, titles=[name.replace("_", " ") for name in columns], width=width)


def picture_of(name: str, values: Tensor) -> np.ndarray:
    """Turn one tensor of a sample into a picture of `show`; `name` tells a trimap from an alpha."""
    values = values.detach().float().cpu()
    if name == "classes":
        return REGIONS[values.long().numpy()]
    if name == "trimap":
        return REGIONS[(2 * values[0]).round().long().numpy()]
    return values[0].numpy() if len(values) == 1 else values.permute(1, 2, 0).clamp(0, 1).numpy()
