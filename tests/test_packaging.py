"""What a fresh machine and a Space read: requirements, the project's metadata, the README's front matter."""

import inspect
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import gradio as gr
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from PIL import Image

from matting.app import launch_options

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
SPACES_COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
LONGEST_DESCRIPTION = 60  # characters; Spaces refuse more
TOP_LEVEL = {"demo_app.py", "matting", "notebooks", "assets", "tests", "requirements.txt", "README.md"}
TOOLING = {"pyproject.toml", "setup.py", "Makefile", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}


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


def test_pythons_from_3_10_to_3_13_are_welcome_and_no_others():
    welcome = SpecifierSet(project()["requires-python"])
    assert [minor for minor in range(8, 16) if welcome.contains(f"3.{minor}.1")] == [10, 11, 12, 13]


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


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the wheel's files as pip installs them, built from a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("matting", "assets"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, source], check=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run_installed(installed, folder, *words):
    """Run a program outside the checkout, with the wheel before everything else."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_a_wheel_cuts_out_with_the_bundled_weights_outside_the_checkout(installed, tmp_path):
    """By the console command, as a module and in Python; the three agree to the last bit."""
    with Image.open(ROOT / "assets" / "examples" / "parrots.jpg") as photo:
        photo.resize((192, 128)).save(tmp_path / "photo.png")
    trimatte = installed / "bin" / "trimatte"
    run_installed(installed, tmp_path, sys.executable, trimatte, "matte", "photo.png", "--out", "one")
    run_installed(installed, tmp_path, sys.executable, "-m", "matting", "matte", "photo.png", "--out", "two")
    program = (
        "import matting, numpy as np; from PIL import Image\n"
        "alpha = matting.MattingPipeline.from_pretrained()('photo.png').alpha\n"
        "written = np.asarray(Image.open('one/photo_alpha.png')) / 65535\n"
        "print(matting.__file__, abs(alpha - written).max() < 1e-5)"
    )
    where, alike = run_installed(installed, tmp_path, sys.executable, "-c", program).split()
    assert Path(where).is_relative_to(installed)
    assert alike == "True"
    assert (tmp_path / "one/photo_alpha.png").read_bytes() == (tmp_path / "two/photo_alpha.png").read_bytes()


def test_the_console_command_says_its_own_name_in_its_help(installed, tmp_path):
    said = run_installed(installed, tmp_path, sys.executable, installed / "bin" / "trimatte", "matte", "--help")
    assert said.startswith("usage: trimatte matte ")


def test_a_wheel_holds_the_demos_photos_and_its_licences(installed):
    for name in ("examples/lemur.jpg", "examples/outputs/lemur/alpha.png", "backgrounds/lake.jpg", "weights/README.md"):
        assert (installed / "matting" / "assets" / name).is_file()
    page = [path for path in (ROOT / "matting" / "app").rglob("*") if path.suffix in (".js", ".css")]
    assert len(page) > 3
    assert [path.name for path in page if not (installed / path.relative_to(ROOT)).is_file()] == []
