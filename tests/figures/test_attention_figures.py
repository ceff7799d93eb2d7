import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from pictures import noise

from matting.evaluation.benchmarks.photos import Photo
from matting.evaluation.comparison import evaluate
from matting.explanation import Explanation, PhotoGrid
from matting.figures import show_attention, show_errors, show_shares
from matting.figures.attention import over_crop, over_photo

SIZE = (32, 48)
PHOTO = noise(SIZE)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


def grid(values, cell=4.0, origin=(0, 0)):
    return PhotoGrid(np.asarray(values, np.float32), (cell, cell), origin, SIZE)


def one_hot(shape, *place):
    values = np.full(shape, 1e-3)
    values[place] = 1
    return values / values.sum()


def seen(**changes):
    heads = np.stack([one_hot((4, 4), 1, 2), one_hot((4, 4), 3, 0)])
    found = {
        "gpa": grid(one_hot((8, 12), 2, 3)),
        "sampling": grid(heads, 2.0, (4, 8)),
        "propagation": grid(heads, 2.0, (4, 8)),
        "dis": grid(np.eye(4), 2.0, (4, 8)),
    }
    return Explanation((20, 10, 21, 11), gpa_alpha=None, lspa_alpha=None, **found | changes)


def pictures():
    return {axis.get_title(): axis for axis in plt.gcf().findobj(plt.Axes) if axis.images}


def test_attention_over_the_photo_is_brightest_at_its_cell_at_any_size():
    for image in (PHOTO, PHOTO[::2, ::2]):
        light = over_photo(image, seen().gpa).astype(int).sum(axis=2)
        share = image.shape[0] / SIZE[0]
        row, column = np.unravel_index(light.argmax(), light.shape)
        assert (row / share // 4, column / share // 4) == (2, 3)


def test_a_window_is_enlarged_and_shows_what_the_grid_covers():
    found = over_crop(PHOTO, seen().dis, np.eye(4, dtype=np.float32), side=40)
    assert found.shape == (40, 40, 3)
    light = found.astype(int).sum(axis=2)
    assert light[:10, :10].mean() > light[:10, 10:].mean() + 50  # the diagonal is bright


def test_a_place_is_shown_with_a_map_for_each_branch_and_head():
    show_attention(PHOTO, seen())
    names = ["sampling, head 1", "sampling, head 2", "propagation, head 1", "propagation, head 2", "dis, up to 1.0"]
    shown = pictures()
    assert set(shown) == {"the place that asks, and its window", "GPA: the whole photo", *names}
    first = shown["the place that asks, and its window"]
    assert first.lines[0].get_xdata() == 20 and first.lines[0].get_ydata() == 10
    assert first.patches[0].get_width() == 8


def test_a_network_without_a_branch_has_no_map_of_it():
    show_attention(PHOTO, seen(gpa=None))
    assert "GPA: the whole photo" not in pictures() and len(pictures()) == 6


def test_shares_are_points_beside_the_diagonal():
    show_shares({"GPA": (np.array([0.9, 0.2]), np.array([0.5, 0.4]))})
    axis = plt.gcf().axes[0]
    assert axis.lines[1].get_xydata().tolist() == [[0.5, 0.9], [0.4, 0.2]]


def test_errors_of_all_methods_are_on_one_scale():
    trimap = np.full(SIZE, 128, np.uint8)
    photo = Photo("noise", PHOTO, truth=np.zeros(SIZE, np.float32), trimap=trimap)
    mattes = {
        "half": lambda image, trimap: np.full(SIZE, 0.5, np.float32),
        "none": lambda image, trimap: np.zeros(SIZE, np.float32),
    }
    results = evaluate(mattes, [photo])
    show_errors(results, "noise", np.s_[:16, :24])
    shown = pictures()
    errors = [shown[f"error, SAD {results.scores[name]['noise'].sad:.2f}"].images[0] for name in mattes]
    assert [error.get_clim() for error in errors] == [(0, 1), (0, 1)]
    assert [float(error.get_array().mean()) for error in errors] == [0.5, 0]
    assert shown["noise"].images[0].get_array().shape == (16, 24, 3)
