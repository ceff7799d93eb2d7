"""The demo as a program of its own, for a browser to open."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 300
MILLISECONDS_TO_WAIT = 120_000


@contextmanager
def serving(cache: Path, *options: str) -> Iterator[str]:
    """Start `demo_app.py` on a free port, once Numba has compiled what the first cutout after an installation needs."""
    compiling = "from matting.compositing import load_estimator; load_estimator()"
    subprocess.run([sys.executable, "-c", compiling], cwd=ROOT, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_TEMP_DIR": str(cache),
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "demo_app.py", *options],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield _wait_until_it_listens(process, port)
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(process: subprocess.Popen, port: int) -> str:
    """Read what the server says until it names its address; afterwards somebody has to go on reading."""
    said = []
    too_long = threading.Timer(SECONDS_TO_START, process.kill)
    too_long.start()
    for sentence in process.stdout:
        said.append(sentence)
        if "Running on local URL" in sentence:
            too_long.cancel()
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return f"http://127.0.0.1:{port}"
    too_long.cancel()
    pytest.fail("The demo did not start:\n" + "".join(said))
