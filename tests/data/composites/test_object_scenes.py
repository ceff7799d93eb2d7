"""Whole objects before photos, lettering behind them, and the masks that people bring."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from composite_cases import layer, photos
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from matting.data.composites.augment import warp
from matting.data.composites.compose import CompositeData, TGNSamples, generator
from matting.data.composites.hard_masks import brought_mask
from matting.data.composites.lettering import with_lettering
from matting.data.composites.object_scenes import ObjectSamples, draw_object, place, tgn_samples
from matting.data.composites.settings import HARD, OBJECTS
from matting.data.pools.pool import read_pool, write_foreground
from matting.data.synthetic import Foreground

CROP = 96
seeds = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    for index, size in enumerate([(110, 110), (80, 150), (200, 90)]):
        write_foreground(folder, index, layer(size, index, radius=20 + 8 * index, softness=6))
    return CompositeData(read_pool(folder), photos(), CROP, 7, OBJECTS)


def bust():
    """An object that its layer cuts off at the bottom and nowhere else."""
    alpha = np.zeros((120, 100), np.float32)
    alpha[40:, 30:70] = 1
    return Foreground(noise(alpha.shape), alpha, "photo")


def test_a_sample_depends_on_its_number_alone_and_has_the_forms_that_tgn_takes(data):
    samples, again = ObjectSamples(data, 9), ObjectSamples(data, 9)
    assert len(samples) == 9
    for index in (5, 0, 8):
        sample = samples[index]
        assert all(torch.equal(sample[name], again[index][name]) for name in sample)
        assert sample["image"].shape == (3, CROP, CROP) and sample["coarse_mask"].shape == (1, CROP, CROP)
        assert sample["classes"].shape == (CROP, CROP) and set(sample["classes"].unique().tolist()) <= {0, 1, 2}
    assert not torch.equal(samples[0]["image"], samples[1]["image"])


def test_the_settings_choose_whole_objects(data):
    assert isinstance(tgn_samples(data, 3), ObjectSamples)
    assert isinstance(tgn_samples(replace(data, settings=HARD), 3), TGNSamples)


@given(seeds)
def test_what_stands_in_the_background_is_no_part_of_alpha(data, seed):
    alone, among = (
        draw_object(generator(seed, 0), replace(data, settings=replace(OBJECTS, clutter=clutter))) for clutter in (0, 1)
    )
    np.testing.assert_array_equal(alone.alpha, among.alpha)
    assert (alone.background != among.background).any()


@given(seeds)
def test_an_object_that_its_photo_cut_off_is_cut_off_by_the_view(seed):
    rng = np.random.default_rng(seed)
    placed = place(rng, bust(), CROP)
    columns = (placed.alpha > 0.5).any(0)
    if columns.any() and placed.alpha[-1].any():
        assert (placed.alpha[-1, columns] > 0.4).all()
    # The object's end is seen nowhere: below what is opaque there is no background.
    last = CROP - 1 - (placed.alpha[::-1] > 0.5).argmax(0)
    assert (last[columns] == CROP - 1).all()


@given(seeds)
def test_a_whole_object_ends_within_its_layer(seed):
    placed = place(np.random.default_rng(seed), layer((110, 110), radius=30), CROP)
    assert placed.alpha.shape == (CROP, CROP) and placed.colour.shape == (CROP, CROP, 3)
    np.testing.assert_array_equal(placed.alpha, np.rint(placed.alpha * 255) / np.float32(255))
    assert 0 <= placed.alpha.min() <= placed.alpha.max() <= 1


@given(seeds)
def test_lettering_is_seen_and_keeps_the_form(seed):
    background = np.full((90, 140, 3), 90, np.uint8)
    written = [with_lettering(np.random.default_rng(seed), background) for _ in range(2)]
    assert written[0].dtype == np.uint8 and written[0].shape == background.shape
    np.testing.assert_array_equal(*written)
    assert (background == 90).all()


def test_lettering_changes_most_backgrounds():
    background = np.full((90, 140, 3), 90, np.uint8)
    changed = [(with_lettering(np.random.default_rng(seed), background) != 90).any() for seed in range(40)]
    assert np.mean(changed) > 0.8


def test_masks_that_are_brought_are_often_exact_and_never_beyond_their_range():
    alpha, image = layer((120, 120)).alpha, noise((120, 120))
    masks = [brought_mask(np.random.default_rng(seed), alpha, image) for seed in range(200)]
    assert all(mask.shape == alpha.shape and mask.dtype == np.float32 for mask in masks)
    assert all(0 <= mask.min() <= mask.max() <= 1 for mask in masks)
    exact = np.mean([np.array_equal(mask, alpha >= 0.5) for mask in masks])
    assert 0.3 < exact < 0.55


def test_a_warp_that_moves_nothing_changes_nothing_and_outside_there_is_nothing():
    small = layer((50, 50), radius=15)
    still = np.float32([[1, 0, 20], [0, 1, 10]])
    moved = warp(small, still, 100)
    np.testing.assert_array_equal(moved.colour[10:60, 20:70], small.colour)
    np.testing.assert_allclose(moved.alpha[10:60, 20:70], small.alpha, atol=1e-6)
    assert moved.alpha[:, :20].max() == 0 == moved.alpha[60:].max()


def test_a_warp_that_shrinks_keeps_the_mean_of_a_fine_pattern():
    alpha = np.indices((160, 160)).sum(0).astype(np.float32) % 2
    shrunk = warp(Foreground(noise((160, 160)), alpha, "nets"), np.float32([[0.25, 0, 0], [0, 0.25, 0]]), 40)
    assert np.abs(shrunk.alpha[5:35, 5:35] - 0.5).max() < 0.2
    assert cv2.meanStdDev(shrunk.alpha[5:35, 5:35])[1].item() < 0.1
