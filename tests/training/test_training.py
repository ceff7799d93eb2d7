import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from disk import files_of_at_most
from network_cases import NARROWEST, NARROWEST_TGN
from torch import nn
from training_cases import (
    SCHEDULE,
    SETTINGS,
    Damaged,
    Numbers,
    assert_equal,
    assert_same_runs,
    build,
    fill,
    go,
    read_log,
    squared,
)

from matting.data.composites.compose import CompositeData
from matting.networks import deeplab
from matting.networks.backbones import u2net
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.training import checkpoint
from matting.training.batches import UnreadableSampleError
from matting.training.engine import start
from matting.training.jobs import begin
from matting.training.loop import train
from matting.training.run import Run, clip
from matting.training.schedules import Schedule
from matting.training.stages import STAGES
from matting.training.stopping import StoppedError


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pool"))


@pytest.mark.parametrize("stops", [[1], [5], [1, 1, 4, 11], [12]])
def test_a_run_interrupted_and_resumed_equals_one_that_was_not(tmp_path, stops):
    whole = go(tmp_path / "whole")
    for stop in stops:  # each call is stopped by its time limit after a few steps

        def stopping(network, batch, stop=stop):
            if batch["index"][0] >= SCHEDULE.batch * (stop - 1):
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
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from pathlib import Path\n"
        "import training_cases as t\n"
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
    assert 0 < checkpoint.load(tmp_path / "killed", SETTINGS)["step"] < SCHEDULE.steps
    go(tmp_path / "killed")
    assert_same_runs(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize(
    "changed", [{"seed": 1, "config": {"width": 8}}, {"seed": 0, "config": {"width": 9}}, {"seed": 0}]
)
def test_a_checkpoint_of_other_settings_is_refused_by_their_names(tmp_path, changed):
    go(tmp_path)
    before = (tmp_path / checkpoint.NAME).read_bytes()
    with pytest.raises(checkpoint.OtherSettingsError) as refusal:
        train(build(), Numbers(), squared, SCHEDULE, tmp_path, changed, workers=0, accelerator=start("cpu"))
    assert ("seed" in str(refusal.value)) == (changed["seed"] == 1)
    assert ("config" in str(refusal.value)) == (changed.get("config") != {"width": 8})
    assert str(refusal.value).endswith(".")
    assert (tmp_path / checkpoint.NAME).read_bytes() == before


def test_a_checkpoint_that_does_not_say_its_schedule_is_refused_in_words(tmp_path):
    go(tmp_path, time_limit=0)
    state = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    torch.save({key: value for key, value in state.items() if key != "schedule"}, tmp_path / checkpoint.NAME)
    with pytest.raises(checkpoint.OtherSettingsError, match="does not say by which schedule"):
        go(tmp_path)


def test_a_changed_schedule_is_refused_unless_it_is_meant(tmp_path):
    go(tmp_path, time_limit=0)
    before = (tmp_path / checkpoint.NAME).read_bytes()
    longer = replace(SCHEDULE, steps=14, rate=5e-3)
    with pytest.raises(checkpoint.OtherSettingsError) as refusal:
        go(tmp_path, schedule=longer)
    assert "rate 0.01 (now 0.005)" in str(refusal.value) and "steps 12 (now 14)" in str(refusal.value)
    assert "--change-schedule" in str(refusal.value)
    with pytest.raises(checkpoint.OtherSettingsError, match="optimizer"):
        go(tmp_path, schedule=replace(SCHEDULE, optimizer="sgd"), change_schedule=True)
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    go(tmp_path, schedule=longer, change_schedule=True)
    assert [step for step, *_ in read_log(tmp_path)] == list(range(1, 15))
    state = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert json.loads(state["schedule"])["steps"] == 14  # it is the present one that a later run must share
    go(tmp_path, schedule=longer)


def test_a_signal_stops_after_the_step_under_way_and_the_run_goes_on(tmp_path):
    before = signal.getsignal(signal.SIGINT)  # a shell's background job ignores it
    whole, steps = go(tmp_path / "whole"), []

    def signalled(network, batch):
        steps.append(len(steps))
        if len(steps) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return squared(network, batch)

    with pytest.raises(StoppedError) as stop:
        go(tmp_path / "parts", loss=signalled)
    assert "step 4 of 12" in str(stop.value) and str(tmp_path / "parts") in str(stop.value)
    assert checkpoint.load(tmp_path / "parts", SETTINGS)["step"] == 4
    assert signal.getsignal(signal.SIGINT) is before
    assert_equal(whole, go(tmp_path / "parts"))
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_sample_that_cannot_be_read_is_named_and_the_last_checkpoint_kept(tmp_path, workers):
    with pytest.raises(UnreadableSampleError) as failure:
        go(tmp_path, samples=Damaged(), workers=workers, save_every=0)
    assert str(failure.value) == "Sample 9 cannot be made: cat.png cannot be decoded. The last checkpoint is kept."
    assert checkpoint.load(tmp_path, SETTINGS)["step"] == 4


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
    assert "last checkpoint is kept" in str(failure.value) and "None" not in str(failure.value)
    assert (tmp_path / checkpoint.NAME).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.NAME, "log.csv"]
    go(tmp_path / "whole")
    go(tmp_path)
    assert_same_runs(tmp_path / "whole", tmp_path)


