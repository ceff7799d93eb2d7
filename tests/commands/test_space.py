"""What a Space needs is uploaded, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from huggingface_hub.utils import filter_repo_objects
from network_cases import narrowest_pipeline

from matting.__main__ import main
from matting.commands.space import NEEDED, ROOT, check_front_matter, listing, upload
from matting.networks.weights import BUNDLED, FILES


class Recorder:
    """Takes the calls of `upload` where the hub would."""

    def __init__(self):
        self.calls, self.files = [], {}

    def create_repo(self, repository, **options):
        self.calls.append((repository, options))
        return f"https://huggingface.co/spaces/{repository}"

    def upload_folder(self, **options):
        self.calls.append((options.pop("repo_id"), options))

    def upload_file(self, *, repo_id, repo_type, path_or_fileobj, path_in_repo, commit_message):
        assert (repo_id, repo_type) == ("someone/trimatte", "space") and commit_message
        self.files[path_in_repo] = path_or_fileobj.decode()


@pytest.fixture
def uploaded():
    """The options of an upload and the files that the hub's own filter lets through."""
    api = Recorder()
    address = upload("someone/trimatte", api)
    (_, made), (_, options) = api.calls
    folders = [ROOT / name for name in ("matting", "assets", "docs", "tests", "notebooks")]
    paths = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    files = [str(path.relative_to(ROOT)) for path in paths if path.is_file()]
    chosen = filter_repo_objects(
        files, allow_patterns=options["allow_patterns"], ignore_patterns=options["ignore_patterns"]
    )
    return address, made, set(chosen)


def test_a_space_gets_the_demo_its_weights_and_its_photos(uploaded):
    address, made, chosen = uploaded
    assert address.endswith("/someone/trimatte")
    assert made == {"repo_type": "space", "space_sdk": "gradio", "exist_ok": True}
    for needed in (
        "README.md",
        "docs/demo.md",
        "requirements.txt",
        "demo_app.py",
        "matting/app/parts/style.css",
        "matting/networks/tgn.py",
        "assets/weights/small/spamattnet.safetensors",
        "assets/examples/lemur.jpg",
        "assets/backgrounds/lake.jpg",
    ):
        assert needed in chosen


def test_a_space_reads_the_pictures_of_phones():
    api = Recorder()
    upload("someone/trimatte", api)
    here = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines = api.files["requirements.txt"].splitlines()
    assert lines[: len(here)] == here
    assert [line.partition(">=")[0] for line in lines[len(here) :]] == ["pillow-heif"]


def test_a_space_gets_no_tests_and_nothing_compiled(uploaded):
    _, _, chosen = uploaded
    assert not [name for name in chosen if name.startswith(("tests/", "notebooks/")) or "__pycache__" in name]


def test_a_name_that_is_none_and_a_folder_without_the_demo_are_refused(tmp_path):
    for name in ("trimatte", "a/b/c", "/name", ""):
        with pytest.raises(ValueError, match="someone/name"):
            upload(name, Recorder())
    with pytest.raises(ValueError, match="demo_app.py"):
        upload("someone/trimatte", Recorder(), Path(tmp_path))


def test_the_command_says_what_is_wrong_in_a_sentence(capsys):
    assert main(["space", "no-space"]) == 2
    assert "A Space is named someone/name" in capsys.readouterr().err


def test_make_space_runs_this_command():
    said = subprocess.run(
        ["make", "-n", "space", "REPO=someone/trimatte"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m matting space someone/trimatte" in said.stdout
    assert len(NEEDED) == len(set(NEEDED))


def test_weights_of_ones_own_take_the_place_of_the_bundled_ones(tmp_path):
    folder = tmp_path / "mine"
    narrowest_pipeline().save_pretrained(folder, card="# Mine")
    api = Recorder()
    upload("someone/trimatte", api, weights=folder)
    *_, (repository, options) = api.calls
    assert repository == "someone/trimatte" and options["repo_type"] == "space" and options["folder_path"] == folder
    assert ROOT / options["path_in_repo"] == BUNDLED
    sent = filter_repo_objects([path.name for path in folder.iterdir()], allow_patterns=options["allow_patterns"])
    assert set(sent) == set(FILES.values())  # and not the card, which is no file of the demo


def test_weights_that_cannot_be_loaded_are_not_uploaded(tmp_path):
    api = Recorder()
    with pytest.raises(ValueError, match=r"tgn\.safetensors|spamattnet\.safetensors"):
        upload("someone/trimatte", api, weights=tmp_path)
    assert api.calls == []


def test_a_dry_run_lists_exactly_what_an_upload_takes_and_asks_nobody(uploaded, capsys, monkeypatch):
    _, _, chosen = uploaded
    assert {name for name, _ in listing("someone/trimatte")} == chosen
    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", lambda *_, **__: pytest.fail("The hub was asked."))
    assert main(["space", "someone/trimatte", "--dry-run"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(chosen) + 1
    assert f"{len(chosen)} files; nothing was uploaded" in printed[-1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("colorTo: blue", "colorTo: teal", "colorTo should be one of red"),
        ("short_description: ", f"short_description: {'very ' * 12}", "up to 60 characters"),
        ("app_file: demo_app.py", "app_file: app.py", "app_file should be a file"),
        ("sdk: gradio", "sdk: docker", "sdk should be gradio"),
        ("title: TriMatte", "title:", "needs title"),
    ],
)
def test_front_matter_that_the_hub_would_refuse_is_named(tmp_path, old, new, said):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (tmp_path / "demo_app.py").touch()
    (tmp_path / "README.md").write_text(readme, encoding="utf-8")
    check_front_matter(tmp_path)
    (tmp_path / "README.md").write_text(readme.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        check_front_matter(tmp_path)
