"""Undo takes back whatever was done last, wherever that was; redo brings it back in the order of doing."""

from __future__ import annotations

import numpy as np
import pytest
from app_cases import click, disc, layer, shown_as, upload
from PIL import Image

from matting.app.pick.listeners import Early
from matting.app.reload import Reload
from matting.app.session.kept import KeptWork, new_key
from matting.app.session.stages import Click, Clicks, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.app.undo import Undo
from matting.trimaps.algebra import BACKGROUND, UNKNOWN

CHOSEN = ("checkerboard", "#000000", None, 100, 50, 50)


@pytest.fixture
def undo(app):
    return Undo(app.picks, app.trimaps, app.step_back)


class Visitor:
    """Holds the states between two listeners, as Gradio does."""

    def __init__(self, app, undo, photo):
        self.app, self.undo = app, undo
        states = app.page.states
        self.order = [states.photo, states.clicks, states.selection, states.trimap, states.matte]
        self.held = dict.fromkeys(self.order) | {states.photo: photo, states.clicks: Clicks(), states.before: None}

    def take(self, update):
        self.held |= {part: value for part, value in update.items() if part in self.held}
        return update

    def step(self, name, strokes=None):
        before = self.held[self.app.page.states.before]
        return self.take(getattr(self.undo, name)(before, "click", True, strokes, *self.made, *CHOSEN))

    @property
    def made(self):
        return [self.held[state] for state in self.order]

    def look(self):
        """Return everything that undo may change, as values."""
        photo, clicks, selection, trimap, _ = self.made
        tools = selection.tools if selection else ()
        return photo and photo.stamp, clicks, tools, None if trimap is None else trimap.values.tobytes()


def test_undo_goes_back_through_every_stage_and_redo_comes_again(app, undo, photo, tmp_path):
    visitor, states = Visitor(app, undo, photo), app.page.states
    looks = [visitor.look()]
    selection = Selection.own(disc(30))
    trimap = TrimapEdit.of_network(np.where(disc(30), 255, 0).astype(np.uint8), selection, None)
    visitor.take({states.clicks: Clicks().add(Click(20, 20, "keep")), states.selection: selection})
    visitor.take({states.trimap: trimap})  # it follows the click by itself
    looks.append(visitor.look())
    visitor.take({states.trimap: trimap.paint(np.full(photo.size, UNKNOWN, np.uint8), disc(5))})
    looks.append(visitor.look())
    visitor.take({states.selection: visitor.held[states.selection].apply("invert")})
    looks.append(visitor.look())
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "other.png")
    visitor.take(app.step_back.take_photo(upload(tmp_path / "other.png"), "click", True, *visitor.made))
    other = visitor.look()
    visitor.step("undo")
    assert visitor.look() == looks[-1]
    visitor.step("undo")
    assert visitor.look() == looks[-2]
    visitor.step("undo")
    assert visitor.look()[:3] == looks[-3][:3]
    for seen in (looks[2], looks[3]):
        visitor.step("redo")
        assert visitor.look() == seen
    visitor.step("redo")
    assert visitor.look() == other
    with pytest.warns(UserWarning, match="nothing to redo"):
        visitor.step("redo")


def test_undo_ends_where_the_visitor_began(app, undo, photo):
    visitor, states = Visitor(app, undo, photo), app.page.states
    visitor.take({states.clicks: Clicks().add(Click(20, 20, "keep"))})
    visitor.step("undo")
    assert visitor.look()[1] == Clicks()
    with pytest.warns(UserWarning, match="nothing to undo"):
        visitor.step("undo")


def test_strokes_that_nobody_applied_are_the_newest_step(app, undo, photo, trimap):
    visitor, states = Visitor(app, undo, photo), app.page.states
    visitor.take({states.clicks: Clicks().add(Click(20, 20, "keep")), states.trimap: trimap})
    visitor.step("undo", layer(BACKGROUND, disc(8)))
    assert visitor.look()[1] != Clicks()
    assert np.array_equal(visitor.held[states.trimap].values, trimap.values)
    visitor.step("redo")
    assert (visitor.held[states.trimap].values[disc(8)] == BACKGROUND).all()


def test_a_photo_that_was_taken_away_comes_back_by_undo(app, undo, photo):
    visitor = Visitor(app, undo, photo)
    visitor.take(app.step_back.drop_photo("click", True, None, *visitor.made))
    assert visitor.look()[0] is None
    visitor.step("undo")
    assert visitor.look()[0] == photo.stamp


def test_a_click_on_a_photo_that_is_not_open_yet_counts_when_it_is(app, photo):
    states, picture = app.page.states, {"path": "/tmp/gradio/abc/new.png"}
    coming = Photo.of(photo.image, "new", "new.png", picture["path"])
    early = app.picks.click(click(64, 48), picture, "keep", (), photo, Clicks(), None)[states.early]
    assert early == (Early(picture["path"], Click(64.5, 48.5, "keep")),)
    taken = app.picks.take_early(early, coming, Clicks())
    assert taken[states.clicks].points == ((64.5, 48.5, 1),)
    assert taken[states.early] == ()
    assert states.clicks not in app.picks.take_early(early, photo, Clicks())  # it was not meant for this photo
    late = app.picks.click(click(64, 48), picture, "keep", (), coming, Clicks(), None)
    assert late[states.clicks].points == ((64.5, 48.5, 1),)
    shown = app.picks.click(click(64, 48), shown_as(coming), "keep", (), coming, Clicks(), None)
    assert shown[states.clicks].points == ((64.5, 48.5, 1),)


def test_a_reload_finds_the_work_by_its_key_and_a_copied_tab_gets_a_key_of_its_own(app, photo, trimap):
    states, reload = app.page.states, Reload(app.page, app.step_back)
    made = photo, Clicks((Click(64, 48, "keep"),)), trimap.selection, trimap, None
    key = reload.recall(None, "", "click", True, *CHOSEN)[states.key]
    reload.keep(None, key, True, *made)
    found = [reload.recall(None, key, "click", True, *CHOSEN) for _ in range(2)]
    keys = {key, *(one[states.key] for one in found)}
    assert len(keys) == 3
    for one in found:
        assert one[states.photo].stamp == photo.stamp
        assert one[states.clicks] == made[1]
        assert one[states.trimap] is trimap
    found[0][states.photo].gone.set()
    assert not found[1][states.photo].gone.is_set()  # two tabs do not mix
    reload.keep(None, key, True, None, Clicks(), None, None, None)
    assert states.photo not in reload.recall(None, key, "click", True, *CHOSEN)


def test_kept_work_is_bounded_in_number_bytes_and_time():
    kept, keys = KeptWork(most=3), [new_key() for _ in range(5)]
    for key in keys:
        kept.keep(key, key.upper())
    assert [kept.find(key) for key in keys] == [None, None, *(key.upper() for key in keys[2:])]
    kept, work = KeptWork(limit=3_000), np.zeros(1_000, np.uint8)
    kept.keep("honest", work, "10.0.0.1")
    for key in keys:
        kept.keep(key, work.copy(), "10.0.0.2")
    assert [kept.find(key) is not None for key in ("honest", *keys)] == [True, False, False, False, True, True]
    brief = KeptWork(seconds=-1)
    brief.keep(keys[0], "work")
    assert brief.find(keys[0]) is None
