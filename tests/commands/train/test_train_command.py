import argparse
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
from pictures import refused
from safetensors.torch import save_file
from training_cases import assert_equal, fill, read_log

from matting.__main__ import main
from matting.coarse import load_segmenter
from matting.commands.train import command as train
from matting.commands.train import data as training_data
from matting.data.composites.compose import CompositeData, SPAMattNetSamples, TGNSamples
from matting.data.composites.object_scenes import ObjectSamples
from matting.data.composites.settings import HARD, OBJECTS, PAPER, REALISTIC
from matting.data.datasets import PhotoFiles
from matting.data.photos.with_mattes import PhotoData
from matting.networks.backbones.u2net import CONFIGS, U2Net
from matting.networks.tgn import CONFIGS as TGN_CONFIGS
from matting.networks.tgn import TGN
from matting.networks.weights import load_weights, save_weights
from matting.training import checkpoint
from matting.training.schedules import find_schedule
from matting.training.stages import STAGES


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
    # What there was before there was a choice: older checkpoints go on.
    written = json.loads(torch.load(tmp_path / "run" / checkpoint.NAME, weights_only=True)["settings"])
    assert written.keys() == {"config", "seed", "batch", "crop", "composites"} and written["composites"] is None
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
        (["--guidance", "somewhere"], ["--guidance", "--preset"]),
        (["--data", "somewhere"], ["LAYOUT:ROOT", "somewhere"]),
        (["--data", "aim500:somewhere"], ["aim500", "to be scored"]),
        (["--preset", "p3m"], ["pool", "--preset"]),
        (["--config", "u2net"], ["spamattnet has the configurations", "small"]),
        (["--validate", "no-such-pool"], ["no-such-pool"]),
        (["--dtype", "float16"], ["float16", "GPU"]),
        (["--photos", "no-such-folder"], ["no-such-folder"]),
        (["--pool", "no-such-pool"], ["no-such-pool"]),
        (["--from", "no-such.safetensors"], ["no-such.safetensors"]),
        (["--steps", "many"], ["--steps"]),
        (["--keep", "no.such.part"], ["--keep", "no.such.part"]),
        (["--composites", "objects"], ["--composites", "objects", "spamattnet"]),
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
    assert command("tgn", pool, tmp_path, "--workers", 0, "--rate", 1e-4, "--change-schedule") == 0
    assert "rate 0.0001" in capsys.readouterr().err  # the schedule is said


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
    assert command("tgn", pool, tmp_path, "--workers", 0, "--steps", step + 1, "--change-schedule") == 0
    assert [step for step, *_ in read_log(tmp_path)] == list(range(1, step + 2))


@pytest.fixture(scope="module")
def photographs(pool, tmp_path_factory):
    """A data set of photographs with mattes, and beside it coarse masks, and trimaps as `matte` names them."""
    root = tmp_path_factory.mktemp("photographs")
    for name in ("image", "alpha", "masks", "trimaps"):
        (root / name).mkdir()
    for path in sorted(pool.glob("*.png")):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        alpha = pixels[..., 3]
        trimap = np.select([alpha == 255, alpha == 0], [255, 0], 128).astype(np.uint8)
        cv2.imwrite(str(root / "image" / f"{path.stem}.jpg"), pixels[..., :3])
        cv2.imwrite(str(root / "alpha" / path.name), alpha)
        cv2.imwrite(str(root / "masks" / path.name), np.where(alpha > 99, 255, 0).astype(np.uint8))
        cv2.imwrite(str(root / "trimaps" / f"{path.stem}_trimap.png"), trimap)
    return root


def preset(stage, photographs, run, *more):
    words = ["train", stage, "--preset", "p3m", "--config", "u2netp" if stage == "u2net" else "small"]
    words += ["--data", f"folder:{photographs}", "--run", run, "--device", "cpu", "--workers", 0]
    return main([str(word) for word in [*words, "--steps", 2, "--batch", 2, "--crop", 64, *more]])


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "u2net"])
def test_presets_train_on_photographs(photographs, tmp_path, stage):
    guidance = photographs / ("masks" if STAGES[stage].guidance == "coarse_masks" else "trimaps")
    assert preset(stage, photographs, tmp_path, "--guidance", guidance) == 0
    schedule = json.loads(torch.load(tmp_path / checkpoint.NAME, weights_only=True)["schedule"])
    assert schedule["windows"] == [512, 768, 1024] and schedule["steps"] == 2
    assert schedule["optimizer"] == ("sgd" if stage != "spamattnet" else "adam")
    assert (schedule["kernel"], schedule["whole"]) == ((30, 0) if stage != "spamattnet" else (15, 1))
    assert [step for step, *_ in read_log(tmp_path)] == [1, 2]


def test_spamattnet_star_cannot_be_trained_without_layers(photographs, tmp_path, capsys):
    assert preset("spamattnet", photographs, tmp_path, "--config", "paper_star") == 2
    assert "layers of composites" in capsys.readouterr().err


