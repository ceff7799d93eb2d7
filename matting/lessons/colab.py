"""The first cells of every notebook: a badge that opens it in Colab, and what installs the project there alone."""

from __future__ import annotations

import re
from typing import Any

HOME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
"""The name of a repository on GitHub."""

UNNAMED = "your_name/trimatte"
"""The name until the repository has one; GitHub lets nobody be called so, hence the link leads nowhere wrong."""

PICTURE = "https://colab.research.google.com/assets/colab-badge.svg"
SETUP = """\
import os, subprocess, sys

if "google.colab" in sys.modules and os.path.basename(os.getcwd()) != "notebooks":  # on your own machine all is there
    subprocess.run(["git", "clone", "--depth", "1", "https://github.com/{home}", "trimatte"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "./trimatte"], check=True)
    os.chdir("trimatte/notebooks")"""


def badge(home: str, notebook: str) -> str:
    """The Markdown that opens a notebook, "01_….ipynb", of a repository "owner/name" in Colab."""
    address = f"https://colab.research.google.com/github/{home}/blob/main/notebooks/{notebook}"
    return f"[![Open in Colab]({PICTURE})]({address})"


def setup(home: str) -> str:
    """The source of the first code cell."""
    return SETUP.format(home=home)


def move(book: Any, notebook: str, home: str) -> None:
    """Give a notebook, as nbformat reads it, the badge and the first code cell of a repository; in place.

    Raises:
        ValueError: where the name is none, or the notebook has no title to put the badge below.
    """
    if not HOME.fullmatch(home):
        raise ValueError(f"A repository is named owner/name, got {home!r}.")
    first, code = book.cells[0], next(cell for cell in book.cells if cell.cell_type == "code")
    title, _, rest = first.source.partition("\n\n")
    if first.cell_type != "markdown" or not title.startswith("# "):
        raise ValueError(f"{notebook} does not begin with its title.")
    rest = rest.partition("\n\n")[2] if rest.startswith("[![Open in Colab]") else rest
    first.source = f"{title}\n\n{badge(home, notebook)}\n\n{rest}"
    code.source = setup(home)
