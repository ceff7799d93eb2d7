import base64
import io
import sys

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from matting.figures import pick_place, show
from matting.figures.clickable import SAYS, ClickableFigure

PHOTO = np.full((4, 6), 0.5)


def draw(x, y):
    """The photo, in the middle gray, and beside it the place's column: dark to the left, bright to the right."""
    show(PHOTO, np.full((4, 6), x / 5), marks=[(y, x)])


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: bundles.append(bundle))
    yield bundles
    plt.close("all")


def figure_of(x, y):
    draw(x, y)
    figure = plt.gcf()
    plt.close(figure)
    return figure


def decoded(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def test_a_new_place_draws_the_figure_anew():
    widget = ClickableFigure(figure_of, (4, 6), (0, 1))
    at_first = decoded(widget.picture)
    widget.place = (5, 1)  # as a click sets it
    height, width = at_first.shape
    middle = (height * 2 // 3, width * 3 // 4)
    assert at_first[middle] < 20 and decoded(widget.picture)[middle] > 235


def test_the_frame_says_where_the_photo_stands_in_the_figure():
    widget = ClickableFigure(figure_of, (4, 6), (5, 0))
    figure = decoded(widget.picture)
    left, top, right, bottom = np.multiply(widget.frame, [*figure.shape[::-1]] * 2)
    inside = figure[round(top) + 3 : round(bottom) - 3, round(left) + 3 : round(left + (right - left) / 2)]
    assert abs(np.median(inside) - 128) < 4 and inside.std() < 4  # nothing but the photo's gray
    assert figure[round(bottom) + 2 :].min() > 235  # below it the figure's white


def test_a_notebook_that_is_only_read_shows_the_first_place(shown):
    pick_place(draw, (4, 6), (2, 1))
    (bundle,) = shown
    assert bundle["text/plain"] == SAYS and "application/vnd.jupyter.widget-view+json" in bundle
    assert decoded(base64.b64decode(bundle["image/jpeg"])).std() > 20
    assert plt.get_fignums() == []  # else the notebook would show the figure twice


def test_without_widgets_there_is_a_picture(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "matting.figures.clickable")
    pick_place(draw, (4, 6), (2, 1))
    assert shown == [] and len(plt.get_fignums()) == 1
