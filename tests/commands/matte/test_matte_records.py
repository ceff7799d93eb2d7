"""What counts as done, what is never written over, and what a folder that takes no more files leads to."""

import os
import shutil
import subprocess
import sys
import unicodedata

import numpy as np
import pytest
import torch
from disk import files_of_at_most
from network_cases import narrowest_pipeline
from pictures import disc, save
from PIL import Image

from matting import files
from matting.__main__ import main

SIZE = (40, 56)
BOX = ("--box", "12,4,44,36", "--coarse", "grabcut")
OWNER = "from matting.files import owned_name; print(owned_name(), flush=True); input()"


@pytest.fixture
def matte(weights, tmp_path, capsys):
    """Run `matte` with tiny networks; returns the exit status and what was said."""

    def run(photos, *words, out="out"):
        words = ["matte", tmp_path / photos, "--out", tmp_path / out, "--weights", weights, *words, "--device", "cpu"]
        try:
            status = main([str(word) for word in words])
        except SystemExit as leaving:
            status = leaving.code
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def photo(path, seed=0):
    grain = np.random.default_rng(seed).integers(0, 60, (*SIZE, 3))
    save(path, np.rint(grain + 180 * disc(SIZE, 12)[..., None]).astype(np.uint8))
    return path


def mask(path, radius=12):
    save(path, disc(SIZE, radius))
    return path


def outputs(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def hidden(folder):
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(".") and path.name != ".trimatte")


def test_another_photo_of_the_same_name_is_not_taken_for_done_and_writes_over_nothing(matte, tmp_path):
    guide = ("--mask", mask(tmp_path / "m.png"))
    for seed, day in enumerate(("mon", "tue")):
        photo(tmp_path / day / "IMG_1.png", seed)
    assert matte("mon", *guide)[0] == 0
    monday = outputs(tmp_path / "out")
    status, said = matte("tue", *guide)
    assert status == 1 and "were not made from it; choose another --out" in said
    assert outputs(tmp_path / "out") == monday
    assert matte("tue", *guide, "--overwrite")[0] == 0
    assert outputs(tmp_path / "out") != monday


def test_the_same_photo_is_done_wherever_it_lies(matte, tmp_path):
    guide = ("--mask", mask(tmp_path / "m.png"))
    photo(tmp_path / "mon/a.png")
    assert matte("mon", *guide)[0] == 0
    shutil.move(tmp_path / "mon", tmp_path / "archive")
    assert matte("archive", *guide) == (0, "1 photo already done and skipped; --overwrite does them again.\n")


@pytest.mark.parametrize("change", ["photo", "mask", "fusion", "weights", "guidance"])
def test_a_changed_photo_or_setting_is_made_again(matte, tmp_path, weights, change):
    path, guide = photo(tmp_path / "mon/a.png"), mask(tmp_path / "m.png")
    assert matte("mon", "--mask", guide)[0] == 0
    assert "already done" in matte("mon", "--mask", guide)[1]
    words = ["--mask", guide]
    if change == "photo":
        photo(path, 7)
    elif change == "mask":
        mask(guide, 8)
    elif change == "fusion":
        words += ["--fusion", "soft"]
    elif change == "weights":
        torch.manual_seed(1)
        narrowest_pipeline().save_pretrained(tmp_path / "other")
        words += ["--weights", tmp_path / "other"]
    else:
        words = ["--trimap", tmp_path / "t.png"]
        save(tmp_path / "t.png", np.select([disc(SIZE, 8) > 0, disc(SIZE, 15) == 0], [255, 0], 128).astype(np.uint8))
    status, said = matte("mon", *words)
    assert status == 0 and "1 photo done" in said and "already" not in said
    assert "already done" in matte("mon", *words)[1]


def test_what_was_killed_between_its_outputs_is_made_again(matte, tmp_path, monkeypatch):
    guide = ("--mask", mask(tmp_path / "m.png"))
    photo(tmp_path / "mon/a.png")
    assert matte("mon", *guide)[0] == 0
    first, replace = outputs(tmp_path / "out"), os.replace

    def killed(source, target):
        if str(target).endswith("_cutout.png"):
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
    assert matte("mon", *guide, "--fusion", "soft")[0] == 130
    monkeypatch.undo()
    assert "1 photo done" in matte("mon", *guide)[1]
    assert outputs(tmp_path / "out") == first and hidden(tmp_path / "out") == []


