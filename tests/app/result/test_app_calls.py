"""The calls that the page writes for programs make the cutout of the page, each run by a program of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from app_cases import HEIGHT, WIDTH, disc
from PIL import Image
from playwright._impl._driver import compute_driver_executable
from serving import served

from matting.app.result.calls import CALLS, File, arguments_of
from matting.app.session.matte_files import keep_matte
from matting.app.session.stages import Click, Clicks, Photo, Selection
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import DEFAULT
from matting.trimaps.algebra import BACKGROUND

NODE, _ = compute_driver_executable()
PROGRAMS = {"python": [sys.executable, "call.py"], "javascript": [NODE, "call.mjs"], "shell": ["sh", "call.sh"]}
DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "api-and-spaces.md"
NAME = "it's a disc.png"


@pytest.fixture(scope="module")
def server(pipeline, tmp_path_factory):
    with served(pipeline, tmp_path_factory.mktemp("uploads")) as (_, address):
        yield address


@pytest.fixture(scope="module")
def shot():
    """A photo for all of these tests, whose trimap takes seconds."""
    return Photo.of(np.where(disc(30)[:, :, None], 210, 35).repeat(3, axis=2).astype(np.uint8), "disc")


@pytest.fixture(scope="module")
def edit(app, shot):
    """A trimap as two clicks make it on the page."""
    clicks = Clicks((Click(64, 48, "keep"), Click(5, 5, "remove")))
    states = app.page.states
    selection = app.picks.segment(shot, clicks, None, None, DEFAULT, None)[states.selection]
    return app.trimaps.find(shot, selection, None, None)[states.trimap]


def run(language: str, arguments: dict, address: str, folder: Path) -> None:
    """Run a call as its reader would; all three leave the paths or addresses of their files in the folder."""
    code = CALLS[language](arguments, address)
    if language == "python":
        code += "import shutil; shutil.copy(cutout, 'cutout.png')\n"
    (folder / PROGRAMS[language][1]).write_text(code)
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(PROGRAMS[language], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("language", CALLS)
def test_a_call_makes_the_cutout_of_the_page(app, shot, edit, server, language, tmp_path):
    Image.fromarray(shot.image).save(tmp_path / NAME)
    alpha = app.steps.alpha(shot.image, edit.values, None, "hard")
    expected = np.asarray(Image.open(keep_matte(shot, edit, alpha).cutout_file)).astype(int)
    run(language, arguments_of(NAME, "", edit), server, tmp_path)
    made = np.asarray(Image.open(tmp_path / "cutout.png"))
    assert made.shape == (HEIGHT, WIDTH, 4)
    assert np.abs(made[:, :, 3] - expected[:, :, 3]).mean() < 1  # of 255; the page keeps masks in 8 bits


def test_clicks_are_asked_for_where_they_lead_to_the_trimap_and_else_its_file(edit, trimap):
    by_file = {"photo": File("a.jpg"), "trimap": File("a_trimap.png")}
    clicked = arguments_of("a.jpg", "a_trimap.png", edit)
    assert clicked == {"photo": File("a.jpg"), "points": [[64, 48, 1], [5, 5, 0]]}
    assert arguments_of("a.jpg", "a_trimap.png", edit, "soft") == clicked | {"fusion": "soft"}
    clicks, selection = edit.selection.asked[0], edit.selection
    box = Clicks().draw((1, 2.25, 30, 40))
    boxed = replace(edit, selection=replace(selection, asked=(box, DEFAULT)))
    assert arguments_of("a.jpg", "a_trimap.png", boxed) == {"photo": File("a.jpg"), "box": [1, 2.2, 30, 40]}
    others = [
        replace(selection, chosen=1),
        replace(selection, asked=(clicks, "grabcut")),
        replace(selection, asked=(Clicks(), DEFAULT)),
        selection.apply("grow", 2),
        Selection.own(disc(30)),
    ]
    edits = [replace(edit, selection=other) for other in others]
    painted = edit.paint(np.full((HEIGHT, WIDTH), BACKGROUND, np.uint8), disc(9))
    edits += [painted, TrimapEdit.own(trimap.values, None)]
    for other in edits:
        assert arguments_of("a.jpg", "a_trimap.png", other) == by_file


def test_the_documentation_shows_the_calls_as_they_are_run_here():
    written = re.findall(r"```(?:python|js|sh)\n(.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    arguments = {"photo": File("photo.jpg"), "points": [[320, 240, 1]]}
    assert [language for language, call in CALLS.items() if call(arguments) not in written] == []
