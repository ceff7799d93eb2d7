"""The notebooks: run them, render them as pages, take a picture of each, or name the repository that Colab fetches.

`run` needs minutes; `html` and `pictures` show the outputs that are there and run nothing.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
from pathlib import Path

from matting.commands import UsageError
from matting.lessons.colab import PICTURE

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
MATHJAX = "mathjax/MathJax.js"
"""Below the folder of the pages."""
TEMPLATE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}
<script type="text/x-mathjax-config">
MathJax.Hub.Config({"HTML-CSS": {availableFonts: [], webFont: "STIX-Web", linebreaks: {automatic: true}}});
</script>
{{ super() }}
{%- endblock -%}
{%- block html_head_css -%}
<style>
  main { max-width: 1080px; margin: auto; }
  .jp-RenderedMarkdown pre { margin-bottom: 1em; }
  .jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere; }
</style>
{%- endblock -%}
"""
"""JupyterLab's look without what it fetches for widgets, with the one font that MathJax's package has for Jupyter."""
WIDEST = 560
"""Pixels of the longer side of a notebook's picture."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the arguments of `notebooks`."""
    parser = subparsers.add_parser("notebooks", help="run, render or rename the notebooks", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    running = actions.add_parser("run", help="execute notebooks in clean kernels and write their outputs into them")
    running.add_argument("names", nargs="*", help="files of notebooks/, as 06_….ipynb or solutions/06_….ipynb")
    rendering = actions.add_parser("html", help="render every notebook as a page")
    rendering.add_argument("folder", type=Path, help="where the pages go")
    actions.add_parser("pictures", help="renew the pictures of notebooks/README.md from the outputs")
    home = actions.add_parser("home", help="write the repository's name into badges and first cells")
    home.add_argument("repository", help="owner/name on GitHub")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; returns the exit status."""
    if not FOLDER.is_dir():
        raise UsageError("There are no notebooks beside the package; run this from a checkout of the repository.")
    try:
        if args.action == "run":
            for path in [FOLDER / name for name in args.names] or notebooks():
                execute(path)
                print(f"{path.name}: run")
        elif args.action == "html":
            put_mathjax(args.folder)
            for path in [FOLDER / "README.md", *notebooks()]:
                print(render(path, args.folder))
        elif args.action == "pictures":
            for path in sorted(FOLDER.glob("*.ipynb")):
                print(picture(path))
        else:
            for path in sorted(FOLDER.glob("*.ipynb")):
                rename(path, args.repository)
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    return 0


def notebooks() -> list[Path]:
    """Lessons and their solutions."""
    return [*sorted(FOLDER.glob("*.ipynb")), *sorted(FOLDER.glob("solutions/*.ipynb"))]


def execute(path: Path) -> None:
    """Run a notebook from top to bottom in a clean kernel and write it with its outputs; nothing else changes."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    beside = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(beside)}
    client = NotebookClient(book, timeout=3600, record_timing=False, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=environment)
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        for output in cell.get("outputs", ()):  # a widget lives no longer than its kernel; its picture stays
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    book.metadata["language_info"] = {"name": "python"}
    _write(path, book)


def render(path: Path, folder: Path) -> Path:
    """Write a notebook, or README.md as index.html, as a page below a folder; its links lead to the other pages.

    The page asks no other host for anything: `put_mathjax` has brought what typesets its equations.
    """
    import nbformat
    import nbformat.v4 as notebook
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    if path.suffix == ".md":
        book = notebook.new_notebook(cells=[notebook.new_markdown_cell(path.read_text(encoding="utf-8"))])
        page = folder / "index.html"
    else:
        book = nbformat.read(path, as_version=4)
        page = (folder / path.relative_to(FOLDER)).with_suffix(".html")
    page.parent.mkdir(parents=True, exist_ok=True)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            text = cell.source.replace(f"![Open in Colab]({PICTURE})", "Open in Colab")
            cell.source = re.sub(r"\]\(([^):]+)\)", lambda link: f"]({_target(link[1], path, page)})", text)
    mathjax = Path(os.path.relpath(folder / MATHJAX, page.parent)).as_posix()
    exporter = HTMLExporter(
        template_name="lab",
        extra_loaders=[DictLoader({"page.html.j2": TEMPLATE})],
        template_file="page.html.j2",
        mathjax_url=f"{mathjax}?config=TeX-AMS-MML_HTMLorMML-full,Safe",
    )
    text, _ = exporter.from_notebook_node(book, {"metadata": {"name": path.stem}})
    page.write_text(text, encoding="utf-8")
    return page


def put_mathjax(folder: Path) -> None:
    """Copy MathJax, in English, from the package that brings it for Jupyter to where pages look for it."""
    import shutil

    from jupyter_server_mathjax.app import STATIC_ASSETS_PATH

    unused = shutil.ignore_patterns("localization", "a11y", "mhchem3")
    shutil.copytree(STATIC_ASSETS_PATH, (folder / MATHJAX).parent, ignore=unused, dirs_exist_ok=True)


def picture(path: Path) -> Path:
    """Write a notebook's richest figure, the one of most bytes, as pictures/….jpg beside it.

    Raises:
        ValueError: where it has no figure yet.
    """
    import io

    import nbformat
    from PIL import Image

    from matting.files import write_whole

    cells = nbformat.read(path, as_version=4).cells
    figures = [output.get("data", {}).get("image/jpeg") for cell in cells for output in cell.get("outputs", ())]
    if not any(figures):
        raise ValueError(f"{path.name} has no figure yet; run it first.")
    with Image.open(io.BytesIO(base64.b64decode(max(filter(None, figures), key=len)))) as figure:
        figure.thumbnail((WIDEST, WIDEST))
        stream = io.BytesIO()
        figure.convert("RGB").save(stream, "JPEG", quality=80)
    target = path.parent / "pictures" / f"{path.stem}.jpg"
    target.parent.mkdir(exist_ok=True)
    write_whole(target, stream.getvalue())
    return target


def rename(path: Path, home: str) -> None:
    """Write a repository's name into a notebook's badge and first code cell."""
    import nbformat

    from matting.lessons.colab import move

    book = nbformat.read(path, as_version=4)
    move(book, path.name, home)
    _write(path, book)


def _target(link: str, path: Path, page: Path) -> str:
    """Where a notebook's link leads from its page: to the other page, or to the file in the repository."""
    name, mark, anchor = link.partition("#")
    if name.endswith(".ipynb"):
        return name.removesuffix(".ipynb") + ".html" + mark + anchor
    file = os.path.relpath((path.parent / name).resolve(), page.parent.resolve()) if name else ""
    return Path(file).as_posix() * bool(name) + mark + anchor


def _write(path: Path, book: object) -> None:
    import nbformat

    from matting.files import write_whole

    write_whole(path, nbformat.writes(book) + "\n")
