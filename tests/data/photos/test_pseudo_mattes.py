"""Whole objects for a pool: pseudo mattes of photographs, cutouts, photographs with mattes."""

import cv2
import numpy as np
import pytest
import torch
from pictures import clouds, disc, refused

from matting.data.photos import pseudo_mattes
from matting.data.photos.pseudo_mattes import fill_objects, pseudo_matte
from matting.data.pools.pool import read_foreground, read_pool
from matting.masks import grow, shrink
from matting.pipeline import MattingPipeline

SIZE = (128, 192)


@pytest.fixture(scope="module")
def network():
    return MattingPipeline.untrained(device="cpu").spamattnet


@pytest.fixture
def folders(tmp_path):
    """Two photos with masks, a cutout in two pictures, a photo with its matte."""
    for name in ("photos", "masks", "image", "alpha", "mattes"):
        (tmp_path / name).mkdir()
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / "photos" / f"{number}.png"), clouds(SIZE, number))
        cv2.imwrite(str(tmp_path / "masks" / f"{number}.png"), np.rint(255 * disc(SIZE, 20 + 10 * number)))
    cv2.imwrite(str(tmp_path / "image" / "c.png"), clouds((60, 80), 3))
    cv2.imwrite(str(tmp_path / "alpha" / "c.png"), np.rint(255 * disc((60, 80), 20)))
    cv2.imwrite(str(tmp_path / "mattes" / "m.jpg"), clouds((90, 70), 4))
    cv2.imwrite(str(tmp_path / "mattes" / "m.png"), np.rint(255 * disc((90, 70), 25)))
    return tmp_path


def fill(folders, network, out="pool"):
    subjects = [(folders / "photos" / f"{number}.png", folders / "masks" / f"{number}.png") for number in (1, 2)]
    cutouts = [(folders / "image" / "c.png", folders / "alpha" / "c.png")]
    return fill_objects(folders / out, subjects, cutouts, [folders / "mattes" / "m.jpg"], network)


def test_a_pseudo_matte_is_unsure_only_in_a_band_around_the_outline(network):
    mask = (disc(SIZE, 40) >= 0.5).astype(np.float32)
    found = pseudo_matte(network, clouds(SIZE), mask)
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    height, width = found.alpha.shape
    top, left = (max(0, int(places[0]) - 10) // 64 * 64 for places in (rows, columns))
    there = mask[top : top + height, left : left + width]
    assert there.sum() == mask.sum()
    assert (found.alpha[shrink(there, 8) > 0.5] == 1).all() and (found.alpha[grow(there, 8) < 0.5] == 0).all()
    assert ((found.alpha > 0) & (found.alpha < 1)).any()


def test_what_the_mask_is_unsure_of_is_matted_too(network, monkeypatch):
    seen = []
    real = pseudo_mattes.whole_photo.estimate_alpha

    def watched(network, photo, trimap, scale):
        seen.append(trimap)
        return real(network, photo, trimap, scale)

    monkeypatch.setattr(pseudo_mattes.whole_photo, "estimate_alpha", watched)
    sharp = (disc(SIZE, 30) >= 0.5).astype(np.float32)
    for mask in (sharp, np.maximum(sharp, 0.3 * (disc(SIZE, 55) >= 0.5))):
        pseudo_matte(network, clouds(SIZE), mask.astype(np.float32))
    assert (seen[1] == 128).sum() > 3 * (seen[0] == 128).sum()


def test_an_empty_mask_is_refused(network):
    refused(lambda: pseudo_matte(network, clouds(SIZE), np.zeros(SIZE, np.float32)), "holds nothing")


def test_the_pool_holds_every_object_whole_and_is_continued(folders, network):
    assert fill(folders, network) == 4
    paths = read_pool(folders / "pool")
    assert [read_foreground(path).kind for path in paths] == ["cutout", "photo", "photo", "photo"]
    cutout = read_foreground(paths[0])
    np.testing.assert_allclose(cutout.alpha, disc((60, 80), 20), atol=0.5 / 255)
    np.testing.assert_array_equal(cutout.colour, clouds((60, 80), 3)[..., ::-1])
    before = paths[0].stat().st_mtime_ns
    paths[3].unlink()
    assert fill(folders, network) == 4 and paths[0].stat().st_mtime_ns == before


def test_a_photo_whose_mask_is_empty_is_named(folders, network):
    cv2.imwrite(str(folders / "masks" / "1.png"), np.zeros(SIZE, np.uint8))
    refused(lambda: fill(folders, network), "masks/1.png", "holds nothing")


def test_no_gradient_is_kept(network):
    assert not torch.is_grad_enabled() or not any(p.grad is not None for p in network.parameters())
