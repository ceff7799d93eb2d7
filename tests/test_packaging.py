"""What a fresh machine and a Space read: requirements, the project's metadata, the README's front matter."""

import inspect
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import gradio as gr
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from matting.app import launch_options

ROOT = Path(__file__).resolve().parents[1]
SPACES_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LONGEST_DESCRIPTION = 60  # characters; Spaces refuse more
TOP_LEVEL = {"demo_app.py", "matting", "notebooks", "assets", "tests", "requirements.txt", "README.md"}
TOOLING = {"pyproject.toml", "Makefile", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}


def requirements():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def front_matter():
    """The plain `key: value` lines of the README's head."""
    head = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text(encoding="utf-8"), re.S).group(1)
    return {key: value.strip('"') for key, value in re.findall(r"^(\w+): (.+)$", head, re.M)}


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_a_requirement_has_a_lower_bound_and_what_is_installed_meets_it(requirement):
    assert any(bound.operator in (">=", "==") for bound in requirement.specifier)
    assert requirement.specifier.contains(version(requirement.name), prereleases=True)


def test_the_demo_cannot_be_killed_by_the_next_major_gradio():
    (gradio,) = (requirement for requirement in requirements() if requirement.name == "gradio")
    assert not gradio.specifier.contains("7.0")


def test_gradio_knows_every_option_of_the_launch():
    assert set(launch_options()) <= set(inspect.signature(gr.Blocks.launch).parameters)


def test_pythons_from_3_11_to_3_13_are_welcome_and_no_others():
    welcome = SpecifierSet(project()["requires-python"])
    assert [minor for minor in range(9, 16) if welcome.contains(f"3.{minor}.1")] == [11, 12, 13]


def test_a_space_finds_what_the_front_matter_names(front_matter):
    assert front_matter["sdk"] == "gradio"
    assert (ROOT / front_matter["app_file"]).is_file()
    assert {front_matter["colorFrom"], front_matter["colorTo"]} <= SPACES_COLOURS
    assert len(front_matter["short_description"]) <= LONGEST_DESCRIPTION
    assert front_matter["license"] == project()["license"].lower()


def test_a_space_runs_versions_that_the_project_allows(front_matter):
    (gradio,) = (requirement for requirement in requirements() if requirement.name == "gradio")
    assert gradio.specifier.contains(front_matter["sdk_version"])
    assert SpecifierSet(project()["requires-python"]).contains(f"{front_matter['python_version']}.0")


def test_the_top_level_holds_what_was_fixed_and_tooling():
    assert all((ROOT / name).exists() for name in TOP_LEVEL | TOOLING)
