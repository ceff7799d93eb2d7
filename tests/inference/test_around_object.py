"""The networks look around the object: crops, what lies beyond them, and small things in large photos."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from matting import MattingPipeline
from matting.images import read_photo
from matting.inference import around_object, whole_photo
from matting.inference.around_object import CONTEXT, LEAST_CONTEXT, WHOLE, crop_around_object
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN


@pytest.fixture(scope="module")
def pipeline():
    return MattingPipeline.from_pretrained(device="cpu")


def disc(size, centre, radius):
    return cv2.circle(np.zeros(size, np.uint8), centre, radius, 1, cv2.FILLED).astype(bool)


@given(st.data())
def test_a_crop_holds_the_object_with_its_context_or_is_the_whole_photo(data):
    height, width = (data.draw(st.integers(1, 900)) for _ in range(2))
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = data.draw(st.integers(top, height - 1)), data.draw(st.integers(left, width - 1))
    covered = np.zeros((height, width), bool)
    covered[top, left] = covered[bottom, right] = True
    crop = crop_around_object(covered)
    context = max(LEAST_CONTEXT, round(CONTEXT * (max(bottom - top, right - left) + 1)))
    whole = covered[crop].shape == covered.shape
    assert whole or covered[crop].size <= WHOLE * covered.size
    for part, length, first, last in zip(crop, covered.shape, (top, left), (bottom, right), strict=True):
        assert part.start <= max(0, first - context) and min(length, last + 1 + context) <= part.stop
        assert part.start % 64 == 0 and (part.stop % 64 == 0 or part.stop == length)
        assert whole or (part.start + 64 > first - context and part.stop - 64 < last + 1 + context)


def test_nothing_covered_has_no_crop_and_gives_no_alpha(pipeline):
    nothing = np.zeros((90, 120), np.uint8)
    assert crop_around_object(nothing > 0) is None
    assert not around_object.estimate_alpha(pipeline.spamattnet, noise((90, 120)), nothing).any()


def test_an_object_that_fills_its_photo_gives_what_the_whole_photo_gives(pipeline):
    size = (200, 260)
    photo, mask = noise(size), disc(size, (130, 100), 70).astype(np.float32)
    trimap = np.where(mask > 0, UNKNOWN, BACKGROUND).astype(np.uint8)
    for around, whole in (
        (
            around_object.estimate_trimap(pipeline._tgn, photo, mask),
            whole_photo.estimate_trimap(pipeline._tgn, photo, mask),
        ),
        (
            around_object.estimate_alpha(pipeline.spamattnet, photo, trimap),
            whole_photo.estimate_alpha(pipeline.spamattnet, photo, trimap),
        ),
    ):
        np.testing.assert_array_equal(around, whole)


def test_what_lies_beyond_the_crop_changes_nothing(pipeline):
    """A small object in a large photo is looked at as if its surroundings were all that there is."""
    size, crop = (640, 1408), (slice(128, 448), slice(576, 832))
    photo, mask = noise(size), disc(size, (700, 290), 60).astype(np.float32)
    assert crop_around_object(mask > 0.5) == crop
    result = pipeline(photo, coarse_mask=mask)
    alone = pipeline(photo[crop], coarse_mask=mask[crop])
    np.testing.assert_array_equal(result.trimap[crop], alone.trimap)
    np.testing.assert_allclose(result.trimap_probabilities[crop], alone.trimap_probabilities, atol=1e-5)
    outside = np.ones(size, bool)
    outside[crop] = False
    assert not result.alpha[outside].any() and (result.trimap[outside] == BACKGROUND).all()
    outside[crop_around_object(result.trimap != BACKGROUND)] = False
    changed = np.where(outside[..., None], 255 - photo, photo)
    np.testing.assert_array_equal(pipeline(changed, coarse_mask=mask).alpha, result.alpha)


def test_a_persons_own_trimap_of_a_small_object_survives_exactly(pipeline):
    size = (640, 1408)
    known = np.where(disc(size, (700, 290), 40), FOREGROUND, np.where(disc(size, (700, 290), 60), UNKNOWN, BACKGROUND))
    trimap = known.astype(np.uint8)
    trimap[20:24, 20:24] = UNKNOWN  # far away, and still the person's
    result = pipeline(noise(size), trimap=trimap)
    np.testing.assert_array_equal(result.trimap, trimap)
    assert (result.alpha[trimap == FOREGROUND] == 1).all() and not result.alpha[trimap == BACKGROUND].any()


def test_a_preview_around_a_small_object_is_close_to_the_whole_pass(pipeline):
    size = (640, 1408)
    trimap = np.where(disc(size, (700, 290), 60), UNKNOWN, BACKGROUND).astype(np.uint8)
    photo = noise(size)
    old, changed = pipeline.alpha(photo, trimap), disc(size, (690, 290), 10)
    trimap[changed] = FOREGROUND
    renewed = pipeline.preview(photo, trimap, old, changed)
    assert np.abs(renewed - pipeline.alpha(photo, trimap))[changed].max() == 0
    assert np.abs(renewed - pipeline.alpha(photo, trimap)).mean() < 0.02


def test_other_things_in_a_photo_are_not_in_the_matte_of_a_small_object(pipeline):
    """R1: a disc beside an osprey; everything farther than 40 pixels from it stays empty."""
    photo = read_photo("assets/examples/osprey.jpg")[0].copy()
    mask = disc(photo.shape[:2], (480, 270), 80)
    photo[mask] = (200, 60, 30)
    alpha = pipeline(photo, coarse_mask=mask.astype(np.float32)).alpha
    far = cv2.dilate(mask.astype(np.uint8), np.ones((81, 81))) == 0
    assert alpha[far].sum() == 0 and alpha[disc(photo.shape[:2], (480, 270), 70)].min() == 1
