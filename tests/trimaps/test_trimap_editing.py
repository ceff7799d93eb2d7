import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import disc
from strategies import any_trimap

from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, object_size
from matting.trimaps.editing import (
    FIRST_WIDTHS,
    band_percent,
    candidate_bands,
    keep_promises,
    paint_next,
    set_band_percent,
    uncertainty,
)


def ring(outer=60, inner=52, size=(160, 200)):
    """A disc of foreground within a ring of unknown, outer - inner pixels wide."""
    values = np.zeros(size, np.uint8)
    cv2.circle(values, (100, 80), outer, 128, cv2.FILLED)
    if inner:
        cv2.circle(values, (100, 80), inner, 255, cv2.FILLED)
    return values


def test_a_bands_percent_is_its_width_over_the_root_of_the_objects_area():
    assert band_percent(ring()) == pytest.approx(100 * 8 / (60 * math.sqrt(math.pi)), rel=0.05)
    assert band_percent(np.zeros((5, 5), np.uint8)) == 0 and band_percent(np.full((5, 5), 255, np.uint8)) == 0


@pytest.mark.parametrize("percent", [3, 6, 7.5, 12, 20])
def test_a_band_gets_the_width_that_is_asked(percent):
    trimap = ring()
    width = percent / 100 * object_size(trimap)
    changed = set_band_percent(trimap, percent)
    # The two edges of an ideal ring, each moved by half of the change.
    middle, rows, columns = 56, *np.ogrid[:160, :200]
    radius = np.hypot(rows - 80, columns - 100)
    sure = np.abs(np.abs(radius - middle) - width / 2) > 2
    np.testing.assert_array_equal((changed == 128)[sure], (np.abs(radius - middle) < width / 2)[sure])


@given(any_trimap, st.sampled_from([0, 1, 10, 100]))
def test_the_band_only_widens_or_only_narrows(trimap, percent):
    changed = set_band_percent(trimap, percent)
    unknown = changed == 128
    assert set(np.unique(changed)) <= {0, 128, 255}
    assert (unknown >= (trimap == 128)).all() or (unknown <= (trimap == 128)).all()
    wider = percent >= band_percent(trimap)
    assert (unknown >= (trimap == 128)).all() if wider else (unknown <= (trimap == 128)).all()


@given(any_trimap)
def test_the_present_width_changes_nothing(trimap):
    np.testing.assert_array_equal(set_band_percent(trimap, band_percent(trimap)), trimap)


def test_three_widths_are_offered_around_the_present_one():
    (thin, narrower), (same, unchanged), (wide, wider) = candidate_bands(ring())
    assert thin == same / 2 and wide == same * 2 and same == band_percent(ring())
    np.testing.assert_array_equal(unchanged, ring())
    counts = [np.count_nonzero(trimap == 128) for trimap in (narrower, unchanged, wider)]
    assert counts[0] < counts[1] < counts[2]


def test_where_there_is_no_band_three_are_opened():
    hard = np.where(ring() > 0, np.uint8(255), np.uint8(0))
    offered = candidate_bands(hard)
    assert tuple(percent for percent, _ in offered) == FIRST_WIDTHS
    counts = [np.count_nonzero(trimap == 128) for _, trimap in offered]
    assert 0 < counts[0] < counts[1] < counts[2]


def test_negative_widths_and_other_values_are_refused_in_words():
    with pytest.raises(ValueError, match="0 % of the object or more, got -1"):
        set_band_percent(ring(), -1)
    with pytest.raises(ValueError, match="values 0, 128 and 255 only"):
        candidate_bands(np.full((3, 3), 7, np.uint8))
    with pytest.raises(ValueError, match=r"shape \(H, W, 3\), got \(3, 3\)"):
        uncertainty(np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"should have the size \(3, 3\), got \(3, 4\)"):
        paint_next(np.zeros((3, 3), np.float32), np.zeros((3, 4), bool))


def test_uncertainty_is_the_entropy_in_shares_of_the_most():
    probabilities = np.random.default_rng(0).dirichlet([0.3] * 3, (6, 7)).astype(np.float32)
    uncertain = uncertainty(probabilities)
    assert uncertain.dtype == np.float32
    for y, x in np.ndindex(6, 7):
        bits = sum(-float(p) * math.log(float(p)) for p in probabilities[y, x] if p > 0) / math.log(3)
        assert uncertain[y, x] == pytest.approx(bits, abs=1e-5)
    assert uncertainty(np.eye(3, dtype=np.float32)[None]).tolist() == [[0, 0, 0]]
    assert uncertainty(np.full((1, 1, 3), 1 / 3)) == pytest.approx(1)


