import csv
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import torch
from disk import files_of_at_most
from training_cases import fill, read_log

from matting.__main__ import main
from matting.training import checkpoint
from matting.training.stages import STAGES
from matting.weights import load_weights


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pool"))


def words_of(stage, pool, run, *more):
    words = ["train", stage, "--pool", pool, "--photos", pool / "photos", "--run", run, "--device", "cpu"]
    return [str(word) for word in [*words, "--steps", 2, "--batch", 2, "--crop", 64, *more]]


def command(stage, pool, run, *more):
    """The command line in this process; returns the exit status."""
    try:
        return main(words_of(stage, pool, run, *more))
    except SystemExit as leaving:
        return leaving.code


@pytest.mark.parametrize(("stage", "workers"), [("tgn", 0), ("spamattnet", 1)])
def test_the_command_line_trains_each_stage(pool, tmp_path, stage, workers, capsys):
    out = tmp_path / "weights" / f"{stage}.safetensors"
    assert command(stage, pool, tmp_path / "run", "--workers", workers, "--out", out) == 0
    assert str(out) in capsys.readouterr().out
    network = load_weights(out)
    assert network.config == STAGES[stage].configs["small"]
    assert [step for step, *_ in read_log(tmp_path / "run")] == [1, 2]
    first = next(network.encoder.parameters())
    assert (first[:, 3:].abs().sum() < first[:, :3].abs().sum()).item()  # it began with ImageNet's weights

    assert command(stage, pool, tmp_path / "run", "--workers", 0, "--seed", 1) == 2
    said = capsys.readouterr().err
    assert "another seed" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--crop", 100], ["--crop", "64", "100"]),
        (["--batch", 3, "--accumulate", 2], ["batch of 3", "2 accumulated"]),
        (["--images", "somewhere"], ["--pool and --photos", "--images"]),
        (["--validate", "no-such-pool"], ["no-such-pool"]),
        (["--dtype", "float16"], ["float16", "GPU"]),
        (["--photos", "no-such-folder"], ["no-such-folder"]),
        (["--pool", "no-such-pool"], ["no-such-pool"]),
        (["--from", "no-such.safetensors"], ["no-such.safetensors"]),
        (["--steps", "many"], ["--steps"]),
    ],
)
def test_a_run_that_cannot_start_says_why_in_a_sentence(pool, tmp_path, capsys, more, words):
    assert command("spamattnet", pool, tmp_path / "run", "--workers", 0, *more) == 2
    said = capsys.readouterr().err.strip()
    assert all(word in said for word in words) and "\n" not in said
    assert not (tmp_path / "run").exists()


def test_a_changed_rate_is_refused_and_taken_if_it_is_meant(pool, tmp_path, capsys):
    assert command("tgn", pool, tmp_path, "--workers", 0, "--time-limit", 0) == 0
    assert command("tgn", pool, tmp_path, "--workers", 0, "--rate", 1e-4) == 2
    assert "rate 0.001 (now 0.0001)" in capsys.readouterr().err
    assert command("tgn", pool, tmp_path, "--workers", 0, "--rate", 1e-4, "--change-recipe") == 0
    assert "rate 0.0001" in capsys.readouterr().err  # the recipe is said


def assert_fails_in_a_sentence(status, capsys, *words):
    said = capsys.readouterr().err
    assert status == 1 and "Traceback" not in said
    sentence = said.strip().splitlines()[-1]
    assert all(word in sentence for word in words) and sentence.endswith(".")


def test_a_damaged_foreground_is_named(tmp_path, capsys):
    pool = fill(tmp_path)
    for path in pool.glob("*.png"):
        path.write_bytes(path.read_bytes()[:200])
    status = command("tgn", pool, tmp_path / "run", "--workers", 0)
    assert_fails_in_a_sentence(status, capsys, "Sample", "_soft.png cannot be decoded", "checkpoint is kept")


def test_a_loss_that_explodes_is_told(pool, tmp_path, capsys):
    status = command("tgn", pool, tmp_path / "run", "--workers", 0, "--rate", 1e35, "--warmup", 1, "--steps", 9)
    assert_fails_in_a_sentence(status, capsys, "is not finite", "Lower the learning rate")


def test_a_full_disk_is_told_and_the_same_command_goes_on(pool, tmp_path, capsys):
    assert command("tgn", pool, tmp_path, "--workers", 0, "--time-limit", 0) == 0
    capsys.readouterr()
    before = (tmp_path / checkpoint.NAME).read_bytes()
    with files_of_at_most(100_000):
        status = command("tgn", pool, tmp_path, "--workers", 0)
    assert_fails_in_a_sentence(status, capsys, "checkpoint could not be written", "Free some space")
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    assert command("tgn", pool, tmp_path, "--workers", 0) == 0
    assert [step for step, *_ in read_log(tmp_path)] == [1, 2]


