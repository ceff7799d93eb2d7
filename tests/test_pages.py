"""The pages that people read: their links lead somewhere, their commands and snippets fit the code of today."""

import argparse
import ast
import importlib
import inspect
import json
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from matting.__main__ import Parser, _command_modules

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("assets/*/README.md"),
        ROOT / "notebooks" / "README.md",
    ]
)
NOTEBOOKS = sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("notebooks/solutions/*.ipynb")])
LONGEST_README, LONGEST_NEWS = 130, 25  # lines
CALL = re.compile(r"(?:python -m matting|-m(?: --)? matting|\btrimatte)\s+(?=[a-z])(.*)")
CODE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)


def prose(path):
    """The Markdown of a page, or of a notebook's cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def anchors(path):
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", prose(path)), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def blocks(path, *languages):
    return [code for language, code in CODE.findall(prose(path)) if language in languages]


def command_line():
    """The whole command line, as `main` builds it."""
    parser = Parser(prog="python -m matting")
    subparsers = parser.add_subparsers(dest="command", required=True)
    for module in _command_modules().values():
        module.add_parser(subparsers)
    return parser


def shown_calls(path):
    """The words after the command of every whole call that is shown in a block of shell."""
    for block in blocks(path, "sh", "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            if match := CALL.search(line):
                yield shlex.split(re.split(r" [<>|] ", match[1])[0], comments=True)  # up to a shell's pipe


def named_calls(path):
    """The words after the command of every call that is named in running text, whole or not."""
    text = re.sub(r"\s+", " ", CODE.sub("", prose(path)))
    for code in re.findall(r"`([^`]+)`", text):
        if match := CALL.match(code):
            yield shlex.split(match[1])


def unknown_word(words):
    """The first sub-command or option of a call that there is not, or None."""
    parser = command_line()
    for word in words:
        nested = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if nested and re.fullmatch(r"[a-z][a-z0-9-]*", word):
            if word not in nested[0].choices:
                return word
            parser = nested[0].choices[word]
        elif re.match(r"--[a-z]", word) and word not in parser._option_string_actions:
            return word
    return None


def imported(tree):
    """Every name that a snippet imports from the package, with the thing itself."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names if alias.name.startswith("matting")]
            names |= {name: importlib.import_module(name) for name in found}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("matting"):
            for alias in node.names:
                home = importlib.import_module(node.module)
                if not hasattr(home, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
                names[alias.name] = getattr(home, alias.name)
    return names


def meant(node, names):
    """The thing that `name` or `module.name` means in a snippet, or None where it is not the package's."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and inspect.ismodule(home := meant(node.value, names)):
        return getattr(home, node.attr)
    return None


every_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
every_text = pytest.mark.parametrize("path", PAGES + NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))


@every_text
def test_every_link_leads_somewhere(path):
    wrong = []
    for link in re.findall(r"\]\((?!https?:|attachment:|data:)([^)\s]+)\)", CODE.sub("", prose(path))):
        name, _, anchor = link.partition("#")
        target = (path.parent / name) if name else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert wrong == []


@every_text
def test_every_path_of_the_package_that_is_named_is_there(path):
    named = re.findall(r"`((?:matting|tests)/[\w/.]*)`", prose(path))
    assert [name for name in named if not (ROOT / name).exists()] == []


@every_page
def test_every_command_that_is_shown_is_understood(path):
    for words in shown_calls(path):
        command_line().parse_args(words)  # leaves with status 2 where it does not understand


@every_text
def test_every_command_that_is_named_has_its_words(path):
    calls = [*named_calls(path), *shown_calls(path)]
    assert [(words, unknown) for words in calls if (unknown := unknown_word(words))] == []


@every_page
def test_snippets_fit_the_package(path):
    for snippet in blocks(path, "python"):
        tree = ast.parse(snippet)
        names = imported(tree)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = meant(call.func, names)
            if function is not None and not any(isinstance(one, ast.Starred) for one in call.args):
                keywords = {word.arg: None for word in call.keywords}
                inspect.signature(function).bind(*[None] * len(call.args), **keywords)


def test_the_pages_show_every_command():
    shown = {words[0] for page in PAGES for words in [*shown_calls(page), *named_calls(page)]}
    assert set(_command_modules()) <= shown


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_page_about_python_runs_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    Image.open(ROOT / "assets/examples/lemur.jpg").resize((544, 352)).save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for snippet in blocks(ROOT / page, "python"):
        exec(snippet, names)
    assert Image.open("cutout.png").size == names["result"].image.shape[1::-1]
    if "alpha" in names:
        assert names["alpha"].shape == names["result"].alpha.shape and "100%" in capsys.readouterr().out


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", CODE.sub("", prose(page)))
        waiting.extend((page.parent / link).resolve() for link in links)
    assert [page for page in PAGES if page not in reached and page.name != "CHANGELOG.md"] == []


def test_the_readme_and_what_is_unreleased_are_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README
    news = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for section in re.split(r"^## ", news, flags=re.M)[1:]:
        title, _, lines = section.partition("\n")
        assert "(unreleased)" not in title or len(lines.strip().splitlines()) <= LONGEST_NEWS, title
