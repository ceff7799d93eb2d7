"""What can be taken home: recipes that replay, layers, backgrounds that were moved, everything in one archive."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from app_cases import HEIGHT, WIDTH, click, disc, layer, shown_as
from PIL import Image

from matting.app.backend import other_methods
from matting.app.backend.computations import CLASSICAL_METHOD, OWN_METHOD
from matting.app.pick.segmenter_menu import OFFLINE
from matting.app.result.backgrounds import Background, gallery, place
from matting.app.result.listeners import FIRST_LOOK
from matting.app.session.matte_files import keep_matte, read_alpha
from matting.app.session.stages import Clicks, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.compositing import fit_background
from matting.images import read_photo
from matting.inference.progress import watched
from matting.replay.recipe import read_recipe
from matting.replay.replaying import matches, replay
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

ROOT = Path(__file__).resolve().parents[3]
CHECKERBOARD = ("checkerboard", "#000000", None)


def cut(app, photo, edit, value=None, before=None, fusion="hard", method=OWN_METHOD, freed=True, chosen=CHECKERBOARD):
    return app.results.cut_out(value or layer(), photo, edit, before, fusion, method, freed, *chosen)


def replayed(app, photo, recipe):
    """Replay as the command line does, with the recipe's threads; importing PyMatting may change their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(recipe.threads)
    try:
        return replay(recipe, app.steps.pipeline, photo.image)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_the_recipe_of_a_whole_session_replays_bit_for_bit(app, photo, fusion):
    states = app.page.states
    clicks = app.picks.click(click(64, 48), shown_as(photo), "keep", (), photo, Clicks(), None)[states.clicks]
    selection = app.picks.segment(photo, clicks, None, None, OFFLINE, None)[states.selection]
    selection = app.own.tool_listener("grow")(3, photo, clicks, selection, None)[states.selection]
    edit = app.trimaps.find(photo, selection, None, None)[states.trimap]
    edit = app.trimaps.widen(2, layer(FOREGROUND, disc(9)), photo, edit, None)[states.trimap]
    shown = cut(app, photo, edit, layer(UNKNOWN, disc(4)), fusion=fusion)
    recipe = read_recipe(shown[states.matte].recipe_file)
    again = replayed(app, photo, recipe)
    assert matches(recipe, again.alpha)
    assert not again.notices
    assert recipe.points == clicks.points
    assert recipe.mask_tools == selection.tools
    assert '"segmenter": "grabcut"' in shown[app.page.result.notebook]


@pytest.mark.parametrize("own", ["mask", "trimap"])
def test_the_recipe_of_what_is_ones_own_replays_too(app, photo, trimap, own):
    if own == "trimap":
        edit = TrimapEdit.own(trimap.values, None)
    else:
        edit = app.trimaps.find(photo, Selection.own(disc(30)), None, None)[app.page.states.trimap]
    recipe = read_recipe(cut(app, photo, edit)[app.page.states.matte].recipe_file)
    assert (recipe.mask is None, recipe.trimap is None) == (own == "trimap", own == "mask")
    assert matches(recipe, replayed(app, photo, recipe).alpha)


def test_the_archive_holds_every_file_and_the_recipe(app, photo, trimap):
    shown = cut(app, photo, trimap, chosen=("colour", "#00ff00", None))
    with zipfile.ZipFile(shown[app.page.result.download_all]) as archive:
        names = archive.namelist()
        recipe = archive.read("disc_recipe.json")
    parts = ("cutout.png", "alpha.png", "trimap.png", "foreground.png", "recipe.json", "composite.png")
    assert sorted(names) == sorted(f"disc_{part}" for part in parts)
    with open(shown[app.page.states.matte].recipe_file, "rb") as file:
        assert recipe == file.read()