def samples_of(words):
    """What a command would train on."""
    parser = argparse.ArgumentParser()
    train.add_parser(parser.add_subparsers())
    args = parser.parse_args(["train", *(str(word) for word in words)])
    args.config = args.config or "small"
    sources = training_data.find_sources(args)
    changes = {name: getattr(args, name) for name in ("steps", "crop", "kernel")}
    schedule = find_schedule(args.stage, args.config, args.preset, len(sources), **changes)
    return STAGES[args.stage].samples(training_data.made(args, schedule, sources), schedule)


@pytest.mark.parametrize("stage", ["tgn", "spamattnet", "u2net"])
def test_photographs_are_the_input_or_are_composed(photographs, pool, stage):
    """Without backgrounds the photo itself comes; before backgrounds its foreground does, beside a pool's."""
    more = ["--config", "u2netp"] if stage == "u2net" else []
    words = [stage, "--data", f"folder:{photographs}", "--steps", 3, "--crop", 64, *more]
    plain = samples_of(words)
    assert isinstance(plain, STAGES[stage].photographs)
    assert plain.data.settings.crop == 64 and len(plain.data.examples) == 3
    composed = samples_of([*words, "--pool", pool, "--photos", pool / "photos", "--seed", 4])
    data = composed.data
    assert data.settings is REALISTIC and data.seed == 4
    assert [data.foregrounds.read(number).kind for number in (0, 3)] == ["soft", "folder"]
    assert isinstance(samples_of([*words, "--photos", pool / "photos", "--preset", "p3m"]).data, PhotoData)


@pytest.mark.parametrize(
    ("config", "given", "expected"),
    [("small", [], REALISTIC), ("small", ["hard"], HARD), ("small", ["paper"], PAPER), ("paper", [], PAPER),
     ("paper_star", [], PAPER), ("paper", ["realistic"], REALISTIC)],
)  # fmt: skip
def test_composites_are_made_as_the_configuration_wants_or_as_is_said(pool, config, given, expected):
    words = ["tgn", "--config", config, "--pool", pool, "--photos", pool / "photos", "--steps", 3]
    assert samples_of([*words, *(["--composites", *given] if given else [])]).data.settings is expected


def test_whole_objects_are_shown_without_the_photos_held_out_and_with_the_kernel_that_is_said(pool):
    held_out = sorted((pool / "photos").iterdir())[1].stem
    words = ["tgn", "--pool", pool, "--photos", pool / "photos", "--steps", 3, "--composites", "objects"]
    samples = samples_of([*words, "--held-out", held_out, "--kernel", 5])
    assert isinstance(samples, ObjectSamples) and samples.kernel == 5 and samples.data.settings is OBJECTS
    assert held_out not in [path.stem for path in samples.data.photos.paths]
    assert len(samples.data.photos) == len(samples_of(words).data.photos) - 1


def test_what_is_kept_learns_nothing_and_the_rest_learns(pool, tmp_path):
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    torch.manual_seed(0)
    save_weights(TGN(TGN_CONFIGS["small"]), start, torch.float16)
    more = ["--workers", 0, "--from", start, "--out", out, "--ema", 0, "--warmup", 0]
    assert command("tgn", pool, tmp_path / "run", *more, "--keep", "encoder._conv_stem", "encoder._blocks.0.") == 0
    before, after = (dict(load_weights(path).named_parameters()) for path in (start, out))
    for name in before:
        if name.startswith(("encoder._conv_stem", "encoder._blocks.0.")):
            assert torch.equal(before[name], after[name]), name
    assert not torch.equal(before["classify.weight"], after["classify.weight"])
    assert not torch.equal(
        before["encoder._blocks.1._project_conv.weight"], after["encoder._blocks.1._project_conv.weight"]
    )


def test_small_composites_of_a_pool_are_what_they_were(pool):
    """Held against the samples made of the pool's files and the photos in memory, as the first runs made them."""
    photos = [cv2.imread(str(path))[..., ::-1] for path in sorted((pool / "photos").iterdir())]
    files = [*sorted(pool.glob("*.png")), *sorted(pool.glob("*.png"))]
    for stage, kind in (("tgn", TGNSamples), ("spamattnet", SPAMattNetSamples)):
        words = [stage, "--pool", pool, pool, "--photos", pool / "photos", "--steps", 3, "--crop", 64, "--seed", 7]
        samples = samples_of(words)
        before = kind(CompositeData(files, photos, 64, 7), 24)
        assert len(samples) == 24
        for index in range(6):
            assert all(torch.equal(value, samples[index][name]) for name, value in before[index].items())


def test_a_data_set_of_backgrounds_is_one(pool, tmp_path):
    (tmp_path / "BG-20k").mkdir()
    (tmp_path / "BG-20k" / "train").symlink_to(pool / "photos")
    words = ["tgn", "--pool", pool, "--data", f"bg20k:{tmp_path}", "--steps", 3]
    photos = samples_of(words).data.photos
    assert isinstance(photos, PhotoFiles) and len(photos) == 3
    assert len(samples_of([*words, "--photos", pool / "photos"]).data.photos) == 6


