import json
import os

import numpy as np
import pytest
import torch
from benchmark_stand import call, found_in, stand_in  # noqa: F401 (stand_in is a fixture, `ours`)
from benchmark_trees import disc, plant, write
from PIL import Image
from safetensors.torch import save_file

from matting.coarse import Prompts, load_segmenter, u2net
from matting.evaluation.benchmarks import definitions, guidance, photos, protocols, runner
from matting.evaluation.benchmarks.guidance import Guidance, check_kinds
from matting.evaluation.benchmarks.protocols import Choices
from matting.networks.backbones.u2net import CONFIGS, U2Net
from matting.trimaps.algebra import from_alpha, from_mask


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("p3m-500-p", ["--mask", "u2net:/nowhere/u2net.pth"], "--mask u2net:FILE"),
        ("p3m-500-p", ["--mask", "magic"], "got magic"),
        ("composition-1k", ["--trimap", "magic"], "got magic"),
        ("composition-1k", ["--trimap", "true-5", "--method", "joint-hard"], "leave --trimap out"),
        ("folder", ["--trimap", "true-5", "--method", "mask"], "leave --trimap out"),
        ("distinctions-646", ["--trimap", "given"], "40 of 40 photos have no trimap (a_0, a_1"),
        ("ppm-100", ["--mask", "given"], "2 of 2 photos have no coarse mask (a, b)"),
        ("folder", ["--method", "predictions"], "--predictions"),
        ("folder", ["--method", "knn", "--flip"], "--flip is for SPAMattNet"),
        ("folder", ["--workers", "0"], "--workers"),
        ("folder", ["--first", "0"], "--first"),
        ("folder", ["--device", "nonsense"], "nonsense"),
        ("folder", ["--method", "vitmatte", "--vitmatte", "/nowhere/at/all"], "ViTMatte's weights"),
        ("alphamatting", ["--trimap", "4"], "got 4"),
        ("alphamatting", ["--split", "test"], "--save"),
        ("alphamatting", ["--split", "test", "--save", "x", "--trimap", "tgn"], "1, 2, 3 or all, got tgn"),
        ("alphamatting", ["--split", "test", "--save", "x", "--json", "y"], "Nothing can be scored"),
        ("alphamatting", ["--split", "test", "--save", "x", "--mask", "5"], "no --mask"),
        ("alphamatting", ["--split", "test", "--save", "x", "--method", "joint-hard"], "come with trimaps"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(name, words, sentence, tmp_path, capsys, ours, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call(*plant(name, tmp_path / "data"), *words) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and sentence in said.err and not said.out and not ours.asked


def test_the_test_photos_are_written_under_the_sites_own_names(tmp_path, capsys):
    words = plant("alphamatting", tmp_path / "data")[:-1]
    assert call(*words, "all", "--split", "test", "--save", tmp_path / "site") == 0
    found = sorted(path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.png"))
    assert found == [f"Trimap{number}/{name}.png" for number in (1, 2, 3) for name in ("doll", "troll")]
    matte = np.asarray(Image.open(tmp_path / "site/Trimap3/doll.png"))
    assert matte.dtype == np.uint8 and set(np.unique(matte)) == {0, 128, 255} and "6 mattes" in capsys.readouterr().out
    assert call(*words, "user", "--split", "test", "--save", tmp_path / "user") == 0
    assert {path.name for path in (tmp_path / "user").iterdir()} == {"Trimap3"}


def test_an_interrupted_submission_goes_on(tmp_path, ours):
    words = [*plant("alphamatting", tmp_path / "data")[:-1], "all", "--split", "test", "--save", tmp_path / "site"]
    assert call(*words, "--device", "cpu") == 0 and len(ours.asked) == 6 and ours.device == "cpu"
    os.remove(tmp_path / "site/Trimap2/doll.png")
    assert call(*words) == 0 and len(ours.asked) == 7 and (tmp_path / "site/Trimap2/doll.png").is_file()


def test_masks_and_trimaps_of_ones_own_are_used(tmp_path, ours):
    words, own = plant("ppm-100", tmp_path / "data"), tmp_path / "own"
    for seed, name in enumerate("ab"):
        write(own / f"{name}.png", disc(seed + 1)[1])
    files = [tmp_path / "own.json", tmp_path / "given.json"]
    assert call(*words, "--mask", own, "--json", files[0]) == 0
    document = json.loads(files[0].read_text())
    alpha, truth = np.asarray(Image.open(own / "a.png")) / 255, disc(0)[1] / 255
    assert document["images"]["a"]["SAD"] == pytest.approx(np.abs(alpha - truth).sum() / 1000, abs=1e-6)
    os.remove(own / "b.png")
    assert call(*words, "--mask", own, "--no-cache") == 1
    write(own / "b.png", disc(1)[2])
    write(own / "a.png", disc(0)[2])
    assert call(*words, "--trimap", own) == 0


def test_folders_of_one_name_are_two_rows(tmp_path):
    words, file, folders = plant("ppm-100", tmp_path / "data"), tmp_path / "scores.json", []
    for seed, parent in enumerate("xy"):
        folders.append(tmp_path / parent / "masks")
        for name in "ab":
            write(folders[-1] / f"{name}.png", disc(seed)[1])
    assert call(*words, "--mask", *folders, folders[0], "--json", file, "--save", tmp_path / "mattes") == 0
    assert list(json.loads(file.read_text())["runs"]) == ["JIH-masks", "JIH-masks (2)"]
    found = [np.asarray(Image.open(tmp_path / f"mattes/{name}/a.png")) for name in ("JIH-masks", "JIH-masks (2)")]
    np.testing.assert_array_equal(found, [disc(seed)[1].astype(np.uint16) * 257 for seed in range(2)])


@pytest.fixture
def salient(tmp_path, monkeypatch):
    """Write an untrained U2NetP of a seed to one file, and look at photos at 64 x 64."""
    monkeypatch.setattr(u2net, "SIDE", 64)

    def make(seed):
        guidance.load_cached_segmenter.cache_clear()
        guidance.mask_identity.cache_clear()
        torch.manual_seed(seed)
        save_file(U2Net(CONFIGS["u2netp"]).state_dict(), tmp_path / "own.safetensors")
        return f"u2netp:{tmp_path / 'own.safetensors'}"

    return make


def test_a_u2net_of_ones_own_makes_the_masks_and_its_scores_are_forgotten_with_its_weights(tmp_path, salient, ours):
    words, file = plant("p3m-500-p", tmp_path / "data"), tmp_path / "scores.json"
    mask = salient(0)
    assert call(*words, "--mask", mask, "--json", file, "--save", tmp_path / "mattes") == 0
    expected = load_segmenter(mask)
    image = photos.load(definitions.examples("p3m-500-p", tmp_path / "data")[0]).image
    saved = np.asarray(Image.open(tmp_path / "mattes/p_1.png")) / 65535
    np.testing.assert_allclose(saved, expected.segment(expected.embed(image), Prompts()).best, atol=1e-4)
    assert json.loads(file.read_text())["settings"]["mask"] == mask
    before = len(ours.asked)
    assert call(*words, "--mask", mask) == 0 and len(ours.asked) == before
    assert call(*words, "--mask", salient(1)) == 0 and len(ours.asked) == before + 2
    assert protocols.short_mask(mask) == "u2netp"


@pytest.mark.parametrize("prompt", ["nothing", "click", "box"])
def test_a_segmenters_masks_are_used(prompt, tmp_path):
    words, file = plant("folder", tmp_path / "data"), tmp_path / "scores.json"
    words += ["--method", "joint-hard", "--mask", "grabcut", "--prompt", prompt, "--json", file]
    assert call(*words) == 0
    assert json.loads(file.read_text())["settings"]["prompt"] == prompt


def test_the_photos_of_alphamatting_need_a_trimap_or_a_method_that_makes_one(tmp_path, capsys):
    words, file = plant("alphamatting", tmp_path / "data")[:-2], tmp_path / "scores.json"
    assert call(*words) == 2
    assert "choose --trimap 1 (narrow) or 2 (wide)" in capsys.readouterr().err
    assert call(*words, "--method", "joint-hard", "--mask", "5", "--json", file) == 0
    assert json.loads(file.read_text())["settings"] == {"mask": "5", "weights": "bundled"}


def test_guidance_is_what_its_name_says():
    image, alpha, trimap = disc(0)
    photo = photos.Photo("a", image, alpha.astype(np.float32) / 255, trimap)
    simulated = Guidance("pseudo-7", "5", kernel=3)
    mask = runner.guides.coarse_mask(photo, simulated)
    from matting.data.composites.coarse_masks import simulated_mask

    np.testing.assert_array_equal(mask, simulated_mask(photo.truth, 5, kernel=3))
    np.testing.assert_array_equal(runner.guides.trimap(photo, mask, simulated), from_mask(mask, 7))
    true = runner.guides.trimap(photo, None, Guidance("true-5"))
    np.testing.assert_array_equal(true, from_alpha(photo.truth, 5, 5))
    assert runner.guides.trimap(photo, None, Guidance("given")) is photo.trimap
    assert not simulated.from_truth and Guidance("true-5").from_truth and not Guidance("tgn", "5").from_truth
    with pytest.raises(ValueError, match="made from a coarse mask"):
        check_kinds(Guidance("tgn"))


def test_runs_are_labelled_as_in_the_paper(tmp_path):
    plant("composition-1k", tmp_path)
    found = found_in("composition-1k", tmp_path)
    runs = protocols.plan("composition-1k", found, Choices(["joint-soft", "joint-hard"], masks=["20", "30"]))
    assert list(runs) == ["JIS-20", "JIS-30", "JIH-20", "JIH-30"]
    assert {run.scoring for run in runs.values()} == {"whole"}
    flipped = protocols.plan("composition-1k", found, Choices(["joint-soft", "knn"], flip=True, masks=["20"]))
    assert list(flipped) == ["JIS-20 (flip)", "knn-20"]
    (alone,) = protocols.plan("composition-1k", found, Choices()).items()
    assert alone[0] == "SPAMattNet" and alone[1].scoring == "unknown"
