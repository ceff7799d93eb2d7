import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from pictures import refused

from matting.figures import beside_even, coloured_trimap, draw_curve, heat_map, show, show_batch, show_curves
from matting.figures.curves import running_mean
from matting.trimaps.algebra import PALETTE


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


def drawn():
    """What each axes of the last figure shows: the picture and its title."""
    return [(axis.images[0].get_array(), axis.get_title()) for axis in plt.gcf().axes if axis.images]


def test_a_trimap_has_the_colours_of_the_page():
    colours = coloured_trimap(np.array([[0, 128, 255]], np.uint8))
    assert [tuple(colour) for colour in colours[0]] == [PALETTE[0], PALETTE[128], PALETTE[255]]


def test_pictures_are_shown_by_their_kind():
    photo, trimap = np.full((4, 6, 3), 9, np.uint8), np.full((4, 6), 128, np.uint8)
    show(photo, trimap, np.full((4, 6), 0.5), titles=("photo", "trimap"))
    (one, title), (two, _), (three, none) = drawn()
    assert np.array_equal(one, photo) and title == "photo" and none == ""
    assert np.array_equal(two, coloured_trimap(trimap))
    gray = plt.gcf().axes[2].images[0]
    assert three.shape == (4, 6) and gray.get_cmap().name == "gray" and gray.get_clim() == (0, 1)


def test_a_batch_is_shown_with_a_row_for_each_sample():
    batch = {
        "image": torch.rand(2, 3, 4, 4),
        "trimap": torch.full((2, 1, 4, 4), 0.5),
        "alpha": torch.rand(2, 1, 4, 4),
        "classes": torch.ones(2, 4, 4, dtype=torch.long),
    }
    show_batch(batch)
    shown = drawn()
    assert [title for _, title in shown[:4]] == ["image", "trimap", "alpha", "classes"] and len(shown) == 8
    unknown = coloured_trimap(np.full((4, 4), 128, np.uint8))
    assert np.array_equal(shown[1][0], unknown) and np.array_equal(shown[3][0], unknown)
    assert np.allclose(shown[4][0], batch["image"][1].permute(1, 2, 0))
    show_batch(batch, columns=("alpha",))
    assert len(drawn()) == 2
    refused(lambda: show_batch(batch, columns=("colour",)), "no colour")


def test_the_running_mean_is_that_of_the_last_values():
    assert running_mean(np.array([1.0, 2, 3, 4]), 2).tolist() == [1, 1.5, 2.5, 3.5]


@pytest.mark.parametrize(("count", "lines"), [(5, 1), (60, 2)])
def test_a_curve_of_many_values_is_smoothed_and_one_of_few_is_not(count, lines):
    axis = plt.figure().subplots()
    draw_curve(axis, [(step, 2.0) for step in range(count)], "loss", "red")
    assert len(axis.lines) == lines and axis.lines[-1].get_label() == "loss"
    assert np.allclose(axis.lines[-1].get_ydata(), 2)


def test_ticks_of_a_short_run_are_whole_steps():
    axis = plt.figure(figsize=(3.2, 2)).subplots()
    draw_curve(axis, [(step, 2.0) for step in range(1, 5)], "loss", "red")
    assert all(tick == int(tick) for tick in axis.get_xticks())


def test_panels_have_titles_and_a_legend_where_there_is_a_choice():
    show_curves({"loss": {"loss": [(1, 2.0)]}, "scores": {"a": [(1, 1.0)], "b": [(1, 2.0)]}})
    one, two = plt.gcf().axes
    assert (one.get_title(), two.get_title()) == ("loss", "scores")
    assert one.get_legend() is None and len(two.get_legend().get_texts()) == 2


def test_marks_and_frames_lie_on_their_pixels():
    show(np.zeros((9, 9)), torch.zeros(9, 9), marks=[(2, 5), None], boxes=[[(1, 3, 4, 8)], []])
    first, second = plt.gcf().axes
    assert {(*line.get_xdata(), *line.get_ydata()) for line in first.lines} == {(5, 2)} and not second.lines
    frame = first.patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (0.5, 2.5, 3, 5)
    assert not second.patches


def test_differences_have_a_scale_of_their_own():
    show(np.zeros((2, 2)), vmin=-1, scale="RdBu")
    picture = plt.gcf().axes[0].images[0]
    assert picture.get_clim() == (-1, 1) and picture.get_cmap().name == "RdBu"


def test_maps_lie_on_one_scale_of_factors_beside_even_attention():
    even = np.full((4, 4), 1 / 16)
    assert np.allclose(beside_even(even, 32), 0.5)
    attention = even.copy()
    attention[0, 0] *= 2
    attention[0, 1] /= 2
    attention[0, 2] *= 1000
    attention[0, 3] = 0
    brighter, darker, full, none = beside_even(attention, 32)[0]
    assert brighter - 0.5 == pytest.approx(0.5 - darker) == pytest.approx(0.1)
    assert (full, none) == (1, 0)


def test_a_heat_map_is_brighter_where_there_is_more():
    gray = np.full((1, 5, 3), 128, np.uint8)
    light = heat_map(gray, np.linspace(0, 1, 5)[None]).astype(int).sum(axis=2)[0]
    assert (np.diff(light) > 0).all()
