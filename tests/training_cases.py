"""A small training whose every state matters, and a pool of composites: what tests of the training share."""

import csv
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from network_cases import NARROWEST, randomise_norms
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils.data import Dataset

from matting.data.composites.compose import CompositeData
from matting.data.pools.pool import write_foreground
from matting.data.synthetic import Foreground
from matting.networks.spamattnet import SPAMattNet
from matting.training import checkpoint
from matting.training.engine import start
from matting.training.loop import train
from matting.training.schedules import Schedule
from matting.training.stages import STAGES

SCHEDULE = Schedule(steps=12, batch=2, rate=1e-2, warmup=3)
SETTINGS = {"seed": 0, "config": {"width": 8}}


class Numbers(Dataset):
    """Sample i is a function of i."""

    def __init__(self, length=SCHEDULE.steps * SCHEDULE.batch, delay=0.0):
        self.length, self.delay = length, delay

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        time.sleep(self.delay)
        values = torch.randn(8, generator=torch.Generator().manual_seed(index))
        return {"values": values, "target": values.sum()[None], "index": torch.tensor(index)}


class Damaged(Numbers):
    """One of its samples cannot be read."""

    def __getitem__(self, index):
        if index == 9:
            raise ValueError("cat.png cannot be decoded.")
        return super().__getitem__(index)


def build(seed=0):
    """Everything that keeps a state between steps: batch norm, spectral norm, and dropout's random numbers."""
    torch.manual_seed(seed)
    layers = spectral_norm(nn.Linear(8, 8)), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 1)
    return nn.Sequential(*layers)


def squared(network, batch):
    return (network(batch["values"]) - batch["target"]).square().mean()


def go(folder, *, schedule=SCHEDULE, loss=squared, samples=None, **options):
    network = build()
    samples = samples or Numbers(schedule.steps * schedule.batch)
    options = {"workers": 0, "accelerator": start("cpu")} | options
    return train(network, samples, loss, schedule, folder, SETTINGS, **options)


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


def fill(folder):
    """Write a few soft discs as foregrounds, and photos to stand before."""
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


def frozen(folder, pool, schedule, accumulate=1):
    """Train the narrowest SPAMattNet with frozen norms, as every image alone then has a say in the gradient."""
    torch.manual_seed(0)
    network = randomise_norms(SPAMattNet(NARROWEST))
    photos = [cv2.imread(str(path)) for path in sorted((pool / "photos").iterdir())]
    samples = STAGES["spamattnet"].composites(CompositeData(sorted(pool.glob("*.png")), photos, 64, seed=0), schedule)
    loss = STAGES["spamattnet"].loss(network.config, schedule)
    options = {"accelerator": start("cpu"), "accumulate": accumulate, "workers": 0}
    return train(network, samples, lambda net, batch: loss(net.eval(), batch), schedule, folder, {}, **options)


def launch(statement, processes):
    """Run a statement in several processes that Accelerate joins on this machine; returns what each said."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from pathlib import Path\n{statement}\n"
    code += "from matting.training.engine import start\nstart('cpu').end_training()"
    shared = os.environ | {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "OMP_NUM_THREADS": "1",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(processes)
    ]
    ended = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0] * processes, ended
    return ended