@pytest.mark.parametrize(
    ("stage", "more", "words"),
    [
        ("tgn", ["--composites", "hard"], ["--composites", "--photos"]),
        ("u2net", ["--guidance", "somewhere"], ["Nothing guides u2net"]),
        ("spamattnet", ["--guidance", "no-such-folder"], ["no-such-folder", "missing"]),
        ("u2net", ["--from", "no-such.pth"], ["no-such.pth", "missing"]),
        ("tgn", ["--data", "folder:nowhere"], ["nowhere", "missing"]),
    ],
)
def test_photographs_that_cannot_be_used_are_refused_in_a_sentence(photographs, tmp_path, capsys, stage, more, words):
    assert preset(stage, photographs, tmp_path / "run", *more) == 2
    said = capsys.readouterr().err.strip()
    assert all(word in said for word in words) and "\n" not in said


def test_foregrounds_alone_need_backgrounds(pool, tmp_path, capsys):
    for name, source in (("FG", pool), ("GT", pool)):
        (tmp_path / "Train" / name).mkdir(parents=True)
        for path in source.glob("*.png"):
            (tmp_path / "Train" / name / path.name).symlink_to(path)
    words = ["train", "tgn", "--data", f"distinctions:{tmp_path}", "--run", tmp_path / "run", "--steps", 1]
    assert main([str(word) for word in words]) == 2
    assert "without a photo" in capsys.readouterr().err


def test_u2net_starts_from_files_of_either_kind(tmp_path):
    torch.manual_seed(1)
    network = U2Net(CONFIGS["u2netp"])
    torch.save(network.state_dict(), tmp_path / "u2netp.pth")
    save_file(network.state_dict(), tmp_path / "u2netp.safetensors")
    for name in ("u2netp.pth", "u2netp.safetensors"):
        other = U2Net(CONFIGS["u2netp"])
        STAGES["u2net"].fill(other, tmp_path / name)
        assert_equal(other, network)
    refused(lambda: STAGES["u2net"].fill(U2Net(CONFIGS["u2net"]), tmp_path / "u2netp.pth"), "weights of u2netp")


def test_u2net_goes_on_from_its_checkpoint_and_is_read_back_as_a_segmenter(photographs, tmp_path):
    """At rate 0 what comes out is what went in; batch norms' statistics move, and are not compared."""
    torch.manual_seed(1)
    network = U2Net(CONFIGS["u2netp"])
    torch.save(network.state_dict(), tmp_path / "u2netp.pth")
    out = tmp_path / "tuned.safetensors"
    options = ["--from", tmp_path / "u2netp.pth", "--out", out, "--validate", tmp_path / "held", "--steps", 1]
    alphamatting(tmp_path / "held", photographs)
    assert preset("u2net", photographs, tmp_path / "run", *options, "--rate", 0) == 0
    found = load_segmenter(f"u2netp:{out}").network.state_dict()
    state = torch.load(tmp_path / "run" / checkpoint.NAME, weights_only=True)["average"]
    for key, value in found.items():
        torch.testing.assert_close(value, state[key], atol=1e-3, rtol=1e-3)
    for key, value in network.named_parameters():
        assert torch.equal(state[key], value)
    with (tmp_path / "run" / "log.csv").open(newline="") as file:
        assert all(0 < float(row["photos_mae"]) < 1 for row in csv.DictReader(file))


def test_u2nets_steps_follow_from_the_photographs(photographs, tmp_path):
    words = ["train", "u2net", "--config", "u2netp", "--data", f"folder:{photographs}", "--device", "cpu"]
    words += ["--workers", 0, "--batch", 2, "--crop", 64, "--run", tmp_path, "--time-limit", 0]
    assert main([str(word) for word in words]) == 0
    state = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    schedule = json.loads(state["schedule"])
    assert (schedule["steps"], schedule["rate"]) == (150, 1e-3)
    torch.manual_seed(0)
    begun = U2Net(CONFIGS["u2netp"]).outconv.weight
    assert 0 < (state["network"]["outconv.weight"] - begun).abs().max() < 2e-3  # Adam's first step is the rate


def alphamatting(root, photographs):
    """Lay one photograph out as alphamatting.com does."""
    one = sorted((photographs / "alpha").iterdir())[0]
    for name, source in (
        ("input_training_lowres", photographs / "image" / f"{one.stem}.jpg"),
        ("gt_training_lowres", one),
        ("trimap_training_lowres/Trimap1", photographs / "trimaps" / f"{one.stem}_trimap.png"),
    ):
        (root / name).mkdir(parents=True)
        cv2.imwrite(str(root / name / "GT01.png"), cv2.imread(str(source)))


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
