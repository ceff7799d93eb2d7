import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from matting.training.photographs import SPAMattNetPhotographs, TGNPhotographs, find_photographs
from matting.training.recipes import Recipe
from matting.trimap import from_alpha

RECIPE = Recipe(steps=6, batch=2, crop=64, windows=(64, 96, 128), kernel=9)
KINDS = {"tgn": (TGNPhotographs, "masks"), "spamattnet": (SPAMattNetPhotographs, "trimaps")}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three photos whose red is the place along x, green along y, and blue alpha."""
    root = tmp_path_factory.mktemp("photographs")
    for name in ("images", "alphas", "masks", "trimaps"):
        (root / name).mkdir()
    y, x = np.mgrid[:150, :200]
    for index in range(3):
        alpha = np.clip(1.5 - np.hypot(y - 70, x - 90 - 5 * index) / 30, 0, 1)
        gray = np.rint(alpha * 255).astype(np.uint8)
        Image.fromarray(np.dstack([x, y, gray]).astype(np.uint8)).save(root / "images" / f"p_{index}.png")
        Image.fromarray(gray).save(root / "alphas" / f"p_{index}.png")
        Image.fromarray(np.where(alpha > 0.3, 255, 0).astype(np.uint8)).save(root / "masks" / f"p_{index}.png")
        trimap = np.select([gray == 255, gray == 0], [255, 0], 128).astype(np.uint8)
        Image.fromarray(trimap).save(root / "trimaps" / f"p_{index}_trimap.png")
    return root


def samples(root, stage, recipe=RECIPE, seed=0):
    kind, guidance = KINDS[stage]
    return kind(find_photographs(root / "images", root / "alphas", root / guidance), recipe, seed)


@pytest.mark.parametrize("stage", KINDS)
def test_a_sample_depends_on_its_number_and_the_seed_alone(root, stage):
    one, other, seeded = samples(root, stage), samples(root, stage), samples(root, stage, seed=1)
    assert len(one) == 12
    backwards = {index: other[index] for index in reversed(range(12))}
    for index in range(12):
        assert all(torch.equal(one[index][name], backwards[index][name]) for name in one[index])
    assert any(not torch.equal(one[index]["image"], seeded[index]["image"]) for index in range(3))
    assert not torch.equal(one[0]["image"], one[3]["image"])


def test_every_photograph_comes_once_an_epoch(root):
    data = samples(root, "tgn")
    epochs = [[data.choose(3 * epoch + place)[0] for place in range(3)] for epoch in range(8)]
    assert all(set(epoch) == set(data.photographs) for epoch in epochs)
    assert len({tuple(photo.image for photo in epoch) for epoch in epochs}) > 2  # in an order of its own


@pytest.mark.parametrize("stage", KINDS)
def test_all_planes_of_a_sample_are_one_window(root, stage):
    """The photo's blue channel is its alpha: whatever is cut, turned and resized must still say so."""
    for index in range(12):
        sample = samples(root, stage)[index]
        alpha = sample["image"][2]
        if stage == "spamattnet":
            assert sample["alpha"].shape == (1, 64, 64) and sample["alpha"].dtype == torch.float32
            np.testing.assert_allclose(sample["alpha"][0], alpha, atol=2 / 255)
            assert set(np.unique(sample["trimap"])) <= {0, 0.5, 1}
            sure = sample["trimap"][0] == 1
            assert (alpha[sure] > 0.85).all() and (alpha[sample["trimap"][0] == 0] < 0.15).all()
        else:
            assert sample["coarse_mask"].shape == (1, 64, 64) and sample["classes"].dtype == torch.int64
            assert ((sample["coarse_mask"][0] > 0.9) <= (alpha > 0.2)).all()
            assert (alpha[sample["classes"] == 2] > 0.85).all() and (alpha[sample["classes"] == 0] < 0.15).all()


def test_windows_have_the_recipes_sides_and_hold_unknown_pixels(root):
    """Red counts pixels along x: its slope is the window's side over the crop's, its sign says what is mirrored."""
    sides, mirrored = set(), set()
    for index in range(40):
        sample = samples(root, "spamattnet", Recipe(steps=20, batch=2, crop=64, windows=(64, 96, 128)))[index]
        slope = np.diff(sample["image"][0, 32].numpy() * 255).mean() * 64
        sides.add(min((64, 96, 128), key=lambda side: abs(side - abs(slope))))
        assert min(abs(abs(slope) - side) for side in (64, 96, 128)) < 2
        mirrored.add(slope < 0)
        assert (sample["trimap"] == 0.5).any()
    assert sides == {64, 96, 128} and mirrored == {True, False}


def test_a_window_larger_than_the_photo_is_the_photos_shorter_side(root):
    sample = samples(root, "spamattnet", Recipe(steps=6, batch=2, crop=64, windows=(1024,)))[0]
    assert np.abs(np.diff(sample["image"][0, 32].numpy() * 255).mean() * 64) == pytest.approx(150, abs=3)


def test_tgns_truth_is_the_trimap_of_the_recipes_kernel(root):
    recipe = Recipe(steps=6, batch=2, crop=150, windows=(150,), kernel=9)
    data = samples(root, "tgn", recipe)
    for index in range(3):
        files, _ = data.choose(index)
        sample = data[index]
        red = np.rint(sample["image"][0, 0].numpy() * 255).astype(int)  # columns of the photo
        alpha = cv2.imread(str(files.alpha), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        expected = from_alpha(alpha, 9, 9)[:, red]
        assert np.array_equal(np.array([0, 128, 255])[sample["classes"]], expected)


def test_what_is_missing_is_named(root, tmp_path):
    images, alphas = root / "images", root / "alphas"
    with pytest.raises(ValueError, match="no-such is missing"):
        find_photographs(images, alphas, tmp_path / "no-such")
    with pytest.raises(ValueError, match="holds no picture named p_0, like p_0.png"):
        find_photographs(images, alphas, tmp_path)
    with pytest.raises(ValueError, match="Photographs were expected"):
        find_photographs(tmp_path, alphas, alphas)