def test_ctrl_c_saves_says_how_to_go_on_and_the_run_goes_on(pool, tmp_path):
    words = words_of("tgn", pool, tmp_path, "--workers", 1, "--steps", 2000)
    process = subprocess.Popen(
        [sys.executable, "-m", "matting", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 300
    while not (tmp_path / "log.csv").exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130 and "Traceback" not in said
    step = torch.load(tmp_path / checkpoint.NAME, weights_only=True)["step"]
    assert f"Stopped after step {step} of 2000" in said and f"checkpoint is in {tmp_path}" in said
    assert command("tgn", pool, tmp_path, "--workers", 0, "--steps", step + 1, "--change-recipe") == 0
    assert [step for step, *_ in read_log(tmp_path)] == list(range(1, step + 2))


@pytest.fixture(scope="module")
def photographs(pool, tmp_path_factory):
    """Folders of photographs, their mattes, coarse masks, and trimaps as `matte` names them."""
    root = tmp_path_factory.mktemp("photographs")
    for name in ("images", "alphas", "masks", "trimaps"):
        (root / name).mkdir()
    for path in sorted(pool.glob("*.png")):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        alpha = pixels[..., 3]
        trimap = np.select([alpha == 255, alpha == 0], [255, 0], 128).astype(np.uint8)
        cv2.imwrite(str(root / "images" / f"{path.stem}.jpg"), pixels[..., :3])
        cv2.imwrite(str(root / "alphas" / path.name), alpha)
        cv2.imwrite(str(root / "masks" / path.name), np.where(alpha > 99, 255, 0).astype(np.uint8))
        cv2.imwrite(str(root / "trimaps" / f"{path.stem}_trimap.png"), trimap)
    return root


def preset(stage, photographs, run, *more):
    words = ["train", stage, "--preset", "p3m", "--config", "small", "--images", photographs / "images", "--alphas"]
    guidance = photographs / ("masks" if stage == "tgn" else "trimaps")
    words += [photographs / "alphas", "--guidance", guidance, "--run", run, "--device", "cpu", "--workers", 0]
    return main([str(word) for word in [*words, "--steps", 2, "--batch", 2, "--crop", 64, *more]])


@pytest.mark.parametrize("stage", STAGES)
def test_presets_train_on_photographs(photographs, tmp_path, stage, capsys):
    assert preset(stage, photographs, tmp_path) == 0
    recipe = json.loads(torch.load(tmp_path / checkpoint.NAME, weights_only=True)["recipe"])
    assert recipe["windows"] == [512, 768, 1024] and recipe["steps"] == 2
    assert recipe["optimizer"] == ("sgd" if stage != "spamattnet" else "adam")
    assert (recipe["kernel"], recipe["whole"]) == ((30, 0) if stage != "spamattnet" else (15, 1))
    assert [step for step, *_ in read_log(tmp_path)] == [1, 2]


def test_spamattnet_star_cannot_be_trained_without_layers(photographs, tmp_path, capsys):
    assert preset("spamattnet", photographs, tmp_path, "--config", "paper_star") == 2
    assert "--pool and --photos" in capsys.readouterr().err


@pytest.mark.parametrize(("stage", "score"), [("tgn", "miou"), ("spamattnet", "sad")])
def test_a_run_may_be_looked_at(pool, tmp_path, stage, score):
    options = ["--workers", 0, "--validate", pool, "--validate-count", 2, "--validate-every", 0]
    assert command(stage, pool, tmp_path / "looked", *options) == 0
    assert command(stage, pool, tmp_path / "not", "--workers", 0) == 0
    with (tmp_path / "looked" / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(0 <= float(row[f"validation_{score}"]) and float(row["validation_loss"]) > 0 for row in rows)
    pictures = sorted((tmp_path / "looked" / "validation").iterdir())
    assert [path.name for path in pictures] == ["0000001.png", "0000002.png"]
    assert cv2.imread(str(pictures[0])).shape == (2 * 192, 4 * 192, 3)
    states = [torch.load(tmp_path / run / checkpoint.NAME, weights_only=True) for run in ("looked", "not")]
    assert all(torch.equal(states[0]["network"][name], states[1]["network"][name]) for name in states[0]["network"])
