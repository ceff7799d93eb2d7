"""Photos through pipes, in processes of their own."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from network_cases import narrowest_pipeline
from pictures import disc, save
from PIL import Image

from matting import MattingPipeline

SIZE = (40, 56)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def stand(tmp_path_factory):
    """A folder with tiny networks, a photo that carries EXIF, and its mask."""
    folder = tmp_path_factory.mktemp("pipes")
    torch.manual_seed(0)
    narrowest_pipeline().save_pretrained(folder / "weights")
    grain = np.random.default_rng(0).integers(0, 60, (*SIZE, 3))
    exif = Image.Exif()
    exif[271], exif[274] = "Canon", 1
    picture = Image.fromarray(np.rint(grain + 180 * disc(SIZE, 12)[..., None]).astype(np.uint8))
    picture.save(folder / "ape.jpg", exif=exif, dpi=(240, 240))
    save(folder / "mask.png", disc(SIZE, 12))
    return folder


def call(stand, *words, **options):
    words = [sys.executable, "-m", "matting", "matte", *words, "--weights", "weights", "--device", "cpu"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(words, cwd=stand, env=environment, capture_output=True, timeout=300, **options)


def test_a_photo_goes_in_and_its_cutout_comes_out(stand):
    done = call(stand, "-", "--mask", "mask.png", "--out", "-", input=(stand / "ape.jpg").read_bytes())
    assert done.returncode == 0, done.stderr.decode()
    with Image.open(io.BytesIO(done.stdout)) as cutout:
        expected = MattingPipeline.from_pretrained(stand / "weights", device="cpu")(
            stand / "ape.jpg", coarse_mask=stand / "mask.png"
        )
        assert cutout.mode == "RGBA" and np.array_equal(np.asarray(cutout), np.asarray(expected.cutout))
        assert cutout.getexif()[271] == "Canon" and 274 not in cutout.getexif()
        assert cutout.info["dpi"] == pytest.approx((240, 240), abs=0.02)


def test_from_a_pipe_into_a_folder_and_never_over_what_is_there(stand):
    words = ("-", "--mask", "mask.png", "--out", "out", "--save-mask", "masks", "--strip")
    photo = (stand / "ape.jpg").read_bytes()
    assert call(stand, *words, input=photo).returncode == 0
    names = ["stdin_alpha.png", "stdin_cutout.png", "stdin_trimap.png"]
    assert sorted(path.name for path in (stand / "out").iterdir()) == names
    assert [path.name for path in (stand / "masks").iterdir()] == ["stdin.png"]
    with Image.open(stand / "out/stdin_cutout.png") as cutout:
        assert not cutout.getexif() and "dpi" not in cutout.info
    again = call(stand, *words, input=photo)
    assert again.returncode == 2 and b"--overwrite" in again.stderr and b"Traceback" not in again.stderr


@pytest.mark.parametrize(
    ("content", "words", "status", "said"),
    [
        (b"", ["-"], 1, b"is empty"),
        (b"no picture at all", ["-"], 1, b"not a picture"),
        (b"", ["-", "ape.jpg"], 2, b"one photo"),
        (b"", ["."], 2, b"one photo"),
        (b"", ["gone.jpg"], 1, b"does not exist"),
    ],
)
def test_what_cannot_be_cut_out_is_said_in_a_sentence(stand, content, words, status, said):
    done = call(stand, *words, "--mask", "mask.png", "--out", "-", input=content)
    assert done.returncode == status and said in done.stderr and not done.stdout
    assert b"Traceback" not in done.stderr and done.stderr.count(b"\n") == 1


def test_a_reader_that_has_gone_is_no_traceback(stand):
    words = [sys.executable, "-m", "matting", "matte", "ape.jpg", "--mask", "mask.png", "--out", "-"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*words, "--weights", "weights", "--device", "cpu"],
        cwd=stand,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=300,
    )
    os.close(writing)
    assert done.returncode == 1 and b"has gone" in done.stderr and b"Traceback" not in done.stderr


def test_a_console_without_a_character_gets_a_question_mark(stand):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "cp1252"}
    words = [sys.executable, "-m", "matting", "table", "III"]
    done = subprocess.run(words, cwd=stand, env=environment, capture_output=True, timeout=300)
    assert done.returncode == 0 and b"10?" in done.stdout, done.stderr.decode()
