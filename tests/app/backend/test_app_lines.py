"""Lines of jobs under clients who ask for more than their share, through a real server."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
from pictures import disc, save
from serving import Visitor, boxed, served

from matting.app import api
from matting.app.backend.lines import FULL, LONGEST, SHARE, YOURS, client_of, in_turns, running
from matting.inference.progress import StoppedError, tell


@pytest.fixture
def photo_file(tmp_path):
    path = tmp_path / "photo.png"
    save(path, np.rint(40 + 180 * disc((96, 128), 30)[..., None].repeat(3, 2)).astype(np.uint8))
    return path


@pytest.fixture
def held(pipeline, photo_file, tmp_path, monkeypatch):
    """A demo whose `/matte` does not finish before it is let go, with a photo that was uploaded to it."""
    let_go, first, matte = threading.Event(), threading.Semaphore(1), api._matte

    def slow(*arguments):
        assert let_go.wait(60)
        if first.acquire(blocking=False):
            return matte(*arguments)
        raise ValueError("Only the first one is computed.")

    monkeypatch.setattr(api, "_matte", slow)
    with served(pipeline, tmp_path / "uploads") as (page, address):
        path = Visitor(address).upload(photo_file)
        try:
            yield SimpleNamespace(address=address, let_go=let_go, path=path)
        finally:
            let_go.set()
            until = time.monotonic() + 60
            while (len(page._queue) or running(page)) and time.monotonic() < until:
                time.sleep(0.05)


def matte(held, client="127.0.0.1"):
    """Ask for a matte from an address of this machine; returns the answer to the asking."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=client), timeout=30) as http:
        return http.post(f"{held.address}/gradio_api/call/matte", json={"data": boxed(held.path)})


def test_a_client_that_never_listens_fills_its_share_alone(held):
    answers = [matte(held) for _ in range(33)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) >= 33 - SHARE - 2 and all(answer.json()["detail"] == YOURS for answer in refused)
    assert matte(held, "127.0.0.2").status_code == 200
    answer = httpx.post(f"{held.address}/gradio_api/queue/join", json={"fn_index": 0, "data": [], "session_hash": "a"})
    assert answer.status_code != 503  # another line


def test_a_full_line_is_said_in_a_sentence_and_empties_again(held):
    answers = [matte(held, f"127.0.0.{2 + n % 10}") for n in range(LONGEST + 10)]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert refused and {answer.json()["detail"] for answer in refused} <= {FULL, YOURS}
    last = answers[0].json()["event_id"]
    held.let_go.set()
    with httpx.stream("GET", f"{held.address}/gradio_api/call/matte/{last}", timeout=120) as stream:
        assert "event: complete" in list(stream.iter_lines())
    assert matte(held, "127.0.0.3").status_code == 200


def test_work_for_a_client_that_left_is_stopped(pipeline, photo_file, tmp_path, monkeypatch):
    begun, stopped = threading.Event(), threading.Event()

    def endless(*_):
        begun.set()
        until = time.monotonic() + 60
        try:
            while time.monotonic() < until:
                time.sleep(0.02)
                tell(0.5)
        except StoppedError:
            stopped.set()
            raise

    monkeypatch.setattr(api, "_matte", endless)
    with served(pipeline, tmp_path / "uploads") as (page, address):
        path = Visitor(address).upload(photo_file)
        event = httpx.post(f"{address}/gradio_api/call/matte", json={"data": boxed(path)}).json()["event_id"]
        with httpx.stream("GET", f"{address}/gradio_api/call/matte/{event}", timeout=30):
            assert begun.wait(30) and not stopped.wait(0.5)
        assert stopped.wait(30)
        until = time.monotonic() + 10
        while running(page) and time.monotonic() < until:
            time.sleep(0.05)
        assert not running(page)


def test_clients_take_turns():
    jobs = ["a1", "a2", "a3", "b1", "c1", "b2"]
    assert in_turns(jobs, [job[0] for job in jobs]) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_client_is_whom_the_nearest_proxy_saw_and_nobody_can_claim_to_be_another():
    request = SimpleNamespace(headers={"x-forwarded-for": "6.6.6.6, 10.0.0.7"}, client=SimpleNamespace(host="1.2.3.4"))
    alone, space = SimpleNamespace(space_id=None, root_path=""), SimpleNamespace(space_id="me/it", root_path="")
    assert client_of(alone, request) == "1.2.3.4"
    assert client_of(space, request) == "10.0.0.7"
