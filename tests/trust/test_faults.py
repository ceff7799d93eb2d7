"""Twenty times killed at random moments, training and batch matting end with what an undisturbed run makes."""

import contextlib
import os
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from network_cases import narrowest_pipeline
from pictures import disc, save
from training_cases import assert_same_runs, go

pytestmark = pytest.mark.trust
KILLS = 20
TESTS = Path(__file__).resolve().parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}


def kill_at_random(words, folder, wait):
    """Start a program and kill it after `wait`, a function of it; returns whether it had not ended by itself before."""
    process = subprocess.Popen(words, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait(process)
    killed = process.poll() is None
    process.kill()
    process.wait()
    return killed


def for_seconds(seconds, process):
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def for_files(more, seconds, folder, process):
    """Wait until a folder and those within it hold so many files more, and then for some seconds."""
    enough = count_files(folder) + more
    while process.poll() is None and count_files(folder) < enough:
        time.sleep(0.002)
    for_seconds(seconds, process)


def count_files(folder):
    return sum(len(files) for _, _, files in os.walk(folder))


def test_training_killed_twenty_times_ends_the_same(tmp_path):
    go(tmp_path / "whole")
    rng, kills, runs = random.Random(0), 0, 0
    begun = time.monotonic()
    slow = (
        "from pathlib import Path\nimport training_cases as cases\n"
        "cases.go(Path('{}'), samples=cases.Numbers(delay=0.1), save_every=0)"
    )
    words = [sys.executable, "-c", slow.format("timed")]
    subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, check=True, capture_output=True)
    seconds = time.monotonic() - begun
    while kills < KILLS:
        runs += 1
        words = [sys.executable, "-c", slow.format(f"killed-{runs}")]
        while kill_at_random(words, tmp_path, partial(for_seconds, rng.uniform(0.3, 1.0) * seconds)):
            kills += 1
        go(tmp_path / f"killed-{runs}")
        assert_same_runs(tmp_path / "whole", tmp_path / f"killed-{runs}")
        assert not list((tmp_path / f"killed-{runs}").glob(".checkpoint*"))
    print(f"training: killed {kills} times in {runs} runs, each ended as the undisturbed one")


def test_a_batch_killed_twenty_times_ends_the_same(tmp_path):
    torch.manual_seed(0)
    narrowest_pipeline().save_pretrained(tmp_path / "weights")
    for seed in range(24):
        grain = np.random.default_rng(seed).integers(0, 60, (200, 280, 3))
        picture = grain + 180 * disc((200, 280), 40 + seed)[..., None]
        save(tmp_path / f"photos/{seed}.png", np.rint(picture).astype(np.uint8))
        save(tmp_path / f"masks/{seed}.png", disc((200, 280), 40 + seed))

    def words(out):
        call = f"-m matting matte photos --mask masks --out {out} --weights weights --device cpu"
        return [sys.executable, *call.split()]

    def outputs(out):
        return {path.name: path.read_bytes() for path in (tmp_path / out).iterdir() if path.is_file()}

    def interrupted(out):
        """Kill it while it writes one of the next files, or soon after."""
        wait = partial(for_files, rng.randint(1, 20), rng.choice((0, rng.uniform(0, 0.3))), tmp_path / out)
        return kill_at_random(words(out), tmp_path, wait)

    subprocess.run(words("whole"), cwd=tmp_path, env=ENVIRONMENT, check=True, capture_output=True)
    whole, rng, kills, runs = outputs("whole"), random.Random(1), 0, 0
    assert len(whole) == 72
    while kills < KILLS:
        runs += 1
        while kills < KILLS and interrupted(f"out-{runs}"):
            kills += 1
            if (tmp_path / f"out-{runs}").exists():  # what is there is whole
                assert all(whole[name] == content for name, content in outputs(f"out-{runs}").items())
        subprocess.run(words(f"out-{runs}"), cwd=tmp_path, env=ENVIRONMENT, check=True, capture_output=True)
        assert outputs(f"out-{runs}") == whole
        assert [path.name for path in (tmp_path / f"out-{runs}").iterdir() if path.is_dir()] == [".trimatte"]
    print(f"batch: killed {kills} times in {runs} runs, each ended as the undisturbed one")
