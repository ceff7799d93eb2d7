import csv
import math
import os
import signal
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from disk import files_of_at_most
from hypothesis import given
from hypothesis import strategies as st
from network_cases import NARROWEST, NARROWEST_TGN
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils.data import Dataset

from matting.__main__ import main
from matting.data.compose import CompositeData, SPAMattNetSamples, TGNSamples
from matting.data.pool import write_foreground
from matting.data.synthetic import Foreground
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.training import checkpoint
from matting.training.loop import train
from matting.training.recipes import Recipe
from matting.training.run import Run, clip
from matting.training.stages import STAGES, spamattnet_loss, tgn_loss
from matting.weights import load_weights

RECIPE = Recipe(steps=12, batch=2, rate=1e-2, warmup=3)
SETTINGS = {"seed": 0, "config": {"width": 8}}


class Numbers(Dataset):
    """Sample i is a function of i."""

    def __init__(self, length=RECIPE.steps * RECIPE.batch, delay=0.0):
        self.length, self.delay = length, delay

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        time.sleep(self.delay)
        values = torch.randn(8, generator=torch.Generator().manual_seed(index))
        return {"values": values, "target": values.sum()[None], "index": torch.tensor(index)}


def build(seed=0):
    """Everything that keeps a state between steps: batch norm, spectral norm, and dropout's random numbers."""
    torch.manual_seed(seed)
    layers = spectral_norm(nn.Linear(8, 8)), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
    return nn.Sequential(*layers)


def squared(network, batch):
    return (network(batch["values"]) - batch["target"]).square().mean()


def go(folder, *, recipe=RECIPE, loss=squared, samples=None, **options):
    network = build()
    samples = samples or Numbers(recipe.steps * recipe.batch)
    return train(network, samples, loss, recipe, folder, SETTINGS, **({"workers": 0} | options))


def read_log(folder):
    with (folder / "log.csv").open(newline="") as file:
        return [(int(row["step"]), row["loss"], row["rate"]) for row in csv.DictReader(file)]


def assert_equal(one, other):
    """Two states or networks agree bit for bit."""
    one, other = (s.state_dict() if isinstance(s, nn.Module) else s for s in (one, other))
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def assert_same_runs(one, other):
    states = [checkpoint.load(folder, SETTINGS) for folder in (one, other)]
    assert_equal(states[0]["network"], states[1]["network"])
    assert_equal(states[0]["average"], states[1]["average"])
    assert states[0]["step"] == states[1]["step"] and states[0]["norm"] == states[1]["norm"]
    assert torch.equal(states[0]["random"], states[1]["random"])
    assert read_log(one) == read_log(other)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """A few soft discs as foregrounds, and photos to stand before."""
    folder = tmp_path_factory.mktemp("pool")
    (folder / "photos").mkdir()
    y, x = np.mgrid[:96, :96]
    for index in range(3):
        rng = np.random.default_rng(index)
        distance = np.hypot(y - 48, x - 44) - 20 - 4 * index
        alpha = np.rint(np.clip(0.5 - distance / 12, 0, 1) * 255).astype(np.float32) / 255
        write_foreground(folder, index, Foreground(rng.integers(0, 256, (96, 96, 3), dtype=np.uint8), alpha, "soft"))
        photo = cv2.resize(rng.integers(0, 256, (8, 10, 3), dtype=np.uint8), (120, 100))
        cv2.imwrite(str(folder / "photos" / f"{index}.jpg"), photo)
    return folder


@pytest.mark.parametrize("stops", [[1], [5], [1, 1, 4, 11], [12]])
def test_a_run_interrupted_and_resumed_equals_one_that_was_not(tmp_path, stops):
    whole = go(tmp_path / "whole")
    for stop in stops:  # each call is stopped by its time limit after a few steps

        def stopping(network, batch, stop=stop):
            if batch["index"][0] >= RECIPE.batch * (stop - 1):
                raise KeyboardInterrupt
            return squared(network, batch)

        with pytest.raises(KeyboardInterrupt):
            go(tmp_path / "parts", loss=stopping, save_every=0)
    resumed = go(tmp_path / "parts")
    assert_equal(whole, resumed)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")


def test_steps_after_the_last_checkpoint_are_done_again_alike(tmp_path):
    go(tmp_path / "whole")
    saves = iter([True, True])

    def failing(network, batch):
        if batch["index"][0] == 2 * 7:
            next(saves)  # the third time it goes through
            raise KeyboardInterrupt
        return squared(network, batch)

    for _ in range(2):  # nothing is saved on the way: seven steps are lost each time
        with pytest.raises(KeyboardInterrupt):
            go(tmp_path / "parts", loss=failing)
    assert len(read_log(tmp_path / "parts")) == 7
    go(tmp_path / "parts")
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")


