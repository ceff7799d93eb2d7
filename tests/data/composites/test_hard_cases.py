"""Clutter behind the object, layers of like colours, plain screens and rims out of focus."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import disc

from matting.data.composites.compose import CompositeData, SPAMattNetSamples
from matting.data.composites.hard_cases import plain_screen, with_clutter, with_like_colours, with_soft_rim
from matting.data.composites.settings import HARD, REALISTIC, exact
from matting.data.pools.pool import read_pool, write_foreground
from matting.data.synthetic import Foreground

SIZE = 72
seeds = st.integers(0, 10_000)


class Always:
    """A generator whose every uniform draw is its upper bound."""

    def uniform(self, low, high):
        return high


def picture(colour, spread, seed=0, size=(SIZE, SIZE)):
    drawn = np.random.default_rng(seed).normal(colour, spread, (*size, 3))
    return drawn.round().clip(0, 255).astype(np.uint8)


def round_thing(colour, spread=12, seed=1, size=(60, 90)):
    return Foreground(picture(colour, spread, seed, size), disc(size, 20, softness=3), "soft")


def lab(pixels):
    return cv2.cvtColor(np.float32(pixels).reshape(1, -1, 3) / 255, cv2.COLOR_RGB2LAB)[0]


def test_like_colours_have_the_layers_mean_and_spread():
    background, layer = picture((40, 90, 180), 15), round_thing((190, 120, 60), 9)
    alike = lab(with_like_colours(Always(), background, layer))
    wanted = lab(layer.colour[layer.alpha > 0.1])
    assert np.abs(lab(background).mean(0) - wanted.mean(0)).max() > 20
    np.testing.assert_allclose(alike.mean(0), wanted.mean(0), atol=0.7)
    np.testing.assert_allclose(alike.std(0), wanted.std(0), atol=0.7)


@given(seed=seeds)
def test_like_colours_lie_nearer_and_keep_the_backgrounds_pattern(seed):
    background, layer = picture((60, 110, 170), 20), round_thing((170, 130, 90))
    alike = with_like_colours(np.random.default_rng(seed), background, layer)
    assert alike.shape == background.shape and alike.dtype == np.uint8
    target = lab(layer.colour[layer.alpha > 0.1]).mean(0)
    distances = [np.linalg.norm(lab(image).mean(0) - target) for image in (alike, background)]
    assert distances[0] < 0.6 * distances[1]
    light = [lab(image)[:, 0] for image in (alike, background)]
    assert np.corrcoef(*light)[0, 1] > 0.95


def test_a_layer_of_which_nothing_is_seen_leaves_the_background():
    background, layer = picture((60, 110, 170), 20), round_thing((170, 130, 90))
    layer = replace(layer, alpha=np.zeros_like(layer.alpha))
    np.testing.assert_array_equal(with_like_colours(np.random.default_rng(0), background, layer), background)
    np.testing.assert_array_equal(with_clutter(np.random.default_rng(0), background, layer), background)


@given(seed=seeds)
def test_a_plain_screen_is_one_colour_under_light_that_falls_off_across_it(seed):
    screen = plain_screen(np.random.default_rng(seed), (48, 80)).astype(float)
    assert screen.shape == (48, 80, 3)
    light = screen.reshape(-1, 3)[(screen.reshape(-1, 3).max(1) < 250)]  # what is not clipped
    if len(light) < 100 or light.mean() < 20:
        return
    y, x = np.mgrid[:48, :80][:, screen.max(2) < 250]
    plane = np.stack([x, y, np.ones_like(x)], 1)
    fitted, *_ = np.linalg.lstsq(plane, light, rcond=None)
    assert np.abs(light - plane @ fitted).mean() < 2.5  # a plane, but for grain


@given(seed=seeds)
def test_a_soft_rim_keeps_what_is_visible_and_its_colours(seed):
    layer = round_thing((190, 120, 60), spread=0)
    layer = replace(layer, colour=np.where(layer.alpha[..., None] > 0, layer.colour, 0).astype(np.uint8))
    soft = with_soft_rim(np.random.default_rng(seed), layer)
    assert abs(soft.alpha.sum() / layer.alpha.sum() - 1) < 0.01
    assert np.abs(np.diff(soft.alpha, axis=1)).max() < np.abs(np.diff(layer.alpha, axis=1)).max()
    seen = soft.alpha > 0.02  # the black outside must not have come in
    assert np.abs(soft.colour[seen].astype(int) - (190, 120, 60)).max() <= 3
    assert soft.alpha.dtype == np.float32 and soft.colour.dtype == np.uint8


@pytest.mark.parametrize("shape", [(60, 90), (400, 20), (3, 3)])
def test_clutter_is_seen_in_most_backgrounds_and_leaves_some_of_each(shape):
    background = picture((60, 110, 170), 0)
    thing = round_thing((200, 40, 40), size=(60, 90))
    thing = Foreground(*(cv2.resize(plane, shape[::-1]) for plane in (thing.colour, thing.alpha)), "soft")
    changed = []
    for seed in range(40):
        cluttered = with_clutter(np.random.default_rng(seed), background, thing)
        assert cluttered.shape == background.shape and cluttered.dtype == np.uint8
        changed.append((cluttered != background).any(-1).mean())
    assert np.mean(np.array(changed) > 0.01) > 0.7
    assert np.median(changed) < 0.8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    for index, colour in enumerate([(200, 60, 40), (40, 180, 60), (120, 90, 200)]):
        write_foreground(folder, index, round_thing(colour, seed=index, size=(110, 110)))
    photos = [picture((90, 120, 150), 30, seed, (90, 140)) for seed in (5, 6)]
    return CompositeData(read_pool(folder), photos, 64, seed=3, settings=replace(HARD, seen=exact))


def test_hard_composites_are_equation_1_over_the_background_that_they_name(data):
    for index in range(12):
        sample = SPAMattNetSamples(data, 12)[index]
        alpha, foreground, background = (sample[name].double() for name in ("alpha", "foreground", "background"))
        blended = 255 * (alpha * foreground + (1 - alpha) * background)
        assert (255 * sample["image"].double() - blended).abs().max() <= 0.5 + 1e-3  # rounded to 8 bits


@pytest.mark.parametrize("part", ["clutter", "alike", "plain"])
def test_each_hard_case_changes_the_background_and_not_what_came_before_it(data, part):
    plain = replace(data, settings=replace(REALISTIC, seen=exact))
    hard = replace(data, settings=replace(plain.settings, **{part: 1.0}))
    differ = 0
    for index in range(12):
        one, other = (SPAMattNetSamples(given, 12)[index] for given in (plain, hard))
        assert all((one[name] == other[name]).all() for name in ("alpha", "trimap"))
        differ += int((one["background"] != other["background"]).float().mean() > 0.01)
    assert differ >= 9
