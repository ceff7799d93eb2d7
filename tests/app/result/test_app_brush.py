"""The brush on the cutout: strokes as the browser tells them, what they do to trimap and matte, undo."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc, layer
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from matting.app.automatic import Automatic
from matting.app.backend.computations import OWN_METHOD
from matting.app.backend.stopping import Stops
from matting.app.result import listeners
from matting.app.result.brush import read_stroke
from matting.app.result.brushing import Brushing
from matting.app.session.matte_files import keep_matte, read_alpha
from matting.app.session.stages import Click, Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.app.undo import Undo
from matting.coarse import DEFAULT
from matting.trimaps.algebra import BACKGROUND, FOREGROUND

HOW = ("hard", OWN_METHOD, True, "checkerboard", "#000000", None)
SHARES = st.floats(-1, 2).map(lambda share: round(share, 4))


def told(kind="erase", points=((0.5, 0.5),), width=0.1, number=7):
    return {"kind": kind, "points": [list(point) for point in points], "width": width, "number": number}


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=3), st.floats(0.02, 0.5))
def test_a_stroke_covers_what_is_within_half_its_width(points, width):
    covers = read_stroke(told(points=points, width=width), (HEIGHT, WIDTH)).covers
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    ends = [(x * WIDTH - 0.5, y * HEIGHT - 0.5) for x, y in points]
    away = np.full((HEIGHT, WIDTH), np.inf)
    for (x0, y0), (x1, y1) in zip(ends, ends[1:] or ends, strict=False):
        length = max((x1 - x0) ** 2 + (y1 - y0) ** 2, 1e-9)
        along = np.clip(((columns - x0) * (x1 - x0) + (rows - y0) * (y1 - y0)) / length, 0, 1)
        away = np.minimum(away, np.hypot(columns - x0 - along * (x1 - x0), rows - y0 - along * (y1 - y0)))
    radius = width * WIDTH / 2
    assert covers[away < radius - 2].all()
    assert not covers[away > radius + 2].any()


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "erase",
        {},
        told(kind="unsure"),
        told(kind=["erase"]),
        told(points=()),
        told(points=[(0.5, "x")]),
        told(points=[(0.5, float("nan"))]),
        told(points=[(0.5, 0.5, 0.5)]),
        told(points=[(0.5, 9)]),
        told(width=0),
        told(width=2),
        told(width=True),
        told(number=-1),
        told(number=10**400),
        told(points=[(0.5, 0.5)] * 10_001),
    ],
)
def test_anything_else_is_refused_in_a_sentence(wrong):
    with pytest.raises(ValueError, match="paint it again"):
        read_stroke(wrong, (HEIGHT, WIDTH))


@pytest.fixture
def brushing(app):
    return Brushing(app.page, app.trimaps)


@pytest.fixture
def follow(app):
    """Let the matte of a trimap follow, as the page does; returns every update."""
    automatic = Automatic(app.page, Stops(), app.picks, app.trimaps, app.results, app.looks)

    def run(photo, trimap, matte, on=True):
        begun = automatic.begin_cut(on, None, Clicks(), trimap.selection, trimap, matte)
        job = begun.get(app.page.states.job)
        return list(automatic.cut_out(on, job, trimap.selection, photo, trimap, matte, *HOW))

    return run


def painted(brushing, photo, trimap, matte, **stroke):
    return brushing.paint(SimpleNamespace(stroke=told(**stroke)), layer(), photo, trimap, matte)


def shown(update, live):
    return np.asarray(Image.open(update[live.picture])).astype(int)


@pytest.mark.parametrize("automatic", [True, False])
def test_a_stroke_shows_at_once_then_its_surroundings_then_the_whole_matte(
    app, brushing, follow, photo, trimap, automatic, monkeypatch
):
    monkeypatch.setattr(listeners, "PREVIEW_SHARE", 1.0)  # so small a photo is all context
    states, live = app.page.states, app.page.pick.live
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    update = painted(brushing, photo, trimap, matte)
    mended = update[states.trimap]
    at_once = shown(update, live)[HEIGHT // 2, WIDTH // 2]
    assert np.ptp(at_once) < 12 and at_once.min() > 190  # the checkerboard
    assert "brushed-7" in update[live.picture]
    *before, last = follow(photo, mended, matte, automatic)
    preview = next(one for one in before if one.get(live.picture))
    assert "brushed-7" in preview[live.picture] and states.matte not in preview
    alpha = read_alpha(last[states.matte])
    assert (alpha[mended.painted] == 0).all() and mended.painted.sum() > 50
    assert alpha[HEIGHT // 2, WIDTH // 2 + 15] == 1
    assert last[states.matte].made_from == mended.stamp
    assert follow(photo, mended, last[states.matte], automatic) == [gr.skip()]


def test_keep_is_foreground_in_the_photos_own_colours(app, brushing, follow, photo, trimap):
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    update = painted(brushing, photo, trimap, matte, kind="keep", points=[(0.1, 0.1)])
    mended, place = update[app.page.states.trimap], (round(0.1 * HEIGHT), round(0.1 * WIDTH))
    assert mended.values[place] == FOREGROUND
    assert np.abs(shown(update, app.page.pick.live)[place] - photo.image[place]).max() < 25
    assert read_alpha(follow(photo, mended, matte)[-1][app.page.states.matte])[place] == 1


def test_undo_takes_a_stroke_back_at_once_and_its_matte_follows(app, brushing, follow, photo, trimap):
    states, live = app.page.states, app.page.pick.live
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    mended = painted(brushing, photo, trimap, matte)[states.trimap]
    matte = follow(photo, mended, matte)[-1][states.matte]
    given = (photo, Clicks(), trimap.selection, mended, matte, "checkerboard", "#000000", None)
    undone = Undo(app.picks, app.trimaps, app.step_back).undo(None, "click", True, layer(), *given)
    back = undone[states.trimap]
    assert np.array_equal(back.values, trimap.values) and not back.painted.any()
    assert shown(undone, live)[HEIGHT // 2, WIDTH // 2].min() > 190 - 20  # the bright disc, not the checkerboard
    assert np.abs(shown(undone, live)[HEIGHT // 2, WIDTH // 2] - photo.image[HEIGHT // 2, WIDTH // 2]).max() < 25
    assert read_alpha(follow(photo, back, matte)[-1][states.matte])[HEIGHT // 2, WIDTH // 2] == 1


def test_the_largest_object_alone_stays_and_undo_brings_the_others_back(app, brushing, follow, photo):
    """Two discs that do not touch; each keeps its own soft rim."""
    states, (rows, columns) = app.page.states, np.mgrid[:HEIGHT, :WIDTH]
    large, small = (np.hypot(rows - HEIGHT / 2, columns - x * WIDTH) < radius for x, radius in ((0.25, 22), (0.8, 12)))
    trimap = TrimapEdit.own(np.where(large | small, 255, 0).astype(np.uint8), None)
    matte = keep_matte(photo, trimap, np.float32(large | small))
    mended = brushing.keep_largest(layer(), photo, trimap, matte)[states.trimap]
    assert np.array_equal(mended.values == 255, large)
    alone = follow(photo, mended, matte)[-1][states.matte]
    assert np.array_equal(read_alpha(alone), np.float32(large))
    assert np.array_equal(mended.undo().values, trimap.values)
    assert brushing.keep_largest(layer(), photo, trimap, None) == gr.skip()


def test_undo_leaves_the_mask_of_another_segmenter_alone(app, photo, trimap):
    """An example's mask is not of the segmenter that the menu shows; asked again, its trimap and strokes would go."""
    clicks = Clicks().add(Click(64, 48, "keep"))
    selection = Selection.of_masks(disc(30)[None].astype(np.float32), np.ones(1), (clicks, "grabcut"))
    kept = Undo(app.picks, app.trimaps, app.step_back).segment(photo, clicks, selection, None, DEFAULT, trimap)
    assert kept[app.page.states.selection] is selection


