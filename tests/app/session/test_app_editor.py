"""Strokes are exact, and every step of an edit can be taken back."""

from __future__ import annotations

import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from matting.app.parts.widgets import BRUSHES
from matting.app.session.stages import Click, Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit, read_strokes
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, PALETTE, UNKNOWN, from_probabilities, to_one_hot


@given(
    hnp.arrays(np.uint8, (7, 9, 4)),
    st.integers(1, 4),
)
def test_any_layer_becomes_the_three_values_exactly(pixels, factor):
    strokes, painted = read_strokes(pixels, (7 * factor, 9 * factor))
    assert set(np.unique(strokes)) <= {BACKGROUND, UNKNOWN, FOREGROUND}
    assert np.array_equal(painted, np.kron(pixels[:, :, 3] >= 128, np.ones((factor, factor), bool)))


@given(st.sampled_from(list(BRUSHES.values())), st.integers(128, 255), st.integers(0, 60))
def test_an_antialiased_brush_still_paints_its_own_region(value, opacity, fade):
    edge = np.rint(np.array(PALETTE[value]) * (1 - fade / 255)).astype(np.uint8)
    strokes, painted = read_strokes(np.array([[[*edge, opacity]]], np.uint8), (1, 1))
    assert painted.all()
    assert strokes[0, 0] == value


def test_an_empty_layer_paints_nothing():
    for nothing in (None, np.zeros((12, 16, 4), np.uint8)):
        assert not read_strokes(nothing, (24, 32))[1].any()


def test_a_layer_of_other_proportions_is_refused():
    with pytest.raises(ValueError, match="do not fit the photo"):
        read_strokes(np.zeros((600, 800, 4), np.uint8), (600, 400))


def test_painting_changes_painted_pixels_and_no_others(trimap):
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[:20, :20] = True
    edited = trimap.paint(np.full((HEIGHT, WIDTH), FOREGROUND, np.uint8), corner)
    assert (edited.values[corner] == FOREGROUND).all()
    assert np.array_equal(edited.values[~corner], trimap.values[~corner])


def test_undo_takes_back_exactly_one_step(trimap):
    first = trimap.paint(np.zeros((HEIGHT, WIDTH), np.uint8), disc(10))
    for step in (first.change(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8)), first.reset()):
        back = step.undo()
        assert np.array_equal(back.values, first.values)
        assert np.array_equal(back.painted, first.painted)
    assert np.array_equal(first.undo().values, trimap.values)
    assert trimap.undo() is trimap


def test_a_new_trimap_can_be_undone_to_the_one_before(trimap):
    painted = trimap.paint(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8), disc(8))
    own = TrimapEdit.own(np.full((HEIGHT, WIDTH), BACKGROUND, np.uint8), painted)
    assert np.array_equal(own.undo().values, painted.values)


def test_what_a_person_decided_has_one_hot_probabilities(trimap):
    strokes = np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8)
    edited = trimap.paint(strokes, disc(8)).change(np.where(disc(40), trimap.values, FOREGROUND).astype(np.uint8))
    probabilities = 0.1 + 0.7 * to_one_hot(trimap.values)
    fused = edited.decide(probabilities)
    decided = disc(8) | ~disc(40)
    assert np.array_equal(np.unique(fused[decided]), [0, 1])
    assert np.array_equal(from_probabilities(fused), edited.values)
    assert np.array_equal(fused[~decided], probabilities[~decided])


def test_an_own_trimap_is_its_own_reset_and_all_decided(trimap):
    own = TrimapEdit.own(trimap.values, None)
    assert np.array_equal(own.decide(np.full((HEIGHT, WIDTH, 3), 1 / 3)), to_one_hot(trimap.values))
    assert np.array_equal(own.change(np.full_like(own.values, UNKNOWN)).reset().values, trimap.values)


def test_what_was_clicked_is_an_edit_of_the_trimap_that_can_be_taken_back():
    probabilities = np.full((HEIGHT, WIDTH, 3), 0.2, np.float32)
    probabilities[..., 1] = 0.6
    trail = (Click(10, 10, "corner"), Click(100, 80, "corner"), Click(64, 48, "keep"), Click(14, 14, "remove"))
    selection = Selection.of_masks(disc(30)[None].astype(np.float32), np.ones(1), (Clicks(trail), "clicks"))
    edit = TrimapEdit.of_probabilities(probabilities, selection, None)
    assert edit.values[48, 64] == FOREGROUND and edit.values[14, 14] == BACKGROUND
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[10:80, 10:100] = False
    assert (edit.values[outside] == BACKGROUND).all() and edit.painted[outside].all()
    assert (edit.original == UNKNOWN).all() and (edit.undo().values == UNKNOWN).all()
    own = TrimapEdit.of_probabilities(probabilities, Selection.own(disc(30).astype(np.float32)), None)
    assert (own.values == UNKNOWN).all() and not own.past
