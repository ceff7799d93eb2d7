import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import disc

from matting.data.composites.augment import darkened_corners, edited_camera
from matting.data.composites.compose import CompositeData, TGNSamples
from matting.data.composites.hard_masks import (
    hard_mask,
    largest_piece,
    leak,
    leave_out,
    like_region,
    on_coarse_grid,
    segmenter_mask,
    without_strands,
)
from matting.data.composites.settings import HARD, PAPER, REALISTIC
from matting.data.pools.pool import read_pool, write_foreground
from matting.data.synthetic import Foreground

seeds = st.integers(0, 10_000)
SIZE = (120, 160)


def body():
    mask = np.zeros(SIZE, np.uint8)
    cv2.circle(mask, (80, 60), 35, 1, cv2.FILLED)
    return mask


def halves():
    """Left half dark, right half bright, the border between them sharp."""
    image = np.full((*SIZE, 3), 40, np.uint8)
    image[:, 80:] = 200
    return image


@given(seeds)
def test_a_leak_adds_background_of_one_colour_beside_the_object(seed):
    mask = body()
    leaked = leak(np.random.default_rng(seed), mask, halves())
    added = (leaked == 1) & (mask == 0)
    assert set(np.unique(leaked)) <= {0, 1} and (leaked >= mask).all() and added.any()
    assert cv2.connectedComponents(leaked)[0] <= 3  # background, the object, and a leak two pixels away at most
    columns = np.nonzero(added)[1]
    assert (columns < 83).all() or (columns >= 77).all()  # the blurred border stops it


@given(seeds)
def test_leaving_out_takes_a_part_of_one_colour_from_the_object_alone(seed):
    mask = body()
    rest = leave_out(np.random.default_rng(seed), mask, halves())
    removed = (rest == 0) & (mask == 1)
    assert set(np.unique(rest)) <= {0, 1} and (rest <= mask).all() and removed.any()
    columns = np.nonzero(removed)[1]
    assert (columns < 83).all() or (columns >= 77).all()


@given(seeds)
def test_a_region_of_like_colour_stays_near_and_respects_the_barrier(seed):
    barrier = np.zeros(SIZE, np.uint8)
    barrier[:, 100:103] = 1
    places = np.zeros(SIZE, np.uint8)
    places[60, 90] = 1
    region = like_region(np.random.default_rng(seed), np.full((*SIZE, 3), 90, np.uint8), places, barrier)
    y, x = np.nonzero(region)
    assert region[60, 90] == 1 and (x < 100).all()
    assert (np.hypot(y - 60, x - 90) <= 0.2 * 160 + 1).all()


def test_where_there_is_no_object_or_no_background_nothing_happens():
    rng, image = np.random.default_rng(0), halves()
    empty, full = np.zeros(SIZE, np.uint8), np.ones(SIZE, np.uint8)
    for change in (leak, leave_out):
        np.testing.assert_array_equal(change(rng, empty, image), empty)
    np.testing.assert_array_equal(leak(rng, full, image), full)
    np.testing.assert_array_equal(largest_piece(empty), empty)


def test_strands_go_and_the_body_stays():
    mask = body()
    haired = mask.copy()
    haired[5:60, 80:82] = 1
    bald = without_strands(haired, 7)
    assert bald[8, 80] == 0
    assert np.count_nonzero(bald != mask) < 0.02 * mask.sum()
    np.testing.assert_array_equal(without_strands(haired, 0), haired)


def test_a_coarse_grid_forgets_what_is_finer_than_a_cell():
    mask = body()
    fine = mask.copy()
    fine[58:60, 78:80] = 0  # a hole and a speck of two pixels, cells of five
    fine[10:12, 10:12] = 1
    np.testing.assert_array_equal(on_coarse_grid(fine, 32)[8:14, 8:14], 0)
    assert on_coarse_grid(fine, 32)[59, 79] == 1
    assert np.count_nonzero(on_coarse_grid(mask, 32) != mask) < 0.06 * mask.sum()
    np.testing.assert_array_equal(on_coarse_grid(mask, 160), mask)


def test_the_largest_piece_alone_is_kept():
    mask = body()
    apart = mask.copy()
    apart[2:12, 2:12] = 1
    np.testing.assert_array_equal(largest_piece(apart), mask)


@settings(max_examples=25)
@given(seed=seeds, radius=st.integers(0, 60))
@pytest.mark.parametrize("draw", [segmenter_mask, hard_mask])
def test_masks_lie_in_0_1_and_depend_on_the_generator_alone(draw, seed, radius):
    alpha = disc(SIZE, radius)
    mask = draw(np.random.default_rng(seed), alpha, halves())
    assert mask.dtype == np.float32 and mask.shape == SIZE and 0 <= mask.min() <= mask.max() <= 1
    np.testing.assert_array_equal(mask, draw(np.random.default_rng(seed), alpha, halves()))


def test_segmenters_err_on_both_sides_but_mostly_find_the_object():
    alpha = disc(SIZE, 40)
    masks = np.array([segmenter_mask(np.random.default_rng(seed), alpha, halves()) > 0.5 for seed in range(150)])
    inside = alpha > 0.5
    ious = [(mask & inside).sum() / (mask | inside).sum() for mask in masks]
    assert np.median(ious) > 0.75 and np.min(ious) < 0.7
    assert np.mean([(mask & ~inside).sum() > 0.03 * inside.sum() for mask in masks]) > 0.2
    assert np.mean([(~mask & inside).sum() > 0.03 * inside.sum() for mask in masks]) > 0.2


@given(seeds)
@settings(max_examples=25)
def test_the_edited_camera_disturbs_but_moves_nothing(seed):
    image = cv2.GaussianBlur(halves(), (0, 0), 3)
    seen = edited_camera(np.random.default_rng(seed), image)
    assert seen.shape == image.shape and seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - image).mean() < 60
    edges = [np.abs(np.diff(picture.astype(float).mean(axis=(0, 2)))).argmax() for picture in (image, seen)]
    assert abs(edges[0] - edges[1]) <= 3


def test_corners_alone_lose_their_light():
    even = np.full((41, 61, 3), 200, np.uint8)
    seen = darkened_corners(even, 0.3)
    assert (seen[20, 30] == 200).all() and (seen[0, 0] == 140).all() and (seen[-1, -1] == 140).all()
    assert (np.diff(seen[20, 30:, 0].astype(int)) <= 0).all()


@pytest.mark.parametrize("made", [HARD, PAPER, REALISTIC])
def test_settings_travel_to_workers(tmp_path, made):
    write_foreground(tmp_path, 0, Foreground(halves(), disc(SIZE, 40), "soft"))
    samples = TGNSamples(CompositeData(read_pool(tmp_path), [halves()], 64, 0, made), 4)
    again = pickle.loads(pickle.dumps(samples))
    for index in range(4):
        np.testing.assert_array_equal(samples[index]["coarse_mask"], again[index]["coarse_mask"])


def test_the_hard_settings_are_harder_on_masks_alone_and_the_image(tmp_path):
    write_foreground(tmp_path, 0, Foreground(halves(), disc(SIZE, 40), "soft"))
    hard, usual = (TGNSamples(CompositeData(read_pool(tmp_path), [halves()], 64, 0, r), 30) for r in (HARD, REALISTIC))
    pairs = [(hard[index], usual[index]) for index in range(30)]
    assert all((one["classes"] == other["classes"]).all() for one, other in pairs)
    assert any((one["coarse_mask"] != other["coarse_mask"]).any() for one, other in pairs)
    assert any((one["image"] != other["image"]).any() for one, other in pairs)
