"""A photo of a batch opens in the main tab with all that was made of it, and comes back corrected."""

from __future__ import annotations

import zipfile
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from app_cases import layer
from PIL import Image

from matting.app.pick.segmenter_menu import OFFLINE
from matting.app.session.matte_files import read_alpha
from matting.app.session.stages import Clicks
from matting.trimaps.algebra import BACKGROUND

CHOSEN = ("checkerboard", "#000000", None, 100, 50, 50, "png")
NOTHING = (None, Clicks(), None, None, None)


@pytest.fixture
def batch(app, photo, tmp_path):
    """A batch of two photos, and between them a file that is none."""
    paths = [tmp_path / f"{name}.png" for name in ("one", "note", "two")]
    for path, turned in ((paths[0], 1), (paths[2], -1)):
        Image.fromarray(np.ascontiguousarray(photo.image[:, ::turned])).save(path)
    paths[1].write_text("no picture")
    return list(app.batches.run([str(path) for path in paths], OFFLINE))[-1][app.page.batch.batch]


def opened(app, batch, index=1, made=NOTHING):
    return app.corrections.open(index, batch, True, layer(), *made, *CHOSEN)


def test_a_photo_opens_with_its_mask_its_trimap_and_its_matte(app, batch):
    states, part = app.page.states, app.page.batch
    offered = app.corrections.choose(SimpleNamespace(index=1), batch)
    assert "two" in offered[part.correct].value and offered[part.correct].visible
    update = opened(app, batch, offered[part.chosen])
    photo, trimap, matte = (update[state] for state in (states.photo, states.trimap, states.matte))
    assert (photo.name, update[app.page.tabs].selected) == ("two", "one")
    files = dict(batch.files)
    with Image.open(files["two_cutout.png"]) as was, Image.open(matte.cutout_file) as now:
        assert (
            np.abs(np.asarray(was)[..., 3].astype(int) - np.asarray(now)[..., 3]).max() <= 1
        )  # of 16 bits, not floats
    with Image.open(files["two_alpha.png"]) as was:
        assert np.array_equal(np.asarray(was), np.rint(read_alpha(matte) * 65535))
    assert matte.made_from == trimap.stamp and trimap.selection is update[states.selection]
    assert "of your batch" in update[app.page.pick.say]


def test_the_work_before_can_be_brought_back(app, batch, photo):
    update = opened(app, batch, made=(photo, Clicks(), None, None, None))
    assert update[app.page.states.before].photo is photo and photo.gone.is_set()


def test_a_corrected_photo_takes_its_place_in_gallery_and_archive(app, batch):
    states, part = app.page.states, app.page.batch
    update = opened(app, batch)
    photo, selection, trimap = (update[state] for state in (states.photo, states.selection, states.trimap))
    erased = np.zeros(photo.size, bool)
    erased[:, :64] = True
    mended = trimap.mend(BACKGROUND, erased, 1)
    cut = app.results.cut(layer(), photo, mended, "hard", "spamattnet", True, *CHOSEN)
    back = app.corrections.put_back(1, batch, photo, selection, cut[states.matte])
    assert "“two” is corrected" in back[part.say]
    with zipfile.ZipFile(back[part.archive].value["path"]) as archive:
        assert archive.namelist() == [name for name, _ in batch.files]
        with archive.open("two_cutout.png") as file:
            assert not np.asarray(Image.open(file))[:, :64, 3].any()
        with archive.open("one_cutout.png") as file:
            assert np.asarray(Image.open(file))[:, :64, 3].any()
    assert back[part.batch].shown[1] != batch.shown[1] and back[part.batch].shown[0] == batch.shown[0]
    again = opened(app, back[part.batch])
    assert np.array_equal(again[states.trimap].values, mended.values)


def test_another_photo_is_not_taken_for_the_batchs(app, batch, photo):
    update = opened(app, batch, 0)
    states = app.page.states
    for other, matte in ((photo, update[states.matte]), (update[states.photo], None), (None, None)):
        with pytest.warns(UserWarning, match="is not “two”|is not “one”"):
            index = 1 if matte is not None else 0
            assert app.corrections.put_back(index, batch, other, None, matte) == gr.skip()
    for index in (None, 7):
        with pytest.warns(UserWarning, match="not there any more"):
            assert opened(app, batch, index) == gr.skip()
