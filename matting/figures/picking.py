"""A figure of one place of a photo that follows clicks; a picture that stands still without widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pick_place(draw: Callable[[int, int], None], size: tuple[int, int], start: tuple[int, int]) -> None:
    """Draw a place of a photo, and draw it anew where the photo is clicked, or moved over by arrow keys.

    Args:
        draw: draws one pyplot figure of the place (x, y), in pixels; its first axes show the photo.
        size: (height, width) of the photo.
        start: the place (x, y) that is drawn first.
    """
    try:
        from matting.figures.clickable import SAYS, ClickableFigure
    except ImportError:  # no widgets: the picture of the first place says enough
        draw(*start)
        return
    from base64 import b64encode

    from IPython.display import display

    figure = ClickableFigure(lambda x, y: _figure(draw, x, y), size, start)
    still = {"image/jpeg": b64encode(figure.picture).decode(), "text/plain": SAYS}
    display(figure._repr_mimebundle_()[0] | still, raw=True)  # a reader without Jupyter sees the first place


def _figure(draw: Callable[[int, int], None], x: int, y: int) -> Any:
    """Draw and take the figure off pyplot's list, so that the notebook shows it once."""
    import matplotlib.pyplot as plt

    draw(x, y)
    figure = plt.gcf()
    plt.close(figure)
    return figure
