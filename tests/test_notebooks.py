import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from matting.commands import notebooks
from matting.lessons import colab

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = [*LESSONS, *sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))]
ABSOLUTE_PATH = re.compile(r"(?:^|[\s\"'=(])(?:/(?:home|root|work|tmp|Users|usr|opt|mnt)/|[A-Z]:\\\\)")


def read(path):
    return nbformat.read(path, as_version=4)


def cells(book, kind):
    return [cell for cell in book.cells if cell.cell_type == kind]


def texts(book):
    """All that a reader sees as text: sources, and what the cells said."""
    for cell in book.cells:
        yield cell.source
        for output in cell.get("outputs", ()):
            yield output.get("text", "")
            yield output.get("data", {}).get("text/plain", "")


def named(path):
    return str(path.relative_to(ROOT / "notebooks"))


every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=named)


def test_every_lesson_has_its_solutions():
    assert len(LESSONS) >= 2
    assert [path.name for path in LESSONS] == [path.name for path in NOTEBOOKS[len(LESSONS) :]]


@pytest.mark.long
@every_notebook
def test_it_runs_in_a_clean_kernel(path):
    book = read(path)
    committed = [bool(cell.outputs) for cell in cells(book, "code")]
    beside = filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # where no hub answers: a notebook may only call one of its own
    environment = os.environ | nowhere | {"PYTHONPATH": os.pathsep.join(beside), "TRIMATTE_FAST": "1"}
    client = NotebookClient(book, timeout=600, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env=environment)  # raises where a cell does
    assert [bool(cell.outputs) for cell in cells(book, "code")] == committed


@every_notebook
def test_outputs_are_committed_small_and_without_errors(path):
    assert path.stat().st_size < 1_500_000
    code = cells(read(path), "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))  # run once, from top to bottom
    outputs = [output for cell in code for output in cell.outputs]
    assert outputs and not any(output.output_type == "error" for output in outputs)
    assert not any(output.get("name") == "stderr" for output in outputs)


@every_notebook
def test_nothing_depends_on_one_machine(path):
    book = read(path)
    assert not [text for text in texts(book) if ABSOLUTE_PATH.search(text)]
    assert not [text for text in texts(book) if re.search(r" at 0x[0-9a-fA-F]{6,}", text)]  # addresses of objects
    source = "\n".join(cell.source for cell in cells(book, "code") if "google.colab" not in cell.source)
    assert not re.search(r"^\s*[!%]", source, re.MULTILINE)
    assert "http" not in source
    assert source.count("push_to_hub(") == len(re.findall(r"push_to_hub\([^\n]*api=", source))  # a hub of its own
    assert "torch.set_num_threads(1)" in source and "torch.manual_seed(0)" in source
    assert "cuda" not in source


@every_lesson
def test_a_lesson_is_read_more_than_run(path):
    book = read(path)
    prose, code = (cells(book, kind) for kind in ("markdown", "code"))
    assert 25 <= len(book.cells) <= 60
    assert sum(len(cell.source) for cell in prose) > sum(len(cell.source) for cell in code)


@every_notebook
def test_code_cells_are_short(path):
    assert [cell.source for cell in cells(read(path), "code") if len(cell.source.splitlines()) > 14] == []


@every_lesson
def test_a_lesson_goes_from_a_question_to_exercises(path):
    prose = "\n".join(cell.source for cell in cells(read(path), "markdown"))
    world = re.search(r"world of \d x \d pixels|\d x \d", prose)[0]
    stations = ["The question", world, "What breaks?", "Summary", "Three exercises", "Solutions: [`solutions/"]
    stations += ["Do you have it?", "<details><summary>"]
    place = 0
    for station in stations:
        assert station in prose[place:]
        place = prose.index(station, place)
    assert re.search(r"1\. \*\*Predict.*2\. \*\*Implement.*3\. \*\*Break.*[Cc]hange", prose, re.DOTALL)
    assert prose.count("<details><summary>") == prose.count("</details>") >= 4
    assert "(Eq. " in prose or "(1)" in prose


@every_lesson
def test_links_between_notebooks_lead_somewhere(path):
    prose = "\n".join(cell.source for cell in cells(read(path), "markdown"))
    links = re.findall(r"\]\(([^)#:]+\.ipynb)\)", prose)
    assert links and all((path.parent / link).is_file() for link in links)


def test_pages_need_no_network_and_their_links_lead_somewhere(tmp_path):
    for path in (ROOT / "notebooks" / "README.md", *NOTEBOOKS):
        notebooks.render(path, tmp_path)
    for page in tmp_path.glob("**/*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(?:script|link|img)[^>]* (?:src|href)=\"https?:", text)
        links = re.findall(r'<a [^>]*href="(?!https?:)([^"#]+)', text)
        lost = [link for link in links if not (page.parent / link).exists()]
        assert lost == []


@every_lesson
def test_every_exercise_has_a_cell_that_says_not_yet_answered(path):
    said = [text for text in texts(read(path)) if re.match(r"\d · ", text)]
    assert said == [f"{name}: not yet answered." for name in ("1 · Predict", "2 · Implement", "3 · Break")]


@pytest.mark.long
@pytest.mark.parametrize("path", NOTEBOOKS[len(LESSONS) :], ids=named)
def test_every_solution_is_found_right(path):
    said = [text.partition(". ")[0] for text in texts(read(path)) if re.match(r"\d · ", text)]
    assert said == [f"{name}: right" for name in ("1 · Predict", "2 · Implement", "3 · Break")]


@every_lesson
def test_a_lesson_opens_in_colab_and_installs_the_project_there_alone(path):
    book = read(path)
    home = re.search(r"colab\.research\.google\.com/github/([^/]+/[^/]+)/", book.cells[0].source)[1]
    assert colab.badge(home, path.name) in book.cells[0].source
    assert cells(book, "code")[0].source == colab.setup(home) and not cells(book, "code")[0].outputs


def test_all_lessons_name_one_repository():
    homes = {cells(read(path), "code")[0].source for path in LESSONS}
    assert len(homes) == 1