def test_a_disk_too_full_for_the_log_is_told_in_a_sentence(tmp_path):
    go(tmp_path, time_limit=0)
    header, row = (tmp_path / "log.csv").read_text().splitlines()
    # Longer than what the progress bar writes, which the limit bounds too.
    (tmp_path / "log.csv").write_text(f"{header},remark\r\n{row},{'x' * 9000}\r\n")
    with files_of_at_most((tmp_path / "log.csv").stat().st_size), pytest.raises(OSError) as failure:
        go(tmp_path)
    assert "log could not be written" in str(failure.value) and "last checkpoint is kept" in str(failure.value)
    assert checkpoint.load(tmp_path, SETTINGS)["step"] == 1


def test_the_log_has_one_row_per_step(tmp_path):
    go(tmp_path)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "loss", "rate", "seconds"]
    assert [int(row["step"]) for row in rows] == list(range(1, 13))
    expected = [SCHEDULE.rate * SCHEDULE.factor(step) for step in range(12)]
    np.testing.assert_allclose([float(row["rate"]) for row in rows], expected, rtol=1e-3)
    assert all(math.isfinite(float(row["loss"])) and float(row["seconds"]) >= 0 for row in rows)


OPTIMIZERS = {
    "adamw": lambda parameters: torch.optim.AdamW(parameters, 1e-2, betas=(0.9, 0.999), weight_decay=1e-4),
    "adam": lambda parameters: torch.optim.Adam(parameters, 1e-2, betas=(0.5, 0.999)),
    "sgd": lambda parameters: torch.optim.SGD(parameters, 1e-2, momentum=0.9, weight_decay=1e-4),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_run_is_a_plain_loop_of_the_schedules_optimizer(tmp_path, kind):
    momenta = {"adam": (0.5, 0.999)}.get(kind, (0.9, 0.999))
    decay = 0.0 if kind == "adam" else 1e-4
    schedule = replace(SCHEDULE, optimizer=kind, momenta=momenta, weight_decay=decay, clip=0, ema=0)
    averaged = go(tmp_path, schedule=schedule)
    network, samples = build().train(), Numbers()
    optimizer = OPTIMIZERS[kind](network.parameters())
    for step in range(12):
        optimizer.param_groups[0]["lr"] = 1e-2 * min(1, (step + 1) / 3) * (1 + math.cos(math.pi * step / 12)) / 2
        pair = [samples[2 * step], samples[2 * step + 1]]
        optimizer.zero_grad()
        squared(network, {name: torch.stack([sample[name] for sample in pair]) for name in pair[0]}).backward()
        optimizer.step()
    for name, value in averaged.state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[name], rtol=1e-5, atol=1e-6)


