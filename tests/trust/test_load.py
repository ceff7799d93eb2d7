"""The demo's server under twenty programs at once: every answer is the one computed alone, and memory stays flat."""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from network_cases import narrowest_pipeline
from PIL import Image
from serving import served

pytestmark = pytest.mark.trust
CLIENTS, CALLS, LONG = 20, 200, 500
SIZE = (72, 96)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    torch.manual_seed(0)
    pipeline = narrowest_pipeline()
    with served(pipeline, tmp_path_factory.mktemp("uploads")) as (_, address):
        yield pipeline, address


def drawn(seed):
    """A photo with a bright box in it, as PNG, and the box."""
    rng = np.random.default_rng(seed)
    x, y = (int(rng.integers(8, 30)) for _ in range(2))
    values = rng.integers(0, 60, (*SIZE, 3)).astype(np.uint8)
    values[y : y + 36, x : x + 48] += 170
    kept = io.BytesIO()
    Image.fromarray(values).save(kept, "PNG")
    return kept.getvalue(), [x - 2, y - 2, x + 50, y + 38]


def mask_of(box):
    mask = np.zeros(SIZE, np.uint8)
    left, top, right, bottom = (side + change for side, change in zip(box, (2, 2, -2, -2), strict=True))
    mask[top:bottom, left:right] = 255
    kept = io.BytesIO()
    Image.fromarray(mask).save(kept, "PNG")
    return kept.getvalue()


class Program:
    """A client with an address of its own."""

    def __init__(self, address: str, number: int) -> None:
        transport = httpx.HTTPTransport(local_address=f"127.0.1.{number + 1}")
        self.http = httpx.Client(base_url=f"{address}/gradio_api", transport=transport, timeout=300)

    def matte(self, seed: int) -> np.ndarray:
        """Return the alpha's file for a drawn photo, as its values."""
        photo, box = drawn(seed)
        sent = [
            self._file(photo, "photo.png"),
            self._file(mask_of(box), "mask.png"),
            None,
            None,
            None,
            "hard",
            "nothing",
        ]
        asked = self.http.post("/call/matte", json={"data": sent})
        asked.raise_for_status()
        with self.http.stream("GET", f"/call/matte/{asked.json()['event_id']}") as stream:
            lines = list(stream.iter_lines())
        assert "event: complete" in lines, lines
        alpha = json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]
        return np.asarray(Image.open(io.BytesIO(self.http.get(f"/file={alpha['path']}").content)))

    def _file(self, content: bytes, name: str) -> dict:
        path = self.http.post("/upload", files={"files": (name, content)}).json()[0]
        return {"path": path, "meta": {"_type": "gradio.FileData"}}


def test_two_hundred_calls_of_twenty_programs_are_answered_as_if_alone(demo):
    pipeline, address = demo
    programs = [Program(address, number) for number in range(CLIENTS)]
    answers: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        for seed in range(number, CALLS, CLIENTS):
            answers[seed] = programs[number].matte(seed)

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(work, range(CLIENTS)))
    assert len(answers) == CALLS
    wrong = []
    for seed in range(CALLS):
        photo, box = drawn(seed)
        alone = pipeline(photo, coarse_mask=mask_of(box)).alpha
        wrong += [seed] * (
            not np.array_equal(answers[seed], np.rint(alone.astype(np.float64) * 65535).astype(np.uint16))
        )
    assert wrong == []
    print(
        f"load: {CALLS} calls of {CLIENTS} programs, none lost, none mixed, every alpha equal to the one computed alone"
    )


def test_memory_is_flat_over_five_hundred_calls(demo):
    _, address = demo
    program, held = Program(address, 0), []
    for seed in range(LONG):
        program.matte(seed % 50)
        held.append(_resident())
    before, after = statistics.median(held[150:200]), statistics.median(held[-50:])
    print(f"memory: {before / 2**20:.0f} MiB after 200 calls, {after / 2**20:.0f} MiB after {LONG}")
    assert after < 1.05 * before
    assert threading.active_count() < 100


def _resident() -> int:
    """Bytes of this process, in which the server runs, that are in memory."""
    status = Path("/proc/self/statm")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
