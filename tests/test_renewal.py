import os
import pickle
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import disc, refused, save

from matting.data import renewal
from matting.data.composites.compose import CompositeData, SPAMattNetSamples
from matting.data.datasets import PoolFiles, foreground_sources
from matting.data.pools.pool import fill_pool, load_textures, present, read_foreground
from matting.data.renewal import Renewal, RenewedPool, begin, renew
from matting.data.synthetic import Foreground, draw_foreground

SIZE, SLOTS, EVERY = 40, 4, 3


@pytest.fixture(scope="module")
def textures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(1)
    for index in range(2):
        save(folder / f"{index}.png", rng.integers(0, 256, (60, 90, 3), dtype=np.uint8))
    return folder


@pytest.fixture
def pool(tmp_path, textures):
    return begin(tmp_path / "pool", [textures], SLOTS, EVERY, SIZE, seed=2)


@pytest.fixture
def cheap(monkeypatch):
    """Draw in no time: what matters here is which number is drawn, by whom, and when."""

    def drawn(rng, size, textures):
        return Foreground(rng.integers(0, 256, (size, size, 3), dtype=np.uint8), disc((size, size), 12), "soft")

    monkeypatch.setattr(renewal, "draw_foreground", drawn)


def same(first, second):
    return first.kind == second.kind and all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in ("colour", "alpha")
    )


settings = st.builds(
    Renewal,
    slots=st.integers(1, 40),
    every=st.integers(1, 30),
    size=st.just(SIZE),
    seed=st.just(0),
    textures=st.just(("photos",)),
    fingerprint=st.just(""),
)


@given(settings, st.integers(0, 5000))
def test_a_sample_chooses_among_the_newest_numbers_one_of_each_slot(rules, sample):
    numbers = [rules.number(slot, sample) for slot in range(rules.slots)]
    assert [number % rules.slots for number in numbers] == list(range(rules.slots))
    newest = sample // rules.every + rules.slots
    assert sorted(numbers) == list(range(newest - rules.slots, newest))


@given(settings, st.integers(0, 5000))
def test_every_so_many_samples_one_foreground_goes_and_one_comes(rules, start):
    held = [{rules.number(slot, start + i) for slot in range(rules.slots)} for i in range(2 * rules.every + 1)]
    changes = [len(later - earlier) for earlier, later in pairwise(held)]
    assert sum(changes) == 2 and max(changes) <= 1


def test_the_first_generation_is_the_pool_that_stays(pool, tmp_path, textures):
    stays = PoolFiles(fill_pool(tmp_path / "stays", [textures], SLOTS, SIZE, seed=2))
    assert all(same(pool.read(slot, 0), stays.read(slot)) for slot in range(SLOTS))


def test_slot_s_of_generation_g_is_drawn_from_s_plus_g_times_the_slots(pool, textures):
    photos = load_textures([textures])
    for slot, generation in ((1, 0), (3, 1), (0, 5)):
        number = slot + generation * SLOTS
        # The first sample that may see it, and the last.
        first = max(0, (number - SLOTS + 1) * EVERY)
        last = (number + 1) * EVERY - 1
        drawn = draw_foreground(np.random.default_rng([2, number]), SIZE, photos)
        assert same(pool.read(slot, first), drawn) and same(pool.read(slot, last), drawn)
        assert not same(pool.read(slot, last + 1), drawn)


def test_what_a_sample_gets_does_not_depend_on_the_writer(pool, tmp_path, textures, cheap):
    alone = begin(tmp_path / "alone", [textures], SLOTS, EVERY, SIZE, seed=2)
    for sample in range(0, 40, 4):
        while renew(pool):
            assert len(present(pool.folder)) <= SLOTS + 2 * pool.settings.margin
        for slot in range(SLOTS):
            assert same(pool.read(slot, sample), alone.read(slot, sample))


def test_the_reader_draws_nothing_that_the_writer_has_drawn(pool, monkeypatch, cheap):
    while renew(pool):
        pass
    reader = RenewedPool(pool.folder)
    monkeypatch.setattr(reader, "draw", lambda number: pytest.fail(f"{number} was drawn twice"))
    ahead = pool.settings.margin * EVERY
    for sample in range(ahead):
        for slot in range(SLOTS):
            reader.read(slot, sample)


