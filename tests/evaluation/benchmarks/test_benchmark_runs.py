import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from benchmark_stand import call, predict, stand_in  # noqa: F401 (stand_in is a fixture, `ours`)
from benchmark_trees import disc, plant, write
from network_cases import NARROWEST
from PIL import Image

from matting.evaluation import methods
from matting.evaluation.benchmarks import runner
from matting.networks import weights
from matting.networks.spamattnet import SPAMattNet
from matting.networks.weights import save_weights


def test_what_was_scored_once_is_not_done_again_until_something_changes(tmp_path, ours, capsys):
    root = tmp_path / "data"
    words = [*plant("p3m-500-p", root), "--mask", "5"]
    assert call(*words) == 0
    first, asked = capsys.readouterr().out, len(ours.asked)
    assert asked == 2 and call(*words) == 0
    assert capsys.readouterr().out == first and len(ours.asked) == asked
    for change, more in (
        (["--mask", "6"], 2),
        (["--weights", "others"], 2),
        (["--method", "joint-soft"], 2),
        (["--flip"], 4),
        (["--no-cache"], 2),
        (["--save", str(tmp_path / "mattes")], 2),  # the mattes are asked for, not the scores alone
    ):
        before = len(ours.asked)
        assert call(*words, *change) == 0
        assert len(ours.asked) == before + more, change
    before = len(ours.asked)
    truth = root / "P3M-10k/validation/P3M-500-P/mask/p_1.png"
    write(truth, 255 - np.asarray(Image.open(truth)))
    assert call(*words) == 0 and len(ours.asked) == before + 1


def test_saved_mattes_are_those_of_the_run_that_was_asked_for(tmp_path, ours):
    """Scores may be known and a file of the name may be there; it may be another method's."""
    words, mattes = [*plant("folder", tmp_path / "data"), "--mask", "5"], tmp_path / "mattes"

    def saved(method):
        assert call(*words, "--method", method, "--save", mattes) == 0
        return np.asarray(Image.open(mattes / "a.png")).copy()

    hard, soft = saved("joint-hard"), saved("joint-soft")
    np.testing.assert_allclose(hard / 2, soft, atol=1)
    np.testing.assert_array_equal(saved("joint-hard"), hard)
    asked = len(ours.asked)
    np.testing.assert_array_equal(saved("joint-hard"), hard)
    assert len(ours.asked) == asked  # the very file is still there


def test_a_folders_masks_are_scored_as_they_are_beside_what_is_made_of_them(tmp_path, capsys):
    words, file = [*plant("folder", tmp_path / "data"), "--mask", "true"], tmp_path / "scores.json"
    assert call(*words, "--json", file, "--save", tmp_path / "mattes") == 0
    said, runs = capsys.readouterr().out, json.loads(file.read_text())["runs"]
    assert [run["method"] for run in runs.values()] == ["joint-hard", "mask"]
    for name, row in runs["mask-true"]["images"].items():
        truth = np.asarray(Image.open(tmp_path / f"data/alpha/{name}.png")) / 255
        matte = np.asarray(Image.open(tmp_path / f"mattes/mask-true/{name}.png")) / 65535
        np.testing.assert_array_equal(matte, truth >= 0.5)
        assert row["SAD"] == pytest.approx(abs((truth >= 0.5) - truth).sum() / 1000, rel=1e-5)
        assert re.search(rf"\| {name} +\| .*{row['SAD']:.3f} \|", said)
    assert call(*words, "--method", "mask") == 0


def test_flips_average_what_the_network_makes_of_photo_and_mirror_image(tmp_path, monkeypatch, ours):
    ramp = np.linspace(0, 1, 56, dtype=np.float32)

    def leaning(image, trimap, probabilities=None, fusion="hard"):
        return np.where(trimap == 128, ramp, trimap / 255).astype(np.float32)

    monkeypatch.setattr(ours, "alpha", leaning)
    monkeypatch.setattr(ours, "trimap_probabilities", lambda image, mask: np.eye(3, dtype=np.float32)[
        np.searchsorted([0, 128, 255], disc(0)[2])])  # fmt: skip
    words = [*plant("folder", tmp_path / "data"), "--first", "1", "--save", tmp_path / "mattes", "--flip"]
    for choice in ([], ["--method", "joint-hard", "--mask", "5"]):
        assert call(*words, *choice) == 0
        matte, trimap = np.asarray(Image.open(tmp_path / "mattes/a.png")) / 65535, disc(0)[2]
        np.testing.assert_allclose(matte, np.where(trimap == 128, 0.5, trimap / 255), atol=1e-4)


