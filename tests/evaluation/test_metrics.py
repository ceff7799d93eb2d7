import dataclasses

import numpy as np
import pytest
import reference_metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matting.evaluation import metrics
from matting.evaluation.metrics import (
    Scores,
    connectivity_error,
    gradient_error,
    region_errors,
    trimap_confusion,
    trimap_scores,
    unknown_region_scores,
    whole_image_gradient_error,
    whole_image_scores,
)

EXACT = {"abs": 1e-6, "rel": 1e-6}
sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))


def alphas(size):
    """Draw 8-bit values, some of which are tenths (0.2, 0.4, ...), tenths alone, or any floats."""
    bytes_ = arrays(np.float32, size, elements=st.integers(0, 255).map(lambda k: np.float32(k) / np.float32(255)))
    tenths = arrays(np.float32, size, elements=st.integers(0, 10).map(lambda k: np.float32(k / 10)))
    floats = arrays(np.float32, size, elements=st.floats(0, 1, width=32))
    return bytes_ | tenths | floats


@st.composite
def cases(draw):
    size = draw(sizes)
    return draw(alphas(size)), draw(alphas(size)), draw(arrays(bool, size))


def textured(size, seed):
    """A soft disc with texture and exact zeros and ones: components of every level, ties included."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2)
    alpha = 1.2 - distance / (0.4 * min(size)) + generator.normal(0, 0.25, size)
    return np.clip(np.round(alpha * 255) / 255, 0, 1).astype(np.float32)


@settings(max_examples=60)
@given(cases())
def test_unknown_region_scores_equal_the_pixel_loops(case):
    prediction, truth, unknown = case
    assert dataclasses.asdict(unknown_region_scores(prediction, truth, unknown)) == pytest.approx(
        {
            "sad": reference.sad(prediction, truth, unknown),
            "mse": reference.mse(prediction, truth, unknown),
            "mad": reference.mad(prediction, truth, unknown),
            "grad": reference.gradient(prediction, truth, unknown),
            "conn": reference.connectivity(prediction, truth, unknown),
        },
        **EXACT,
    )


@settings(max_examples=25)
@given(cases())
def test_whole_image_scores_equal_the_pixel_loops(case):
    prediction, truth, _ = case
    everywhere = np.ones(truth.shape, bool)
    assert dataclasses.asdict(whole_image_scores(prediction, truth)) == pytest.approx(
        {
            "sad": reference.sad(prediction, truth, everywhere),
            "mse": reference.mse(prediction, truth, everywhere),
            "mad": reference.mad(prediction, truth, everywhere),
            "grad": reference.whole_image_gradient(prediction, truth),
            "conn": reference.connectivity(prediction, truth, everywhere),
        },
        **EXACT,
    )


@settings(max_examples=50)
@given(cases())
def test_errors_of_a_region_equal_the_pixel_loops_and_stop_at_its_rim(case):
    prediction, truth, region = case
    expected = {name: getattr(reference, name)(prediction, truth, region) for name in ("sad", "mse", "mad")}
    assert dataclasses.asdict(region_errors(prediction, truth, region)) == pytest.approx(expected, **EXACT)
    spoiled = np.where(region, prediction, 1 - prediction)
    assert region_errors(spoiled, truth, region) == region_errors(prediction, truth, region)


@pytest.mark.parametrize("seed", range(3))
def test_textured_mattes_score_as_the_pixel_loops_score_them(seed):
    size = (31, 37)
    prediction, truth = textured(size, seed), textured(size, seed + 10)
    unknown = (truth > 0) & (truth < 1)
    scores = unknown_region_scores(prediction, truth, unknown)
    assert scores.conn == pytest.approx(reference.connectivity(prediction, truth, unknown), **EXACT)
    assert scores.grad == pytest.approx(reference.gradient(prediction, truth, unknown), **EXACT)
    assert scores.conn > 0 and scores.grad > 0


@settings(max_examples=50)
@given(cases())
def test_a_matte_scores_zero_against_itself(case):
    alpha, _, unknown = case
    assert unknown_region_scores(alpha, alpha, unknown) == Scores(0, 0, 0, 0, 0)
    assert whole_image_scores(alpha, alpha) == Scores(0, 0, 0, 0, 0)


@settings(max_examples=50)
@given(cases())
def test_prediction_and_truth_may_change_places(case):
    prediction, truth, unknown = case
    there = dataclasses.astuple(unknown_region_scores(prediction, truth, unknown))
    assert there == pytest.approx(dataclasses.astuple(unknown_region_scores(truth, prediction, unknown)))


@settings(max_examples=50)
@given(cases())
def test_turning_the_photo_changes_no_sum(case):
    """Conn is left out: among equal components the first in reading order counts, and turning changes it."""
    prediction, truth, unknown = case
    upright = unknown_region_scores(prediction, truth, unknown)
    turned = unknown_region_scores(prediction.T, truth.T, unknown.T)
    assert turned.sad == pytest.approx(upright.sad) and turned.grad == pytest.approx(upright.grad)


@settings(max_examples=50)
@given(cases())
def test_scores_stay_within_their_bounds(case):
    scores = unknown_region_scores(*case)
    pixels = np.count_nonzero(case[2])
    assert 0 <= scores.mse <= scores.mad + 1e-9 <= 1 + 1e-9
    assert scores.sad == pytest.approx(scores.mad * pixels / 1000)
    assert 0 <= scores.conn <= pixels / 1000 and scores.grad >= 0


def test_no_unknown_pixel_means_no_error():
    nowhere = np.zeros((4, 5), bool)
    assert unknown_region_scores(np.zeros((4, 5)), np.ones((4, 5)), nowhere) == Scores(0, 0, 0, 0, 0)


def test_the_background_is_not_a_component():
    """One true pixel in a large empty background: the pixel is the largest component, not the background."""
    truth = np.zeros((9, 9), np.float32)
    truth[4, 4] = 1
    everywhere = np.ones(truth.shape, bool)
    assert connectivity_error(truth, truth, everywhere) == 0
    lone = truth.copy()
    lone[0, 0] = 1  # not connected: d = 1 against 0 in truth, φ differs by 1
    assert connectivity_error(lone, truth, everywhere) == pytest.approx(1 / 1000)


def test_an_empty_intersection_connects_nothing():
    prediction, truth = np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32)
    prediction[0, 0], truth[2, 2] = 1, 1  # they share nothing at any level, so both are unconnected
    assert connectivity_error(prediction, truth, np.ones((3, 3), bool)) == pytest.approx(2 / 1000)


def test_six_tenths_reaches_the_level_six_tenths():
    """Against 0.6000000000000001 it would stay at 0.5, and the true 1 would rise 0.5 above it, not 0.4."""
    assert (np.float32(153) / np.float32(255) >= metrics.LEVELS).sum() == 7
    prediction = np.array([[1, 153 / 255]], np.float32)
    error = connectivity_error(prediction, np.ones((1, 2), np.float32), np.ones((1, 2), bool))
    assert error == pytest.approx((1 - 0.6) / 1000, abs=1e-9)
    # In float64 153/255 is a little below float32's 0.6: compared in float32, it reaches the level all the same.
    exact = np.array([[1, 153 / 255]], np.float64)
    assert connectivity_error(exact, np.ones((1, 2)), np.ones((1, 2), bool)) == pytest.approx(error, abs=1e-9)


def test_alpha_is_not_stretched_to_the_full_range():
    half = np.zeros((16, 16), np.float32)
    half[:, 8:] = 0.5
    everywhere = np.ones(half.shape, bool)
    error = gradient_error(half, 2 * half, everywhere)
    assert error == pytest.approx(gradient_error(np.zeros_like(half), half, everywhere)) and error > 0


def test_errors_below_one_byte_count():
    truth = np.full((8, 8), 0.5, np.float64)
    scores = unknown_region_scores(truth + 1 / 4096, truth, np.ones((8, 8), bool))
    assert scores.sad == pytest.approx(64 / 4096 / 1000)


def test_a_lone_pixel_weighs_as_each_convention_scales_its_kernel():
    """Two kernels of unit L2 norm, or two of squared norm 1 / (8πσ⁴) and another divisor: 1.036 times."""
    pixel = np.zeros((21, 21))
    pixel[10, 10] = 1
    nothing, everywhere = np.zeros_like(pixel), np.ones(pixel.shape, bool)
    assert gradient_error(nothing, pixel, everywhere) == pytest.approx(2 / 1000)
    expected = 2 / (8 * np.pi * 1.4**4) / 10
    assert whole_image_gradient_error(nothing, pixel) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(
    ("prediction", "complaint"),
    [
        (np.zeros((4, 4), np.uint8), "floats in"),
        (np.zeros((4, 4, 1)), "one channel"),
        (np.full((4, 4), 255.0), "spans 255 to 255"),
        (np.full((4, 4), np.nan), r"\[0, 1\]"),
        (np.zeros((4, 5)), "own size"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(prediction, complaint):
    with pytest.raises(ValueError, match=complaint):
        unknown_region_scores(prediction, np.zeros((4, 4)), np.ones((4, 4), bool))


trimap_values = st.sampled_from([0, 128, 255])
trimap_pairs = sizes.flatmap(lambda size: st.tuples(*[arrays(np.uint8, size, elements=trimap_values)] * 2))


@settings(max_examples=50)
@given(st.lists(trimap_pairs, min_size=1, max_size=3))
def test_trimap_scores_equal_the_pixel_loops_over_all_trimaps(pairs):
    scores = trimap_scores(sum(trimap_confusion(*pair) for pair in pairs))
    assert dataclasses.astuple(scores) == pytest.approx(reference.trimap_shares(*zip(*pairs, strict=True)), **EXACT)


def test_the_iou_of_a_class_on_one_side_alone_is_zero_and_of_an_absent_one_is_one():
    unknown, background = np.full((2, 2), 128, np.uint8), np.zeros((2, 2), np.uint8)
    scores = trimap_scores(trimap_confusion(unknown, background))
    assert dataclasses.astuple(scores) == pytest.approx((0, 0, 0, 1, 1 / 3))


def test_trimaps_with_other_values_are_refused():
    with pytest.raises(ValueError, match="0, 128 and 255"):
        trimap_confusion(np.full((2, 2), 127, np.uint8), np.zeros((2, 2), np.uint8))
