"""A mask that was found can be changed, taken back and done again; some segmenters need no click."""

from __future__ import annotations

from pathlib import Path

import cv2
import gradio as gr
import numpy as np
import pytest
from app_cases import click, disc, shown_as

from matting.app.examples.outputs import STARTS, first_clicks
from matting.app.parts.assets import captioned
from matting.app.pick.layout import MASK_TOOLS
from matting.app.pick.segmenter_menu import OFFLINE, SHORT, choices
from matting.app.session.stages import Click, Clicks, Selection
from matting.coarse import SEGMENTERS, CoarseMasks
from matting.masks import TOOLS


def test_every_tool_has_its_button(app):
    assert set(MASK_TOOLS) == set(TOOLS) == set(app.page.pick.mask_tools.buttons)


@pytest.mark.parametrize("name", list(TOOLS))
def test_a_tool_changes_the_mask_and_undo_and_redo_give_back_every_pixel(app, photo, name):
    holed = np.where(disc(20), disc(20) & ~disc(6), False)
    holed[:8, :8] = True
    found = Selection.own(holed.astype(np.float32))
    states = app.page.states
    changed = app.own.tool_listener(name)(5, photo, Clicks(), found, None)[states.selection]
    pixels = changed.tools[0][1]
    assert np.abs(changed.mask - TOOLS[name](found.mask, pixels)).max() <= 0.5 / 255
    assert not np.array_equal(changed.mask, found.mask)
    back = app.picks.undo(photo, Clicks(), changed)
    assert np.array_equal(back[states.selection].mask, found.mask)
    assert states.clicks not in back
    again = app.picks.redo(photo, Clicks(), back[states.selection])[states.selection]
    assert np.array_equal(again.mask, changed.mask)
    assert again.tools == changed.tools


def test_a_changed_mask_is_another_selection_than_the_trimaps(app, photo, trimap):
    shown = app.own.tool_listener("invert")(5, photo, Clicks(), trimap.selection, trimap)
    assert app.page.edges.say in shown


def test_growing_is_measured_in_the_objects_size(app, photo):
    small, large = (
        app.own.tool_listener("grow")(10, photo, Clicks(), Selection.own(disc(radius).astype(np.float32)), None)
        for radius in (15, 30)
    )
    widths = [shown[app.page.states.selection].tools[0][1] for shown in (small, large)]
    assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)


def test_without_a_mask_a_tool_says_so(app, photo):
    with pytest.warns(UserWarning, match="Nothing is picked yet"):
        assert app.own.tool_listener("grow")(5, photo, Clicks(), None, None) == gr.skip()


def test_redo_brings_the_undone_click_back_until_a_new_one_comes(app, photo):
    states = app.page.states
    clicks = Clicks().add(Click(5, 6, "keep")).add(Click(7, 8, "remove"))
    undone = app.picks.undo(photo, clicks, None)[states.clicks]
    assert app.picks.redo(photo, undone, None)[states.clicks] == clicks
    newer = app.picks.click(click(1, 1), shown_as(photo), "keep", (), photo, undone, None)[states.clicks]
    assert newer.redo() == newer


def test_a_segmenter_that_needs_no_click_answers_without_one(app, photo, monkeypatch):
    asked = []

    class Salient:
        def embed(self, image):
            return None

        def segment(self, embedding, prompts):
            asked.append(prompts)
            return CoarseMasks(masks=disc(30)[None].astype(np.float32), scores=np.ones(1, np.float32))

    monkeypatch.setitem(app.steps.pipeline._segmenters, "u2netp", Salient())
    answer = app.picks.segment(photo, Clicks(), None, None, "u2netp", None)
    assert np.array_equal(answer[app.page.states.selection].mask >= 0.5, disc(30))
    assert asked[0].points == ()
    assert asked[0].box is None
    assert app.picks.segment(photo, Clicks(), None, None, OFFLINE, None) == gr.skip()


def test_the_menu_shows_every_segmenter_by_a_name_of_its_own_that_fits():
    assert set(SHORT) == set(SEGMENTERS)
    shown = [text for text, _ in choices()]
    assert len(set(shown)) == len(shown)
    assert max(map(len, shown)) < 27


def test_what_is_clicked_already_lies_in_its_example():
    paths = [Path(path) for path, _ in captioned("examples")]
    sizes = {path.stem: cv2.imread(str(path)).shape[:2] for path in paths}
    assert set(STARTS) == set(sizes)
    for name in STARTS:
        first_clicks(name).prompts.checked(sizes[name])
