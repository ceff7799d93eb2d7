"""What was made of a photo comes back whole after another one, and a box that was drawn is one of the photo's."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc, layer, upload
from PIL import Image

from matting.app.edges.listeners import STALE_MATTE
from matting.app.session.matte_files import keep_matte
from matting.app.session.stages import Click, Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.app.step_back import Work
from matting.trimaps.algebra import BACKGROUND

BACKGROUND_CHOSEN = ("checkerboard", "#000000", None, 100, 50, 50)


@pytest.fixture
def made(photo):
    """Everything of a photo, in the order in which the listeners are told it."""
    selection = Selection.own(disc(30))
    trimap = TrimapEdit.of_network(np.where(disc(30), 255, 0).astype(np.uint8), selection, None)
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    return photo, Clicks((Click(64, 48, "keep"),)), selection, trimap, matte


def held(app, update: dict) -> list:
    states = app.page.states
    return [update[state] for state in (states.photo, states.clicks, states.selection, states.trimap, states.matte)]


def leave(app, made, tmp_path, by: str) -> dict:
    if by == "cross":
        return app.step_back.drop_photo("click", True, None, *made)
    if by == "example":
        return app.step_back.open_example(SimpleNamespace(index=0), True, None, *made)
    Image.new("RGB", (40, 30), "orange").save(tmp_path / "plain.png")
    return app.step_back.take_photo(upload(tmp_path / "plain.png"), "click", True, *made)


@pytest.mark.parametrize("by", ["cross", "example", "second photo"])
def test_all_that_was_left_comes_back_as_the_very_same_objects(app, made, tmp_path, by):
    states, stage = app.page.states, app.page.pick
    left = leave(app, made, tmp_path, by)
    assert left[stage.bring_back].visible
    now = [left[states.photo], left[states.clicks], left[states.selection], left[states.trimap], None]
    back = app.step_back.bring_back(left[states.before], "click", True, None, *now, *BACKGROUND_CHOSEN)
    assert all(one is other for one, other in zip(held(app, back), made, strict=True))
    assert back[app.page.result.download_cutout] == made[-1].cutout_file
    assert back[app.page.result.body].visible
    assert back[app.page.edges.body].visible
    assert back[stage.bring_back].visible == (by != "cross")
    if by == "cross":
        assert back[states.before] is None
    else:
        assert back[states.before].photo is left[states.photo]


def test_what_is_kept_never_grows(app, made, tmp_path):
    states, kept = app.page.states, None
    for by in ("second photo", "example", "cross"):
        kept = leave(app, made, tmp_path, by)[states.before]
        assert not any(isinstance(part, Work) for part in vars(kept).values())


def test_a_refused_photo_and_none_at_all_leave_what_is_kept(app, made, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no")
    with pytest.warns(UserWarning):
        refused = app.step_back.take_photo(upload(tmp_path / "no.png"), "click", True, *made)
    assert app.page.states.before not in refused
    taken = leave(app, (None, Clicks(), None, None, None), tmp_path, "second photo")
    assert taken[app.page.states.photo] is not None
    assert app.page.states.before not in taken


def test_strokes_that_were_not_applied_are_kept_with_the_trimap(app, made, photo):
    strokes = layer(BACKGROUND, disc(8))
    work = app.step_back.drop_photo("click", True, strokes, *made)[app.page.states.before]
    assert (work.trimap.values[disc(8)] == BACKGROUND).all()
    applied = app.step_back.keep_strokes(strokes, photo, made[3], made[4])
    assert (applied[app.page.states.trimap].values[disc(8)] == BACKGROUND).all()
    assert app.step_back.keep_strokes(layer(), photo, made[3], made[4]) == gr.skip()
    empty = None, Clicks(), None, None, None
    back = app.step_back.bring_back(work, "click", True, None, *empty, *BACKGROUND_CHOSEN)
    assert STALE_MATTE in back[app.page.result.say]


def test_a_drawn_box_lies_in_the_photo(app, photo):
    def drawn(box):
        return app.picks.draw_box(SimpleNamespace(box=box), photo, Clicks(), None)

    clicks = app.page.states.clicks
    assert drawn([0.25, 0, 1, 0.5])[clicks].box == (WIDTH // 4, 0, WIDTH, HEIGHT // 2)
    assert drawn([0, 0, 1, 1])[clicks].prompts.checked(photo.size).box == (0, 0, WIDTH, HEIGHT)
    for wrong in ([-0.1, 0, 1, 1], [0, 0, 1.5, 1], "box", [0, 0, 1]):
        with pytest.warns(UserWarning, match="two corners within the photo"):
            assert drawn(wrong) == gr.skip()
