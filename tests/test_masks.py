import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from strategies import alphas, any_alpha, any_mask, masks, sizes

from matting.masks import connected_parts, fill_holes, grow, invert, keep_largest, nearest_parts, shrink

widths = st.sampled_from([0, 0.5, 1, 1.4, 2, 3, 40])
TOOLS = (lambda mask: grow(mask, 2), lambda mask: shrink(mask, 2), invert, keep_largest, fill_holes)


def distances(inside):
    """Distance of every pixel to the inside, by trying all pairs."""
    points = np.argwhere(inside)
    result = np.full(inside.shape, np.inf)
    for y, x in np.ndindex(inside.shape):
        if len(points):
            result[y, x] = math.sqrt(((points - (y, x)) ** 2).sum(1).min())
    return result


@given(any_mask, widths)
def test_growing_takes_in_what_is_nearer_than_the_width(inside, pixels):
    grown = grow(inside.astype(np.float32), pixels)
    distance = distances(inside)
    assert (grown[distance <= pixels - 0.5] == 1).all()
    assert (grown[distance >= pixels + 0.5] == inside[distance >= pixels + 0.5]).all()
    edge = (distance > 0) & np.isfinite(distance)
    np.testing.assert_allclose(grown[edge], np.clip(pixels + 0.5 - distance[edge], 0, 1), atol=1e-5)


@given(any_alpha, widths, widths)
def test_growing_never_takes_away_and_more_grows_more(mask, one, other):
    less, more = (grow(mask, pixels) for pixels in sorted((one, other)))
    assert (mask <= less).all() and (less <= more).all() and more.max() <= 1 and more.dtype == np.float32


@given(any_alpha)
def test_growing_or_shrinking_by_nothing_is_the_identity(mask):
    np.testing.assert_array_equal(grow(mask, 0), mask)
    np.testing.assert_allclose(shrink(mask, 0), mask, atol=1e-7)


@given(any_alpha, widths)
def test_shrinking_is_growing_of_the_outside(mask, pixels):
    np.testing.assert_allclose(invert(shrink(mask, pixels)), grow(invert(mask), pixels), atol=1e-7)


@given(any_alpha)
def test_inverting_twice_is_the_identity(mask):
    np.testing.assert_allclose(invert(invert(mask)), mask, atol=1e-7)


@given(any_alpha)
def test_the_largest_part_alone_is_left(mask):
    parts, count = ndimage.label(mask >= 0.5, np.ones((3, 3)))
    kept = keep_largest(mask)
    if not count:
        np.testing.assert_array_equal(kept, mask)
        return
    areas = np.bincount(parts.ravel())[1:]
    left = np.unique(parts[kept >= 0.5])
    assert len(left) == 1 and areas[left[0] - 1] == areas.max()
    assert ((kept == mask) | (kept == 0)).all()
    assert (kept[parts == left[0]] == mask[parts == left[0]]).all()


def test_a_soft_rim_stays_with_the_largest_part():
    mask = np.zeros((9, 20), np.float32)
    mask[2:7, 2:7], mask[3:5, 15:17], mask[1, 2:7], mask[2, 15:17] = 1, 1, 0.3, 0.3
    kept = keep_largest(mask)
    assert (kept[1, 2:7] == np.float32(0.3)).all() and (kept[:, 12:] == 0).all()


@given(any_mask)
def test_holes_are_those_that_scipy_fills(inside):
    expected = ndimage.binary_fill_holes(inside)  # which too lets the outside pass through edges alone
    np.testing.assert_array_equal(fill_holes(inside.astype(np.float32)) >= 0.5, expected)


@given(any_alpha)
def test_filling_holes_changes_nothing_else(mask):
    filled = fill_holes(mask)
    assert ((filled == mask) | (filled == 1)).all()
    assert (filled[mask >= 0.5] == mask[mask >= 0.5]).all()
    np.testing.assert_array_equal(fill_holes(filled), filled)


@given(sizes.flatmap(alphas))
def test_no_tool_changes_its_input(mask):
    before = mask.copy()
    for tool in TOOLS:
        assert not np.shares_memory(tool(mask), mask)
    np.testing.assert_array_equal(mask, before)


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_no_mask_is_refused_in_words(tool):
    for wrong in (np.zeros((3, 3), np.uint8), np.zeros((3, 3, 1)), np.zeros((0, 3))):
        with pytest.raises(ValueError, match="A mask should be floats of shape"):
            tool(wrong)
    with pytest.raises(ValueError, match=r"A mask should lie in \[0, 1\], got 0 to 255"):
        tool(np.array([[0.0, 255.0]]))
    with pytest.raises(ValueError, match="0 pixels or more, got -1"):
        shrink(np.zeros((3, 3)), -1)


@given(sizes.flatmap(masks))
def test_connected_parts_are_scipys(inside):
    parts = connected_parts(inside)
    expected, count = ndimage.label(inside, np.ones((3, 3)))
    pairs = set(zip(parts.ravel().tolist(), expected.ravel().tolist(), strict=True))
    assert len(pairs - {(0, 0)}) == count == parts.max()


@given(sizes.flatmap(lambda size: arrays(np.int32, size, elements=st.sampled_from([0, 0, 0, 2, 7]))))
def test_every_pixel_gets_the_number_of_a_nearest_part(parts):
    nearest = nearest_parts(parts)
    assert (nearest[parts > 0] == parts[parts > 0]).all()
    if not parts.any():
        return
    least = ndimage.distance_transform_edt(parts == 0)
    for number in np.unique(parts[parts > 0]):
        distance = ndimage.distance_transform_edt(parts != number)
        # OpenCV's 5x5 distances are exact to about 2 percent.
        assert (distance[nearest == number] <= least[nearest == number] * 1.05).all()