def test_averaged_weights_follow_their_recursion(tmp_path):
    schedule = Schedule(steps=30, batch=2, rate=1e-2, warmup=1, ema=0.6)
    starts = []

    def watching(network, batch):
        starts.append({name: p.detach().double().clone() for name, p in network.named_parameters()})
        return squared(network, batch)

    averaged = go(tmp_path, schedule=schedule, loss=watching)
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
    run = Run(network, deepcopy(network), torch.optim.SGD(network.parameters()), network)

    def clipped(gradient):
        network.weight.grad = torch.tensor([gradient])
        clip(run, 2.0)
        return network.weight.grad.norm().item(), run.norm

    assert clipped([3.0, 0.0, 4.0]) == pytest.approx((5, 5))  # the first sets the average
    assert clipped([0.0, 6.0, 0.0]) == pytest.approx((6, 0.98 * 5 + 0.02 * 6))
    average = run.norm
    assert clipped([0.0, 0.0, 1000.0]) == pytest.approx((2 * average, 0.98 * average + 0.02 * 2 * average), rel=1e-5)


def test_training_learns(tmp_path):
    go(tmp_path, schedule=Schedule(steps=300, batch=8, rate=1e-2, warmup=5))
    losses = [float(loss) for _, loss, _ in read_log(tmp_path)]
    assert np.mean(losses[-50:]) < 0.6 * np.mean(losses[:50])


STAGE_CASES = {
    "spamattnet": lambda: SPAMattNet(NARROWEST),
    "tgn": lambda: TGN(NARROWEST_TGN),
    "deeplabv2": lambda: deeplab.DeepLabV2(deeplab.V2_CONFIGS["small"]),
    "deeplabv3": lambda: deeplab.DeepLabV3(deeplab.V3_CONFIGS["small"]),
    "u2net": lambda: u2net.U2Net(u2net.CONFIGS["u2netp"]),
}


@pytest.mark.parametrize("stage", STAGE_CASES)
def test_each_network_resumes_exactly_on_composites(pool, tmp_path, stage):
    schedule = Schedule(steps=3, batch=2, warmup=2)
    files = sorted(pool.glob("*.png"))
    photos = [cv2.imread(str(path)) for path in sorted((pool / "photos").iterdir())]
    data = CompositeData(files, photos, 64, seed=0)

    def one(folder, **options):
        torch.manual_seed(0)
        network = STAGE_CASES[stage]().to(memory_format=torch.channels_last)
        loss, samples = STAGES[stage].loss(network.config, schedule), STAGES[stage].composites(data, schedule)
        options = {"workers": 0, "accelerator": start("cpu")} | options
        return train(network, samples, loss, schedule, folder, {}, **options)

    whole = one(tmp_path / "whole")
    one(tmp_path / "parts", time_limit=0)
    assert_equal(whole, one(tmp_path / "parts"))
    assert read_log(tmp_path / "whole") == read_log(tmp_path / "parts")


@pytest.mark.parametrize("stage", STAGE_CASES)
def test_a_stage_knows_how_many_samples_its_batch_norms_need(pool, tmp_path, stage):
    photos = [cv2.imread(str(path)) for path in sorted((pool / "photos").iterdir())]
    data, kind = CompositeData(sorted(pool.glob("*.png")), photos, 64, seed=0), STAGES[stage]
    for batch in (1, kind.least):
        schedule, network = Schedule(steps=1, batch=batch, warmup=1), STAGE_CASES[stage]()
        loss, samples = kind.loss(network.config, schedule), kind.composites(data, schedule)
        with pytest.raises(ValueError, match="than 1 value") if batch < kind.least else nullcontext():
            train(network, samples, loss, schedule, tmp_path / str(batch), {}, workers=0, accelerator=start("cpu"))
        with pytest.raises(ValueError, match="choose a larger batch") if batch < kind.least else nullcontext():
            begin(schedule, 0, start("cpu"), 1, kind.least)


def test_every_stage_is_among_those_that_resume():
    assert STAGES.keys() == STAGE_CASES.keys()
