"""A notebook's page, opened from its file with no server and no network."""

import nbformat
import nbformat.v4 as notebook
import pytest

from matting.commands import notebooks

pytestmark = pytest.mark.long

PROSE = r"""# One

$$m_{ij} = \begin{cases} \operatorname{clip}(\sqrt{|U|/|K|}) & j \in U\\ 1 & j \in K\end{cases}$$

Inline, $\hat\alpha I + (1 - \hat\alpha)\bar B$."""


def test_equations_are_set_without_a_network(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path / "notebooks")
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    path = tmp_path / "notebooks" / "solutions" / "01_one.ipynb"
    nbformat.write(notebook.new_notebook(cells=[notebook.new_markdown_cell(PROSE)]), path)
    notebooks.put_mathjax(tmp_path / "docs")
    address = notebooks.render(path, tmp_path / "docs").as_uri()

    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('.MathJax').length == 2 && !MathJax.Hub.queue.pending")
    assert all(url.startswith(("file:", "data:", "about:")) for url in asked)
    fonts = page.evaluate("[...document.fonts].filter(font => font.status == 'loaded').map(font => font.family)")
    assert any("STIX" in font for font in fonts)
    assert page.locator(".MathJax_Display").bounding_box()["height"] > 30  # two rows beside a brace
    assert page.locator(".MathJax_Error, .merror").count() == 0
    page.close()