def test_a_matte_of_ones_own_changes_only_where_it_was_painted(app, brushing, follow, photo):
    states = app.page.states
    alpha = np.where(disc(20), 1, np.where(disc(36), 0.375, 0)).astype(np.float32)
    trimap = TrimapEdit.own(np.where(disc(20), 255, np.where(disc(36), 128, 0)).astype(np.uint8), None)
    matte = keep_matte(photo, trimap, alpha)
    matte = replace(matte, own_file=matte.alpha_file)
    mended = painted(brushing, photo, trimap, matte)[states.trimap]
    own = follow(photo, mended, matte)[-1][states.matte]
    changed = mended.values != trimap.values
    assert np.array_equal(read_alpha(own)[~changed], read_alpha(matte)[~changed])
    assert (read_alpha(own)[changed] == 0).all() and changed.any()
    again = follow(photo, mended.undo(), own)[-1][states.matte]
    assert np.array_equal(read_alpha(again), read_alpha(matte))


def test_erasing_everything_is_refused_and_nothing_is_lost(app, brushing, follow, photo, trimap):
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    width = {"width": 0.5, "points": [(0, 0), (1, 0), (1, 0.5), (0, 0.5), (0, 1), (1, 1)]}
    mended = painted(brushing, photo, trimap, matte, **width)[app.page.states.trimap]
    assert (mended.values == BACKGROUND).all()
    assert app.page.states.matte not in follow(photo, mended, matte)[-1]


def test_without_a_cutout_there_is_nothing_to_mend(brushing, photo, trimap):
    assert painted(brushing, photo, trimap, None) == gr.skip()
    assert painted(brushing, None, None, None) == gr.skip()