def test_a_time_limit_stops_with_a_checkpoint_and_the_run_goes_on_from_it(tmp_path):
    whole = go(tmp_path / "whole")
    go(tmp_path / "parts", time_limit=0)
    assert checkpoint.load(tmp_path / "parts", SETTINGS)["step"] == 1
    for _ in range(11):
        resumed = go(tmp_path / "parts", time_limit=0)
    assert_equal(whole, resumed)
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")


def test_a_finished_run_returns_its_weights_again(tmp_path):
    assert_equal(go(tmp_path), go(tmp_path))
    assert [step for step, *_ in read_log(tmp_path)] == list(range(1, 13))


def test_a_killed_process_resumes_on_the_same_curve(tmp_path):
    slow = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "import test_training as t\n"
        f"t.go(Path({str(tmp_path / 'killed')!r}), samples=t.Numbers(delay=0.05), save_every=0.3)\n"
    )
    go(tmp_path / "whole")
    process = subprocess.Popen([sys.executable, "-c", slow], env=os.environ, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while not (tmp_path / "killed" / checkpoint.NAME).exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < checkpoint.load(tmp_path / "killed", SETTINGS)["step"] < RECIPE.steps
    go(tmp_path / "killed")
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize(
    "changed", [{"seed": 1, "config": {"width": 8}}, {"seed": 0, "config": {"width": 9}}, {"seed": 0}]
)
def test_a_checkpoint_of_other_settings_is_refused_by_their_names(tmp_path, changed):
    go(tmp_path)
    before = (tmp_path / checkpoint.NAME).read_bytes()
    with pytest.raises(checkpoint.OtherSettingsError) as refusal:
        train(build(), Numbers(), squared, RECIPE, tmp_path, changed, workers=0)
    assert ("seed" in str(refusal.value)) == (changed["seed"] == 1)
    assert ("config" in str(refusal.value)) == (changed.get("config") != {"width": 8})
    assert str(refusal.value).endswith(".")
    assert (tmp_path / checkpoint.NAME).read_bytes() == before


def assert_stops_at_step_eight(folder, loss, word):
    with pytest.raises(FloatingPointError) as failure:
        go(folder, loss=loss, save_every=0)
    assert f"{word} of step 8" in str(failure.value) and "last checkpoint is kept" in str(failure.value)
    state = checkpoint.load(folder, SETTINGS)
    assert state["step"] == 7
    assert all(tensor.isfinite().all() for tensor in (*state["network"].values(), *state["average"].values()))


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tmp_path):
    def failing(network, batch):
        return squared(network, batch) * (math.nan if batch["index"][0] == 14 else 1)

    go(tmp_path / "whole")
    assert_stops_at_step_eight(tmp_path / "run", failing, "loss")
    go(tmp_path / "run")
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(tmp_path):
    def failing(network, batch):
        loss = squared(network, batch)
        # The root of zero has an infinite slope: a finite loss, a gradient of 0 · ∞.
        return loss + (0 * loss).sqrt() if batch["index"][0] == 14 else loss

    assert_stops_at_step_eight(tmp_path, failing, "gradient")


def test_a_full_disk_keeps_the_last_checkpoint_and_leaves_no_half_file(tmp_path):
    go(tmp_path, time_limit=0)
    before = (tmp_path / checkpoint.NAME).read_bytes()
    with files_of_at_most(len(before) // 2), pytest.raises(OSError) as failure:
        go(tmp_path)
    assert "last one is kept" in str(failure.value) and "None" not in str(failure.value)
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.NAME, "log.csv"]
    go(tmp_path / "whole")
    go(tmp_path)
    assert_same_runs(tmp_path / "whole", tmp_path)


def test_the_log_has_one_row_per_step(tmp_path):
    go(tmp_path)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "loss", "rate", "seconds"]
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    expected = [RECIPE.rate * RECIPE.factor(step) for step in range(12)]
    np.testing.assert_allclose([float(row["rate"]) for row in rows], expected, rtol=1e-3)
    assert all(math.isfinite(float(row["loss"])) and float(row["seconds"]) >= 0 for row in rows)


schedules = st.builds(
    Recipe,
    steps=st.integers(10, 2000),
    batch=st.just(1),
    warmup=st.integers(0, 300),
    hold=st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0]),
)


