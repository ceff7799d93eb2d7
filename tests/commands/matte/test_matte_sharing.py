"""Processes that were launched together share a folder of photos."""

from pathlib import Path

import pytest

from matting.commands.matte.batch import Job, share_of_this_process

JOBS = [Job(Path(f"{number}.jpg"), {}) for number in range(7)]


@pytest.mark.parametrize("processes", [1, 2, 3, 9])
def test_each_photo_is_in_exactly_one_share(monkeypatch, processes):
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    shares = []
    for rank in range(processes):
        monkeypatch.setenv("RANK", str(rank))
        shares.append(share_of_this_process(JOBS))
    assert sorted((job for share in shares for job in share), key=JOBS.index) == JOBS
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_process_alone_does_them_all(monkeypatch):
    for name in ("RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    assert share_of_this_process(JOBS) == JOBS
