import csv
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from network_cases import NARROWEST, NARROWEST_TGN, narrowest_pipeline
from pictures import disc, save
from training_cases import assert_equal, read_log

from matting import MattingPipeline
from matting.__main__ import main
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.networks.weights import BUNDLED, load_pair, save_weights
from matting.training import checkpoint

SIZE = (72, 96)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Weights of few channels, photos and their masks, backgrounds, and one photo in alphamatting.com's layout."""
    root = tmp_path_factory.mktemp("adaptation")
    torch.manual_seed(0)
    narrowest_pipeline().save_pretrained(root / "weights")
    for seed in range(2):
        grain = np.random.default_rng(seed).integers(0, 90, (*SIZE, 3)).astype(np.uint8)
        alpha = disc(SIZE, 22 + 4 * seed)
        photo = np.rint(grain + 150 * alpha[..., None]).astype(np.uint8)
        save(root / f"photos/{seed}.png", photo)
        save(root / f"masks/{seed}.png", (alpha > 0.5).astype(np.float32))
        save(root / f"backgrounds/{seed}.jpg", grain[::-1])
        save(root / f"matted/image/{seed}.png", photo)
        save(root / f"matted/alpha/{seed}.png", alpha)
    save(root / "held/input_training_lowres/GT01.png", photo)
    save(root / "held/gt_training_lowres/GT01.png", alpha)
    save(root / "held/trimap_training_lowres/Trimap1/GT01.png", np.full(SIZE, 128, np.uint8))
    return root


def words_of(root, run, *more):
    words = ["train", "adaptation", "--data", f"photos:{root / 'photos'}", "--guidance", root / "masks"]
    words += ["--photos", root / "backgrounds", "--from", root / "weights", "--run", run, "--device", "cpu"]
    return [str(word) for word in [*words, "--workers", 0, "--batch", 2, "--crop", 64, "--steps", 5, *more]]


def command(root, run, *more):
    try:
        return main(words_of(root, run, *more))
    except SystemExit as leaving:
        return leaving.code


def tensors(pair):
    return {f"{name}.{key}": value for name, net in pair.items() for key, value in net.state_dict().items()}


def test_weights_in_weights_out_and_a_stopped_run_goes_on_exactly(root, tmp_path, capsys):
    assert command(root, tmp_path / "whole") == 0
    said = capsys.readouterr()
    assert str(tmp_path / "whole" / "weights") in said.out and "Schedule:" in said.err
    for _ in range(2):
        assert command(root, tmp_path / "parts", "--time-limit", 0) == 0
    assert command(root, tmp_path / "parts", "--out", tmp_path / "out") == 0
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")
    assert [step for step, *_ in read_log(tmp_path / "parts")] == [1, 2, 3, 4, 5]
    pairs = [load_pair(folder) for folder in (root / "weights", tmp_path / "whole" / "weights", tmp_path / "out")]
    assert_equal(tensors(pairs[1]), tensors(pairs[2]))
    for name, network in pairs[1].items():
        assert network.config == pairs[0][name].config
        before = dict(pairs[0][name].named_parameters())
        moved = [(value - before[key]).abs().max().item() for key, value in network.named_parameters()]
        assert 0 < max(moved) < 0.01  # five steps of Adam at 1e-4, averaged, in half precision
    result = MattingPipeline.from_pretrained(tmp_path / "out", device="cpu")(
        root / "photos/0.png", coarse_mask=root / "masks/0.png"
    )
    assert result.alpha.shape == SIZE


