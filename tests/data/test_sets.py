import numpy as np
import pytest
import torch
from pictures import disc, refused, save
from torch.utils.data import default_collate

import matting.data
from matting.data.composites import augment
from matting.data.composites.compose import CompositeData, SPAMattNetSamples
from matting.data.datasets import ForegroundSource, PoolFiles
from matting.data.pools.pool import write_foreground
from matting.data.sets import (
    batch,
    composed,
    draw_foregrounds,
    foregrounds_in,
    photos_with_mattes,
    photos_without_mattes,
    read_photos,
)

SIZE = (72, 96)


@pytest.fixture(scope="module")
def photos():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (90, 120, 3), dtype=np.uint8) for _ in range(2)]


@pytest.fixture(scope="module")
def drawn(photos):
    return draw_foregrounds(3, photos, size=64, seed=4)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Photos with mattes and coarse masks."""
    root = tmp_path_factory.mktemp("mattes")
    for seed in range(2):
        alpha = disc(SIZE, 22 + 4 * seed)
        save(root / f"image/{seed}.png", np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8))
        save(root / f"alpha/{seed}.png", alpha)
        save(root / f"masks/{seed}.png", (alpha > 0.5).astype(np.float32))
    return root


def test_the_package_shows_what_one_needs_first():
    assert all(callable(getattr(matting.data, name)) for name in matting.data.__all__)
    with pytest.raises(AttributeError):
        matting.data.nothing  # noqa: B018


def test_drawn_foregrounds_are_those_of_a_pool_of_the_same_seed(photos, drawn, tmp_path):
    assert isinstance(drawn, ForegroundSource) and len(drawn) == 3
    for index in range(3):
        write_foreground(tmp_path, index, drawn.read(index))
    pool = foregrounds_in(tmp_path)
    assert isinstance(pool, PoolFiles) and len(pool) == 3
    again = draw_foregrounds(2, photos, size=64, seed=4)
    for index in range(2):
        for one in (pool.read(index), again.read(index)):
            assert np.array_equal(one.colour, drawn.read(index).colour)
            assert np.array_equal(one.alpha, drawn.read(index).alpha)
    assert draw_foregrounds(1, photos, size=64, kind="nets").read(0).kind == "nets"


def test_a_batch_is_what_training_sees(photos, drawn):
    data = composed(drawn, photos, crop=64, seed=7)
    assert isinstance(data, CompositeData)
    found = batch(data, "spamattnet", 2, first=3)
    samples = SPAMattNetSamples(data, 5)
    expected = default_collate([samples[3], samples[4]])
    assert found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in found)
    assert batch(data, "tgn", 1)["classes"].shape == (1, 64, 64)
    refused(lambda: batch(data, "adaptation"), "CompositeData", "spamattnet", "adaptation cannot")
    refused(lambda: composed(drawn, []), "one of them is lacking")


def test_a_folder_of_photos_with_mattes_is_data_too(root, photos):
    data = photos_with_mattes(root, crop=64)
    found = batch(data, "spamattnet", 2)
    assert found["image"].shape == (2, 3, 64, 64) and set(found["trimap"].unique().tolist()) <= {0, 0.5, 1}
    foregrounds = foregrounds_in(root)
    assert len(foregrounds) == 2 and foregrounds.read(0).alpha.shape == SIZE
    assert batch(composed(foregrounds, photos, crop=64), "tgn", 1)["image"].shape == (1, 3, 64, 64)


def test_photos_without_mattes_need_masks_of_their_names(root, photos, tmp_path):
    data = photos_without_mattes(root / "image", root / "masks", photos, crop=64, batch=2)
    assert batch(data, "adaptation", 2)["background"].shape == (2, 3, 64, 64)
    refused(lambda: photos_without_mattes(root / "image", tmp_path, photos), "missing")


def test_photos_are_read_at_most_so_large(root):
    assert [photo.shape for photo in read_photos(root / "image", max_side=48)] == [(36, 48, 3)] * 2


@pytest.mark.parametrize("name", augment.PICTURE_CHANGES)
def test_every_change_of_a_picture_can_be_drawn_alone(name, photos):
    before = photos[0].copy()
    change = augment.PICTURE_CHANGES[name]
    once, again = (change(np.random.default_rng(3), photos[0]) for _ in range(2))
    assert once.shape == before.shape and once.dtype == np.uint8
    assert np.array_equal(once, again) and not np.array_equal(once, before)
    assert np.array_equal(photos[0], before)
