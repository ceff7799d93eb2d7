"""Many photos at once: one that fails stops nothing, names stay apart, what is done can be taken home."""

from __future__ import annotations

import zipfile
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from app_cases import disc
from PIL import Image

from matting.app.batch import DONE, MOST, WAITING, WORKING, Batch
from matting.app.pick.segmenter_menu import OFFLINE


@pytest.fixture
def paths(photo, tmp_path):
    """Two photos of one name, and between them a file that is none."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.fromarray(photo.image).save(tmp_path / folder / "disc.png")
    (tmp_path / "note.png").write_text("no picture")
    return [str(tmp_path / "a" / "disc.png"), str(tmp_path / "note.png"), str(tmp_path / "b" / "disc.png")]


def test_a_bad_file_is_said_in_its_row_and_the_others_are_in_the_archive(app, paths):
    part = app.page.batch
    steps = list(app.batches.run(paths, OFFLINE))
    assert [text for _, text in steps[0][part.batch].rows] == [WORKING, WAITING, WAITING]
    last = steps[-1][part.batch]
    assert [name for name, _ in last.rows] == ["disc", "note", "disc-2"]
    assert [last.rows[i][1] for i in (0, 2)] == [DONE, DONE]
    assert "is not a picture" in last.rows[1][1]
    assert "2 of 3 photos cut out; 1 failed" in steps[-1][part.say]
    alone = [Path(file["path"]).name for file in steps[-1][part.alone].value]
    assert alone == ["disc_cutout.png", "disc-2_cutout.png"]
    with zipfile.ZipFile(steps[-1][part.archive].value["path"]) as archive:
        expected = [f"{name}_{kind}.png" for name in ("disc", "disc-2") for kind in ("alpha", "cutout")]
        assert sorted(archive.namelist()) == sorted(expected)
        with archive.open("disc_cutout.png") as file:
            opacity = np.asarray(Image.open(file))[:, :, 3]
    assert opacity[disc(15)].mean() > 200
    assert opacity[~disc(45)].mean() < 50


@pytest.mark.parametrize(
    ("along", "camera", "place"), [("all but the place", 1, 0), ("everything", 1, 1), ("nothing", 0, 0)]
)
def test_what_was_chosen_goes_along_and_what_is_transparent_stays_so(app, photo, tmp_path, along, camera, place):
    exif = Image.Exif()
    exif[271] = "A camera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 14.0)
    layers = np.dstack([photo.image, np.full(photo.size, 255, np.uint8)])
    layers[:, :64, 3] = 0
    Image.fromarray(layers).save(tmp_path / "half.png", exif=exif)
    made = dict(list(app.batches.run([str(tmp_path / "half.png")], OFFLINE, along))[-1][app.page.batch.batch].files)
    for file in made.values():
        with Image.open(file) as picture:
            told = picture.getexif()
            assert (271 in told, 2 in told.get_ifd(0x8825)) == (camera, place)
    with Image.open(made["half_cutout.png"]) as picture:
        opacity = np.asarray(picture)[..., 3]
    assert not opacity[:, :64].any() and opacity[48, 70] == 255


def test_a_stopped_batch_offers_what_is_done(app, paths):
    part = app.page.batch
    run = app.batches.run(paths, OFFLINE)
    next(run)
    halfway = next(run)[part.batch]
    run.close()
    stopped = app.batches.stop(halfway)
    assert "1 done" in stopped[part.say]
    with zipfile.ZipFile(stopped[part.archive].value["path"]) as archive:
        assert sorted(archive.namelist()) == ["disc_alpha.png", "disc_cutout.png"]
    assert set(app.batches.stop(Batch())) == {part.say}
    assert set(app.batches.stop(None)) == {part.say}


def test_none_and_too_many_are_refused(app):
    for paths in (None, [], ["photo.jpg"] * (MOST + 1)):
        with pytest.warns(UserWarning, match="Choose"):
            assert list(app.batches.run(paths, OFFLINE)) == [gr.skip()]


def test_a_segmenter_that_cannot_be_had_gives_way_in_a_batch_too(app, paths, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.warns(UserWarning, match="sam-vit-h"):
        steps = list(app.batches.run(paths[:1], "sam-vit-h"))
    assert steps[-1][app.page.batch.batch].rows == (("disc", DONE),)
