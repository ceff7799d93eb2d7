import json
import os
import subprocess
import sys

import pytest
import torch
from accelerate.state import AcceleratorState
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from training_cases import SCHEDULE, SETTINGS, assert_same_runs, fill, frozen, go, launch, read_log, squared

from matting.training import checkpoint
from matting.training.batches import Share, split
from matting.training.engine import start
from matting.training.schedules import Schedule

FROZEN = "Schedule(steps=3, batch=4, crop=64, rate=1e-2, warmup=2, optimizer='sgd', ema=0.5)"


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def alone(pool, tmp_path_factory):
    """The run of one process that takes each batch at once."""
    folder = tmp_path_factory.mktemp("alone")
    frozen(folder, pool, eval(FROZEN, {"Schedule": Schedule}))
    return folder


def assert_runs_agree(one, other, tolerance=1e-5):
    states = [torch.load(folder / checkpoint.NAME, weights_only=True) for folder in (one, other)]
    assert states[0]["step"] == states[1]["step"] == 3
    assert states[0]["norm"] == pytest.approx(states[1]["norm"], rel=tolerance)
    for which in ("network", "average"):
        for name, value in states[0][which].items():
            torch.testing.assert_close(states[1][which][name], value, rtol=tolerance, atol=tolerance, msg=name)
    for mine, theirs in zip(read_log(one), read_log(other), strict=True):
        assert mine[0] == theirs[0] and float(mine[1]) == pytest.approx(float(theirs[1]), rel=tolerance, abs=2e-6)


def test_the_frozen_run_moves_its_weights(alone, pool, tmp_path):
    """What the following tests compare does depend on the data."""
    frozen(tmp_path, pool, Schedule(steps=3, batch=2, crop=64, rate=1e-2, warmup=2, optimizer="sgd", ema=0.5))
    states = [torch.load(folder / checkpoint.NAME, weights_only=True)["network"] for folder in (alone, tmp_path)]
    assert max((states[0][name] - states[1][name]).abs().max() for name in states[0]) > 1e-3


@pytest.mark.parametrize("accumulate", [2, 4])
def test_accumulated_passes_equal_one_batch(alone, pool, tmp_path, accumulate):
    frozen(tmp_path, pool, eval(FROZEN, {"Schedule": Schedule}), accumulate)
    assert_runs_agree(alone, tmp_path)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_two_processes_equal_one(alone, pool, tmp_path, accumulate):
    launch(
        "from training_cases import Schedule, frozen\n"
        f"frozen(Path({str(tmp_path)!r}), Path({str(pool)!r}), {FROZEN}, {accumulate})",
        processes=2,
    )
    assert_runs_agree(alone, tmp_path)


def test_two_processes_resume_exactly_each_with_its_own_random_numbers(tmp_path):
    launch(
        "import training_cases as t\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "schedule = t.Schedule(steps=12, batch=4, rate=1e-2, warmup=3)\n"
        "t.go(folder / 'whole', schedule=schedule)\n"
        "for _ in range(2): t.go(folder / 'parts', schedule=schedule, time_limit=0)\n"
        "assert t.go(folder / 'parts', schedule=schedule) is not None",
        processes=2,
    )
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")
    generators = checkpoint.load(tmp_path / "parts", SETTINGS)["random"]
    assert len(generators) == 2 and not torch.equal(*generators)
    # One process may read what two have written.
    go(tmp_path / "parts", schedule=Schedule(steps=12, batch=4, rate=1e-2, warmup=3))


LAUNCHERS = {
    1: ["accelerate.commands.launch", "--cpu", "--num_processes", 1, "--num_machines", 1, "--mixed_precision", "no"],
    2: ["torch.distributed.run", "--standalone", "--nproc-per-node", 2],  # that is torchrun
}
"""On CPUs `accelerate launch` starts one process, and torchrun as many as there should be."""


