"""What follows a selection by itself, and what does not."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import disc, layer
from PIL import Image

from matting.app.automatic import Automatic
from matting.app.backend.computations import OWN_METHOD
from matting.app.backend.stopping import Stops
from matting.app.session.stages import Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import DEFAULT

HOW = ("hard", OWN_METHOD, True, "checkerboard", "#000000", None)


@pytest.fixture
def stops():
    return Stops()


@pytest.fixture
def automatic(app, stops):
    return Automatic(app.page, stops, app.picks, app.trimaps, app.results, app.looks)


def last(updates):
    return list(updates)[-1]


def test_a_selection_becomes_a_cutout_step_by_step(app, automatic, photo):
    states, live, selection = app.page.states, app.page.pick.live, Selection.own(disc(30))
    job = automatic.begin(True, None, selection, None)[states.job]
    follow = automatic.find(True, job, selection, photo, None, None, *HOW)
    found = next(follow)
    assert found[live.picture] is not None
    assert not {app.page.edges.editor, app.page.edges.body} & set(found)  # slow to draw, so they follow the matte
    trimap = found[states.trimap]
    # The page tells of the new trimap, whose matte is on its way in the same event.
    assert automatic.begin_cut(True, job, Clicks(), selection, trimap, None) == gr.skip()
    cut = last(follow)
    matte = cut[states.matte]
    assert states.job in automatic.begin_cut(True, job, Clicks(), selection, trimap, None)  # no more after its end
    assert matte.made_from == trimap.stamp
    assert cut[live.take].value["path"] and cut[live.take].visible
    assert np.asarray(Image.open(cut[live.picture])).shape == photo.image.shape
    again = last(automatic.cut_out(True, job, selection, photo, trimap, matte, *HOW))
    assert again == gr.skip()


def test_the_editor_shows_new_edges_after_their_matte_and_never_takes_strokes_away(app, automatic, photo):
    edges = app.page.edges
    values = np.where(disc(30), 255, 0).astype(np.uint8)
    found = TrimapEdit.of_network(values, Selection.own(disc(30)), None)
    brushed = found.mend(128, disc(5).astype(bool), 1)
    for new in (found, brushed):
        shown = automatic.show_editor(True, photo, new, None)
        assert set(shown) == {edges.body, edges.editor} and shown[edges.editor]["background"]
        painted = app.trimaps.keep_strokes(layer(128, disc(9).astype(bool)))[app.page.states.strokes]
        assert automatic.show_editor(True, photo, new, painted) == gr.skip()
    assert app.trimaps.keep_strokes(layer()) == {app.page.states.strokes: None}
    assert set(automatic.show_editor(False, photo, brushed, None)) == {edges.body, edges.editor}
    for shown_already in (found.change(values), TrimapEdit.own(values, None), None):
        on = shown_already is None or shown_already.selection is not None
        assert automatic.show_editor(on, photo, shown_already, None) == gr.skip()


@pytest.mark.parametrize(
    "what", ["off", "nothing", "proposed", "empty", "its trimap is there", "the trimap is the visitor's own"]
)
def test_nothing_begins_without_a_reason(automatic, photo, what):
    selection = Selection.own(np.zeros(photo.size) if what == "empty" else disc(30))
    values = np.where(disc(30), 255, 0).astype(np.uint8)
    trimap = {
        "its trimap is there": TrimapEdit.of_network(values, selection, None),
        "the trimap is the visitor's own": TrimapEdit.own(values, None),
    }.get(what)
    chosen = {"nothing": None, "proposed": selection.propose()}.get(what, selection)
    assert automatic.begin(what != "off", None, chosen, trimap) == gr.skip()
    assert last(automatic.find(what != "off", "job", chosen, photo, trimap, None, *HOW)) == gr.skip()


def test_a_newer_selection_stops_the_job_of_the_older_one(app, automatic, stops, photo):
    first, second = Selection.own(disc(30)), Selection.own(disc(20))
    job = automatic.begin(True, None, first, None)[app.page.states.job]
    automatic.begin(True, job, second, None)
    assert not stops.stop(job)  # it is stopped already
    assert last(automatic.find(True, job, first, photo, None, None, *HOW)) == gr.skip()


def test_a_trimap_that_is_edited_while_its_matte_is_computed_gets_one_of_its_own(app, automatic, stops, photo):
    states, selection = app.page.states, Selection.own(disc(30))
    job = automatic.begin(True, None, selection, None)[states.job]
    follow = automatic.find(True, job, selection, photo, None, None, *HOW)
    edited = next(follow)[states.trimap].mend(0, disc(5).astype(bool), 1)
    later = automatic.begin_cut(True, job, Clicks(), selection, edited, None)[states.job]
    assert later != job and not stops.stop(job)  # it is stopped already
    assert states.matte not in last(follow)
    assert last(automatic.cut_out(True, later, selection, photo, edited, None, *HOW))[states.matte]


def test_a_photo_that_is_gone_gets_no_answer_any_more(app, automatic, photo):
    selection = Selection.own(disc(30))
    photo.gone.set()
    assert last(automatic.find(True, "job", selection, photo, None, None, *HOW)) == gr.skip()
    assert app.picks.propose(photo, Clicks(), None, None, None) == gr.skip()


def test_what_stands_out_is_a_proposal_until_it_is_accepted(app, automatic, photo):
    states, stage = app.page.states, app.page.pick
    proposed = app.picks.propose(photo, Clicks(), None, None, None)
    assert stage.segmenter not in proposed  # whatever understands clicks stays chosen
    selection = proposed[states.selection]
    assert selection.proposed and selection.asked == (Clicks(), DEFAULT)
    assert not proposed[stage.live.take].visible
    accepted = automatic.accept(photo, Clicks(), selection, None)
    assert not accepted[states.selection].proposed
    assert np.array_equal(accepted[states.selection].shown, selection.shown)
    assert automatic.accept(photo, Clicks(), accepted[states.selection], None) == gr.skip()


def test_an_empty_matte_is_refused_whoever_made_it(app, photo, tmp_path):
    Image.new("L", photo.size[::-1]).save(tmp_path / "empty.png")
    nothing = TrimapEdit.own(np.zeros(photo.size, np.uint8), None)
    with pytest.warns(UserWarning, match="Nothing would be left"):
        cut = app.results.cut_out(layer(), photo, nothing, None, *HOW)
    assert app.page.states.matte not in cut
    with pytest.warns(UserWarning, match="Nothing would be left"):
        assert app.own_mattes.take_matte(str(tmp_path / "empty.png"), photo, None, True, *HOW[3:]) == gr.skip()
    with pytest.warns(UserWarning, match="Pick something first|Nothing is picked"):
        app.trimaps.find(photo, Selection.own(np.zeros(photo.size)), None, None)


def test_a_left_photo_is_gone_and_comes_back(app, photo):
    made = photo, Clicks(), None, None, None
    left = app.step_back.drop_photo("click", True, None, *made)
    assert photo.gone.is_set()
    empty = None, Clicks(), None, None, None
    chosen = ("checkerboard", "#000000", None, 100, 50, 50)
    app.step_back.bring_back(left[app.page.states.before], "click", True, None, *empty, *chosen)
    assert not photo.gone.is_set()
    assert app.step_back.open_example(SimpleNamespace(index=0), True, None, *made)[app.page.states.before]
    assert photo.gone.is_set()
