"""Visitors' work stays where others come in numbers."""

from __future__ import annotations

import gradio as gr
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import Visitor, served

from matting.app.backend import sessions
from matting.app.backend.held import Ledger, memory_for_work, size_of
from matting.app.session.stages import Photo


def test_bytes_are_those_of_all_arrays_each_once():
    image = np.zeros((30, 40, 3), np.uint8)
    photo = Photo.of(image, "a")
    assert size_of(photo, [photo, {"again": photo.image}], "text", None, 3) == size_of(photo) >= image.nbytes


def test_the_limit_is_a_share_of_the_memory():
    assert 0 < memory_for_work() <= 4 << 30


def test_whoever_holds_most_gives_way_first_with_the_oldest_of_theirs():
    ledger = Ledger(limit=100, most=100)
    for key, owner, size in (("a", "me", 30), ("b", "they", 40), ("c", "they", 20), ("d", "they", 30)):
        ledger.use(key, owner, size)
    assert list(ledger.excess()) == ["b"]
    assert list(ledger.excess()) == []


def test_of_too_many_those_without_work_go_first():
    ledger = Ledger(limit=100, most=3)
    ledger.use("work", "me", 5)
    gone = []
    for key in "abcdef":
        ledger.use(key, key, 0)
        gone += ledger.excess()
    assert gone == ["a", "b", "c", "d"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(0, 60)), max_size=40))
def test_a_ledger_keeps_to_its_limits_and_to_what_was_used_last(uses):
    ledger, sizes = Ledger(limit=100, most=4), {}
    for key, owner, size in uses:
        ledger.use(key, owner, size)
        sizes[key] = size
        for gone in ledger.excess():
            assert gone != key
            sizes.pop(gone)
        assert len(sizes) == 1 or (sum(sizes.values()) <= 100 and len(sizes) <= 4)


@pytest.fixture
def demo(pipeline, tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "SESSIONS", 12)
    with served(pipeline, tmp_path) as (page, address):
        yield page, address


def test_a_crowd_of_new_sessions_leaves_work_where_it_is(demo):
    page, address = demo
    state = next(number for number, block in page.blocks.items() if isinstance(block, gr.State))
    page.state_holder["honest"][state] = work = np.ones((50, 50), np.uint8)
    Visitor(address, "honest").ask(0, [])
    for number in range(40):
        Visitor(address, f"crowd-{number}").ask(0, [])
    assert page.state_holder["honest"][state] is work
    assert len(page.state_holder.session_data) <= 12
