"""The help beside the trimap's editor: what is offered is what is there, and what is taken is what was offered."""

from __future__ import annotations

from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc, layer
from PIL import Image

from matting.app.edges.help import ALL_SURE, OWN_TRIMAP, PAINT_AT_THE_RING
from matting.app.session.stages import Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN
from matting.trimaps.doctor import Complaint, examine
from matting.trimaps.editing import candidate_bands


@pytest.fixture
def hard(trimap):
    """The trimap without anything unknown."""
    return trimap.change(np.where(disc(30), FOREGROUND, BACKGROUND).astype(np.uint8))


def test_three_bands_are_shown_and_the_chosen_one_is_taken(app, photo, trimap):
    states, parts = app.page.states, app.page.edges.help
    shown = app.help.advise(photo, trimap)[parts.bands].value
    offered = candidate_bands(trimap.values)
    assert [picture["caption"] for picture in shown] == [f"{percent:.1f} %" for percent, _ in offered]
    unknown = []
    for index, (_, values) in enumerate(offered):
        taken = app.help.choose_band(SimpleNamespace(index=index), layer(), photo, trimap, None)[states.trimap]
        assert np.array_equal(taken.values, values)
        assert np.array_equal(taken.undo().values, trimap.values)
        unknown.append(np.count_nonzero(taken.values == UNKNOWN))
    assert unknown[0] < unknown[1] < unknown[2]


def test_the_doctor_has_a_button_for_every_complaint_and_shows_those_that_it_has(app, photo, trimap, hard):
    parts = app.page.edges.help
    assert set(parts.findings) == set(get_args(Complaint))
    for edit in (trimap, hard):
        shown = app.help.advise(photo, edit)
        found = {finding.complaint for finding in examine(edit.values)}
        assert {name for name, row in parts.findings.items() if shown[row.body].visible} == found
        assert shown[parts.sound].visible == (not found)
    assert f"{len(found)} to mend" in shown[parts.doctor].label


def test_a_cure_mends_its_complaint_and_keeps_the_strokes(app, photo, hard):
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[-30:, -40:] = True
    cured = app.help.cure_listener("no unknown")(layer(FOREGROUND, corner), photo, hard, None)
    values = cured[app.page.states.trimap].values
    assert (values == UNKNOWN).any()
    assert values[-1, -1] == FOREGROUND
    assert "no unknown" not in {finding.complaint for finding in examine(values)}


def test_the_ring_lies_where_the_network_is_unsure_until_that_is_painted(app, photo, trimap):
    parts = app.page.edges.help
    unsure = np.where(disc(8), 255, 0).astype(np.uint8)
    edit = TrimapEdit.of_network(trimap.values, Selection.own(disc(30)), None, unsure)
    assert PAINT_AT_THE_RING in app.help.advise(photo, edit)[parts.paint_next]
    painted = edit.paint(np.full_like(trimap.values, FOREGROUND), disc(12))
    assert ALL_SURE in app.help.advise(photo, painted)[parts.paint_next]
    own = app.help.advise(photo, TrimapEdit.own(trimap.values, None))
    assert OWN_TRIMAP in own[parts.paint_next]
    assert not own[parts.uncertainty].visible


def test_what_is_saved_can_be_loaded_again(app, photo, hard):
    saved = app.help.advise(photo, hard)[app.page.edges.help.export]
    assert np.array_equal(np.asarray(Image.open(saved)), hard.values)
    loaded = app.trimaps.upload(saved, photo, None, None)[app.page.states.trimap]
    assert np.array_equal(loaded.values, hard.values)


def test_the_networks_trimap_brings_its_uncertainty(app, photo):
    found = app.trimaps.find(photo, Selection.own(disc(30)), None, None)[app.page.states.trimap]
    assert found.uncertain.shape == photo.proxy.shape[:2]
    assert found.uncertain.dtype == np.uint8
    edge = disc(33) & ~disc(27)
    assert found.uncertain[edge].mean() > found.uncertain[~edge].mean()


def test_a_step_that_was_taken_back_can_be_done_again(app, photo, hard):
    states = app.page.states
    back = app.trimaps.undo(layer(), photo, hard, None)[states.trimap]
    again = app.trimaps.redo(layer(), photo, back, None)[states.trimap]
    assert np.array_equal(again.values, hard.values)
    assert np.array_equal(again.undo().values, back.values)
    with pytest.warns(UserWarning, match="nothing to redo"):
        app.trimaps.redo(layer(), photo, again, None)
    newer = back.change(np.full_like(hard.values, UNKNOWN))
    assert newer.redo() is newer