@given(recipe=recipes)
def test_the_rate_rises_holds_and_falls(recipe):
    factors = [recipe.factor(step) for step in range(recipe.steps)]
    assert all(0 <= factor <= 1 for factor in factors)
    settled = factors[max(0, recipe.warmup - 1) :]
    assert all(later <= earlier for earlier, later in zip(settled, settled[1:], strict=False))
    begin = recipe.hold * recipe.steps
    held = [f for step, f in enumerate(factors) if recipe.warmup - 1 <= step <= begin]
    assert held == [1.0] * len(held)
    if recipe.hold < 1:
        assert recipe.factor(recipe.steps) == pytest.approx(0, abs=1e-12)


def test_without_warm_up_and_hold_the_rate_is_the_papers_cosine():
    recipe = Recipe(steps=200, batch=1, warmup=0)
    for step in range(200):
        assert recipe.factor(step) == pytest.approx(0.5 * (1 + math.cos(math.pi * step / 200)), abs=1e-12)


def test_warm_up_is_linear():
    recipe = Recipe(steps=100, batch=1, warmup=10, hold=1)
    assert [recipe.factor(step) for step in range(12)] == pytest.approx([*np.arange(1, 11) / 10, 1, 1])


def test_averaged_weights_follow_their_recursion(tmp_path):
    recipe = Recipe(steps=30, batch=2, rate=1e-2, warmup=1, ema=0.6)
    starts = []

    def watching(network, batch):
        starts.append({name: p.detach().double().clone() for name, p in network.named_parameters()})
        return squared(network, batch)

    averaged = go(tmp_path, recipe=recipe, loss=watching)
    state = checkpoint.load(tmp_path, SETTINGS)["network"]
    ends = [*starts[1:], {name: state[name].double() for name in starts[0]}]
    expected = starts[0]
    for step, weights in enumerate(ends, start=1):
        decay = min(0.6, step / (step + 10))  # young averages forget their random start sooner
        expected = {name: decay * expected[name] + (1 - decay) * weights[name] for name in expected}
    for name, parameter in averaged.named_parameters():
        torch.testing.assert_close(parameter.double(), expected[name], rtol=1e-4, atol=1e-6)
    for name, buffer in averaged.named_buffers():
        assert torch.equal(buffer, state[name])
    assert not averaged.training


def test_a_long_gradient_is_cut_to_twice_the_moving_average():
    network = nn.Linear(3, 1, bias=False)
    run = Run(network, deepcopy(network), torch.optim.SGD(network.parameters()))

    def clipped(gradient):
        network.weight.grad = torch.tensor([gradient])
        clip(run, 2.0)
        return network.weight.grad.norm().item(), run.norm

    assert clipped([3.0, 0.0, 4.0]) == pytest.approx((5, 5))  # the first sets the average
    assert clipped([0.0, 6.0, 0.0]) == pytest.approx((6, 0.98 * 5 + 0.02 * 6))
    average = run.norm
    assert clipped([0.0, 0.0, 1000.0]) == pytest.approx((2 * average, 0.98 * average + 0.02 * 2 * average), rel=1e-5)


def test_training_learns(tmp_path):
    go(tmp_path, recipe=Recipe(steps=300, batch=8, rate=1e-2, warmup=5))
    losses = [float(loss) for _, loss, _ in read_log(tmp_path)]
    assert np.mean(losses[-50:]) < 0.6 * np.mean(losses[:50])


STAGE_CASES = {
    "spamattnet": (lambda: SPAMattNet(NARROWEST), SPAMattNetSamples, spamattnet_loss),
    "tgn": (lambda: TGN(NARROWEST_TGN), TGNSamples, tgn_loss),
}


@pytest.mark.parametrize("stage", STAGE_CASES)
def test_each_network_resumes_exactly_on_composites(pool, tmp_path, stage):
    make, samples_of, loss = STAGE_CASES[stage]
    recipe = Recipe(steps=3, batch=2, warmup=2)
    files = sorted(pool.glob("*.png"))
    photos = [cv2.imread(str(path)) for path in sorted((pool / "photos").iterdir())]
    data = CompositeData(files, photos, 64, seed=0)

    def one(folder, **options):
        torch.manual_seed(0)
        network = make().to(memory_format=torch.channels_last)
        return train(network, samples_of(data, 6), loss, recipe, folder, {}, workers=0, **options)

    whole = one(tmp_path / "whole")
    one(tmp_path / "parts", time_limit=0)
    assert_equal(whole, one(tmp_path / "parts"))
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")


def test_stages_are_the_networks_of_the_paper():
    assert STAGES.keys() == STAGE_CASES.keys()


def command(stage, pool, run, *more):
    """The command line in this process; returns the exit status."""
    words = ["train", stage, "--pool", pool, "--photos", pool / "photos", "--run", run, "--device", "cpu"]
    words += ["--steps", 2, "--batch", 2, "--crop", 64, *more]
    try:
        return main([str(word) for word in words])
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
