import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matting.networks import spamattnet, tgn
from matting.training.recipes import PRESETS, RECIPES, Recipe, find_recipe

slopes = st.builds(
    Recipe,
    steps=st.integers(10, 2000),
    batch=st.just(1),
    warmup=st.integers(0, 300),
    hold=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
    decay=st.sampled_from(["cosine", "poly"]),
)


@given(recipe=slopes)
def test_the_rate_rises_holds_and_falls(recipe):
    factors = [recipe.factor(step) for step in range(recipe.steps)]
    assert all(0 <= factor <= 1 for factor in factors)
    settled = factors[max(0, recipe.warmup - 1) :]
    assert all(later <= earlier for earlier, later in zip(settled, settled[1:], strict=False))
    begin = recipe.hold * recipe.steps
    held = [f for step, f in enumerate(factors) if recipe.warmup - 1 <= step <= begin]
    assert held == [1.0] * len(held)
    if recipe.hold < 1:
        assert recipe.factor(recipe.steps) == pytest.approx(0, abs=1e-12)


def test_without_warm_up_and_hold_the_rate_is_the_papers_cosine():
    recipe = Recipe(steps=200, batch=1, warmup=0)
    for step in range(200):
        assert recipe.factor(step) == pytest.approx(0.5 * (1 + math.cos(math.pi * step / 200)), abs=1e-12)


def test_warm_up_is_linear():
    recipe = Recipe(steps=100, batch=1, warmup=10, hold=1)
    assert [recipe.factor(step) for step in range(12)] == pytest.approx([*np.arange(1, 11) / 10, 1, 1])


def test_poly_is_deeplabs():
    recipe = find_recipe("tgn", "paper")
    for step in (0, 1, 64_650, 129_299):
        assert recipe.factor(step) == pytest.approx((1 - step / 129_300) ** 0.9, abs=1e-12)


# Section IV-B and paper-spec: steps, batch, crop, rate, optimizer, momenta.
PAPER = {
    ("tgn", "paper", None): (129_300, 10, 512, 1e-3, "sgd", 0.9),
    ("spamattnet", "paper", None): (200_000, 40, 512, 4e-4, "adam", 0.5),
    ("spamattnet", "paper_star", None): (200_000, 40, 512, 1e-3, "adam", 0.5),
    ("tgn", "paper", "p3m"): (88_322, 16, 512, 1e-3, "sgd", 0.9),
    ("spamattnet", "paper", "p3m"): (300_000, 16, 512, 4e-4, "adam", 0.5),
    ("tgn", "paper", "aim-500"): (120_550, 16, 320, 1e-3, "sgd", 0.9),
    ("spamattnet", "paper", "aim-500"): (120_550, 16, 320, 4e-4, "adam", 0.5),
}


@pytest.mark.parametrize(("stage", "config", "preset"), PAPER)
def test_the_papers_recipes_are_the_papers(stage, config, preset):
    recipe = find_recipe(stage, config, preset)
    found = recipe.steps, recipe.batch, recipe.crop, recipe.rate, recipe.optimizer, recipe.momenta[0]
    assert found == PAPER[stage, config, preset]
    assert recipe.decay == ("poly" if stage == "tgn" else "cosine")
    assert recipe.warmup == (0 if stage == "tgn" else 5000)
    assert recipe.kernel == (30 if preset and stage == "tgn" else 15)
    assert recipe.whole == (1 if preset and stage == "spamattnet" else 0)
    assert recipe.windows == {"p3m": (512, 768, 1024), "aim-500": (640, 960, 1280), None: ()}[preset]


def test_photographs_are_cut_by_the_recipes_crop_windows_and_kernel():
    p3m, aim = (find_recipe("tgn", "paper", preset).photos() for preset in ("p3m", "aim-500"))
    assert (p3m.crop, p3m.sides, p3m.kernel) == (512, (512, 768, 1024), 30)
    assert (aim.crop, aim.sides, aim.kernel) == (320, (640, 960, 1280), 30)
    assert Recipe(crop=96).photos().sides == (96,)


@pytest.mark.parametrize("config", ["paper", "paper_star"])
def test_the_adaptation_is_the_papers(config):
    """λ, its halving and the steps are the paper's; rates, batch and the discriminator's steps paper-spec's."""
    recipe = find_recipe("adaptation", config)
    assert (recipe.steps, recipe.batch, recipe.crop, recipe.optimizer) == (100_000, 6, 512, "adam")
    assert recipe.rates == pytest.approx((1e-4, 4e-5))
    assert recipe.rate * recipe.discriminator_share == pytest.approx(1e-5)
    assert [recipe.weight_at(step) for step in (0, 9_999, 10_000, 99_999)] == [0.5, 0.5, 0.25, 0.5 / 512]
    assert [step for step in range(20) if recipe.judged(step)] == [4, 9, 14, 19]
    assert {recipe.factor(step) for step in (0, 9, 99_999)} == {1} and recipe.band == (10, 30)


@pytest.mark.parametrize("preset", [None, "p3m", "aim-500"])
def test_u2net_is_fine_tuned_for_a_hundred_epochs(preset):
    recipe = find_recipe("u2net", "u2netp", preset, examples=9421)
    assert (recipe.batch, recipe.crop, recipe.rate, recipe.steps) == (32, 320, 1e-3, math.ceil(942_100 / 32))
    assert {recipe.factor(step) for step in (0, 9, recipe.steps - 1)} == {1}
    assert find_recipe("u2net", "u2net", preset, examples=10, batch=4).steps == 250
    assert find_recipe("u2net", "u2net", preset, examples=10, steps=7).steps == 7
    with pytest.raises(ValueError, match="steps"):
        find_recipe("tgn", "small", examples=10)


def test_small_is_what_the_first_weights_were_trained_by():
    for stage in RECIPES.keys() - {"u2net", "adaptation"}:
        recipe = find_recipe(stage, "small", steps=7)
        assert (recipe.batch, recipe.crop, recipe.rate, recipe.warmup, recipe.hold) == (8, 256, 1e-3, 200, 0)
        assert (recipe.optimizer, recipe.momenta, recipe.weight_decay) == ("adamw", (0.9, 0.999), 1e-4)
        assert (recipe.ema, recipe.clip, recipe.hard, recipe.laplacian, recipe.whole) == (0.999, 2, 0.5, 0.5, 0)


def test_every_configuration_has_a_recipe_and_crops_that_it_can_take():
    for stage, configs in (("tgn", tgn.CONFIGS), ("spamattnet", spamattnet.CONFIGS)):
        assert RECIPES[stage].keys() == configs.keys()
        for recipe in (*RECIPES[stage].values(), *(preset[stage] for preset in PRESETS.values())):
            assert all(recipe.crop % config.multiple == 0 for config in configs.values())


def test_what_is_given_overrides_the_recipe():
    assert find_recipe("spamattnet", "paper", rate=1e-5, steps=None).rate == 1e-5
    assert find_recipe("spamattnet", "paper", rate=1e-5, steps=None).steps == 200_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "--steps"),
        ({"steps": -1}, "--steps"),
        ({"steps": 1, "batch": 0}, "--batch"),
        ({"steps": 1, "ema": 2}, "--ema"),
    ],
)
def test_values_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        find_recipe("tgn", "small", **changes)
