import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import NARROWEST, NARROWEST_TGN, randomise_norms
from pictures import noise

from matting import MattingPipeline
from matting.inference import preview
from matting.inference.preview import crop_around, paste
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN

SIZE = (330, 420)


@pytest.fixture(scope="module")
def pipeline():
    torch.manual_seed(0)
    return MattingPipeline(TGN(NARROWEST_TGN), randomise_norms(SPAMattNet(NARROWEST)), device="cpu")


@pytest.fixture(scope="module")
def photo():
    return noise(SIZE)


def trimap():
    values = np.zeros(SIZE, np.uint8)
    cv2.circle(values, (210, 165), 140, 128, cv2.FILLED)
    cv2.circle(values, (210, 165), 90, 255, cv2.FILLED)
    return values


def stroke(x=300, y=220, radius=8):
    values = np.zeros(SIZE, np.uint8)
    cv2.circle(values, (x, y), radius, 1, cv2.FILLED)
    return values.astype(bool)


@given(st.data())
def test_a_crop_holds_the_change_with_its_context_and_is_aligned_and_no_larger(data):
    height, width, context = (data.draw(st.integers(1, 400)) for _ in range(3))
    changed = np.zeros((height, width), bool)
    point = st.tuples(st.integers(0, height - 1), st.integers(0, width - 1))
    points = data.draw(st.lists(point, min_size=1, max_size=4))
    for point in points:
        changed[point] = True
    crop = crop_around(changed, context + 1)
    for part, length, places in zip(crop, (height, width), zip(*points, strict=True), strict=True):
        first, last = max(0, min(places) - context - 1), min(length, max(places) + context + 2)
        assert part.start % 64 == 0 and (part.stop % 64 == 0 or part.stop == length)
        assert part.start <= first and last <= part.stop <= length
        assert part.start + 64 > first and part.stop - 64 < last


def test_no_change_needs_no_crop_and_wrong_arguments_are_refused_in_words():
    assert crop_around(np.zeros((5, 6), bool)) is None
    with pytest.raises(ValueError, match="booleans"):
        crop_around(np.zeros((5, 6), np.uint8))
    with pytest.raises(ValueError, match="at least 2 pixels wide, got 1"):
        crop_around(np.ones((5, 6), bool), 1)
    crop = (slice(0, 4), slice(0, 4))
    with pytest.raises(ValueError, match="should fit together"):
        paste(np.zeros((5, 6), np.float32), np.zeros((4, 3), np.float32), crop, np.ones((5, 6), bool))


def test_the_new_alpha_stands_near_the_change_the_old_one_far_away_and_between_they_fade():
    changed = np.zeros((600, 700), bool)
    changed[300, 350] = True
    crop = crop_around(changed)
    assert crop == (slice(128, 448), slice(192, 512))
    joined = paste(np.zeros((600, 700), np.float32), np.ones((320, 320), np.float32), crop, changed)
    distance = np.hypot(*np.ogrid[-300:300, -350:350])
    assert (joined[distance <= 64] == 1).all() and (joined[distance >= 128] == 0).all()
    np.testing.assert_allclose(joined[distance > 64], np.clip(2 - distance[distance > 64] / 64, 0, 1), atol=1e-5)


def test_a_crop_of_the_whole_photo_is_the_whole_pass(pipeline, photo):
    small, regions = photo[:150, :200], trimap()[:150, :200]
    old = np.random.default_rng(1).random((150, 200)).astype(np.float32)
    renewed = pipeline.preview(small, regions, old, stroke(100, 75)[:150, :200])
    np.testing.assert_array_equal(renewed, pipeline.alpha(small, regions))


def test_a_preview_is_the_crops_own_matte_near_the_change_and_the_old_one_far_away(pipeline, photo):
    regions, changed = trimap(), stroke()
    old = pipeline.alpha(photo, regions)
    regions[changed] = 255
    renewed = pipeline.preview(photo, regions, old, changed)
    crop = (slice(64, 330), slice(128, 420))
    assert preview.crop_around(changed) == crop
    distance = cv2.distanceTransform((~changed).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    expected = np.zeros(SIZE, np.float32)
    expected[crop] = pipeline.alpha(photo[crop], regions[crop])
    near, far = distance <= 64, distance >= 128
    np.testing.assert_allclose(renewed[near], expected[near], atol=1e-6)
    np.testing.assert_array_equal(renewed[far], old[far])
    assert np.abs(renewed - old)[near].max() > 0.01
    assert renewed.dtype == np.float32 and 0 <= renewed.min() and renewed.max() <= 1


def test_what_is_known_stays_exactly_known(pipeline, photo):
    regions, changed = trimap(), stroke()
    old = pipeline.alpha(photo, regions)
    regions[changed] = 0
    renewed = pipeline.preview(photo, regions, old, changed)
    assert (renewed[regions == 255] == 1).all() and (renewed[regions == 0] == 0).all()


def test_nothing_changed_is_the_old_alpha_and_other_sizes_are_refused_in_words(pipeline, photo):
    old = np.random.default_rng(1).random(SIZE).astype(np.float32)
    same = pipeline.preview(photo, trimap(), old, np.zeros(SIZE, bool))
    np.testing.assert_array_equal(same, old)
    assert not np.shares_memory(same, old)
    with pytest.raises(ValueError, match=r"should have the photo's size \(330, 420\)"):
        pipeline.preview(photo, trimap(), old[:5], np.zeros(SIZE, bool))


def test_soft_fusion_goes_into_a_preview_too(pipeline, photo):
    regions, changed = trimap(), stroke()
    probabilities = np.random.default_rng(2).dirichlet([1, 1, 1], SIZE).astype(np.float32)
    crop = preview.crop_around(changed)
    expected = pipeline.alpha(photo[crop], regions[crop], probabilities[crop], "soft")
    renewed = pipeline.preview(photo, regions, np.zeros(SIZE, np.float32), changed, probabilities, "soft")
    inside = np.zeros(SIZE, bool)
    inside[crop] = True
    at = changed[crop]
    np.testing.assert_allclose(renewed[changed], expected[at], atol=1e-6)
