"""ViTMatte: the real transformers classes, tiny and random, saved and loaded in the hub's format."""

import json

import numpy as np
import pytest
import torch
from transformers import VitMatteForImageMatting

from matting.methods.vitmatte import load_vitmatte


def inputs(size=(45, 70)):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (*size, 3), np.uint8), rng.choice(np.array([0, 128, 255], np.uint8), size)


def test_alpha_is_the_networks_own_at_the_photos_size(vitmatte_folder):
    image, trimap = inputs()
    alpha = load_vitmatte(str(vitmatte_folder))(image, trimap)
    assert alpha.shape == trimap.shape and alpha.dtype == np.float32
    assert alpha.std() > 0 and alpha.min() >= 0 and alpha.max() <= 1
    pixels = torch.from_numpy(np.dstack([image / 127.5 - 1, trimap / 255])).permute(2, 0, 1)[None].float()
    padded = torch.nn.functional.pad(pixels, (0, 96 - 70, 0, 64 - 45))  # to multiples of 32
    network = VitMatteForImageMatting.from_pretrained(vitmatte_folder).eval()
    with torch.no_grad():
        expected = network(padded).alphas[0, 0, :45, :70]
    np.testing.assert_allclose(alpha, expected.numpy(), atol=1e-5)


def test_the_trimap_matters(vitmatte_folder):
    image, trimap = inputs()
    matte = load_vitmatte(str(vitmatte_folder))
    assert not np.array_equal(matte(image, trimap), matte(image, 255 - trimap))


@pytest.mark.parametrize("damage", ["absent", "no weights", "other network", "tensors missing"])
def test_weights_that_cannot_be_had_cost_one_sentence(vitmatte_folder, damage, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = vitmatte_folder
    if damage == "absent":
        source = "nobody/" + "there"
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    elif damage == "no weights":
        (vitmatte_folder / "model.safetensors").unlink()
    elif damage == "other network":
        config = json.loads((vitmatte_folder / "config.json").read_text())
        (vitmatte_folder / "config.json").write_text(json.dumps(config | {"fusion_hidden_sizes": [24, 8, 6, 4]}))
    else:
        from safetensors.torch import load_file, save_file

        tensors = load_file(vitmatte_folder / "model.safetensors")
        tensors.pop(sorted(tensors)[0])
        save_file(tensors, vitmatte_folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"^ViTMatte's weights cannot be loaded from [^\n]*\.$"):
        load_vitmatte(str(source))
