"""Python as people use it: copies, pickles, forks, threads; cutouts as photos; machines that may not be written to."""

import copy
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from network_cases import NARROWEST, NARROWEST_TGN, randomise_norms
from pictures import refused

from matting import MattingPipeline, files
from matting.compositing import colours
from matting.images import read_photo
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN

SIZE = (48, 64)
FORK = """
import os, sys, time
sys.path[:0] = [{tests!r}]
import torch
torch.set_num_threads(2)
import test_python_use as t
pipeline = t.make()
photo, mask = t.photo(), t.mask()
first = pipeline(photo, coarse_mask=mask)
if {colours}:
    first.cutout
child = os.fork()
if not child:
    try:
        result = pipeline(photo, coarse_mask=mask)
        if {colours}:
            result.cutout
    except RuntimeError as error:
        os._exit(3 if str(error) == t.colours.FORKED else 4)
    os._exit(0 if abs(result.alpha - first.alpha).max() < 1e-4 else 5)
for _ in range(1200):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        sys.exit(os.waitstatus_to_exitcode(status))
    time.sleep(0.1)
os.kill(child, 9)
sys.exit(6)
"""


def make():
    torch.manual_seed(0)
    return MattingPipeline(TGN(NARROWEST_TGN), randomise_norms(SPAMattNet(NARROWEST)), device="cpu")


@pytest.fixture(scope="module")
def pipeline():
    return make()


def photo(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def mask():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 24, x - 32) < 15).astype(np.float32)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copied_or_pickled_pipeline_answers_alike(pipeline, copied):
    pipeline.segmenter("grabcut")
    other = copied(pipeline)
    np.testing.assert_array_equal(other(photo(), coarse_mask=mask()).alpha, pipeline(photo(), coarse_mask=mask()).alpha)
    assert other.fingerprint == pipeline.fingerprint
    assert other.segmenter("grabcut") is not pipeline.segmenter("grabcut")


def test_a_result_is_copied_and_pickled_with_its_colours(pipeline):
    result = pipeline(photo(), coarse_mask=mask())
    for other in (copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
        np.testing.assert_array_equal(other.alpha, result.alpha)
        assert other.notices == result.notices and other.cutout.tobytes() == result.cutout.tobytes()


@pytest.mark.parametrize(("colours", "status"), [(False, 0), (True, 3)])
def test_after_a_fork_it_works_or_says_why_not(colours, status):
    """The matte is made; colours, whose library ends such a process, are refused in words. Nothing hangs."""
    code = FORK.format(tests=str(Path(__file__).parent), colours=colours)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stderr


def test_threads_share_a_pipeline(pipeline):
    alone = [pipeline(photo(seed), coarse_mask=mask()).alpha for seed in range(4)]
    together = [None] * 4

    def work(seed):
        together[seed] = pipeline(photo(seed), coarse_mask=mask()).alpha

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, ">u2"])
def test_a_photo_of_any_integers_is_the_same_photo(kind):
    image = photo() // 2
    np.testing.assert_array_equal(read_photo(image.astype(kind))[0], image)


def test_an_array_that_may_not_be_written_stays_as_it_is(pipeline):
    image, guide = photo(), mask()
    image.flags.writeable = guide.flags.writeable = False
    for given in (image, np.asfortranarray(image), image[:, ::-1][:, ::-1]):
        result = pipeline(given, coarse_mask=guide)
        np.testing.assert_array_equal(result.image, photo())
    np.testing.assert_array_equal(image, photo())


def cutout_photo():
    """A cutout whose left half is transparent, with a soft border."""
    opacity = np.zeros(SIZE, np.uint8)
    opacity[:, 32:], opacity[:, 31] = 255, 100
    return np.dstack([photo(), opacity])


@pytest.mark.parametrize("guide", ["mask", "trimap"])
def test_what_was_transparent_in_the_photo_stays_transparent(pipeline, guide):
    given = cutout_photo()
    guidance = {"coarse_mask": mask()} if guide == "mask" else {"trimap": np.full(SIZE, 128, np.uint8)}
    result = pipeline(given, **guidance)
    assert (result.alpha <= given[..., 3] / 255 + 1e-6).all() and not result.trimap[:, :31].any()
    assert result.alpha.any() and any("stay transparent" in notice for notice in result.notices)


def test_a_cutout_that_is_its_own_mask_comes_back_as_it_is(pipeline):
    given = cutout_photo()
    result = pipeline(given, coarse_mask=given)
    np.testing.assert_array_equal(np.asarray(result.cutout)[..., 3], given[..., 3])


def test_pixels_that_do_not_show_have_no_colour(pipeline):
    result = pipeline(photo(), coarse_mask=mask())
    cutout, shown = np.asarray(result.cutout), np.rint(result.alpha * 255) > 0
    assert shown.any() and not shown.all()
    assert not cutout[~shown].any() and (cutout[shown, :3] == result.foreground[shown]).all()


def test_an_empty_answer_is_an_error(pipeline):
    for guidance in ({"coarse_mask": np.zeros(SIZE)}, {"trimap": np.zeros(SIZE, np.uint8)}):
        refused(lambda guidance=guidance: pipeline(photo(), **guidance), "The")


def test_where_numba_may_write_nowhere_it_gets_a_folder_of_the_users_own(monkeypatch, tmp_path):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(files.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.delitem(sys.modules, "pymatting", raising=False)
    colours.let_numba_cache()
    assert "NUMBA_CACHE_DIR" not in os.environ  # here it may
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setitem(sys.modules, "numba", None)
    colours.let_numba_cache()
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    colours.let_numba_cache()
    assert Path(os.environ["NUMBA_CACHE_DIR"]) == folder


def test_a_folder_that_others_may_write_to_is_not_trusted(monkeypatch, tmp_path):
    """What lies in Numba's cache is run."""
    monkeypatch.setattr(files.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(files.tempfile, "tempdir", str(tmp_path))
    planted = tmp_path / f"x-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    assert Path(files.own_folder("x")) != planted
    planted.rmdir()
    planted.symlink_to(tmp_path)
    assert Path(files.own_folder("x")) not in (planted, tmp_path)