def test_colours_are_freed_or_the_photos_own_as_one_likes(app, photo):
    alpha = np.where(disc(30), 0.5, 0).astype(np.float32)
    freed = keep_matte(photo, TrimapEdit.own(np.full((HEIGHT, WIDTH), UNKNOWN, np.uint8), None), alpha)
    states = app.page.states
    raw = app.results.recolour(False, photo, freed, *CHECKERBOARD)[states.matte]
    assert np.array_equal(np.asarray(Image.open(raw.cutout_file))[:, :, :3], photo.image)
    again = app.results.recolour(True, photo, raw, *CHECKERBOARD)[states.matte]
    first, second = (np.asarray(Image.open(matte.cutout_file)) for matte in (freed, again))
    assert np.array_equal(first, second)
    assert not np.array_equal(first[:, :, :3], photo.image)
    assert np.array_equal(first[:, :, :3], np.asarray(Image.open(freed.foreground_file)))


def test_a_background_is_centred_unless_it_is_moved_and_zoom_shows_less_of_it():
    picture = np.random.default_rng(0).integers(0, 255, (60, 200, 3)).astype(np.uint8)
    assert np.array_equal(place(picture, (30, 40), 100, 50, 50), fit_background(picture, (30, 40)))
    left, right = (place(picture, (60, 80), 100, across, 50) for across in (0, 100))
    assert np.array_equal(left, picture[:, :80])
    assert np.array_equal(right, picture[:, -80:])
    corner = place(picture, (30, 40), 200, 0, 100)
    assert np.array_equal(corner, picture[-30:, :40])
    assert not Background("picture", "#000000").worth_keeping


def test_a_moved_background_is_taken_home_as_it_is_shown(app, photo):
    opaque = keep_matte(
        photo, TrimapEdit.own(np.zeros((HEIGHT, WIDTH), np.uint8), None), np.zeros((HEIGHT, WIDTH), np.float32)
    )
    picture = np.random.default_rng(0).integers(0, 255, (HEIGHT, 3 * WIDTH, 3)).astype(np.uint8)
    shown = app.results.change_background(photo, opaque, "picture", "#000000", picture, 100, 100, 50)
    composite = np.asarray(Image.open(shown[app.page.result.download_composite].value["path"]))
    assert np.array_equal(composite, picture[:, -WIDTH:])


def test_a_background_of_the_gallery_is_shown_kept_and_moved_like_an_upload(app, photo):
    clear = keep_matte(
        photo, TrimapEdit.own(np.zeros((HEIGHT, WIDTH), np.uint8), None), np.zeros((HEIGHT, WIDTH), np.float32)
    )
    stage, names = app.page.result, [name for _, name in gallery()]
    assert len(names) >= 5 and "Lake" in names
    lake = read_photo(ROOT / "assets" / "backgrounds" / "lake.jpg")[0]
    event = SimpleNamespace(index=names.index("Lake"))
    shown = app.results.choose_picture(event, photo, clear, "picture", "#000000", None, 200, 100, 0)
    assert np.array_equal(shown[app.page.states.backdrop], lake)
    composite = np.asarray(Image.open(shown[stage.download_composite].value["path"]))
    assert np.array_equal(composite, place(lake, (HEIGHT, WIDTH), 200, 100, 0))
    assert Image.open(shown[stage.picture]).size == lake.shape[1::-1]
    alone = app.results.choose_picture(event, None, None, "picture", "#000000", None, 200, 100, 0)
    assert np.array_equal(alone[app.page.states.backdrop], lake) and stage.slider not in alone


def test_shipped_backgrounds_are_small_and_their_sources_are_told():
    folder = ROOT / "assets" / "backgrounds"
    told = (folder / "README.md").read_text()
    for path in folder.glob("*.jpg"):
        assert path.stat().st_size < 250_000 and max(Image.open(path).size) <= 1600
        assert f"`{path.name}`" in told