def test_an_interrupted_run_goes_on_with_the_photos_that_are_left(tmp_path, ours, monkeypatch):
    words = [*plant("aim-500", tmp_path / "data"), "--mask", "5"]
    whole, calls = runner.estimate, []

    def interrupted(photo, *rest):
        calls.append(photo.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(photo, *rest)

    monkeypatch.setattr(runner, "estimate", interrupted)
    assert call(*words) == 130
    monkeypatch.setattr(runner, "estimate", lambda photo, *rest: calls.append(photo.name) or whole(photo, *rest))
    assert call(*words) == 0
    assert calls == ["o_0", "o_1", "o_2", "o_2", "o_3"]


def test_an_interrupted_run_in_processes_leaves_the_rest(monkeypatch):
    """With threads in the processes' place, which share what was done."""
    done = []

    monkeypatch.setattr(runner, "ProcessPoolExecutor", lambda workers, *_: ThreadPoolExecutor(workers))
    monkeypatch.setattr(runner, "work", lambda example, run, cache: (time.sleep(0.02), done.append(example)))
    outcomes = runner._outcomes(range(200), None, None, workers=2)
    next(outcomes)
    outcomes.close()
    assert 1 <= len(done) < 100


def test_processes_change_nothing(tmp_path):
    words, files = plant("folder", tmp_path / "data"), [tmp_path / "1.json", tmp_path / "2.json"]
    predict("folder", tmp_path / "data", tmp_path / "mattes", lambda truth: truth**2)
    words += ["--method", "predictions", "--predictions", tmp_path / "mattes", "--no-cache"]
    for workers, file in enumerate(files, 1):
        assert call(*words, "--workers", workers, "--json", file) == 0
    assert files[0].read_text() == files[1].read_text()


def test_runs_of_two_regions_are_not_compared(tmp_path, capsys):
    words, file = plant("folder", tmp_path / "data"), tmp_path / "scores.json"
    assert call(*words, "--region", "whole", "--json", file) == 0
    assert call(*words, "--against", file) == 2
    assert "the region is None here and whole there" in capsys.readouterr().err
    assert call(*words, "--region", "whole", "--against", file) == 0


@pytest.mark.parametrize("broken", ["image", "alpha", "trimap"])
def test_a_damaged_file_costs_one_photo_and_is_named(broken, tmp_path, capsys):
    words, file = plant("folder", tmp_path / "data"), tmp_path / f"data/{broken}/b.png"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert call(*words) == 1
    said = capsys.readouterr()
    assert "1 of 2 photos are not in the mean" in said.err and "  b: " in said.err and "b.png" in said.err


def test_predictions_that_are_missing_or_of_another_size_are_named(tmp_path, capsys):
    words, mattes = plant("aim-500", tmp_path / "data"), tmp_path / "mattes"
    predict("aim-500", tmp_path / "data", mattes)
    words += ["--method", "predictions", "--predictions", mattes, "--json", tmp_path / "scores.json"]
    os.remove(mattes / "o_1.png")
    Image.open(mattes / "o_2.png").resize((28, 20)).save(mattes / "o_2.png")
    assert call(*words) == 1
    said = capsys.readouterr()
    assert "2 of 4 photos are not in the mean" in said.err and "Means over 2 photos" in said.out
    assert "The prediction o_1 is missing" in said.err and re.search(r"o_2.png is 28x20 .* 56x40", said.err)
    document = json.loads((tmp_path / "scores.json").read_text())
    assert set(document["failed"]) == {"o_1", "o_2"} and set(document["images"]) == {"o_0", "o_3"}
    assert call(*words[:-2], "--predictions", tmp_path / "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


def test_a_single_file_of_spamattnets_weights_goes_with_the_bundled_tgn(tmp_path, monkeypatch):
    monkeypatch.undo()
    methods.load_pipeline.cache_clear()
    save_weights(SPAMattNet(NARROWEST), tmp_path / "net.safetensors")
    pipeline = methods.load_pipeline(str(tmp_path / "net.safetensors"), "cpu")
    image, _, trimap = disc(0)
    assert pipeline.alpha(image, trimap).shape == trimap.shape
    assert methods.weights_digest(str(tmp_path / "net.safetensors")) != methods.weights_digest(None)
    with pytest.raises(ValueError, match="TGN, which makes no mattes"):
        methods.load_pipeline(str(weights.BUNDLED / "tgn.safetensors"), "cpu")
