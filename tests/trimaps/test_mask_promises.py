"""What a coarse mask promises: far things are background, deep inside is foreground, all else is TGN's."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, from_probabilities, object_size, to_one_hot
from matting.trimaps.mask_promises import DEEP, DOUBT, EDGE, FAR, TOUCHING, UNKNOWN_ODDS, keep_to_mask, rim_width

SIZE, CENTRE, RADIUS = (260, 320), (160, 130), 60


def disc(centre=CENTRE, radius=RADIUS):
    return cv2.circle(np.zeros(SIZE, np.uint8), centre, radius, 1, cv2.FILLED).astype(bool)


OBJECT = object_size(disc())


def distance(region):
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def band(*discs):
    """TGN's probabilities: unknown within 2 pixels of the disc's outline and in further discs, wherever they are."""
    unknown = disc(radius=RADIUS + 2) & ~disc(radius=RADIUS - 2)
    trimap = np.where(unknown, UNKNOWN, np.where(disc(), FOREGROUND, BACKGROUND)).astype(np.uint8)
    for centre, radius, value in discs:
        trimap[disc(centre, radius)] = value
    return 0.8 * to_one_hot(trimap) + np.float32(0.2 / 3)


def kept(probabilities, mask=None):
    return from_probabilities(keep_to_mask(probabilities, disc().astype(np.float32) if mask is None else mask))


def test_a_trimap_that_respects_its_mask_stays_as_it_is():
    np.testing.assert_array_equal(kept(band()), from_probabilities(band()))


@pytest.mark.parametrize("value", [UNKNOWN, FOREGROUND])
def test_pieces_that_do_not_come_near_the_mask_are_background(value):
    aside = (CENTRE[0] + RADIUS + 30, CENTRE[1])
    assert (RADIUS + 30 - 8) - RADIUS > TOUCHING * OBJECT  # it is no part of the surroundings
    np.testing.assert_array_equal(kept(band((aside, 8, value))), from_probabilities(band()))


def test_a_piece_that_reaches_out_of_the_surroundings_stays_as_far_as_hair_may_reach():
    hair = ((CENTRE[0] + RADIUS + 12, CENTRE[1]), 14, UNKNOWN)
    found, far = kept(band(hair)), distance(disc()) > FAR * OBJECT
    assert far[disc(*hair[:2])].any()
    np.testing.assert_array_equal(found, np.where(far, BACKGROUND, from_probabilities(band(hair))))


def test_a_blurred_mask_lets_hair_reach_farther_by_the_width_of_its_rim():
    hair, blurred = ((CENTRE[0] + RADIUS + 12, CENTRE[1]), 14, UNKNOWN), cv2.blur(disc().astype(np.float32), (21, 21))
    assert rim_width(disc().astype(np.float32)) == 0 and 14 < rim_width(blurred) < 21
    far = distance(blurred >= 0.5) > FAR * object_size(blurred) + rim_width(blurred)
    assert not far[disc(*hair[:2])].any()
    np.testing.assert_array_equal(kept(band(hair), blurred), from_probabilities(band(hair)))


@pytest.mark.parametrize("value", [UNKNOWN, BACKGROUND])
def test_what_lies_deep_inside_the_mask_is_foreground_and_near_its_outline_is_tgns(value):
    clothes = (CENTRE[0] + 20, CENTRE[1]), 35, value
    found, deep = kept(band(clothes)), distance(~disc()) > DEEP * OBJECT
    np.testing.assert_array_equal(found, np.where(deep, FOREGROUND, from_probabilities(band(clothes))))
    assert (found == value)[disc()].sum() < (from_probabilities(band(clothes)) == value)[disc()].sum()


def test_where_tgn_contradicts_a_sharp_mask_outright_the_mask_stands_but_for_its_edge():
    for side, value, stands in ((disc(), BACKGROUND, FOREGROUND), (~disc(), FOREGROUND, BACKGROUND)):
        claim = (CENTRE[0] + RADIUS, CENTRE[1]), 10, value
        found, away = kept(band(claim)), distance(~side)
        against = disc(*claim[:2]) & side & (away > 0)
        assert (found[against & (away <= EDGE)] == UNKNOWN).all() and (found[against & (away > EDGE)] == stands).all()
        assert (against & (away <= EDGE)).any() and (against & (away > EDGE)).any()


def test_a_soft_mask_is_contradicted_as_far_as_its_rim_may_be_wrong():
    soft, beside = cv2.blur(disc().astype(np.float32), (21, 21)), ((CENTRE[0] + RADIUS, CENTRE[1]), 25, FOREGROUND)
    assert DOUBT * rim_width(soft) > 25
    assert (kept(band(beside), soft)[disc(*beside[:2])] == FOREGROUND).all()
    assert not (kept(band(beside))[disc(*beside[:2])] == FOREGROUND).all()


def test_unknown_is_narrower_with_a_sharp_mask_than_with_a_soft_one():
    sharp, soft = disc().astype(np.float32), cv2.blur(disc().astype(np.float32), (21, 21))
    even = band()
    even[disc(radius=RADIUS + 5) & ~disc(radius=RADIUS)] = (0.45, 0.55, 0)
    assert (kept(even, sharp) == UNKNOWN).sum() < (kept(even, soft) == UNKNOWN).sum()
    assert UNKNOWN_ODDS[0] < UNKNOWN_ODDS[1]


def test_where_the_mask_is_unsure_or_the_object_see_through_tgn_is_believed():
    glass = disc(radius=20)
    probabilities = band((CENTRE, 20, UNKNOWN))
    unsure = np.where(glass, 0.9, disc()).astype(np.float32)
    assert (kept(probabilities)[glass] == FOREGROUND).all()
    assert (kept(probabilities, unsure)[glass] == UNKNOWN).all()
    probabilities[glass] = (0.01, 0.98, 0.01)
    assert (kept(probabilities)[glass] == UNKNOWN).all()


def test_the_photos_border_is_no_edge_of_the_object():
    probabilities = np.broadcast_to(np.float32([0.2, 0.7, 0.1]), (*SIZE, 3))
    assert (kept(probabilities, np.ones(SIZE, np.float32)) == FOREGROUND).all()


def test_an_empty_mask_promises_nothing():
    np.testing.assert_array_equal(keep_to_mask(band(), np.zeros(SIZE, np.float32)), band())


@given(st.integers(0, 2**32 - 1))
def test_what_is_kept_sums_to_one_changes_no_input_and_is_kept_again(seed):
    rng = np.random.default_rng(seed)
    probabilities = cv2.blur(rng.dirichlet((0.05, 0.05, 0.05), SIZE).astype(np.float32), (9, 9))
    mask = cv2.blur((rng.random(SIZE) < 0.5).astype(np.float32), (41, 41))
    before = probabilities.copy()
    once = keep_to_mask(probabilities, mask)
    np.testing.assert_array_equal(probabilities, before)
    np.testing.assert_allclose(once.sum(axis=2), 1, atol=1e-5)
    decided = once.max(axis=2) == 1
    assert decided.any() and not decided.all()
    undecided, were = once[~decided], before[~decided]
    np.testing.assert_allclose(undecided[:, 0] * were[:, 2], undecided[:, 2] * were[:, 0], atol=1e-5)


def test_sizes_that_differ_are_refused_in_words():
    with pytest.raises(ValueError, match=r"\(2, 3, 3\), got \(3, 2, 3\)"):
        keep_to_mask(np.zeros((3, 2, 3), np.float32), np.zeros((2, 3), np.float32))