@pytest.mark.long
def test_a_killed_adaptation_goes_on_exactly(root, tmp_path):
    assert command(root, tmp_path / "whole", "--steps", 30) == 0
    assert command(root, tmp_path / "killed", "--steps", 30, "--time-limit", 0) == 0  # a checkpoint after one step
    words = words_of(root, tmp_path / "killed", "--steps", 30)
    process = subprocess.Popen([sys.executable, "-m", "matting", *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while len(read_log(tmp_path / "killed")) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert command(root, tmp_path / "killed", "--steps", 30) == 0
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "killed")
    assert_equal(*(tensors(load_pair(tmp_path / name / "weights")) for name in ("whole", "killed")))


def test_it_runs_on_from_the_bundled_weights_in_accumulated_passes_and_may_be_looked_at(root, tmp_path):
    words = words_of(root, tmp_path, "--batch", 4, "--accumulate", 2, "--steps", 1, "--validate", root / "held")
    place = words.index("--from")
    assert main(words[:place] + words[place + 2 :]) == 0
    bundled, adapted = load_pair(BUNDLED), load_pair(tmp_path / "weights")
    for name, network in adapted.items():
        assert network.config == bundled[name].config
        for key, value in network.named_parameters():
            assert (value - bundled[name].get_parameter(key)).abs().max() < 2e-3
    with (tmp_path / "log.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert 0 < float(row["photos_sad"]) < 72 * 96 / 1000
    assert cv2.imread(str(tmp_path / "validation" / "0000001.png")).shape == (192, 4 * 192, 3)
    state = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert json.loads(state["schedule"])["weight"] == 0.5 and "discriminator" in json.loads(state["settings"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--crop", 100], ["--crop", "64", "100"]),
        (["--batch", 3, "--accumulate", 2], ["batch of 3", "2 accumulated"]),
        (["--accumulate", 2], ["two photos in each pass", "--batch"]),
        (["--data", "photos:nowhere"], ["nowhere", "missing"]),
        (["--data", "aim500:somewhere"], ["aim500", "to be scored"]),
        (["--data", "bg20k:somewhere"], ["no photos to adapt to", "photos:DIR"]),
        (["--guidance", "nowhere"], ["nowhere", "missing"]),
        (["--photos", "nowhere"], ["nowhere"]),
        (["--from", "nowhere"], ["nowhere"]),
        (["--teacher", "nowhere"], ["nowhere"]),
        (["--teacher", "{weights}/tgn.safetensors"], ["weights of SPAMattNet", "holds TGN's"]),
        (["--config", "u2net"], ["adaptation has the configurations small, paper, paper_star"]),
        (["--preset", "p3m", "--config", "small"], ["--preset is not for adaptation"]),
        (["--pool", "somewhere"], ["--pool is not for adaptation"]),
        (["--no-enlarge"], ["--no-enlarge is not for adaptation"]),
        (["--validate", "somewhere"], ["somewhere", "alphamatting.com's layout"]),
    ],
)
def test_an_adaptation_that_cannot_start_says_why_in_a_sentence(root, tmp_path, capsys, more, words):
    more = [str(word).format(weights=root / "weights") for word in more]
    assert command(root, tmp_path / "run", *more) == 2
    said = capsys.readouterr().err.strip()
    assert all(word in said for word in words) and "\n" not in said
    assert not (tmp_path / "run").exists()


def without(words, option):
    place = words.index(option)
    return words[:place] + words[place + 2 :]


def test_what_an_adaptation_lacks_is_named(root, tmp_path, capsys):
    whole = words_of(root, tmp_path / "run")
    for option, word in (("--guidance", "no coarse mask"), ("--photos", "other backgrounds")):
        assert main(without(whole, option)) == 2
        assert word in capsys.readouterr().err
    assert main([*without(whole, "--from"), "--config", "paper"]) == 2
    assert "none of paper are bundled" in capsys.readouterr().err
    alone = without(without(without(whole[2:], "--from"), "--photos"), "--guidance")
    assert main(["train", "tgn", *alone]) == 2
    assert "nothing to train on in photos" in capsys.readouterr().err


def test_another_discriminator_or_network_is_refused(root, tmp_path, capsys):
    assert command(root, tmp_path / "run", "--time-limit", 0) == 0
    torch.manual_seed(1)
    tgn, spamattnet = TGN(NARROWEST_TGN), SPAMattNet(replace(NARROWEST, window=8))
    MattingPipeline(tgn, spamattnet, device="cpu").save_pretrained(tmp_path / "other")
    assert command(root, tmp_path / "run", "--from", tmp_path / "other") == 2
    assert "another config" in capsys.readouterr().err


def test_the_teacher_may_be_another_spamattnet(root, tmp_path, capsys):
    torch.manual_seed(2)
    other = SPAMattNet(replace(NARROWEST, window=8))
    save_weights(other, tmp_path / "other.safetensors")
    words = "--steps", 1, "--teacher", tmp_path / "other.safetensors"
    assert command(root, tmp_path / "run", *words) == 0
    state = torch.load(tmp_path / "run" / checkpoint.NAME, weights_only=True)
    assert_equal(state["teacher"], other)
    assert main(["train", "tgn", "--pool", "x", "--teacher", "x"]) == 2
    assert "--teacher is for adaptation" in capsys.readouterr().err


def test_masks_that_matte_saves_guide_a_training(root, tmp_path, capsys):
    """GrabCut's, end to end: photos to masks, masks to TGN and to an adaptation."""
    words = ["matte", root / "photos", "--out", tmp_path / "out", "--save-mask", tmp_path / "masks"]
    words += ["--coarse", "grabcut"]
    assert main([str(word) for word in [*words, "--weights", root / "weights", "--device", "cpu"]]) == 0
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == ["0.png", "1.png"]
    for seed in range(2):
        mask = cv2.imread(str(tmp_path / f"masks/{seed}.png"), cv2.IMREAD_UNCHANGED)
        truth = disc(SIZE, 22 + 4 * seed) > 0.5
        assert mask.shape == SIZE and mask.dtype == np.uint8
        assert ((mask > 127) & truth).sum() / ((mask > 127) | truth).sum() > 0.8
    assert command(root, tmp_path / "adapted", "--guidance", tmp_path / "masks", "--steps", 1) == 0
    words = ["train", "tgn", "--data", f"folder:{root / 'matted'}", "--guidance", tmp_path / "masks", "--run"]
    words += [tmp_path / "tgn", "--steps", 1, "--batch", 2, "--crop", 64, "--workers", 0, "--device", "cpu"]
    assert main([str(word) for word in words]) == 0
    assert "Weights of tgn" in capsys.readouterr().out


@pytest.mark.long
def test_it_runs_under_torchrun(root, tmp_path):
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2, "-m", "--", "matting"]
    done = subprocess.run(
        [sys.executable, *map(str, words), *words_of(root, tmp_path, "--batch", 4, "--steps", 1)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Weights of adaptation") == 1
    assert len(torch.load(tmp_path / checkpoint.NAME, weights_only=True)["random"]) == 2
