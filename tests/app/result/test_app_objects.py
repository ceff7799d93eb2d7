"""Several objects of a cutout, each alone."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pictures import circle
from PIL import Image

from matting.app.result.objects import separate
from matting.app.result.taking import Taking, crop_to_object
from matting.app.session.matte_files import keep_matte


def cutout_of(alpha: np.ndarray) -> np.ndarray:
    colours = np.random.default_rng(0).integers(0, 255, (*alpha.shape, 3), np.uint8)
    return np.dstack([colours, np.rint(alpha * 255).astype(np.uint8)])


@given(arrays(np.uint8, (24, 30), elements=st.sampled_from([0, 0, 60, 200, 255])))
def test_the_objects_share_the_cutout_out_and_no_pixel_is_lost(opacity):
    cutout = np.dstack([np.full((24, 30, 3), 90, np.uint8), opacity])
    objects = separate(cutout)
    assert np.array_equal(np.sum([one[..., 3].astype(int) for one in objects], axis=0), opacity)
    assert sum((one[..., 3] > 0).astype(int) for one in objects).max() <= 1


def test_two_objects_are_two_the_larger_first_and_hair_goes_with_the_nearest():
    large, small = (circle((60, 90), (30, x), radius) for x, radius in ((25, 18), (70, 8)))
    alpha = np.maximum(large, small).astype(np.float32)
    alpha[30, 50] = 0.3  # nearer to the large one
    alpha[5, 80] = 1  # a crumb, nearest to the small one
    first, second = separate(cutout_of(alpha))
    assert first[30, 25, 3] == 255 and first[30, 70, 3] == 0 and first[30, 50, 3] == 76
    assert second[30, 70, 3] == 255 and second[30, 25, 3] == 0 and second[5, 80, 3] == 255


@pytest.mark.parametrize("alpha", [np.zeros((20, 20)), np.ones((20, 20)), np.full((20, 20), 0.3)])
def test_nothing_and_a_single_object_stay_whole(alpha):
    (one,) = separate(cutout_of(alpha))
    assert np.array_equal(one, cutout_of(alpha))


@pytest.mark.parametrize(("kind", "crop"), [("png", False), ("webp", True)])
def test_the_page_offers_them_as_an_archive_of_the_chosen_kind(app, photo, trimap, kind, crop):
    stage = app.page.result
    alpha = np.maximum(*(circle((HEIGHT, WIDTH), (48, x), 20) for x in (30, 95))).astype(np.float32)
    offered = Taking(app.page).offer(kind, crop, 10, photo, keep_matte(photo, trimap, alpha))[stage.download_objects]
    assert offered.visible and offered.value["orig_name"] == "disc_objects.zip" and "2 objects" in offered.label
    with Image.open(keep_matte(photo, trimap, alpha).cutout_file) as picture:
        expected = separate(np.asarray(picture))
    with zipfile.ZipFile(offered.value["path"]) as archive:
        assert archive.namelist() == [f"disc_1.{kind}", f"disc_2.{kind}"]
        for name, one in zip(archive.namelist(), expected, strict=True):
            with archive.open(name) as file:
                seen = np.asarray(Image.open(file))
            assert np.array_equal(seen, crop_to_object(one, 10) if crop else one)
    single = keep_matte(photo, trimap, circle((HEIGHT, WIDTH), (48, 60), 20).astype(np.float32))
    alone = Taking(app.page).offer(kind, crop, 10, photo, single)
    assert not alone[stage.download_objects].visible and not alone[stage.largest].visible
