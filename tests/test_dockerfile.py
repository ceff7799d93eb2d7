"""The Dockerfile, without Docker: what it copies is there, nobody is root, and its commands work on this machine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from test_packaging import project

ROOT = Path(__file__).resolve().parents[1]
SECONDS_TO_START = 300
IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """(NAME, rest) of every instruction, lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def rests(instructions: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for kind, rest in instructions if kind == name]


def copied(instructions: list[tuple[str, str]]) -> list[str]:
    return [source for rest in rests(instructions, "COPY") for source in rest.split()[:-1]]


def settings(instructions: list[tuple[str, str]]) -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in rests(instructions, "ENV") for pair in rest.split())


def test_its_python_is_one_of_the_projects_and_what_it_copies_is_there_and_not_ignored(instructions):
    python = rests(instructions, "FROM")[0].removeprefix("python:").removesuffix("-slim")
    assert SpecifierSet(project()["requires-python"]).contains(f"{python}.0")
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied(instructions):
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) for pattern in kept)


def test_it_runs_as_a_user_without_rights_and_writes_in_tmp_alone(instructions):
    names = [kind for kind, _ in instructions]
    (user,) = rests(instructions, "USER")
    assert user not in ("root", "0") and any(user in rest and "useradd" in rest for rest in rests(instructions, "RUN"))
    assert max(index for index, name in enumerate(names) if name in ("RUN", "COPY")) < names.index("USER")
    folders = [value for value in settings(instructions).values() if value.startswith("/")]
    assert len(folders) >= 3 and all(folder.startswith("/tmp/") for folder in folders)


@pytest.mark.long
def test_with_its_files_alone_its_command_starts_a_demo_that_its_healthcheck_finds_and_that_writes_in_tmp_alone(
    instructions, tmp_path
):
    image, temporary, home = (tmp_path / name for name in ("image", "tmp", "home"))
    for folder in (image, temporary, home):
        folder.mkdir()
    for source in copied(instructions):
        place = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        place(ROOT / source, image / source, **({"ignore": IGNORED} if place is shutil.copytree else {}))
    before = sorted(image.rglob("*"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= settings(instructions) | {"GRADIO_SERVER_PORT": port, "HOME": str(home), "TMPDIR": str(temporary)}
    environment = {name: value.replace("/tmp/", f"{temporary}/", 1) if value.startswith("/tmp/") else value
                   for name, value in environment.items() if name != "XDG_CACHE_HOME"}  # fmt: skip
    # Before an editable installation of the checkout, which would hide that a file is missing.
    environment["PYTHONPATH"] = str(image)
    command, healthcheck = (
        [sys.executable, *json.loads(rests(instructions, name)[0].split("CMD ")[-1])[1:]]
        for name in ("CMD", "HEALTHCHECK")
    )
    demo = subprocess.Popen(command, cwd=image, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + SECONDS_TO_START
        while demo.poll() is None and time.monotonic() < until:
            found = subprocess.run(healthcheck, env=environment, capture_output=True)
            if found.returncode == 0:
                break
        assert demo.poll() is None and found.returncode == 0, demo.communicate()[0]
    finally:
        demo.terminate()
        demo.wait()
    assert sorted(image.rglob("*")) == before
    assert not list(home.iterdir())
    assert subprocess.run(healthcheck, env=environment, capture_output=True).returncode != 0