def test_files_of_a_persons_own_are_kept(matte, tmp_path):
    photo(tmp_path / "mon/a.png")
    save(tmp_path / "out/a_trimap.png", np.full(SIZE, 128, np.uint8))
    before = outputs(tmp_path / "out")
    status, said = matte("mon", "--mask", mask(tmp_path / "m.png"))
    assert status == 1 and "files named a that were not made from it" in said and outputs(tmp_path / "out") == before


def test_a_name_too_long_for_its_outputs_fails_alone(matte, tmp_path):
    folder = tmp_path / "mon"
    photo(folder / "a.png")
    for letter, length in (("b", 240), ("c", 250)):
        photo(folder / (letter * (length - 4) + ".png"), 1)
    photo(folder / (unicodedata.normalize("NFD", "é") * 80 + ".png"), 2)
    status, said = matte("mon", *BOX)
    assert status == 1 and "Its name is too long" in said and "Traceback" not in said
    assert len(outputs(tmp_path / "out")) == 9 and "3 photos done" in said and "1 photo failed" in said


def test_a_full_disk_stops_at_once_in_one_sentence(matte, tmp_path):
    for seed in range(3):
        photo(tmp_path / "mon" / f"{seed}.png", seed)
    with files_of_at_most(1000):
        status, said = matte("mon", *BOX)
        assert status == 2 and "cannot be written to" in said and len(said.splitlines()) == 2
    assert hidden(tmp_path / "out") == []
    from matting.commands.matte import batch

    probe, batch.PROBE = batch.PROBE, 10
    try:
        with files_of_at_most(1000):
            status, said = matte("mon", *BOX)
    finally:
        batch.PROBE = probe
    assert status == 1 and "0 photos done" in said and "make room there and run this again" in said
    assert "0.png" in said and "1.png" not in said  # no other photo was begun
    assert outputs(tmp_path / "out") == {} and hidden(tmp_path / "out") == []
    assert matte("mon", *BOX)[0] == 0


def test_what_a_killed_process_left_is_cleared_and_a_living_ones_stays(matte, tmp_path):
    out = tmp_path / "out"
    owners = [subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
              for _ in range(2)]  # fmt: skip
    gone, lives = (owner.stdout.readline().strip() for owner in owners)
    owners[0].kill()
    owners[0].communicate()
    for name in (gone, lives):
        save(out / f".matte.{name}" / "alpha.png", np.zeros((4, 4), np.uint8))
    (out / ".matte-mine").mkdir()
    photo(tmp_path / "mon/a.png")
    try:
        assert matte("mon", "--mask", mask(tmp_path / "m.png"))[0] == 0
        assert hidden(out) == sorted([f".matte.{lives}", ".matte-mine"])
    finally:
        owners[1].communicate("\n")


def test_an_earlier_process_of_the_same_number_is_gone(tmp_path):
    path = tmp_path / f".a.png.{files.owned_name()}.part"
    path.write_bytes(b"")
    files.clear_left_over(tmp_path)
    assert path.exists()
    os.utime(path, (files.LOADED - 10,) * 2)
    files.clear_left_over(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("kind", ["mask", "trimap"])
def test_an_empty_answer_is_an_error(matte, tmp_path, kind):
    photo(tmp_path / "mon/a.png")
    save(tmp_path / "empty.png", np.zeros(SIZE, np.uint8))
    status, said = matte("mon", f"--{kind}", tmp_path / "empty.png")
    assert status == 1 and ("marks no object" in said or "background everywhere" in said)
    assert outputs(tmp_path / "out") == {}


def test_what_the_program_wrote_is_guidance_for_it(matte, tmp_path):
    photo(tmp_path / "mon/a.png")
    assert matte("mon", "--mask", mask(tmp_path / "m.png"))[0] == 0
    assert matte("mon", "--mask", tmp_path / "out", out="from_alpha")[0] == 0
    assert matte("mon", "--trimap", tmp_path / "out", out="again")[0] == 0
    assert np.array_equal(*(Image.open(tmp_path / name / "a_trimap.png") for name in ("out", "again")))


def test_a_name_is_the_same_in_either_unicode_form(matte, tmp_path):
    photo(tmp_path / "mon" / unicodedata.normalize("NFD", "café.png"))
    mask(tmp_path / "masks" / unicodedata.normalize("NFC", "café.png"))
    assert matte("mon", "--mask", tmp_path / "masks")[0] == 0