def test_the_place_to_paint_is_the_middle_of_the_least_certain_region_and_not_a_lone_pixel():
    uncertain = np.zeros((300, 400), np.float32)
    cv2.circle(uncertain, (250, 100), 12, 0.8, cv2.FILLED)
    cv2.circle(uncertain, (60, 200), 12, 0.6, cv2.FILLED)
    uncertain[20, 20] = 1
    x, y = paint_next(uncertain)
    assert math.hypot(x - 250, y - 100) <= 10 and uncertain[y, x] == np.float32(0.8)
    painted = np.zeros((300, 400), bool)
    painted[80:120, 230:270] = True
    x, y = paint_next(uncertain, painted)
    assert math.hypot(x - 60, y - 200) <= 10


def test_the_place_to_paint_is_never_painted_already_and_none_where_all_is_certain():
    rng = np.random.default_rng(0)
    for _ in range(20):
        painted = rng.random((30, 40)) < 0.7
        x, y = paint_next(rng.random((30, 40)).astype(np.float32), painted)
        assert not painted[y, x]
    spot, middle = np.zeros((300, 400), np.float32), np.zeros((300, 400), bool)
    spot[98:103, 198:203] = 1
    middle[100, 200] = True  # the smooth peak
    x, y = paint_next(spot, middle)
    assert (x, y) != (200, 100) and spot[y, x] == 1
    assert paint_next(np.zeros((30, 40), np.float32)) is None
    assert paint_next(np.ones((30, 40), np.float32), np.ones((30, 40), bool)) is None


def body_and_trimap():
    """A disc of radius 40 as a mask, and a trimap that leaves all of it and its surroundings unknown."""
    mask = disc((120, 160), 40)
    return mask, np.full(mask.shape, UNKNOWN, np.uint8)


@given(st.integers(0, 119), st.integers(0, 159))
def test_a_click_that_the_mask_agrees_with_is_what_was_said_and_its_disc_crosses_no_edge(y, x):
    mask, trimap = body_and_trimap()
    label = int(mask[y, x] >= 0.5)
    kept = keep_promises(trimap, mask, [(x + 0.5, y + 0.5, label)])
    changed = kept != UNKNOWN
    assert kept[y, x] == (FOREGROUND if label else BACKGROUND)
    assert ((mask[changed] >= 0.5) == bool(label)).all()
    assert len(np.unique(kept[changed])) == 1
    assert changed.sum() <= np.pi * (0.1 * np.sqrt((mask >= 0.5).sum()) + 2) ** 2


def test_the_deeper_the_click_the_more_is_certain():
    mask, trimap = body_and_trimap()
    areas = [(keep_promises(trimap, mask, [(x, 60, 1)]) == FOREGROUND).sum() for x in (42.5, 46.5, 50.5, 80.5)]
    assert areas == sorted(areas) and areas[0] < areas[-1]


def test_nothing_is_left_outside_of_a_box_and_nothing_changes_within():
    mask, trimap = body_and_trimap()
    kept = keep_promises(trimap, mask, box=(50, 30, 100.2, 80))
    assert (kept[30:80, 50:100] == UNKNOWN).all()
    kept[30:80, 50:100] = BACKGROUND
    assert (kept == BACKGROUND).all()


def test_a_see_through_object_is_not_made_opaque_by_a_click_but_a_minus_still_holds():
    mask, trimap = body_and_trimap()
    glass = np.zeros((*mask.shape, 3), np.float32)
    glass[..., 1] = 1
    points = [(80.5, 60.5, 1), (10.5, 10.5, 0)]
    kept = keep_promises(trimap, mask, points, probabilities=glass)
    assert not (kept == FOREGROUND).any() and kept[10, 10] == BACKGROUND
    glass[..., 1], glass[..., 2] = 0.6, 0.4
    assert keep_promises(trimap, mask, points, probabilities=glass)[60, 80] == FOREGROUND


def test_a_click_that_the_mask_contradicts_is_no_longer_meant():
    mask, trimap = body_and_trimap()
    np.testing.assert_array_equal(keep_promises(trimap, 1 - mask, [(80.5, 60.5, 1)]), trimap)
    with pytest.raises(ValueError, match="trimap's size"):
        keep_promises(trimap, mask[1:], [])
