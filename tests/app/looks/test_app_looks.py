"""The closer looks: fringes at 400 %, where the network looks, errors against a true matte."""

from __future__ import annotations

import base64
import io
import re
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, click, disc
from PIL import Image

import matting
from matting.app.looks.fringe import ENLARGED, SIDE, complementary, magnify, most_mixed
from matting.app.looks.patch_picker import MOST_PIXELS, read_box
from matting.app.session.matte_files import keep_matte
from matting.app.session.stages import Photo
from matting.app.session.trimap_edit import TrimapEdit
from matting.evaluation.metrics import unknown_region_scores
from matting.images import write_alpha
from matting.trimaps.algebra import UNKNOWN


@pytest.fixture
def matte(photo, trimap):
    alpha = np.where(disc(24), 1, np.where(disc(36), 0.5, 0)).astype(np.float32)
    return keep_matte(photo, trimap, alpha)


def test_a_place_is_shown_four_times_as_large_on_four_backgrounds():
    cutout = np.random.default_rng(0).integers(0, 255, (200, 300, 4)).astype(np.uint8)
    cutout[:, :, 3] = np.where(np.arange(300) < 150, 255, 0)
    views = magnify(cutout, (150, 100))
    assert list(views) == ["Black", "White", "Magenta", "Complementary"]
    corner = cutout[100 - SIDE // 2, 150 - SIDE // 2, :3]
    for view in views.values():
        assert view.shape == (SIDE * ENLARGED, SIDE * ENLARGED, 3)
        assert (view[:ENLARGED, :ENLARGED] == corner).all()
    assert (views["Magenta"][:, -ENLARGED:] == (255, 0, 255)).all()


@pytest.mark.parametrize("place", [(0, 0), (299, 199), (-5, 1e6)])
def test_places_at_the_border_are_shown_whole(place):
    views = magnify(np.zeros((200, 300, 4), np.uint8), place)
    assert views["White"].shape == (SIDE * ENLARGED, SIDE * ENLARGED, 3)
    assert magnify(np.zeros((20, 30, 4), np.uint8), place)["White"].shape == (20 * ENLARGED, 30 * ENLARGED, 3)


def test_the_complementary_background_is_far_from_every_part_of_the_objects_colour():
    colours = np.full((4, 4, 3), (200, 30, 120), np.uint8)
    assert complementary(colours, np.ones((4, 4), np.float32)) == (0, 255, 255)


def test_the_inspector_begins_where_alpha_is_most_mixed(app, photo, matte):
    x, y = most_mixed(np.where(disc(10), 0.5, 0).astype(np.float32))
    assert disc(10)[y, x]
    shown = app.looks.inspect(photo, matte)[app.page.result.looks.fringe]
    assert [name for _, name in shown] == ["Black", "White", "Magenta", "Complementary"]
    opened = app.looks.inspect_at(click(64, 20), photo, matte)
    assert opened[app.page.result.looks.fringe_accordion].open


def asked(*shares):
    return SimpleNamespace(box=list(shares))


def shown_picture(address):
    """Decode what the photo to ask about shows."""
    kind, data = address.split(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_what_is_seen_is_what_explain_says(app, photo, trimap):
    looks = app.page.result.looks
    shown = app.looks.look(asked(64.5 / WIDTH, 15.5 / HEIGHT, 64.5 / WIDTH, 15.5 / HEIGHT), photo, trimap)
    seen = matting.explain(app.steps.pipeline, photo.image, trimap.values, (64, 15, 65, 16))
    captions = [item["caption"] for item in shown[looks.maps].value]
    heads = len(seen.sampling.values)
    assert sum("sampling, LSPA" in caption for caption in captions) == heads
    assert sum("propagation, LSPA" in caption for caption in captions) == heads
    assert len(captions) == 2 * heads + 4
    assert f"up to {seen.gpa.values.max() * seen.gpa.values.size:.3g} × even" in captions[0]
    assert shown_picture(shown[looks.asked_photo]).shape == photo.proxy.shape
    gpa = np.asarray(Image.open(shown[looks.maps].value[0]["image"]["path"])).astype(float).sum(axis=2)
    assert gpa.shape == (HEIGHT, WIDTH)
    on_photo = seen.gpa.on_photo()
    strongest, weakest = (on_photo >= np.quantile(on_photo, q) for q in (0.95, 0))
    assert gpa[strongest].mean() > gpa[weakest].mean()


def test_a_patch_is_the_whole_pixels_between_its_corners(photo):
    assert read_box([0.5, 0.25, 0.5, 0.25], photo) == (64, 24, 65, 25)
    assert read_box([0, 0, 1, 1], photo) == (0, 0, WIDTH, HEIGHT)
    assert read_box([1, 1, 1, 1], photo) == (WIDTH - 1, HEIGHT - 1, WIDTH, HEIGHT)
    assert read_box([10.2 / WIDTH, 5 / HEIGHT, 20.2 / WIDTH, 6 / HEIGHT], photo) == (10, 5, 21, 6)


def test_the_maps_of_a_patch_are_of_all_its_pixels(app, photo, trimap):
    shown = app.looks.look(asked(0.4, 0.1, 0.6, 0.3), photo, trimap)
    seen = matting.explain(app.steps.pipeline, photo.image, trimap.values, (51, 9, 77, 29))
    first = shown[app.page.result.looks.maps].value[1]["caption"]
    assert f"up to {seen.sampling.values[0].max() * seen.sampling.values[0].size:.3g} × even" in first


@pytest.mark.parametrize(
    "box", [None, [0.1, 0.2], [0.1, 0.2, float("nan"), 1], [0, 0, 2, 1], ["0", 0, 1, 1], [True, 0, 1, 1], {"x": 1}]
)
def test_what_is_no_patch_is_refused(app, photo, trimap, box):
    with pytest.warns(UserWarning, match="two corners within the photo"):
        kept = app.looks.look(SimpleNamespace(box=box), photo, trimap)
    assert app.page.result.looks.maps not in kept


def test_a_patch_that_would_take_minutes_is_refused():
    side = int(MOST_PIXELS**0.5) + 1
    with pytest.raises(ValueError, match="drag over a smaller one"):
        read_box([0, 0, 1, 1], Photo.of(np.zeros((side, side, 3), np.uint8), "large"))


def test_without_a_trimap_the_network_is_not_asked(app, photo):
    with pytest.warns(UserWarning, match="find the edges first"):
        kept = app.looks.look(asked(0, 0, 0, 0), photo, None)
    assert app.page.result.looks.maps not in kept


def test_the_score_is_the_metrics_on_the_matte_that_can_be_downloaded(app, photo, trimap, matte, tmp_path):
    truth = np.where(disc(30), 1, 0).astype(np.float32)
    write_alpha(tmp_path / "truth.png", truth)
    looks = app.page.result.looks
    shown = app.looks.score(str(tmp_path / "truth.png"), photo, matte)
    alpha = np.asarray(Image.open(matte.alpha_file)).astype(np.float32) / 65535
    expected = unknown_region_scores(alpha, truth, trimap.values == UNKNOWN)
    row = re.findall(r"<td>([\d.]+)</td>", shown[looks.scores].value)[:4]
    assert row == [f"{value:.3f}" for value in (expected.sad, 1000 * expected.mse, expected.grad, expected.conn)]
    errors = np.asarray(Image.open(shown[looks.errors].value["path"])).astype(int).sum(axis=2)
    assert errors[disc(35) & ~disc(25)].mean() > errors[~disc(40)].mean()


def test_a_true_matte_of_another_shape_or_without_a_cutout_is_refused(app, photo, matte, tmp_path):
    Image.new("L", (500, 20)).save(tmp_path / "flat.png")
    for held in (matte, None):
        with pytest.warns(UserWarning, match=r"^[^\n]+[.;]$"):
            assert app.looks.score(str(tmp_path / "flat.png"), photo, held) == gr.skip()


def test_a_new_matte_forgets_the_looks_at_the_old_one(app):
    looks = app.page.result.looks
    forgotten = app.looks.with_looks_cleared({app.page.states.matte: None})
    assert forgotten[looks.fringe] == []
    assert not forgotten[looks.scores].visible
    assert not forgotten[looks.maps].visible


def test_a_photo_smaller_than_a_window_is_explained_too(app):
    small = Photo.of(np.random.default_rng(0).integers(0, 255, (20, 24, 3)).astype(np.uint8), "small")
    edit = TrimapEdit.own(np.full((20, 24), UNKNOWN, np.uint8), None)
    assert app.looks.look(asked(0.1, 0.1, 0.1, 0.1), small, edit)[app.page.result.looks.maps].visible
