import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import alphas, any_alpha, any_mask, any_trimap, images, masks, sizes, trimaps

from matting.trimaps import algebra

widths = st.sampled_from([0, 0.5, 1, 1.4, 1.5, 2, 2.3, 3, 5, 40])
kernels = st.integers(1, 9)


def eroded(region, kernel):
    """Erode pixel by pixel: all neighbours under the ellipse, inside the photo, must be in the region."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
    height, width = region.shape
    result = np.zeros_like(region)
    for y in range(height):
        for x in range(width):
            neighbours = [
                (y + i - kernel // 2, x + j - kernel // 2)
                for i in range(kernel)
                for j in range(kernel)
                if ellipse[i, j]
            ]
            result[y, x] = all(region[p] for p in neighbours if 0 <= p[0] < height and 0 <= p[1] < width)
    return result


def distances(region):
    """Distance of every pixel to the region, by trying all pairs."""
    points = np.argwhere(region)
    result = np.full(region.shape, np.inf)
    for y, x in np.ndindex(region.shape):
        if len(points):
            result[y, x] = math.sqrt(((points - (y, x)) ** 2).sum(1).min())
    return result


def assert_trimap(values, size):
    assert values.dtype == np.uint8
    assert values.shape == size
    assert set(np.unique(values)) <= {0, 128, 255}


@given(st.lists(st.integers(0, 255), min_size=1, max_size=40))
def test_cleaning_snaps_to_the_stated_thresholds_and_is_idempotent(row):
    values = np.array([row], np.uint8)
    expected = [[0 if value <= 10 else 255 if value >= 245 else 128 for value in row]]
    cleaned = algebra.clean(values)
    assert cleaned.tolist() == expected
    assert np.array_equal(algebra.clean(cleaned), cleaned)


def test_bounds_are_where_they_are_said_to_be():
    assert algebra.clean(np.array([[10, 11, 244, 245]], np.uint8)).tolist() == [[0, 128, 128, 255]]
    almost = np.array([[0.001, 0, 0.999, 1]], np.float32)
    assert algebra.from_alpha(almost, 1, 1).tolist() == [[128, 0, 128, 255]]
    assert algebra.from_mask(np.array([[0.499, 0.5]], np.float32), 1).tolist() == [[0, 255]]


@given(any_alpha, kernels, kernels)
def test_trimap_from_alpha_equals_erosion_pixel_by_pixel(alpha, foreground_kernel, background_kernel):
    expected = np.full(alpha.shape, 128, np.uint8)
    expected[eroded(alpha == 0, background_kernel)] = 0
    expected[eroded(alpha == 1, foreground_kernel)] = 255
    assert np.array_equal(algebra.from_alpha(alpha, foreground_kernel, background_kernel), expected)


@given(any_alpha, kernels, kernels)
def test_every_fractional_alpha_is_unknown(alpha, foreground_kernel, background_kernel):
    drawn = algebra.from_alpha(alpha, foreground_kernel, background_kernel)
    assert_trimap(drawn, alpha.shape)
    assert (drawn[(alpha > 0) & (alpha < 1)] == 128).all()
    assert (alpha[drawn == 255] == 1).all()
    assert (alpha[drawn == 0] == 0).all()


@given(any_mask, kernels)
def test_trimap_from_mask_equals_erosion_pixel_by_pixel(mask, kernel):
    expected = np.full(mask.shape, 128, np.uint8)
    expected[eroded(~mask, kernel)] = 0
    expected[eroded(mask, kernel)] = 255
    assert np.array_equal(algebra.from_mask(mask, kernel), expected)
    assert np.array_equal(algebra.from_mask(mask.astype(np.float32) * 0.6, kernel), expected)


@given(sizes, st.integers(1, 99), st.sampled_from([0.0, 1.0]))
def test_the_photo_border_erodes_nothing(size, kernel, value):
    uniform = np.full(size, value, np.float32)
    assert (algebra.from_alpha(uniform, kernel, kernel) == 255 * value).all()
    assert (algebra.from_mask(uniform, kernel) == 255 * value).all()
    assert (algebra.widen(algebra.clean((uniform * 255).astype(np.uint8)), kernel) == 255 * value).all()


@given(any_trimap, widths)
def test_widening_equals_euclidean_distances(trimap, pixels):
    expected = np.full(trimap.shape, 128, np.uint8)
    expected[distances(trimap != 0) > pixels] = 0
    expected[distances(trimap != 255) > pixels] = 255
    assert np.array_equal(algebra.widen(trimap, pixels), expected)


@given(any_trimap, widths)
def test_widening_never_shrinks_unknown(trimap, pixels):
    wider = algebra.widen(trimap, pixels)
    assert_trimap(wider, trimap.shape)
    assert (wider[trimap == 128] == 128).all()
    assert ((wider == trimap) | (wider == 128)).all()


@given(any_trimap, widths, widths)
def test_widening_is_monotone(trimap, first, second):
    less, more = (algebra.widen(trimap, pixels) == 128 for pixels in sorted([first, second]))
    assert (more | ~less).all()


@given(any_trimap)
def test_widening_and_narrowing_by_nothing_are_the_identity(trimap):
    assert np.array_equal(algebra.widen(trimap, 0), trimap)
    assert np.array_equal(algebra.narrow(trimap, 0), trimap)


@given(any_trimap, widths)
def test_narrowing_equals_euclidean_distances(trimap, pixels):
    to_background, to_foreground = distances(trimap == 0), distances(trimap == 255)
    expected = np.full(trimap.shape, 128, np.uint8)
    expected[(to_background <= pixels) & (to_background < to_foreground)] = 0
    expected[(to_foreground <= pixels) & (to_foreground < to_background)] = 255
    assert np.array_equal(algebra.narrow(trimap, pixels), expected)


@given(any_trimap, widths)
def test_narrowing_never_grows_unknown_and_keeps_what_is_known(trimap, pixels):
    narrower = algebra.narrow(trimap, pixels)
    assert_trimap(narrower, trimap.shape)
    assert np.array_equal(narrower[trimap != 128], trimap[trimap != 128])


@given(any_trimap, widths, widths)
def test_narrowing_is_monotone(trimap, first, second):
    more, less = (algebra.narrow(trimap, pixels) == 128 for pixels in sorted([first, second]))
    assert (more | ~less).all()


@given(any_trimap, widths)
def test_narrowing_invents_no_region(trimap, pixels):
    assert set(np.unique(algebra.narrow(trimap, pixels))) <= set(np.unique(trimap))


@given(any_trimap, widths)
def test_narrowing_after_widening_keeps_every_unknown_pixel(trimap, pixels):
    there_and_back = algebra.narrow(algebra.widen(trimap, pixels), pixels)
    assert (there_and_back[trimap == 128] == 128).all()


def test_widening_opens_a_band_on_both_sides_of_a_hard_edge():
    trimap = np.repeat(np.array([[0] * 8 + [255] * 8], np.uint8), 5, axis=0)
    assert (algebra.widen(trimap, 2)[2] == [0] * 6 + [128] * 4 + [255] * 6).all()


@pytest.mark.parametrize("pixels", [1, 1.4, 1.42, 2.23, 2.24, 7.5, 20])
def test_one_unknown_pixel_widens_to_a_euclidean_disc(pixels):
    trimap = np.zeros((51, 51), np.uint8)
    trimap[25, 25] = 128
    disc = np.hypot(*np.mgrid[-25:26, -25:26]) <= pixels
    assert np.array_equal(algebra.widen(trimap, pixels) == 128, disc)


def test_object_size_is_the_root_of_the_area_that_is_not_background():
    trimap = np.zeros((20, 30), np.uint8)
    trimap[3:12, 4:20] = 128
    trimap[5:10, 6:15] = 255
    assert algebra.object_size(trimap) == 12
    assert algebra.object_size((trimap > 0).astype(np.float32) * 0.7) == 12
    assert algebra.object_size(trimap > 0) == 12
    assert algebra.object_size(np.zeros((4, 4), np.uint8)) == 0


@pytest.mark.parametrize("width", [1, 2, 5, 12])
def test_band_width_of_a_straight_band(width):
    trimap = np.zeros((200, 200), np.uint8)
    trimap[:, 100:] = 255
    trimap[:, 100 - width : 100] = 128
    assert algebra.band_width(trimap) == pytest.approx(width, rel=0.06)


@pytest.mark.parametrize("width", [4, 9, 20])
def test_band_width_of_a_ring_does_not_depend_on_direction(width):
    radius = np.hypot(*np.mgrid[-150:151, -150:151])
    trimap = np.where(radius < 100, 255, np.where(radius < 100 + width, 128, 0)).astype(np.uint8)
    assert algebra.band_width(trimap) == pytest.approx(width, rel=0.06)


@given(any_trimap)
def test_band_width_is_zero_without_unknown_and_never_above_the_longer_side(trimap):
    width = algebra.band_width(trimap)
    assert (width > 0) == (trimap == 128).any()
    assert width <= max(trimap.shape)


@given(any_trimap)
def test_one_hot_planes_sum_to_one_and_decode_to_the_trimap(trimap):
    planes = algebra.to_one_hot(trimap)
    assert planes.dtype == np.float32
    assert planes.shape == (*trimap.shape, 3)
    assert (planes.sum(2) == 1).all()
    assert np.array_equal(algebra.from_probabilities(planes), trimap)


@given(sizes.flatmap(lambda size: alphas((*size, 3))))
def test_the_most_probable_region_wins_and_ties_stay_unknown(probabilities):
    decoded = algebra.from_probabilities(probabilities)
    assert_trimap(decoded, probabilities.shape[:2])
    for y, x in np.ndindex(decoded.shape):
        row = probabilities[y, x].tolist()
        winners = [value for value, probability in zip((0, 128, 255), row, strict=True) if probability == max(row)]
        assert decoded[y, x] == (winners[0] if len(winners) == 1 else 128)


@given(sizes.flatmap(lambda size: st.tuples(trimaps(size), trimaps(size), masks(size))))
def test_painted_pixels_survive_exactly_and_the_others_stay(drawn):
    trimap, strokes, painted = drawn
    merged = algebra.merge_strokes(trimap, strokes, painted)
    assert np.array_equal(merged[painted], strokes[painted])
    assert np.array_equal(merged[~painted], trimap[~painted])


@given(sizes.flatmap(lambda size: st.tuples(images(size), trimaps(size))), st.sampled_from([0.0, 0.45, 1.0]))
def test_tint_lies_between_the_photo_and_the_palette(drawn, strength):
    image, trimap = drawn
    tinted = algebra.tint(image, trimap, strength)
    colours = np.array([[algebra.PALETTE[int(value)] for value in row] for row in trimap], np.float64)
    assert tinted.dtype == np.uint8
    assert np.abs(tinted - ((1 - strength) * image + strength * colours)).max() <= 0.5 + 1e-6


def test_palette_has_one_colour_for_each_region_far_from_the_others():
    colours = [np.array(algebra.PALETTE[value]) for value in (0, 128, 255)]
    assert len(algebra.PALETTE) == 3
    for first, second in [(0, 1), (0, 2), (1, 2)]:
        assert np.abs(colours[first] - colours[second]).max() >= 128


@given(any_trimap)
def test_arguments_are_not_changed(trimap):
    before = trimap.copy()
    for function in (algebra.clean, algebra.to_one_hot, algebra.object_size, algebra.band_width):
        function(trimap)
    algebra.widen(trimap, 2)
    algebra.narrow(trimap, 2)
    algebra.merge_strokes(trimap, np.zeros_like(trimap), np.ones(trimap.shape, bool))
    assert np.array_equal(trimap, before)


HARD = np.array([[0, 255], [128, 128]], np.uint8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: algebra.check(np.array([[0, 127]], np.uint8)), "0, 128 and 255"),
        (lambda: algebra.check(HARD.astype(np.float32)), "0, 128 and 255"),
        (lambda: algebra.check(HARD[None]), r"\(1, 2, 2\)"),
        (lambda: algebra.check(HARD[:0]), r"\(0, 2\)"),
        (lambda: algebra.widen(HARD, -1), "0 pixels or more"),
        (lambda: algebra.narrow(HARD, math.nan), "0 pixels or more"),
        (lambda: algebra.widen(HARD // 2, 1), "0, 128 and 255"),
        (lambda: algebra.from_alpha(HARD, 3, 3), "uint8"),
        (lambda: algebra.from_alpha(HARD / 255, 0, 3), "at least 1"),
        (lambda: algebra.from_mask(HARD[None] / 255, 3), r"\(1, 2, 2\)"),
        (lambda: algebra.from_probabilities(np.zeros((3, 4, 4))), r"\(3, 4, 4\)"),
        (lambda: algebra.merge_strokes(HARD, HARD[:1], HARD > 0), r"\(1, 2\)"),
        (lambda: algebra.merge_strokes(HARD, HARD, HARD), "boolean"),
        (lambda: algebra.merge_strokes(HARD, HARD // 2, HARD > 0), "0, 128 and 255"),
        (lambda: algebra.tint(np.zeros((3, 3, 3), np.uint8), HARD), r"\(3, 3, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(call, words):
    with pytest.raises(ValueError, match=words) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")
