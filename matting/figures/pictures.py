"""Pictures side by side: photos as they are, alphas and masks gray from 0 to 1, trimaps in their palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from matting.figures.palette import coloured_trimap
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch import Tensor

REGIONS = np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8)
"""By the class of a pixel."""


Place = tuple[float, float]
Box = tuple[float, float, float, float]


def show(
    *pictures: np.ndarray,
    titles: Sequence[str] = (),
    width: float = 1.85,
    vmin: float = 0.0,
    vmax: float = 1.0,
    scale: str = "gray",
    marks: Sequence[Place | None] = (),
    boxes: Sequence[Sequence[Box]] = (),
) -> None:
    """Show pictures in a row.

    Args:
        pictures: (H, W, 3) photos, uint8 or floats in [0, 1]; uint8 (H, W) trimaps; floats or booleans (H, W), on
            the scale from `vmin` to `vmax`. Tensors will do as well.
        titles: one for each, or fewer.
        width: of one picture, in inches.
        vmin: what is black.
        vmax: what is white.
        scale: Matplotlib's name of the scale of planes; HEAT and SIGNED of the palette are the others in use.
        marks: for each picture the (row, column) that gets a ring, or None.
        boxes: for each picture the frames (x0, y0, x1, y1) on it, in its pixels.
    """
    axes = _axes([pictures], width)[0]
    for number, (axis, picture) in enumerate(zip(axes, pictures, strict=True)):
        title = titles[number] if number < len(titles) else ""
        draw_picture(axis, picture, title, vmax, vmin=vmin, scale=scale)
        if number < len(marks) and marks[number] is not None:
            draw_ring(axis, marks[number])
        for box in boxes[number] if number < len(boxes) else ():
            draw_frame(axis, box)


def show_rows(
    rows: Sequence[Sequence[np.ndarray]], titles: Sequence[str] = (), width: float = 1.85, vmax: float = 1.0
) -> None:
    """Show rows of pictures, see `show`; the titles stand above the first row."""
    for number, (row, axes) in enumerate(zip(rows, _axes(rows, width), strict=True)):
        for place, axis in enumerate(axes):
            if place < len(row):
                draw_picture(axis, row[place], titles[place] if number == 0 and place < len(titles) else "", vmax)


def _axes(rows: Sequence[Sequence[np.ndarray]], width: float) -> np.ndarray:
    """Axes (rows, columns) of a new figure, as high as the first pictures of the rows ask."""
    import matplotlib.pyplot as plt

    columns = max(len(row) for row in rows)
    ratio = max(row[0].shape[0] / row[0].shape[1] for row in rows)
    size = (width * columns, len(rows) * width * ratio + 0.3)
    figure, axes = plt.subplots(len(rows), columns, figsize=size, squeeze=False, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    for axis in axes.flat:
        axis.set_axis_off()
    return axes


def draw_picture(
    axis: Axes, picture: np.ndarray, title: str = "", vmax: float = 1.0, *, vmin: float = 0.0, scale: str = "gray"
) -> None:
    """Draw one picture of `show` into axes."""
    picture = np.asarray(picture)
    if picture.ndim == 2 and picture.dtype == np.uint8:
        picture = coloured_trimap(picture)
    axis.imshow(picture, cmap=scale, vmin=vmin, vmax=vmax)
    axis.set_title(title, fontsize=9)
    axis.set_axis_on()
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set(color="0.6", linewidth=0.5)  # white ends somewhere, on a white page too


def draw_ring(axis: Axes, place: Place) -> None:
    """Draw a ring around a (row, column), to be seen on dark and on light."""
    row, column = place
    for edge, thickness in (("black", 3.5), ("white", 1.5)):
        axis.plot(column, row, "o", mec=edge, mfc="none", ms=9, mew=thickness)


def draw_frame(axis: Axes, box: Box) -> None:
    """Draw a frame (x0, y0, x1, y1) along the outer sides of its pixels."""
    from matplotlib.patches import Rectangle

    x0, y0, x1, y1 = box
    for edge, thickness in (("black", 3), ("white", 1.2)):
        sides = {"fill": False, "edgecolor": edge, "linewidth": thickness}
        axis.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, **sides))


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
