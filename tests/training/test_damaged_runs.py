"""Runs whose files were damaged: nothing of them is run or believed, and what can be saved is."""

import logging
import os
import random
import subprocess
import sys

import pytest
import torch
from training_cases import SCHEDULE, SETTINGS, assert_equal, assert_same_runs, go

from matting.training import checkpoint
from matting.training.checkpoint import BEFORE, NAME, DamagedCheckpointError
from matting.training.observers import read_log
from matting.training.observers.csv_log import DamagedLogError


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path):
    path.write_bytes(b"")


def flipped(path):
    data = bytearray(path.read_bytes())
    start = data.find(b"\x80", 4000)  # within the tensors' numbers
    data[start] ^= 0x10
    path.write_bytes(bytes(data))


def a_pickle(path):
    import pickle

    path.write_bytes(pickle.dumps(Evil()))


def a_hostile_archive(path):
    torch.save({"settings": "{}", "step": Evil()}, path)


def a_list(path):
    torch.save([1, 2], path)


DAMAGES = [truncated, emptied, flipped, a_pickle, a_hostile_archive, a_list]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    go(folder)
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run that stopped after its fourth step, with a checkpoint of each."""
    monkeypatch.chdir(tmp_path)

    def stopping(network, batch):
        if batch["index"][0] >= SCHEDULE.batch * 4:
            raise OSError("stop")
        return (network(batch["values"]) - batch["target"]).square().mean()

    with pytest.raises(OSError, match="stop"):
        go(tmp_path / "run", loss=stopping, save_every=0)
    return tmp_path / "run"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_gives_way_to_the_one_before(run, whole, damage, caplog):
    damage(run / NAME)
    with caplog.at_level(logging.WARNING):
        assert checkpoint.load(run, SETTINGS)["step"] == 3
    assert "the one before it, of step 3, is taken" in caplog.text
    go(run)
    assert_same_runs(whole, run)
    assert not (run.parent / "ran").exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_without_a_whole_one_there_is_a_sentence(run, damage):
    for name in (NAME, BEFORE):
        damage(run / name)
    with pytest.raises(DamagedCheckpointError, match="no whole one before it; put back a copy of it, or choose"):
        go(run)
    assert not (run.parent / "ran").exists()


def test_any_flipped_bit_is_found_or_harmless(run):
    """A flip between an archive's parts changes nothing that is read."""
    data, state = (run / NAME).read_bytes(), checkpoint.load(run, SETTINGS)
    (run / BEFORE).unlink()
    rng, found = random.Random(0), 0
    for _ in range(200):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (run / NAME).write_bytes(bytes(changed))
        try:
            now = checkpoint.load(run, SETTINGS)
        except (DamagedCheckpointError, checkpoint.OtherSettingsError):
            found += 1
        else:
            assert_equal(state["network"], now["network"])
            assert_equal(state["average"], now["average"])
            assert str(state["optimizer"]) == str(now["optimizer"]) and state["step"] == now["step"]
    assert found > 20


def test_weights_of_other_shapes_are_refused_in_a_sentence(run):
    state = torch.load(run / NAME, weights_only=True)
    state["network"] = {name: tensor[:1] for name, tensor in state["network"].items() if tensor.ndim}
    torch.save(state, run / NAME)
    with pytest.raises(DamagedCheckpointError, match="does not fit the run"):
        go(run)


def test_a_killed_save_leaves_nothing_behind_for_ever(run):
    code = "from matting.files import owned_name; print(owned_name())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    (run / f".{NAME}.{gone}.part").write_bytes(b"half")
    go(run)
    assert sorted(path.name for path in run.iterdir()) == [BEFORE, NAME, "log.csv"]


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00garbage\n1,2\n", b"a,b\n1,2\n", b"step,loss\nx,1\n", b'"' * 200_000])
def test_a_garbage_log_is_a_sentence(run, garbage):
    (run / "log.csv").write_bytes(garbage)
    with pytest.raises(DamagedLogError, match="move it away and go on"):
        go(run)
    with pytest.raises(DamagedLogError):
        read_log(run)
    (run / "log.csv").unlink()
    go(run)
    assert checkpoint.load(run, SETTINGS)["step"] == SCHEDULE.steps
