"""The same seed on the same machine gives the same result, to the bit, in processes of their own."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import disc, save
from training_cases import fill, read_log

pytestmark = pytest.mark.trust
TESTS = Path(__file__).resolve().parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)])}


def run(*words, folder):
    subprocess.run(
        [sys.executable, "-m", "matting", *map(str, words)],
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(("stage", "workers"), [("tgn", 0), ("spamattnet", 2)])
def test_fifty_steps_of_training(stage, workers, tmp_path):
    pool = tmp_path / "pool"
    pool.mkdir()
    fill(pool)
    for name in ("one", "other"):
        data = ["--pool", pool, "--photos", pool / "photos", "--workers", workers]
        size = ["--steps", 50, "--batch", 2, "--crop", 64, "--device", "cpu", "--seed", 3]
        run(
            "train",
            stage,
            *data,
            *size,
            "--run",
            tmp_path / name,
            "--out",
            tmp_path / f"{name}.safetensors",
            folder=tmp_path,
        )
    logs = [read_log(tmp_path / name) for name in ("one", "other")]
    assert logs[0] == logs[1] and logs[0][-1][0] == 50
    assert (tmp_path / "one.safetensors").read_bytes() == (tmp_path / "other.safetensors").read_bytes()


def test_mattes_of_a_click_and_of_a_mask(tmp_path):
    rng = np.random.default_rng(0)
    inside = disc((150, 220), 45)[..., None]
    save(tmp_path / "photo.png", np.rint(rng.integers(0, 40, (150, 220, 3)) + 190 * inside).astype(np.uint8))
    save(tmp_path / "mask.png", disc((150, 220), 45))
    found = []
    for name in ("one", "other"):
        for way in (["--points", "110,75,+"], ["--mask", "mask.png"]):
            run("matte", "photo.png", *way, "--out", f"{name}-{way[0]}", "--device", "cpu", folder=tmp_path)
        made = sorted(tmp_path.glob(f"{name}-*/*.png"))
        found.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in made])
    assert found[0] == found[1] and len(set(found[0])) == 6
