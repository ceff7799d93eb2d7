"""Scribbles over the photo become clicks on what they lie on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc, layer
from hypothesis import given
from hypothesis import strategies as st

from matting.app.pick.masks import OwnMasks
from matting.app.pick.scribbles import APART, MOST, clicks_of
from matting.app.session.stages import Clicks

SIZE = (120, 200)
points = st.tuples(st.integers(10, 190), st.integers(10, 110))


def scribbled(*lines, width=9):
    """Draw lines of a value each."""
    strokes, painted = np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)
    for value, (start, end) in lines:
        cv2.line(strokes, start, end, value, width)
        cv2.line(painted, start, end, 1, width)
    return strokes, painted.astype(bool)


@given(line=st.tuples(points, points), value=st.sampled_from([0, 255]), width=st.integers(1, 20))
def test_every_click_lies_on_its_scribble_and_apart_from_the_others(line, value, width):
    strokes, painted = scribbled((value, line), width=width)
    clicks = clicks_of(strokes, painted)
    assert 1 <= len(clicks) <= MOST
    for click in clicks:
        assert painted[int(click.y), int(click.x)]
        assert click.kind == ("keep" if value else "remove")
    places = [np.array((click.x, click.y)) for click in clicks]
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(places) for b in places[:i]]
    assert not gaps or min(gaps) >= APART * max(SIZE) - 1e-6


def test_a_dab_is_one_click_a_long_line_several_and_what_is_unsure_none():
    assert len(clicks_of(*scribbled((255, ((50, 50), (53, 50)))))) == 1
    long = clicks_of(*scribbled((255, ((15, 60), (185, 60)))))
    assert len(long) == MOST and {round(click.y) for click in long} <= set(range(56, 65))
    assert not clicks_of(*scribbled((128, ((15, 60), (185, 60)))))
    both = clicks_of(*scribbled((255, ((15, 30), (60, 30))), (0, ((140, 90), (180, 90)))))
    assert {click.kind for click in both} == {"keep", "remove"}
    assert all((click.kind == "keep") == (click.x < 100) for click in both)


def test_the_page_finds_what_a_scribble_lies_on(app, photo):
    stage, states, own = app.page.pick, app.page.states, OwnMasks(app.picks)
    across = np.zeros((HEIGHT, WIDTH), bool)
    across[HEIGHT // 2 - 3 : HEIGHT // 2 + 3, WIDTH // 2 - 15 : WIDTH // 2 + 15] = True
    shown = own.take_scribbles(layer(255, across), photo, Clicks(), None)
    clicks = shown[states.clicks]
    assert len(clicks.points) > 1 and shown[stage.select_by] == "click"
    selection = app.picks.segment(photo, clicks, None, None, "clicks", None)[states.selection]
    assert selection.asked[0] == clicks
    inside = disc(30) > 0.5
    assert (selection.mask[inside] > 0.5).mean() > 0.7
    with pytest.warns(UserWarning, match="Nothing is scribbled"):
        own.take_scribbles(layer(), photo, Clicks(), None)
