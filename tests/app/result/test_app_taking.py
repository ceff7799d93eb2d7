"""The cutout as it is taken home: another kind of file, cropped, on another background."""

from __future__ import annotations

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from matting.app.filmstrip import slots
from matting.app.result.backgrounds import Background
from matting.app.result.taking import SHOWS, Taking, crop_to_object
from matting.app.session.matte_files import keep_matte, read_pixels
from matting.app.session.stages import Photo

ENDINGS = {"png": "PNG", "webp": "WEBP", "jpg": "JPEG"}


@pytest.fixture
def matte(photo, trimap):
    return keep_matte(photo, trimap, disc(30).astype(np.float32))


def cutout_with(alpha: np.ndarray) -> np.ndarray:
    return np.dstack([np.full((*alpha.shape, 3), 90, np.uint8), alpha])


@given(st.integers(0, 30), st.integers(0, 39), st.integers(0, 29), st.integers(1, 40), st.integers(1, 30))
def test_a_crop_keeps_all_that_shows_within_its_margin(margin, left, top, width, height):
    alpha = np.zeros((30, 40), np.uint8)
    alpha[top : top + height, left : left + width] = 200
    cropped = crop_to_object(cutout_with(alpha), margin)[:, :, 3]
    assert (cropped > 0).sum() == (alpha > 0).sum()
    rows, columns = np.nonzero(alpha)
    around = round(margin / 100 * max(np.ptp(rows) + 1, np.ptp(columns) + 1))
    seen = [np.flatnonzero(cropped.any(axis=axis)) for axis in (1, 0)]
    assert (seen[0][0], seen[1][0]) == (min(around, top), min(around, left))
    after = (cropped.shape[0] - 1 - seen[0][-1], cropped.shape[1] - 1 - seen[1][-1])
    assert after == (min(around, 29 - rows.max()), min(around, 39 - columns.max()))


def test_a_stray_pixel_of_haze_does_not_keep_the_whole_photo_and_nothing_stays_whole():
    alpha = np.zeros((30, 40), np.uint8)
    alpha[0, 0] = SHOWS - 1
    assert crop_to_object(cutout_with(alpha), 0).shape[:2] == (30, 40)
    alpha[10:15, 20:30] = 255
    assert crop_to_object(cutout_with(alpha), 0).shape[:2] == (5, 10)


@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("crop", [False, True])
def test_the_file_is_of_the_chosen_kind_and_both_buttons_give_it(app, photo, matte, kind, crop):
    shown = Taking(app.page).offer(kind, crop, 10, photo, matte)
    file = shown[app.page.result.download_cutout]
    assert shown[app.page.pick.live.take].value["path"] == file and file.endswith(f"disc_cutout.{kind}")
    assert shown[app.page.result.margin].visible == crop
    whole = np.asarray(Image.open(matte.cutout_file))
    expected = crop_to_object(whole, 10) if crop else whole
    with Image.open(file) as picture:
        assert picture.format == ENDINGS[kind]
        seen = np.asarray(picture)
    if kind == "jpg":
        alpha = expected[:, :, 3:] / 255
        assert np.abs(expected[:, :, :3] * alpha + 255 * (1 - alpha) - seen).mean() < 4
    else:
        assert np.array_equal(seen, expected)


def test_without_a_matte_the_choices_wait(app):
    assert set(Taking(app.page).offer("jpg", True, 5, None, None)) == {app.page.result.margin}


def test_what_the_photos_file_tells_goes_on_into_every_file(app, photo, trimap, tmp_path):
    exif = Image.Exif()
    exif[271] = "A camera"
    Image.fromarray(photo.image).save(tmp_path / "told.png", exif=exif, dpi=(300, 300))
    told = Photo.of(photo.image, "told", "told.png", str(tmp_path / "told.png"))
    matte = keep_matte(told, trimap, disc(30).astype(np.float32))
    jpeg = Taking(app.page).offer("jpg", False, 0, told, matte)[app.page.result.download_cutout]
    for file in (matte.cutout_file, matte.alpha_file, jpeg):
        with Image.open(file) as picture:
            assert picture.getexif()[271] == "A camera"
            assert round(picture.info["dpi"][0]) == 300