def test_the_disk_holds_the_slots_and_a_margin_on_both_sides(pool, cheap):
    margin = pool.settings.margin
    for sample in (0, 30, 31, 200, 1000):
        pool.read(0, sample)
        while renew(pool):
            pass
        newest = SLOTS + sample // EVERY
        held = set(present(pool.folder))
        assert held >= set(range(newest - SLOTS, newest + margin))
        assert held <= set(range(newest - SLOTS - margin, newest + margin))


def test_a_resumed_run_sees_what_an_uninterrupted_one_sees(pool, textures, cheap):
    photos = load_textures([textures])

    def samples(source):
        return SPAMattNetSamples(CompositeData(source, photos, 32, seed=1), 10_001)

    whole = [samples(pool)[index]["image"] for index in range(0, 60, 3)]
    while renew(pool):  # the writer goes on, and deletes what the end of the run does not name
        pass
    again = samples(RenewedPool(pool.folder))
    for index in (18, 45):
        assert torch.equal(again[index]["image"], whole[index // 3])
    assert not torch.equal(samples(pool)[10_000]["image"], samples(Frozen(pool))[10_000]["image"])


class Frozen:
    """A pool that never renews itself."""

    def __init__(self, pool):
        self.pool = pool

    def __len__(self):
        return len(self.pool)

    def read(self, index, sample=0):
        return self.pool.read(index, 0)


def test_a_foreground_that_vanishes_while_it_is_read_is_drawn_again(pool, monkeypatch, cheap):
    expected = pool.read(1, 0)

    def vanished(path):
        path.unlink()
        return read_foreground(path)

    monkeypatch.setattr(renewal, "read_foreground", vanished)
    assert same(pool.read(1, 0), expected)
    assert 1 in present(pool.folder)


def test_training_finds_a_pool_that_renews_itself_among_others(pool, tmp_path, textures, cheap):
    fill_pool(tmp_path / "stays", [textures], 2, SIZE, seed=9)
    joined = foreground_sources([], [tmp_path / "stays", pool.folder])
    assert len(joined) == 2 + SLOTS
    assert same(joined.read(2 + 3, sample=50), pool.read(3, sample=50))
    again = pickle.loads(pickle.dumps(joined))
    assert same(again.read(2 + 1, sample=7), pool.read(1, sample=7))


def test_other_settings_and_other_photos_are_refused_in_a_sentence(pool, tmp_path, textures):
    refused(lambda: begin(pool.folder, [textures], SLOTS, EVERY + 1, SIZE, 2), "was begun with", "every=3")
    refused(lambda: begin(tmp_path / "x", [textures], 0, 1), "slots", "0")
    refused(lambda: begin(tmp_path / "x", [tmp_path / "none"], 1, 1), "none")
    refused(lambda: RenewedPool(tmp_path), "renewal.json")
    other = tmp_path / "photos"
    save(other / "0.png", np.zeros((50, 50, 3), np.uint8))
    changing = begin(tmp_path / "changing", [other], SLOTS, EVERY, SIZE)
    save(other / "1.png", np.zeros((50, 50, 3), np.uint8))
    refused(lambda: changing.read(0), "not those", str(other))
    for damaged in ("{", "[]", '{"slots": 1}'):
        (pool.folder / "renewal.json").write_text(damaged)
        refused(lambda: RenewedPool(pool.folder), "damaged")


def test_numbers_beyond_a_million_are_found_and_deleted(pool, cheap):
    sample = 1_000_003 * EVERY
    foreground = pool.read(0, sample)
    numbers = set(present(pool.folder))
    assert len(numbers) == 1 and min(numbers) >= 1_000_000
    assert same(RenewedPool(pool.folder).read(0, sample), foreground)
    pool.read(0, 2 * sample)
    renew(pool)
    assert not numbers & set(present(pool.folder))


def test_the_command_renews_at_the_lowest_priority_until_it_is_ended(tmp_path, textures):
    call = [sys.executable, "-m", "matting.data.pools.pool", "--out", tmp_path / "pool", "--textures", textures]
    call += ["--count", SLOTS, "--size", SIZE, "--seed", 2, "--renew", EVERY]
    writer = subprocess.Popen([str(part) for part in call], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not present(tmp_path / "pool"):
            assert writer.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        assert os.getpriority(os.PRIO_PROCESS, writer.pid) == 19
    finally:
        writer.send_signal(signal.SIGINT)
        _, errors = writer.communicate()
    assert writer.returncode == 130 and errors == ""
    refusal = subprocess.run([str(part) for part in [*call[:-1], 0]], capture_output=True, text=True)
    assert refusal.returncode == 1 and refusal.stderr.count("\n") == 1
