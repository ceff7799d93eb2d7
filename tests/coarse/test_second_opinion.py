"""The region cut's second opinion: it decides where ClickNet is unsure, and is overruled where ClickNet is sure."""

import numpy as np
import pytest

from matting.coarse import Prompts
from matting.coarse.classical.regions import find_regions
from matting.coarse.second_opinion import has_no_idea, heard
from matting.evaluation.clicks import intersection_over_union

SIZE = (120, 160)


@pytest.fixture(scope="module")
def scene():
    """A red thing on green, each with a little noise, and its true mask."""
    rng = np.random.default_rng(0)
    truth = np.zeros(SIZE, bool)
    truth[40:90, 50:110] = True
    photo = np.where(truth[..., None], (200, 40, 30), (40, 150, 60)) + rng.normal(0, 4, (*SIZE, 3))
    return find_regions(np.clip(photo, 0, 255).astype(np.uint8)), truth


def blurred(mask, sure):
    import cv2

    return np.float32(0.5) + np.float32(sure) * (cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 12) - 0.4)


def test_a_blurred_answer_takes_the_photos_edges(scene):
    regions, truth = scene
    unsure = blurred(truth, 0.8)
    answer = heard(unsure, regions, Prompts([(80, 65, 1)]), SIZE)
    assert answer.shape == SIZE and answer.dtype == np.float32 and 0 <= answer.min() and answer.max() <= 1
    assert intersection_over_union(answer, truth) > max(0.95, intersection_over_union(unsure, truth) + 0.03)


def test_a_sure_answer_is_not_overruled(scene):
    regions, truth = scene
    half = truth.copy()
    half[:, 80:] = False
    sure = np.where(half, np.float32(1), np.float32(0))
    assert intersection_over_union(heard(sure, regions, Prompts([(60, 65, 1)]), SIZE), half) > 0.9


def test_the_cut_holds_what_is_clicked_and_drops_what_is_clicked_away(scene):
    regions, truth = scene
    answer = heard(np.full(SIZE, 0.5, np.float32), regions, Prompts([(80, 65, 1), (20, 20, 0)]), SIZE)
    assert answer[65, 80] > 0.6 and answer[20, 20] < 0.4


def test_a_small_map_is_answered_at_its_own_size(scene):
    regions, truth = scene
    assert heard(np.full((32, 32), 0.5, np.float32), regions, Prompts(), SIZE).shape == (32, 32)


def test_where_the_network_has_no_idea_the_photos_regions_answer(scene):
    regions, truth = scene
    faint = np.where(truth, np.float32(0.06), np.float32(0.02))
    for prompts in (Prompts(), Prompts([(80, 65, 1)])):
        assert has_no_idea(faint, prompts)
        assert intersection_over_union(heard(faint, regions, prompts, SIZE), truth) > 0.9
    for prompts in (Prompts(box=(10, 10, 50, 50)), Prompts([(80, 65, 1), (5, 5, 0)])):
        assert not has_no_idea(faint, prompts)
    assert not has_no_idea(np.where(truth, np.float32(0.9), np.float32(0.1)), Prompts())