@pytest.mark.parametrize("along", ["all but the place", "everything", "nothing"])
def test_what_was_chosen_goes_along_into_every_file_once(app, photo, trimap, tmp_path, along):
    states, stage = app.page.states, app.page.result
    exif = Image.Exif()
    exif[271] = "A camera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 14.0)
    Image.fromarray(photo.image).save(tmp_path / "told.png", exif=exif, dpi=(300, 300))
    told = Photo.of(photo.image, "told", "told.png", str(tmp_path / "told.png"))
    matte = keep_matte(told, trimap, disc(30).astype(np.float32))
    chosen = ("colour", "#00ff00", None, 100, 50, 50, "jpg")
    shown = app.results.tell(along, False, True, told, matte, *chosen)
    if along == told.along:
        assert shown == gr.skip()
        return
    told, changed = shown[states.photo], shown[states.matte]
    assert told.stamp and changed.made_from == matte.made_from
    for file in (
        changed.cutout_file,
        changed.alpha_file,
        shown[stage.download_composite].value["path"],
        Taking(app.page).offer("webp", True, 5, told, changed)[stage.download_cutout],
    ):
        with Image.open(file) as picture:
            assert picture.getexif().get(271) == (None if along == "nothing" else "A camera")
            assert picture.getexif().get_ifd(0x8825).get(2) == ((48.0, 8.0, 14.0) if along == "everything" else None)
    for before, after in ((matte.cutout_file, changed.cutout_file), (matte.alpha_file, changed.alpha_file)):
        with Image.open(before) as first, Image.open(after) as second:
            assert np.array_equal(np.asarray(first), np.asarray(second))
    assert app.results.tell(along, False, True, told, changed, *chosen) == gr.skip()


def test_a_kept_shadow_is_in_the_cutout_and_on_every_background_and_can_be_dropped(app, trimap):
    states, stage = app.page.states, app.page.result
    alpha = disc(30).astype(np.float32)
    ground = np.full((*alpha.shape, 3), 220, np.uint8)
    bottom = int(np.flatnonzero(alpha.any(axis=1))[-1])
    middle = int(np.median(np.flatnonzero(alpha[bottom])))
    ground[bottom - 4 : bottom + 6, middle - 10 : middle + 10] = 110  # half the light
    ground[alpha > 0.5] = 200, 30, 30
    photo = Photo.of(ground, "lit", "lit.png", "lit.png")
    matte = keep_matte(photo, trimap, alpha)
    chosen = ("colour", "#00ff00", None, 100, 50, 50, "png")
    shown = app.results.tell(photo.along, True, True, photo, matte, *chosen)
    kept = shown[states.matte]
    y, x = bottom + 3, middle
    for file, opacity in ((matte.cutout_file, 0), (kept.cutout_file, 0.5)):
        assert abs(read_pixels(file)[y, x, 3] / 255 - opacity) < 0.06
    assert (read_pixels(kept.alpha_file) == read_pixels(matte.alpha_file)).all()
    composite = read_pixels(shown[stage.download_composite].value["path"])
    assert np.abs(composite[y, x].astype(int) - (0, 128, 0)).max() < 16
    assert app.results.tell(photo.along, True, True, photo, kept, *chosen) == gr.skip()
    strips = [slots(photo, None, trimap, one) for one in (matte, kept)]
    assert np.array_equal(*(strip["matte"].picture for strip in strips))
    assert not np.array_equal(*(strip["cutout"].picture for strip in strips))
    recoloured = app.results.recolour(False, photo, kept, *chosen)[states.matte]
    assert (read_pixels(recoloured.cutout_file)[y, x] == read_pixels(kept.cutout_file)[y, x]).all()
    dropped = app.results.tell(photo.along, False, True, photo, kept, *chosen)[states.matte]
    assert (read_pixels(dropped.cutout_file) == read_pixels(matte.cutout_file)).all()


def test_where_no_shadow_can_be_told_the_box_is_unticked_and_it_is_said(app, photo, trimap):
    matte = keep_matte(photo, trimap, disc(30).astype(np.float32))
    chosen = ("checkerboard", "#00ff00", None, 100, 50, 50, "png")
    with pytest.warns(UserWarning, match="comes without one"):
        shown = app.results.tell(photo.along, True, True, photo, matte, *chosen)
    assert shown == {app.page.result.shadow: False}


def test_a_gradient_ends_in_its_colour_and_a_blurred_photo_keeps_the_objects_colours_out():
    fade = Background("gradient", "#204060").layer(np.zeros((9, 9, 3), np.uint8), np.zeros((50, 40)))
    assert (fade[0] == 255).all() and (fade[-1] == (0x20, 0x40, 0x60)).all()
    assert (np.diff(fade[:, 0].astype(int), axis=0) <= 0).all()
    photo = np.full((60, 80, 3), 50, np.uint8)
    photo[:, 40:] = 90
    alpha = np.zeros((60, 80), np.float32)
    photo[20:40, 30:50], alpha[20:40, 30:50] = (255, 0, 0), 1
    behind = Background("blur", "#000000").layer(photo, alpha).astype(int)
    assert behind.shape == photo.shape
    assert np.ptp(behind[alpha < 1], axis=1).max() < 20  # gray, though the object is red
    assert abs(behind[5, 5, 0] - 50) < 3 and abs(behind[5, 75, 0] - 90) < 3
    assert 55 < behind[5, 40, 0] < 85


def test_a_composite_is_of_the_chosen_kind_too(app, photo, matte):
    chosen = ("colour", "#00ff00", None, 100, 50, 50, "jpg")
    shown = app.results.change_background(photo, matte, *chosen)
    with Image.open(shown[app.page.result.download_composite].value["path"]) as picture:
        assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
        assert np.abs(np.asarray(picture)[0, 0].astype(int) - (0, 255, 0)).max() < 4
