"""A click on a figure of `pick_place`, in a real JupyterLab."""

import io
import os
import socket
import subprocess
import sys
import threading

import nbformat
import nbformat.v4 as notebook
import numpy as np
import pytest
from demo_server import MILLISECONDS_TO_WAIT, ROOT, SECONDS_TO_START
from PIL import Image

pytestmark = pytest.mark.long

CELL = """
import numpy as np
from matting.figures import pick_place, show

def draw(x, y):  # left of the middle the photo's neighbour is black, right of it white
    show(np.full((40, 60), 0.5), np.full((40, 60), float(x >= 30)), marks=[(y, x)])

pick_place(draw, (40, 60), (10, 20))
"""


@pytest.fixture
def jupyterlab(tmp_path):
    """The address of a notebook of one cell in a JupyterLab of its own."""
    book = notebook.new_notebook(cells=[notebook.new_code_cell(CELL)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, tmp_path / "one.ipynb")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--no-browser --allow-root --ServerApp.ip=127.0.0.1 --ServerApp.port={port} --IdentityProvider.token="
    own = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    beside = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "jupyterlab", *options.split(), f"--ServerApp.root_dir={tmp_path}"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | own | {"PYTHONPATH": beside},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    too_long = threading.Timer(SECONDS_TO_START, process.kill)
    too_long.start()
    said = []
    for sentence in process.stdout:
        said.append(sentence)
        if "is running at" in sentence:
            break
    else:
        pytest.fail("JupyterLab did not start:\n" + "".join(said))
    too_long.cancel()
    threading.Thread(target=process.stdout.read, daemon=True).start()
    yield f"http://127.0.0.1:{port}/lab/tree/one.ipynb?reset"
    process.terminate()
    process.wait()


def decoded(page, picture):
    data = page.evaluate(
        "async (image) => [...new Uint8Array(await (await fetch(image.src)).arrayBuffer())]", picture.element_handle()
    )
    with Image.open(io.BytesIO(bytes(data))) as image:
        return np.asarray(image.convert("L"))


def neighbours(figure):
    """The brightness in the middle of the figure's right half."""
    height, width = figure.shape
    return figure[height * 2 // 3, width * 3 // 4]


def test_a_click_and_the_arrow_keys_move_the_place(browser, jupyterlab):
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS_TO_WAIT)
    page.goto(jupyterlab)
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").click()
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()  # the kernel is there
    page.keyboard.press("Shift+Enter")
    picture = page.get_by_role("img", name="The figure of the place x = 10, y = 20")
    picture.wait_for()
    assert neighbours(decoded(page, picture)) < 20

    box = picture.bounding_box()
    picture.click(position={"x": box["width"] * 0.4, "y": box["height"] * 0.6})  # in the photo's right half
    page.get_by_text("Click on the photo, or move with the arrow keys").wait_for()
    moved = page.get_by_role("img", name="The figure of the place x = 4")
    moved.wait_for()
    assert neighbours(decoded(page, moved)) > 235

    moved.focus()
    before = moved.get_attribute("alt")
    x, y = (int("".join(filter(str.isdigit, part))) for part in before.removeprefix("The figure of ").split(","))
    page.keyboard.press("Shift+ArrowLeft")
    page.get_by_role("img", name=f"x = {x - 10}, y = {y}").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_role("img", name=f"x = {x - 10}, y = {y + 1}").wait_for()
    context.close()
