"""The filmstrip: what is there, what is out of date, and files of one's own for every stage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc
from PIL import Image

from matting.app.filmstrip import SLOTS, slots
from matting.app.session.matte_files import keep_matte, read_alpha
from matting.app.session.stages import Selection
from matting.images import write_alpha
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

CHOSEN = ("checkerboard", "#000000", None)


@pytest.fixture
def alpha():
    return np.where(disc(24), 1, np.where(disc(36), 0.5, 0)).astype(np.float32)


@pytest.fixture
def alpha_file(alpha, tmp_path):
    write_alpha(tmp_path / "alpha.png", alpha)
    return str(tmp_path / "alpha.png")


def stale(shown):
    return {name for name, slot in shown.items() if slot.stale}


def there(shown):
    return {name for name, slot in shown.items() if slot.picture is not None}


def test_slots_fill_from_the_photo_on(photo, trimap, alpha):
    assert there(slots(None, None, None, None)) == set()
    assert there(slots(photo, None, None, None)) == {"photo"}
    assert there(slots(photo, trimap.selection, None, None)) == {"photo", "mask"}
    assert there(slots(photo, trimap.selection, trimap, None)) == {"photo", "mask", "trimap"}
    shown = slots(photo, trimap.selection, trimap, keep_matte(photo, trimap, alpha))
    assert there(shown) == set(SLOTS) and stale(shown) == set()
    assert len({slot.picture.shape[:2] for slot in shown.values()}) == 1


def test_what_lies_behind_a_change_is_out_of_date(photo, trimap, alpha):
    matte = keep_matte(photo, trimap, alpha)
    painted = trimap.paint(np.full_like(trimap.values, UNKNOWN), disc(5))
    assert stale(slots(photo, trimap.selection, painted, matte)) == {"matte", "cutout"}
    made = replace(matte, recipe_file="recipe.json")
    assert stale(slots(photo, Selection.own(disc(20)), trimap, made)) == {"trimap", "matte", "cutout"}
    assert stale(slots(photo, Selection.own(disc(20)), trimap, matte)) == {"trimap"}  # the matte is one's own
    assert stale(slots(photo, None, trimap, None)) == {"trimap"}


def test_the_strip_says_in_words_how_things_stand(app, photo, trimap):
    part = app.page.strip
    shown = app.strip.show(photo, Selection.own(disc(20)), trimap, None)
    assert 'aria-label="Photo"' in shown[part.frames["photo"]]
    assert 'aria-label="Trimap, outdated"' in shown[part.frames["trimap"]]
    assert 'href="#stage-edges"' in shown[part.frames["trimap"]]
    assert 'aria-label="Matte, not there yet"' in shown[part.frames["matte"]]
    assert not shown[part.uploads["cutout"]].interactive
    assert shown[part.body].visible
    assert not app.strip.show(None, None, None, None)[part.body].visible


@pytest.mark.parametrize("with_trimap", [True, False])
def test_a_matte_of_ones_own_is_taken_home_with_freed_colours(app, photo, trimap, alpha, alpha_file, with_trimap):
    states, stage = app.page.states, app.page.result
    shown = app.own_mattes.take_matte(alpha_file, photo, trimap if with_trimap else None, True, *CHOSEN)
    matte = shown[states.matte]
    np.testing.assert_allclose(read_alpha(matte), alpha, atol=1 / 65535)
    expected = trimap.values if with_trimap else np.select([alpha == 1, alpha == 0], [FOREGROUND, BACKGROUND], UNKNOWN)
    assert np.array_equal(np.asarray(Image.open(matte.trimap_file)), expected)
    assert (states.trimap in shown) != with_trimap
    assert matte.made_from == (trimap if with_trimap else shown[states.trimap]).stamp
    assert not shown[stage.download_recipe].visible and not shown[stage.notebook_part].visible
    assert not np.array_equal(np.asarray(Image.open(matte.foreground_file)), photo.image)
    assert shown[stage.looks.fringe] == []


def test_colours_of_ones_own_become_the_cutouts_and_the_layer(app, photo, trimap, alpha, tmp_path):
    layer = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    Image.fromarray(layer).save(tmp_path / "layer.png")
    states, stage = app.page.states, app.page.result
    before = keep_matte(photo, trimap, alpha, freed=False)
    shown = app.own_mattes.take_colours(str(tmp_path / "layer.png"), photo, before, *CHOSEN)
    matte = shown[states.matte]
    assert np.array_equal(np.asarray(Image.open(matte.cutout_file))[:, :, :3], layer)
    assert np.array_equal(np.asarray(Image.open(matte.foreground_file)), layer)
    assert shown[stage.freed] is True
    back = app.results.recolour(False, photo, matte, *CHOSEN)[states.matte]
    assert np.array_equal(np.asarray(Image.open(back.cutout_file))[:, :, :3], photo.image)
    again = app.results.recolour(True, photo, back, *CHOSEN)[states.matte]
    assert np.array_equal(np.asarray(Image.open(again.cutout_file))[:, :, :3], layer)


def test_what_does_not_fit_the_photo_is_refused_in_a_sentence(app, photo, trimap, alpha, alpha_file, tmp_path):
    Image.new("RGB", (20, 20)).save(tmp_path / "small.png")
    matte = keep_matte(photo, trimap, alpha)
    for refusal in (
        lambda: app.own_mattes.take_matte(alpha_file, None, None, True, *CHOSEN),
        lambda: app.own_mattes.take_matte(str(tmp_path / "small.png"), photo, trimap, True, *CHOSEN),
        lambda: app.own_mattes.take_colours(str(tmp_path / "small.png"), photo, matte, *CHOSEN),
        lambda: app.own_mattes.take_colours(str(tmp_path / "small.png"), photo, None, *CHOSEN),
    ):
        with pytest.warns(UserWarning, match=r"^[^\n]+[.;]$"):
            assert app.page.states.matte not in refusal()
