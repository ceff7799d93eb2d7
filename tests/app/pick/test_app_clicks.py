"""Clicks become prompts and can be taken back; nothing is drawn on the clean photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from app_cases import disc
from hypothesis import given
from hypothesis import strategies as st

from matting.app.parts.drawing import PROXY_SIDE, shrink
from matting.app.pick.canvas import draw_canvas
from matting.app.session.stages import Click, Clicks, Photo, Selection


def test_undo_after_a_click_is_the_identity():
    clicks = Clicks().add(Click(1, 2, "keep"))
    for kind in ("keep", "remove", "corner"):
        assert clicks.add(Click(5, 6, kind)).undo() == clicks


@given(st.permutations([(3.0, 4.0), (30.0, 20.0)]))
def test_two_corners_make_one_box_in_either_order(corners):
    clicks = Clicks()
    for x, y in corners:
        clicks = clicks.add(Click(x, y, "corner"))
    assert clicks.box == (3, 4, 30, 20)
    assert clicks.waiting is None


def test_an_odd_corner_waits_and_keeps_the_finished_box():
    clicks = Clicks(tuple(Click(x, y, "corner") for x, y in ((0, 0), (9, 9), (5, 5))))
    assert clicks.box == (0, 0, 9, 9)
    assert clicks.waiting == Click(5, 5, "corner")
    assert Clicks((Click(5, 5, "corner"),)).prompts is None


@given(st.sampled_from(["keep", "remove", "corner"]))
def test_a_drawn_box_is_taken_back_and_done_again_in_one_go(kind):
    clicks = Clicks().add(Click(1, 2, kind))
    drawn = clicks.draw((3, 4, 30, 20))
    assert drawn.box == (3, 4, 30, 20)
    assert drawn.waiting is None
    assert drawn.undo() == (Clicks() if kind == "corner" else clicks)  # a box leaves no corner waiting
    assert drawn.undo().redo() == drawn
    assert drawn.add(Click(5, 6, "keep")).undo().undo().redo() == drawn


@given(st.integers(2, 5000), st.integers(2, 5000), st.floats(0, 1), st.floats(0, 1))
def test_shown_pixels_map_into_the_photo_and_back(height, width, across, down):
    image = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    photo = replace(Photo(image, image, ""), proxy=np.broadcast_to(image[:1, :1], _shown_size(height, width)))
    shown_height, shown_width = photo.proxy.shape[:2]
    x, y = across * (shown_width - 1), down * (shown_height - 1)
    full_x, full_y = photo.to_photo(x, y)
    assert 0 <= full_x < width
    assert 0 <= full_y < height
    assert np.allclose(photo.to_proxy(full_x, full_y), (x, y), atol=1e-6)


def _shown_size(height: int, width: int) -> tuple[int, int, int]:
    scale = min(1, PROXY_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale)), 3


def test_what_is_shown_is_at_most_the_proxy_side():
    assert shrink(np.zeros((3000, 1000, 3), np.uint8)).shape == (1536, 512, 3)
    assert shrink(np.zeros((400, 300, 3), np.uint8)).shape == (400, 300, 3)


def test_nothing_is_drawn_on_the_clean_photo(photo):
    clean = photo.image.copy()
    clicks = Clicks((Click(20, 20, "keep"), Click(90, 80, "remove"), Click(5, 5, "corner"), Click(60, 60, "corner")))
    canvas = draw_canvas(photo, clicks.add(Click(70, 70, "corner")), Selection.own(disc(20)))
    assert np.array_equal(photo.image, clean)
    assert np.array_equal(photo.proxy, clean)
    assert not np.array_equal(canvas, clean)
