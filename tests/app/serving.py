"""A real server of the demo within this process, and how a program that is no browser speaks to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from matting import MattingPipeline
from matting.app import build, launch_options

SETTINGS = ("GRADIO_ROOT_PATH", "GRADIO_SHARE", "SPACE_ID", "SYSTEM", "GRADIO_ALLOWED_PATHS")
JSON = {"Content-Type": "application/json"}


@contextmanager
def served(
    pipeline: MattingPipeline, uploads: Path, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[tuple[gr.Blocks, str]]:
    """Serve the demo with a folder of uploads of its own; yield the page and its address, without a slash."""
    with pytest.MonkeyPatch.context() as patch:
        for name in SETTINGS:
            patch.delenv(name, raising=False)
        for name, value in {"GRADIO_TEMP_DIR": str(uploads), **(environment or {})}.items():
            patch.setenv(name, value)
        page = build(pipeline)
        try:
            chosen = {"server_name": "127.0.0.1"} | options  # the default, whatever the environment says
            page.launch(prevent_thread_lock=True, quiet=True, **launch_options(), **chosen)
            yield page, f"http://127.0.0.1:{page.server_port}"
        finally:
            page.close(verbose=False)


def run_apart(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: Playwright leaves its loop running in the one of the tests."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def boxed(path: str) -> list[Any]:
    """Return what `/matte` is sent to keep what is in a box of the uploaded photo."""
    photo = {"path": path, "meta": {"_type": "gradio.FileData"}}
    return [photo, None, None, None, [20, 16, 98, 80], "hard", "nothing"]


class Visitor:
    """Speaks to endpoints by their numbers, private ones too, and says what it likes."""

    def __init__(self, address: str, session: str = "visitor") -> None:
        self.http, self.session = httpx.Client(base_url=f"{address}/gradio_api", timeout=60), session

    def upload(self, path: Path) -> str:
        """Upload a file and return where it lies."""
        return self.http.post("/upload", files={"files": (path.name, path.read_bytes())}).json()[0]

    def ask(self, number: int, data: list[Any], event: Any = None) -> dict[str, Any]:
        """Call an endpoint past the queue and return its answer."""
        return self.http.post("/run/predict", content=self._body(number, data, event), headers=JSON).json()

    def join(self, number: int, data: list[Any], event: Any = None) -> dict[str, Any]:
        """Call an endpoint through the queue and return its answer."""
        self.http.post("/queue/join", content=self._body(number, data, event), headers=JSON).raise_for_status()
        with self.http.stream("GET", "/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                said = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if said.get("msg") == "process_completed":
                    return said["output"]
        pytest.fail("The queue never answered.")

    def _body(self, number: int, data: list[Any], event: Any) -> str:
        return json.dumps(
            {"fn_index": number, "data": data, "event_data": event, "session_hash": self.session, "trigger_id": None}
        )
