import json
import math
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict

import numpy as np
import pytest
import torch
from disk import files_of_at_most
from network_cases import NARROWEST
from pictures import noise, refused
from pydantic import TypeAdapter
from safetensors import safe_open
from safetensors.torch import save_file

from matting import MattingPipeline
from matting.lessons.local_hub import local_hub
from matting.networks import weights
from matting.networks.spamattnet import CONFIGS, SPAMattNet, SPAMattNetConfig
from matting.networks.tgn import TGN, TGNConfig
from matting.networks.weights import FILES, find_folder, load_network_weights, load_weights, save_weights


@pytest.fixture
def network():
    return SPAMattNet(NARROWEST).eval()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    MattingPipeline.untrained(seed=1, device="cpu").save_pretrained(folder)
    return folder


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def trimap(size=(64, 96)):
    values = np.full(size, 128, np.uint8)
    values[:, :20], values[:, -20:] = 0, 255
    return values


def python(code, **environment):
    """Run code in a fresh interpreter, where huggingface_hub reads its environment anew."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_weights_and_configuration_come_back_bit_for_bit(network, tmp_path):
    save_weights(network, tmp_path / "new" / "folder" / "net.safetensors")
    loaded = load_weights(tmp_path / "new" / "folder" / "net.safetensors")
    assert type(loaded) is SPAMattNet and loaded.config == NARROWEST and not loaded.training
    assert_equal_states(network.state_dict(), loaded.state_dict())
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["net.safetensors"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_files_hold_every_weight_rounded_once(network, dtype, tmp_path):
    save_weights(network, tmp_path / "net.safetensors", dtype)
    loaded = load_weights(tmp_path / "net.safetensors").state_dict()
    rounded = {n: t.to(dtype).float() if t.is_floating_point() else t for n, t in network.state_dict().items()}
    assert_equal_states(rounded, loaded)


def test_the_file_says_what_it_is(network, tmp_path):
    save_weights(network, tmp_path / "net.safetensors")
    with safe_open(tmp_path / "net.safetensors", framework="pt") as file:
        metadata = file.metadata()
    assert metadata["network"] == "SPAMattNet"
    assert SPAMattNetConfig(**{
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(metadata["config"]).items()
    }) == NARROWEST  # fmt: skip


def test_a_pipeline_comes_back_with_the_same_answers(folder):
    original = MattingPipeline.untrained(seed=1, device="cpu")
    loaded = MattingPipeline.from_pretrained(folder, device="cpu")
    for name, network in original._originals.items():
        assert_equal_states(network.state_dict(), loaded._originals[name].state_dict())
    np.testing.assert_array_equal(original.alpha(noise((64, 96)), trimap()), loaded.alpha(noise((64, 96)), trimap()))
    mask = np.zeros((64, 96), np.float32)
    mask[20:40, 30:60] = 1
    np.testing.assert_array_equal(*(p.trimap_probabilities(noise((64, 96)), mask) for p in (original, loaded)))


def test_float16_files_change_alpha_by_less_than_a_hundredth(folder, tmp_path):
    original = MattingPipeline.from_pretrained(folder, device="cpu")
    original.save_pretrained(tmp_path, dtype=torch.float16)
    assert (tmp_path / FILES["tgn"]).stat().st_size < 0.55 * (folder / FILES["tgn"]).stat().st_size
    half = MattingPipeline.from_pretrained(str(tmp_path), device="cpu")
    difference = np.abs(original.alpha(noise((64, 96)), trimap()) - half.alpha(noise((64, 96)), trimap()))
    assert difference.max() < 0.01 and difference.mean() < 1e-3


def test_saving_again_replaces_the_file_whole(network, tmp_path):
    path = tmp_path / "net.safetensors"
    save_weights(network, path)
    other = SPAMattNet(NARROWEST)
    save_weights(other, path)
    assert_equal_states(other.state_dict(), load_weights(path).state_dict())


def test_whoever_may_read_other_files_may_read_weights(network, tmp_path):
    save_weights(network, tmp_path / "net.safetensors")
    (tmp_path / "other").touch()
    assert (tmp_path / "net.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_full_disk_keeps_the_file_that_was_there(network, tmp_path):
    path = tmp_path / "net.safetensors"
    save_weights(network, path)
    before = path.read_bytes()
    with files_of_at_most(len(before) // 2), pytest.raises(OSError):
        save_weights(network, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_missing_file_is_refused_in_a_sentence(tmp_path):
    refused(lambda: load_weights(tmp_path / "net.safetensors"), "net.safetensors", "missing")
    refused(lambda: MattingPipeline.from_pretrained(tmp_path), FILES["tgn"], "missing")


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "folder", "header"])
def test_a_damaged_file_is_refused_in_a_sentence(network, tmp_path, damage):
    path = tmp_path / "net.safetensors"
    save_weights(network, path)
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        header = b"\xff" * 8 + data[8:]
        pieces = {"empty": b"", "cut": data[: len(data) // 2], "text": b"not weights\n" * 50, "header": header}
        path.write_bytes(pieces[damage])
    refused(lambda: load_weights(path), "net.safetensors")


def foreign(path, tensors, changes):
    metadata = {"network": "SPAMattNet", "config": json.dumps(asdict(NARROWEST))} | changes
    save_file(tensors, path, metadata={key: value for key, value in metadata.items() if value})


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "ViTMatte"},
        {"network": None, "config": None},
        {"config": None},
        {"config": "{"},
        {"config": "[]"},
        {"config": json.dumps(asdict(NARROWEST) | {"layers": 3})},
        {"config": json.dumps(asdict(NARROWEST) | {"window": "wide"})},
        {"config": json.dumps(asdict(NARROWEST) | {"decoder_blocks": [1, 1]})},
        {"config": json.dumps(asdict(NARROWEST) | {"image_width": 8})},
        {"network": "TGN", "config": json.dumps(asdict(TGNConfig(encoder="efficientnet-lite0")))},
    ],
)
def test_a_foreign_file_is_refused_in_a_sentence(network, tmp_path, changes):
    foreign(tmp_path / "net.safetensors", network.state_dict(), changes)
    refused(lambda: load_weights(tmp_path / "net.safetensors"), "net.safetensors")


@pytest.mark.parametrize(
    "lie",
    [
        {"image_width": 10**7},
        {"image_width": 8000},
        {"encoder_widths": [8192] * 5},
        {"decoder_blocks": [10**7, 1, 1, 1]},
        {"encoder": "../../etc"},
        {"encoder": "resnet35"},
        {"window": -4},
        {"heads": 10**9},
        {"enlarged": 10**12},
        {"image_width": float("inf")},
        {"gpa": "perhaps"},
    ],
)
def test_a_lying_configuration_is_refused_at_once(network, tmp_path, lie):
    foreign(tmp_path / "net.safetensors", network.state_dict(), {"config": json.dumps(asdict(NARROWEST) | lie)})
    usage, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    refused(lambda: load_weights(tmp_path / "net.safetensors"), "net.safetensors")
    assert time.process_time() - begun < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - usage < 400_000  # kB


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_are_not_finite_are_refused(network, tmp_path, number):
    next(network.parameters()).data.view(-1)[0] = number
    save_weights(network, tmp_path / "net.safetensors")
    refused(lambda: load_weights(tmp_path / "net.safetensors"), "net.safetensors", "not finite")
    refused(lambda: load_network_weights(SPAMattNet(NARROWEST), tmp_path / "net.safetensors"), "not finite")


@pytest.mark.parametrize("lie", ["length", "offsets", "overlap", "type", "shape", "pickle", "nothing"])
def test_a_lying_header_is_refused(network, tmp_path, lie):
    path = tmp_path / "net.safetensors"
    save_weights(network, path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, name = json.loads(data[8 : 8 + size]), next(iter(network.state_dict()))
    changes = {
        "offsets": {"data_offsets": [0, 2**40]},
        "overlap": {"data_offsets": [0, 4]},
        "type": {"dtype": "PICKLE"},
        "shape": {"shape": [2**31, 2**31]},
    }
    header[name] |= changes.get(lie, {})
    written = json.dumps({} if lie == "nothing" else header).encode()
    length = 2**62 if lie == "length" else len(written)
    path.write_bytes(length.to_bytes(8, "little") + written + data[8 + size :])
    if lie == "pickle":
        torch.save(network.state_dict(), path)
    refused(lambda: load_weights(path), "net.safetensors")


def test_swapped_files_are_refused_in_a_sentence(folder, tmp_path):
    for own, other in zip(FILES.values(), reversed(FILES.values()), strict=True):
        (tmp_path / own).write_bytes((folder / other).read_bytes())
    refused(lambda: MattingPipeline.from_pretrained(tmp_path), FILES["tgn"], "SPAMattNet")


def test_an_existing_network_takes_a_files_weights_or_refuses_them(network, tmp_path):
    save_weights(network, tmp_path / "net.safetensors")
    other = SPAMattNet(NARROWEST)
    load_network_weights(other, tmp_path / "net.safetensors")
    assert_equal_states(network.state_dict(), other.state_dict())
    wrong = TGN(TGNConfig(encoder="efficientnet-lite0", aspp_width=8, detail_width=4))
    refused(lambda: load_network_weights(wrong, tmp_path / "net.safetensors"), "TGN")


def test_a_local_folder_is_taken_as_it_is(tmp_path):
    assert find_folder(tmp_path) == tmp_path and find_folder(str(tmp_path)) == tmp_path


def test_without_bundled_weights_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "BUNDLED", tmp_path / "absent")
    refused(lambda: MattingPipeline.from_pretrained(), "name a folder")


@pytest.mark.parametrize("name", ["no such folder", "/no/such/folder", "a/b/c/d", ""])
def test_a_name_that_is_neither_folder_nor_repository_is_refused(name):
    refused(lambda: find_folder(name))


def test_an_unreachable_hub_costs_seconds_and_one_sentence(tmp_path):
    trying = (
        "import time\n"
        "from matting.networks.weights import find_folder\n"
        "started = time.monotonic()\n"
        "try:\n    find_folder('someone/matte')\n"
        "except ValueError as error:\n    print(error)\n"
        "print(time.monotonic() - started)\n"
    )
    said, seconds = python(trying, HF_HOME=str(tmp_path), HF_ENDPOINT="http://127.0.0.1:9").splitlines()
    assert "someone/matte" in said and "network" in said and said.endswith(".")
    assert float(seconds) < 60


def test_weights_go_to_a_hub_and_come_back(tmp_path):
    pushing = (
        "from matting import MattingPipeline\n"
        "pipeline = MattingPipeline.untrained(seed=2, device='cpu')\n"
        "print(pipeline.push_to_hub('me/matte', private=True, token='hf_secret'))\n"
        "loaded = MattingPipeline.from_pretrained('me/matte', device='cpu')\n"
        "for name, network in pipeline._originals.items():\n"
        "    own, other = network.state_dict(), loaded._originals[name].state_dict()\n"
        "    assert own.keys() == other.keys() and all(own[n].equal(other[n]) for n in own)\n"
        "try:\n    MattingPipeline.from_pretrained('me/other')\n"
        "except ValueError as error:\n    print(error)\n"
    )
    with local_hub(tmp_path / "hub") as server:
        said = python(pushing, HF_HOME=str(tmp_path), HF_ENDPOINT=server.address, HF_HUB_DISABLE_PROGRESS_BARS="1")
        assert said.splitlines()[0] == f"{server.address}/me/matte"
        assert "me/other" in said.splitlines()[1]
        assert server.created["name"] == "matte" and server.created["organization"] == "me"
        assert set(server.files("me/matte")) == set(FILES.values())
        assert all(token == "Bearer hf_secret" for _, token in server.calls)


def test_named_configurations_are_saved_as_they_are(tmp_path):
    for name, config in CONFIGS.items():
        if name != "small":  # read back whole above; the paper's are 26 million parameters
            assert TypeAdapter(SPAMattNetConfig).validate_python(json.loads(json.dumps(asdict(config)))) == config
