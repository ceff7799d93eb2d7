"""The shadow on a plain ground: found where it lies, of its strength, and not where there is none."""

import numpy as np
import pytest

from matting import compositing

SIZE = (300, 450)
Y, X = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
ALPHA = np.clip((60 - np.hypot(X - 220, Y - 120)) / 3 + 0.5, 0, 1)
TILT = (230 - 30 * X / SIZE[1] - 50 * Y / SIZE[0])[:, :, None] * np.float32([1, 0.95, 0.85])


def shadow_of(strength):
    """A soft ellipse below and beside the disc."""
    return strength * np.exp(-((((X - 245) / 85) ** 2 + ((Y - 190) / 25) ** 2) ** 2))


def photo(shadow, noise=3.0, ground=TILT):
    lit = ground * (1 - shadow[:, :, None])
    seen = ALPHA[:, :, None] * np.float32([190, 40, 40]) + (1 - ALPHA[:, :, None]) * lit
    seen += np.random.default_rng(0).normal(0, noise, seen.shape)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 3, 6])
@pytest.mark.parametrize("strength", [0.2, 0.5, 0.8])
def test_a_shadow_is_found_where_it_lies_and_as_dark_as_it_is(strength, noise):
    shadow = shadow_of(strength)
    found = compositing.find_shadow(photo(shadow, noise), ALPHA)
    beside = ALPHA == 0
    assert found.dtype == np.float32 and found.shape == SIZE and found.min() >= 0 and found.max() <= 1
    assert np.abs(found - shadow)[beside].mean() < 0.002
    core = beside & (shadow > 0.9 * strength)
    assert abs((found - shadow)[core].mean()) < 0.01
    assert not found[:60].any()


def test_a_hard_shadow_in_the_sun_is_one_too():
    shadow = 0.5 * ((abs(X - 250) < 70) & (abs(Y - 185) < 12))
    found = compositing.find_shadow(photo(shadow.astype(np.float32)), ALPHA)
    assert np.abs(found - shadow)[ALPHA == 0].mean() < 0.005 and found[185, 300] > 0.45


def test_it_goes_on_beneath_the_soft_edge():
    found = compositing.find_shadow(photo(shadow_of(0.5)), ALPHA)
    edge = (ALPHA > 0.05) & (ALPHA < 0.95) & (shadow_of(0.5) > 0.4)
    assert edge.any() and found[edge].min() > 0.3


def test_large_photos_are_looked_at_small():
    large = np.kron(photo(shadow_of(0.5)), np.ones((3, 3, 1), np.uint8))
    found = compositing.find_shadow(large, np.kron(ALPHA, np.ones((3, 3), np.float32)))
    assert np.abs(found[1::3, 1::3] - shadow_of(0.5))[ALPHA == 0].mean() < 0.005


def test_where_there_is_none_or_the_ground_is_busy_it_is_said():
    with pytest.raises(ValueError, match="No shadow was found"):
        compositing.find_shadow(photo(shadow_of(0)), ALPHA)
    stripes = TILT * (0.6 + 0.4 * (X // 20 % 2))[:, :, None]
    with pytest.raises(ValueError, match="not plain"):
        compositing.find_shadow(photo(shadow_of(0.5), ground=stripes), ALPHA)
    with pytest.raises(ValueError, match="not plain"):  # nothing but the object
        compositing.find_shadow(photo(shadow_of(0.5)), np.ones(SIZE, np.float32))
    with pytest.raises(ValueError, match="photo should be uint8"):
        compositing.find_shadow(photo(shadow_of(0.5)).astype(np.float32), ALPHA)


def test_a_dark_thing_of_another_colour_or_apart_from_the_object_is_none():
    ground = TILT.copy()
    ground[180:220, 200:260] = 30, 90, 160  # beside the object, blue
    ground[250:290, 20:80] *= 0.5  # a shadow of something else
    with pytest.raises(ValueError, match="No shadow was found"):
        compositing.find_shadow(photo(shadow_of(0), ground=ground), ALPHA)


def test_one_layer_composites_as_object_and_shadow_do_one_after_the_other():
    rng = np.random.default_rng(1)
    colours, background = rng.integers(0, 256, (2, *SIZE, 3), np.uint8)
    shadow = shadow_of(0.6)
    layer, both = compositing.under(colours, ALPHA, shadow)
    expected = ALPHA[:, :, None] * colours + ((1 - ALPHA) * (1 - shadow))[:, :, None] * background
    assert np.abs(compositing.blend(layer, background, both) - expected).max() <= 1.01
    same, alone = compositing.under(colours, ALPHA, np.zeros(SIZE))
    assert (alone == ALPHA).all() and (same[ALPHA > 0] == colours[ALPHA > 0]).all()
