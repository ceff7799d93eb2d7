"""A figure of one place of a photo, with sliders to move the place; a picture that stands still without ipywidgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SAYS = "Run this cell in Jupyter to move the place with two sliders."
"""What stands in place of the sliders where the notebook is only read."""


def pick_place(draw: Callable[[int, int], None], size: tuple[int, int], start: tuple[int, int]) -> None:
    """Draw a place of a photo, and draw it anew whenever one of two sliders moves it.

    Args:
        draw: draws one pyplot figure of the place (x, y), in pixels.
        size: (height, width) of the photo.
        start: the place (x, y) that is drawn first.
    """
    try:
        import ipywidgets
    except ImportError:  # the picture of the first place says enough
        draw(*start)
        return
    from IPython.display import display

    across, down = (
        ipywidgets.IntSlider(value=at, max=most - 1, description=name, continuous_update=False)
        for name, at, most in zip("xy", start, size[::-1], strict=True)
    )
    handle = display(_figure(draw, *start), display_id=True)

    def redraw(_: Any) -> None:
        handle.update(_figure(draw, across.value, down.value))

    for slider in (across, down):
        slider.observe(redraw, "value")
    bundle = ipywidgets.HBox([across, down])._repr_mimebundle_()
    display(bundle | {"text/plain": SAYS}, raw=True)


def _figure(draw: Callable[[int, int], None], x: int, y: int) -> Any:
    """Draw and take the figure off pyplot's list, so that the notebook shows it once."""
    import matplotlib.pyplot as plt

    draw(x, y)
    figure = plt.gcf()
    plt.close(figure)
    return figure