@pytest.mark.long
@pytest.mark.parametrize("processes", LAUNCHERS)
def test_the_command_line_runs_under_launchers(pool, tmp_path, processes):
    words = ["-m", *LAUNCHERS[processes], "-m", "--", "matting", "train", "tgn", "--run", tmp_path, "--pool", pool]
    words += ["--photos", pool / "photos", "--workers", 0, "--steps", 2, "--batch", 8, "--crop", 64, "--accumulate", 2]
    words += ["--device", "cpu"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    words = [sys.executable, *map(str, words)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=200)
    assert done.returncode == 0, done.stderr
    assert [step for step, *_ in read_log(tmp_path)] == [1, 2]
    assert done.stdout.count("Weights of tgn") == 1 and done.stderr.count("Schedule:") == 1
    state = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert len(state["random"]) == processes
    assert json.loads(state["schedule"])["batch"] == json.loads(state["settings"])["batch"] == 8


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 5), st.integers(1, 5))
def test_a_steps_samples_are_the_same_however_they_are_dealt_out(each, processes, accumulate, begin, count):
    batch = each * processes * accumulate
    steps = range(begin, begin + count)
    dealt = [
        list(Share(steps, batch, accumulate=accumulate, process=process, processes=processes))
        for process in range(processes)
    ]
    for place, step in enumerate(steps):
        turns = slice(place * accumulate, (place + 1) * accumulate)
        passes = [[number for share in dealt for number in share[turn]] for turn in range(turns.start, turns.stop)]
        assert [number for numbers in passes for number in numbers] == list(range(step * batch, (step + 1) * batch))
    assert all(len(share) == count * accumulate for share in dealt)


def test_a_batch_that_does_not_go_up_is_refused():
    assert split(12, 2, 3) == 2
    for batch, accumulate, processes in ((8, 3, 1), (9, 1, 2), (4, 0, 1)):
        with pytest.raises(ValueError, match=f"A batch of {batch} cannot be split evenly"):
            split(batch, accumulate, processes)


@pytest.fixture
def anew():
    """Accelerate keeps one precision per process."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_bfloat16_runs_the_network_in_it_and_keeps_the_weights_in_float32(anew, tmp_path):
    seen = []

    def watching(network, batch):
        linear = next(module for module in network.modules() if isinstance(module, nn.Linear))
        hook = linear.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
        loss = squared(network, batch)
        hook.remove()
        return loss

    averaged = go(tmp_path, loss=watching, accelerator=start("cpu", "bfloat16"))
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in averaged.parameters()} == {torch.float32}


def test_float16_is_refused_on_a_cpu(anew):
    with pytest.raises(ValueError, match="float16 needs a GPU"):
        start("cpu", "float16")


def test_a_device_that_is_not_there_is_refused(anew, monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(ValueError, match="no device mps"):
        start("mps" if not torch.backends.mps.is_available() else "cuda")


def scaled():
    """An accelerator that scales its loss as it does on a GPU in float16; the network itself is left in float32."""
    accelerator = start("cpu")
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10, growth_interval=4)
    accelerator.unscale_gradients = lambda optimizer: accelerator.scaler.unscale_(optimizer.optimizer)
    return accelerator


def test_a_scaled_gradient_that_overflows_skips_its_step_and_the_scale_is_in_checkpoints(anew, tmp_path):
    scales, weights = [], []

    def failing(network, batch):
        weights.append(next(network.parameters()).detach().clone())
        loss = squared(network, batch)
        # The root of zero has an infinite slope: a finite loss, a gradient of 0 · ∞.
        return loss + (0 * loss).sqrt() if batch["index"][0] == 14 else loss

    def one(folder, **options):
        accelerator = scaled()
        go(folder, loss=failing, accelerator=accelerator, **options)
        scales.append(accelerator.scaler.get_scale())

    one(tmp_path / "whole")
    assert torch.equal(weights[7], weights[8]) and not torch.equal(weights[6], weights[7])
    assert scales == [2.0**11]  # doubled after step 4, halved at step 8, doubled after step 12
    assert [step for step, *_ in read_log(tmp_path / "whole")] == list(range(1, SCHEDULE.steps + 1))
    for _ in range(9):
        one(tmp_path / "parts", time_limit=0)
    one(tmp_path / "parts")
    assert scales[-1] == scales[0]
    assert_same_runs(tmp_path / "whole", tmp_path / "parts")
