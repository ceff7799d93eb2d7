import sys

import matplotlib

matplotlib.use("agg")

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest

from matting.figures import picking, show


@pytest.fixture
def asked(monkeypatch):
    """What was displayed, in order, and the places that were drawn."""
    shown, places = [], []

    class Handle:
        def update(self, figure):
            shown.append(("update", figure))

    def display(thing, display_id=False, raw=False):
        shown.append(("raw" if raw else "figure", thing))
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)

    def draw(x, y):
        places.append((x, y))
        show(np.zeros((4, 6)), marks=[(y, x)])

    yield shown, places, draw
    plt.close("all")


def test_the_sliders_move_the_place_and_redraw_one_output(asked, monkeypatch):
    shown, places, draw = asked
    sliders = []
    make = ipywidgets.IntSlider
    monkeypatch.setattr(ipywidgets, "IntSlider", lambda **settings: sliders.append(make(**settings)) or sliders[-1])
    picking.pick_place(draw, (4, 6), (2, 1))
    assert [(slider.value, slider.max) for slider in sliders] == [(2, 5), (1, 3)]
    sliders[0].value = 5
    assert places == [(2, 1), (5, 1)]
    assert [kind for kind, _ in shown] == ["figure", "raw", "update"]
    assert shown[1][1]["text/plain"] == picking.SAYS and len(shown[1][1]) > 1
    assert plt.get_fignums() == []  # else the notebook would show the figure twice


def test_without_widgets_there_is_a_picture(asked, monkeypatch):
    shown, places, draw = asked
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    picking.pick_place(draw, (4, 6), (2, 1))
    assert places == [(2, 1)] and shown == [] and len(plt.get_fignums()) == 1
