import os
import subprocess
import sys

import nbformat.v4 as notebook
import pytest
from pictures import refused

from matting.lessons import colab


def book():
    cells = [notebook.new_markdown_cell("# A title\n\nIt is about\n\nthis."), notebook.new_code_cell("x")]
    return notebook.new_notebook(cells=cells)


def test_a_notebook_moves_from_one_home_to_another():
    moved = book()
    for home in ("me/first", "you/second"):
        colab.move(moved, "01_a.ipynb", home)
    title, badge, *rest = moved.cells[0].source.split("\n\n")
    assert (title, rest) == ("# A title", ["It is about", "this."])
    assert badge == colab.badge("you/second", "01_a.ipynb") and "you/second/blob/main/notebooks/01_a.ipynb" in badge
    assert moved.cells[1].source == colab.setup("you/second") and "first" not in moved.cells[1].source


def test_what_is_no_repository_is_refused():
    refused(lambda: colab.move(book(), "01_a.ipynb", "trimatte"), "owner/name")
    refused(lambda: colab.move(book(), "01_a.ipynb", 'me/x"; print()'), "owner/name")


@pytest.fixture
def calls(monkeypatch):
    """What the first cell runs, and where it goes."""
    made = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: made.append(command))
    monkeypatch.setattr(os, "chdir", made.append)
    monkeypatch.setattr(os, "getcwd", lambda: "/content")
    return made


def test_the_first_cell_installs_the_project_in_colab_alone(calls, monkeypatch):
    exec(colab.setup("me/mine"), {})
    assert calls == []
    monkeypatch.setitem(sys.modules, "google.colab", object())
    exec(colab.setup("me/mine"), {})
    clone, install, folder = calls
    assert clone[:2] == ["git", "clone"] and clone[-2].endswith("/me/mine")
    assert install[1:4] == ["-m", "pip", "install"] and folder == "trimatte/notebooks"
    monkeypatch.setattr(os, "getcwd", lambda: "/content/trimatte/notebooks")
    exec(colab.setup("me/mine"), {})
    assert len(calls) == 3  # run again, it does nothing
