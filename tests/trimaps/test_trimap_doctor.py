from typing import get_args
from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_trimap

from matting.trimaps.doctor import Complaint, cure, examine

COMPLAINTS = get_args(Complaint)


def sound(size=(200, 240)):
    values = np.zeros(size, np.uint8)
    cv2.circle(values, (120, 100), 70, 128, cv2.FILLED)
    cv2.circle(values, (120, 100), 60, 255, cv2.FILLED)
    return values


def complaints(trimap):
    return [finding.complaint for finding in examine(trimap)]


def test_a_sound_trimap_has_no_complaint():
    assert examine(sound()) == ()


@given(any_trimap, st.sampled_from(COMPLAINTS))
def test_a_cure_ends_its_complaint_and_leaves_a_trimap_without_it_alone(trimap, complaint):
    before = trimap.copy()
    cured = cure(trimap, complaint)
    assert cured.dtype == np.uint8 and cured.shape == trimap.shape and set(np.unique(cured)) <= {0, 128, 255}
    assert complaint not in complaints(cured)
    if complaint not in complaints(trimap):
        np.testing.assert_array_equal(cured, trimap)
    np.testing.assert_array_equal(trimap, before)


@given(any_trimap, st.sampled_from(["stray pixels", "thin band"]))
def test_a_cure_ends_its_complaint_where_almost_everything_is_small_or_close(trimap, complaint):
    with mock.patch.multiple("matting.trimaps.doctor", STRAY=0.45, LEAST_BAND=0.5):
        assert complaint not in complaints(cure(trimap, complaint))


@given(any_trimap)
def test_findings_speak_in_sentences_and_point_at_pixels(trimap):
    for finding in examine(trimap):
        assert finding.sentence.endswith(".") and "\n" not in finding.sentence
        assert finding.remedy and not finding.remedy.endswith(".")
        assert finding.where.shape == trimap.shape and finding.where.dtype == bool and finding.where.any()


def test_missing_regions_are_found_and_settled_where_they_are_likely():
    trimap = sound()
    trimap[trimap == 255] = 128
    assert complaints(trimap) == ["no foreground"]
    cured = cure(trimap, "no foreground")
    assert cured[100, 120] == 255 and (cured[trimap == 0] == 0).all()
    assert ((cured == 255) == (np.hypot(*np.ogrid[-100:100, -120:120]) < 35))[cured != 128].mean() > 0.99
    trimap = sound()
    trimap[trimap == 0] = 128
    assert complaints(trimap) == ["no background"]
    cured = cure(trimap, "no background")
    assert (cured[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all() and (cured[trimap == 255] == 255).all()


def test_everything_unknown_gets_a_middle_and_a_rim():
    trimap = np.full((80, 100), 128, np.uint8)
    assert complaints(trimap) == ["no foreground", "no background"]
    cured = cure(cure(trimap, "no foreground"), "no background")
    assert cured[40, 50] == 255 and cured[0].max() == 0 and (cured == 128).any()


def test_a_hard_trimap_gets_a_band_along_its_edge():
    trimap = np.where(sound() > 0, np.uint8(255), np.uint8(0))
    assert complaints(trimap) == ["no unknown", "thin band"]
    cured = cure(trimap, "no unknown")
    rows, columns = np.nonzero(cured == 128)
    assert np.abs(np.hypot(rows - 100, columns - 120) - 70).max() < 4
    assert examine(cured) == ()


def test_stray_pixels_are_found_and_take_their_surroundings():
    trimap = sound()
    trimap[10, 10], trimap[100, 120], trimap[5:7, 200] = 255, 0, 128
    (finding,) = examine(trimap)
    assert finding.complaint == "stray pixels" and "3 stray spots" in finding.sentence
    assert np.argwhere(finding.where).tolist() == [[5, 200], [6, 200], [10, 10], [100, 120]]
    np.testing.assert_array_equal(cure(trimap, "stray pixels"), sound())


def test_what_is_small_beside_the_object_is_stray_and_what_is_large_is_not():
    trimap = sound()
    trimap[10:14, 10:14] = 255  # 16 pixels; the object's size is 124
    assert examine(trimap) == ()
    large = cv2.resize(sound(), None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    large[80:84, 80:84] = 255
    assert complaints(large) == ["stray pixels"]


def test_a_piece_that_is_stray_once_others_are_gone_is_removed_too():
    trimap = np.array([[255, 128, 0, 255], [128, 128, 0, 128]], np.uint8)
    with mock.patch("matting.trimaps.doctor.STRAY", 0.45):
        assert complaints(trimap)[0] == "stray pixels"
        assert "stray pixels" not in complaints(cure(trimap, "stray pixels"))


def test_the_last_piece_of_a_region_is_never_stray():
    trimap = np.zeros((200, 200), np.uint8)
    trimap[50:150, 50:150] = 128
    trimap[100, 100] = 255
    assert "stray pixels" not in complaints(trimap)


def test_what_is_left_of_a_band_is_not_stray():
    trimap = np.zeros((200, 200), np.uint8)
    trimap[:, 100:] = 255
    trimap[::4, 99:101] = 128
    assert complaints(trimap) == ["thin band"]


def test_a_thin_band_is_found_where_it_is_thin_and_widened_there_alone():
    trimap = sound()
    cv2.ellipse(trimap, (120, 100), (69, 69), 0, -60, 60, 255, cv2.FILLED)  # the right side touches, almost
    (finding,) = examine(trimap)
    assert finding.complaint == "thin band"
    assert (trimap[finding.where] == 0).any() and (trimap[finding.where] == 255).any()  # on both sides
    assert finding.where[:, :120].sum() == 0 and finding.where[100, 185:192].any()
    cured = cure(trimap, "thin band")
    np.testing.assert_array_equal(cured[~finding.where], trimap[~finding.where])
    assert (cured[finding.where] == 128).all()
    foreground, background = cured == 255, cured == 0
    apart = cv2.distanceTransform((~background).astype(np.uint8), cv2.DIST_L2, 5)[foreground].min()
    assert apart >= 3  # two unknown pixels between them


def test_other_arguments_are_refused_in_words():
    with pytest.raises(ValueError, match="values 0, 128 and 255 only"):
        examine(np.full((3, 3), 7, np.uint8))
    with pytest.raises(ValueError, match="complaint is one of no foreground, .* got 'ugly'"):
        cure(sound(), "ugly")
