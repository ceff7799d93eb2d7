import base64
import io
import re

import nbformat
import nbformat.v4 as notebook
import numpy as np
import pytest
from pictures import noise, refused
from PIL import Image

from matting.commands import notebooks
from matting.lessons import colab


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one small notebook in place of the project's."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "notebooks")
    prose = "# One\n\nSee [two](02_two.ipynb#part), [docs](../docs/a.md), [there](https://example.org)."
    cells = [notebook.new_markdown_cell(prose), notebook.new_code_cell("print(6 * 7)"), notebook.new_code_cell("1 + 1")]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook.new_notebook(cells=cells), tmp_path / "notebooks" / "01_one.ipynb")
    return tmp_path / "notebooks"


def read(folder):
    return nbformat.read(folder / "01_one.ipynb", as_version=4)


def test_a_notebook_is_run_and_keeps_its_outputs(folder):
    notebooks.execute(folder / "01_one.ipynb")
    _, first, second = read(folder).cells
    assert first.outputs[0].text == "42\n" and second.outputs[0].data["text/plain"] == "2"
    assert [cell.execution_count for cell in (first, second)] == [1, 2]
    assert "execution" not in first.metadata  # no times, so that a second run changes nothing


def test_a_page_shows_the_outputs_and_its_links_lead_to_pages_and_files(folder, tmp_path):
    page = notebooks.render(folder / "01_one.ipynb", tmp_path / "docs" / "notebooks")
    text = page.read_text(encoding="utf-8")
    assert page.name == "01_one.html" and "See" in text
    assert not re.search(r'(?:src|href)="https?:(?!//example.org)', text)  # no other host is asked for anything
    assert 'href="02_two.html#part"' in text and 'href="../a.md"' in text and 'href="https://example.org"' in text


def test_the_path_through_the_notebooks_becomes_the_first_page(folder, tmp_path):
    (folder / "README.md").write_text("Read [one](01_one.ipynb) and [the code](../matting/a.py).", encoding="utf-8")
    page = notebooks.render(folder / "README.md", tmp_path / "docs" / "notebooks")
    text = page.read_text(encoding="utf-8")
    assert page.name == "index.html" and 'href="01_one.html"' in text and 'href="../../matting/a.py"' in text


def test_a_widget_leaves_its_picture_and_no_more(folder):
    book = read(folder)
    view = '{"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "still"}'
    book.cells[1].source = f"from IPython.display import display\ndisplay({view}, raw=True)"
    nbformat.write(book, folder / "01_one.ipynb")
    notebooks.execute(folder / "01_one.ipynb")
    assert read(folder).cells[1].outputs[0].data == {"text/plain": "still"}


def test_the_repositorys_name_is_written_into_every_notebook(folder):
    notebooks.rename(folder / "01_one.ipynb", "me/mine")
    assert colab.badge("me/mine", "01_one.ipynb") in read(folder).cells[0].source
    assert read(folder).cells[1].source == colab.setup("me/mine")


def test_the_richest_figure_becomes_the_notebooks_picture(folder):
    refused(lambda: notebooks.picture(folder / "01_one.ipynb"), "no figure yet")
    book = read(folder)
    for place, pixels in ((1, np.zeros((90, 700, 3), np.uint8)), (2, noise((350, 700)))):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "JPEG")
        data = {"image/jpeg": base64.b64encode(stream.getvalue()).decode()}
        book.cells[place].outputs = [notebook.new_output("display_data", data)]
    nbformat.write(book, folder / "01_one.ipynb")
    with Image.open(notebooks.picture(folder / "01_one.ipynb")) as picture:
        assert picture.size == (560, 280) and np.asarray(picture).std() > 20