def test_a_preview_shows_the_touched_region_and_keeps_nothing(app, photo, trimap, monkeypatch):
    monkeypatch.setattr("matting.app.result.listeners.PREVIEW_SHARE", 1.0)
    matte = cut(app, photo, trimap)[app.page.states.matte]
    corner = np.zeros((HEIGHT, WIDTH), bool)
    corner[:9, :9] = True
    shown = app.results.preview(
        layer(FOREGROUND, corner), photo, trimap, matte, "hard", OWN_METHOD, "colour", "#0000ff", None
    )
    kept = {app.page.states.photo, app.page.states.trimap, app.page.states.matte}
    assert set(shown) >= {app.page.result.slider, app.page.result.say} and not set(shown) & kept
    assert FIRST_LOOK in shown[app.page.result.say]
    before, after = (np.asarray(Image.open(path)).astype(int) for path in shown[app.page.result.slider])
    assert np.array_equal(before, photo.image)
    assert np.abs(after[:9, :9] - matte.foreground[:9, :9]).max() <= 1
    assert (after[:9, 20:30] == (0, 0, 255)).all()


def test_without_anything_changed_there_is_no_preview(app, photo, trimap):
    matte = cut(app, photo, trimap)[app.page.states.matte]
    for before, method in ((matte, OWN_METHOD), (None, OWN_METHOD), (matte, CLASSICAL_METHOD)):
        shown = app.results.preview(layer(), photo, trimap, before, "hard", method, *CHECKERBOARD)
        assert app.page.result.slider not in shown


def test_closed_form_keeps_what_is_known_and_its_recipe_replays(app, photo, trimap):
    shown = cut(app, photo, trimap, method=CLASSICAL_METHOD)
    matte = shown[app.page.states.matte]
    alpha = read_alpha(matte)
    assert (alpha[trimap.values == FOREGROUND] == 1).all()
    assert (alpha[trimap.values == BACKGROUND] == 0).all()
    assert np.abs(alpha - disc(30))[trimap.values == UNKNOWN].mean() < 0.1
    recipe = read_recipe(matte.recipe_file)
    assert recipe.method == CLASSICAL_METHOD and "pymatting" in dict(recipe.versions)
    own = TrimapEdit.own(trimap.values, None)
    recipe = read_recipe(cut(app, photo, own, method=CLASSICAL_METHOD)[app.page.states.matte].recipe_file)
    again = replayed(app, photo, recipe)
    assert matches(recipe, again.alpha) and not again.notices


def test_vitmatte_makes_a_matte_whose_recipe_replays_and_other_weights_are_refused(
    app, photo, trimap, vitmatte_folder, monkeypatch
):
    monkeypatch.setattr("matting.methods.vitmatte.CHECKPOINT", str(vitmatte_folder))
    other_methods.load_vitmatte.cache_clear()
    trimap, shares = TrimapEdit.own(trimap.values, None), []
    with watched(shares.append):
        shown = cut(app, photo, trimap, method=other_methods.VITMATTE)
    assert len(shares) > 20 and shares == sorted(shares)
    recipe = read_recipe(shown[app.page.states.matte].recipe_file)
    own = read_recipe(cut(app, photo, trimap)[app.page.states.matte].recipe_file)
    assert recipe.method == "vitmatte" and recipe.alpha != own.alpha
    again = replayed(app, photo, recipe)
    assert matches(recipe, again.alpha) and not again.notices
    with pytest.raises(ValueError, match=r"made with other ViTMatte weights \(0000"):
        replayed(app, photo, replace(recipe, method_weights="0" * 16))


def test_vitmatte_without_its_weights_is_one_sentence_and_nothing_is_lost(app, photo, trimap, monkeypatch):
    monkeypatch.setattr("matting.methods.vitmatte.CHECKPOINT", "nobody/" + "there")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    other_methods.load_vitmatte.cache_clear()
    with pytest.warns(UserWarning, match=r"^ViTMatte&#x27;s weights are not available here[^\n]+$"):
        shown = cut(app, photo, trimap, method=other_methods.VITMATTE)
    assert app.page.states.matte not in shown


@pytest.mark.parametrize("method", [CLASSICAL_METHOD, other_methods.VITMATTE])
def test_what_would_take_minutes_is_refused(app, method):
    side = int(other_methods.MOST_PIXELS**0.5) + 1
    with pytest.raises(ValueError, match="choose SPAMattNet"):
        app.steps.other_alpha(method, np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.uint8))
