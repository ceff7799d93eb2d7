import numpy as np
import pytest
import torch
from network_cases import narrowest_pipeline
from pictures import disc, save
from PIL import Image

from matting import MattingPipeline
from matting.__main__ import main
from matting.networks.backbones.u2net import CONFIGS, U2Net

SIZE = (40, 56)


@pytest.fixture
def matte(tmp_path):
    """Run `matte` with tiny networks on two photos; returns the exit status."""
    torch.manual_seed(0)
    narrowest_pipeline().save_pretrained(tmp_path / "weights")
    for seed, name in enumerate(("ape.png", "bee.jpg")):
        grain = np.random.default_rng(seed).integers(0, 60, (*SIZE, 3))
        save(tmp_path / "photos" / name, np.rint(grain + 180 * disc(SIZE, 12)[..., None]).astype(np.uint8))

    def run(*words, photos="photos", masks=True):
        words = ["matte", tmp_path / photos, "--out", tmp_path / "out", "--weights", tmp_path / "weights", *words]
        words += ["--save-mask", tmp_path / "masks"] if masks else []
        try:
            return main([*map(str, words), "--device", "cpu"])
        except SystemExit as leaving:
            return leaving.code

    return run


def saved(tmp_path):
    return {path.name: np.asarray(Image.open(path)) for path in sorted((tmp_path / "masks").iterdir())}


def test_given_masks_are_saved_as_they_are_by_the_photos_names(matte, tmp_path):
    for name in ("ape", "bee"):
        save(tmp_path / f"given/{name}.png", disc(SIZE, 12))
    assert matte("--mask", tmp_path / "given") == 0
    masks = saved(tmp_path)
    assert list(masks) == ["ape.png", "bee.png"]
    for mask in masks.values():
        assert mask.dtype == np.uint8 and np.array_equal(mask, np.rint(disc(SIZE, 12) * 255))


def test_a_segmenters_masks_are_saved_and_can_be_given(matte, tmp_path, capsys):
    """U2NetP's of random weights, soft ones, to half a step of 1/255."""
    torch.save(U2Net(CONFIGS["u2netp"]).state_dict(), tmp_path / "u2netp.pth")
    coarse = ("--coarse", f"u2netp:{tmp_path / 'u2netp.pth'}")
    assert matte(*coarse) == 0
    pipeline = MattingPipeline.from_pretrained(tmp_path / "weights", device="cpu")
    for name, photo in (("ape.png", "ape.png"), ("bee.png", "bee.jpg")):
        expected = pipeline.coarse_mask(tmp_path / "photos" / photo, coarse=coarse[1])
        assert np.abs(saved(tmp_path)[name] / 255 - expected).max() <= 0.51 / 255
    (tmp_path / "masks/ape.png").unlink()
    capsys.readouterr()
    assert matte(*coarse) == 0  # what lacks its mask is not done
    assert "1 photo already done" in capsys.readouterr().out and len(saved(tmp_path)) == 2
    assert matte("--mask", tmp_path / "masks", "--overwrite", masks=False) == 0


def test_masks_have_their_own_folder_and_a_source(matte, tmp_path, capsys):
    assert matte("--trimap", tmp_path / "photos") == 2
    assert "there is no coarse mask" in capsys.readouterr().err
    assert matte("--save-mask", tmp_path / "photos", masks=False) == 2
    assert "holds photos" in capsys.readouterr().err
    assert not (tmp_path / "out").exists() and not (tmp_path / "masks").exists()
    (tmp_path / "file").write_text("mine")
    assert matte("--save-mask", tmp_path / "file", masks=False) == 2
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("prompt", [["--box", "-5,-2,44,36"], ["--box", "-0.5,4,44,36"], ["--box=-5,4,44,36"]])
def test_a_box_may_begin_with_a_negative_number(matte, tmp_path, prompt):
    assert matte(*prompt, photos="photos/ape.png") == 0
    assert list(saved(tmp_path)) == ["ape.png"]


def test_a_point_outside_is_read_as_a_point(matte, capsys):
    assert matte("--points", "-5,3,-", photos="photos/ape.png") == 1
    said = capsys.readouterr().err
    assert "expected one argument" not in said and "1 photo failed" in said
