import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matting.networks import spamattnet, tgn
from matting.training.schedules import PRESETS, SCHEDULES, Schedule, find_schedule

slopes = st.builds(
    Schedule,
    steps=st.integers(10, 2000),
    batch=st.just(1),
    warmup=st.integers(0, 300),
    hold=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
    decay=st.sampled_from(["cosine", "poly"]),
)


@given(schedule=slopes)
def test_the_rate_rises_holds_and_falls(schedule):
    factors = [schedule.factor(step) for step in range(schedule.steps)]
    assert all(0 <= factor <= 1 for factor in factors)
    settled = factors[max(0, schedule.warmup - 1) :]
    assert all(later <= earlier for earlier, later in zip(settled, settled[1:], strict=False))
    begin = schedule.hold * schedule.steps
    held = [f for step, f in enumerate(factors) if schedule.warmup - 1 <= step <= begin]
    assert held == [1.0] * len(held)
    if schedule.hold < 1:
        assert schedule.factor(schedule.steps) == pytest.approx(0, abs=1e-12)


def test_without_warm_up_and_hold_the_rate_is_the_papers_cosine():
    schedule = Schedule(steps=200, batch=1, warmup=0)
    for step in range(200):
        assert schedule.factor(step) == pytest.approx(0.5 * (1 + math.cos(math.pi * step / 200)), abs=1e-12)


def test_warm_up_is_linear():
    schedule = Schedule(steps=100, batch=1, warmup=10, hold=1)
    assert [schedule.factor(step) for step in range(12)] == pytest.approx([*np.arange(1, 11) / 10, 1, 1])


def test_poly_is_deeplabs():
    schedule = find_schedule("tgn", "paper")
    for step in (0, 1, 64_650, 129_299):
        assert schedule.factor(step) == pytest.approx((1 - step / 129_300) ** 0.9, abs=1e-12)


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
def test_the_papers_schedules_are_the_papers(stage, config, preset):
    schedule = find_schedule(stage, config, preset)
    found = schedule.steps, schedule.batch, schedule.crop, schedule.rate, schedule.optimizer, schedule.momenta[0]
    assert found == PAPER[stage, config, preset]
    assert schedule.decay == ("poly" if stage == "tgn" else "cosine")
    assert schedule.warmup == (0 if stage == "tgn" else 5000)
    assert schedule.kernel == (30 if preset and stage == "tgn" else 15)
    assert schedule.whole == (1 if preset and stage == "spamattnet" else 0)
    assert schedule.windows == {"p3m": (512, 768, 1024), "aim-500": (640, 960, 1280), None: ()}[preset]


def test_photographs_are_cut_by_the_schedules_crop_windows_and_kernel():
    p3m, aim = (find_schedule("tgn", "paper", preset).photos() for preset in ("p3m", "aim-500"))
    assert (p3m.crop, p3m.sides, p3m.kernel) == (512, (512, 768, 1024), 30)
    assert (aim.crop, aim.sides, aim.kernel) == (320, (640, 960, 1280), 30)
    assert Schedule(crop=96).photos().sides == (96,)


@pytest.mark.parametrize("config", ["paper", "paper_star"])
def test_the_adaptation_is_the_papers(config):
    """λ, its halving and the steps are the paper's; rates, batch and the discriminator's steps paper-spec's."""
    schedule = find_schedule("adaptation", config)
    assert (schedule.steps, schedule.batch, schedule.crop, schedule.optimizer) == (100_000, 6, 512, "adam")
    assert schedule.rates == pytest.approx((1e-4, 4e-5))
    assert schedule.rate * schedule.discriminator_share == pytest.approx(1e-5)
    assert [schedule.weight_at(step) for step in (0, 9_999, 10_000, 99_999)] == [0.5, 0.5, 0.25, 0.5 / 512]
    assert [step for step in range(20) if schedule.judged(step)] == [4, 9, 14, 19]
    assert {schedule.factor(step) for step in (0, 9, 99_999)} == {1} and schedule.band == (10, 30)


@pytest.mark.parametrize("preset", [None, "p3m", "aim-500"])
def test_u2net_is_fine_tuned_for_a_hundred_epochs(preset):
    schedule = find_schedule("u2net", "u2netp", preset, examples=9421)
    assert (schedule.batch, schedule.crop, schedule.rate, schedule.steps) == (32, 320, 1e-3, math.ceil(942_100 / 32))
    assert {schedule.factor(step) for step in (0, 9, schedule.steps - 1)} == {1}
    assert find_schedule("u2net", "u2net", preset, examples=10, batch=4).steps == 250
    assert find_schedule("u2net", "u2net", preset, examples=10, steps=7).steps == 7
    with pytest.raises(ValueError, match="steps"):
        find_schedule("tgn", "small", examples=10)


def test_small_is_what_the_first_weights_were_trained_by():
    for stage in SCHEDULES.keys() - {"u2net", "clicks", "adaptation"}:
        schedule = find_schedule(stage, "small", steps=7)
        assert (schedule.batch, schedule.crop, schedule.rate, schedule.warmup, schedule.hold) == (8, 256, 1e-3, 200, 0)
        assert (schedule.optimizer, schedule.momenta, schedule.weight_decay) == ("adamw", (0.9, 0.999), 1e-4)
        assert (schedule.ema, schedule.clip, schedule.hard, schedule.laplacian, schedule.whole) == (
            0.999,
            2,
            0.5,
            0.5,
            0,
        )


def test_every_configuration_has_a_schedule_and_crops_that_it_can_take():
    for stage, configs in (("tgn", tgn.CONFIGS), ("spamattnet", spamattnet.CONFIGS)):
        assert SCHEDULES[stage].keys() == configs.keys()
        for schedule in (*SCHEDULES[stage].values(), *(preset[stage] for preset in PRESETS.values())):
            assert all(schedule.crop % config.multiple == 0 for config in configs.values())


def test_what_is_given_overrides_the_schedule():
    assert find_schedule("spamattnet", "paper", rate=1e-5, steps=None).rate == 1e-5
    assert find_schedule("spamattnet", "paper", rate=1e-5, steps=None).steps == 200_000


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
        find_schedule("tgn", "small", **changes)
