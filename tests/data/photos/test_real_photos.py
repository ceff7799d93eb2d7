from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from pictures import disc, refused, save

from matting.data.composites.settings import PhotoSettings
from matting.data.layouts import Example
from matting.data.photos.with_mattes import PhotoData, SPAMattNetPhotos, TGNPhotos, U2NetPhotos, draw_view, guided
from matting.trimaps.algebra import from_alpha

SIZE = (150, 200)
SETTINGS = PhotoSettings(crop=48, sides=(48, 96, 144), kernel=9)


def coordinates(size):
    """A picture whose red and green say the row and the column."""
    y, x = np.mgrid[: size[0], : size[1]]
    return np.dstack([y, x, np.zeros_like(y)]).astype(np.uint8)


@pytest.fixture
def examples(tmp_path):
    for name, radius in (("a", 40), ("b", 25)):
        save(tmp_path / f"image/{name}.png", coordinates(SIZE))
        save(tmp_path / f"alpha/{name}.png", disc(SIZE, radius))
    return tuple(
        Example(name, image=tmp_path / f"image/{name}.png", alpha=tmp_path / f"alpha/{name}.png") for name in "ab"
    )


@pytest.fixture(params=[SPAMattNetPhotos, TGNPhotos])
def samples(request, examples):
    return request.param(PhotoData(examples, SETTINGS, seed=4), 60)


def test_a_sample_depends_on_its_number_alone(samples):
    first = {index: samples[index] for index in (5, 2, 9)}
    for index in (9, 5, 2):
        assert all(torch.equal(first[index][name], value) for name, value in samples[index].items())
    assert not torch.equal(first[2]["image"], first[5]["image"])


def test_every_photo_comes_once_an_epoch_in_an_order_of_the_epochs_own(examples):
    many = [replace(examples[0], name=str(number)) for number in range(5)]
    data = PhotoData(many, SETTINGS, seed=4)
    orders = [tuple(data.choose(5 * epoch + place).name for place in range(5)) for epoch in range(12)]
    assert all(sorted(order) == list("01234") for order in orders)
    assert len(set(orders)) > 6
    assert orders != [tuple(PhotoData(many, SETTINGS, seed=5).choose(i).name for i in range(n, n + 5))
                      for n in range(0, 60, 5)]  # fmt: skip


def test_samples_show_the_photo_that_is_due(examples):
    flat = np.full((*SIZE, 3), 200, np.uint8)
    save(examples[1].image, flat)
    for kind in (SPAMattNetPhotos, TGNPhotos, U2NetPhotos):
        data = PhotoData(examples, SETTINGS, seed=4)
        for index in range(8):
            uniform = float(np.ptp(kind(data, 8)[index]["image"].numpy())) == 0
            assert uniform == (data.choose(index) == examples[1])


def test_samples_are_squares_of_the_photo_in_the_sizes_set(samples):
    met, mirrored = set(), 0
    for index in range(60):
        image = 255 * samples[index]["image"].numpy()
        assert image.shape == (3, 48, 48)
        height, width = np.ptp(image[0]), np.ptp(image[1])
        side = min((48, 96, 144), key=lambda side: abs(side - 1 - height))
        assert abs(height - side) <= 3 and abs(width - side) <= 3  # resizing averages a few pixels away
        met.add(side)
        mirrored += image[1, 0, 0] > image[1, 0, -1]
    assert met == {48, 96, 144}
    assert 18 <= mirrored <= 42


def test_half_of_the_windows_lie_around_unknown_pixels(examples):
    data = PhotoData(examples[:1], SETTINGS, seed=0)
    on = 0
    for seed in range(120):
        view, _, truth = draw_view(np.random.default_rng(seed), data, seed)
        on += truth[tuple(view.centre)] == 128
    share = (from_alpha(disc(SIZE, 40), 9, 9) == 128).mean()
    assert abs(on / 120 - (0.5 + 0.5 * share)) < 0.12


def test_alpha_and_trimap_are_cut_where_the_image_is(examples):
    data = PhotoData(examples[:1], SETTINGS, seed=4)
    whole = disc(SIZE, 40)
    for index in range(20):
        sample = SPAMattNetPhotos(data, 20)[index]
        row, column = (255 * sample["image"][channel].numpy() for channel in (0, 1))
        expected = cv2.remap(whole, column, row, cv2.INTER_LINEAR)
        assert np.abs(sample["alpha"][0].numpy() - expected).max() < 0.12
        assert (sample["alpha"][sample["trimap"] == 1] == 1).all()
        assert (sample["alpha"][sample["trimap"] == 0] == 0).all()


def test_tgns_classes_are_the_trimap_at_the_photos_own_size(examples):
    data = PhotoData(examples[:1], PhotoSettings(crop=48, sides=(48,), kernel=9), seed=4)
    truth = from_alpha(disc(SIZE, 40), 9, 9)
    met = set()
    for index in range(20):
        sample = TGNPhotos(data, 20)[index]
        row, column = ((255 * sample["image"][channel]).round().int().numpy() for channel in (0, 1))
        regions = truth[row, column]
        np.testing.assert_array_equal(sample["classes"], (regions >= 128).astype(int) + (regions == 255))
        met |= set(sample["classes"].unique().tolist())
        assert 0 <= sample["coarse_mask"].min() <= sample["coarse_mask"].max() <= 1
    assert met == {0, 1, 2}


def test_networks_masks_and_trimaps_are_taken_as_they_are_right_or_wrong(examples, tmp_path):
    # Both say the columns, which alpha knows nothing of.
    columns = np.broadcast_to(np.arange(SIZE[1], dtype=np.uint8), SIZE)
    halves = np.where(columns < 70, 0, np.where(columns < 130, 128, 255)).astype(np.uint8)
    for name in "ab":
        save(tmp_path / f"masks/{name}.png", columns)
        save(tmp_path / f"trimaps/{name}.png", halves)
    given = guided(examples, tmp_path / "masks", tmp_path / "trimaps")
    assert guided(given) == given
    (tmp_path / "matted").mkdir()
    for name in "ab":  # the same, as `matte` names it among its other files
        (tmp_path / f"matted/{name}_trimap.png").write_bytes((tmp_path / f"trimaps/{name}.png").read_bytes())
        save(tmp_path / f"matted/{name}.png", columns)
    assert [e.trimap.name for e in guided(examples, trimaps=tmp_path / "matted")] == ["a_trimap.png", "b_trimap.png"]
    data = PhotoData(given, PhotoSettings(crop=48, sides=(48,), kernel=9), seed=4)
    for index in range(12):
        sample = TGNPhotos(data, 20)[index]
        np.testing.assert_allclose(sample["coarse_mask"][0], sample["image"][1], atol=1e-6)
        sample = SPAMattNetPhotos(data, 20)[index]
        column = (255 * sample["image"][1]).round().numpy()
        expected = np.where(column < 70, 0, np.where(column < 130, 0.5, 1))
        np.testing.assert_array_equal(sample["trimap"][0], expected)


def test_a_photo_smaller_than_the_window_is_cut_as_large_as_it_allows(examples):
    # A mask of the columns must be cut where the photo is.
    for example in examples:
        save(example.image.parents[1] / f"masks/{example.name}.png", coordinates(SIZE)[..., 1])
    given = guided(examples, coarse_masks=examples[0].image.parents[1] / "masks")
    for index in range(5):
        sample = TGNPhotos(PhotoData(given, PhotoSettings(64, (1024,), 9), seed=1), 5)[index]
        assert sample["image"].shape == (3, 64, 64)
        assert np.ptp(255 * sample["image"][0].numpy()) > SIZE[0] - 5
        np.testing.assert_allclose(sample["coarse_mask"][0], sample["image"][1], atol=1e-6)


def test_what_cannot_be_used_is_refused_in_a_sentence(examples, tmp_path):
    refused(lambda: guided(examples, coarse_masks=tmp_path / "alpha" / ".."), "picture a is missing")
    refused(lambda: guided(examples, trimaps=tmp_path / "none"), "none", "missing")
    refused(lambda: PhotoData([Example("c", alpha=examples[0].alpha)], SETTINGS, 0), "c has no photo")
    save(tmp_path / "small/a.png", np.zeros((20, 20), np.uint8))
    save(tmp_path / "small/b.png", np.zeros((20, 20), np.uint8))
    data = PhotoData(guided(examples, coarse_masks=tmp_path / "small"), SETTINGS, 0)
    refused(lambda: TGNPhotos(data, 1)[0], "small", "20x20", "200x150")


def test_u2net_sees_whole_photos_and_their_alpha(examples):
    save(examples[0].image, np.dstack([coordinates(SIZE)[..., :2], np.rint(255 * disc(SIZE, 40)).astype(np.uint8)]))
    mirrored = 0
    for index in range(40):
        sample = U2NetPhotos(PhotoData(examples[:1], SETTINGS, seed=4), 40)[index]
        image, alpha = sample["image"].numpy(), sample["alpha"].numpy()
        assert image.shape == (3, 48, 48) and alpha.shape == (1, 48, 48)
        assert np.ptp(255 * image[0]) > SIZE[0] - 6 and np.ptp(255 * image[1]) > SIZE[1] - 6  # from border to border
        np.testing.assert_allclose(image[2], alpha[0], atol=2 / 255)
        mirrored += image[1, 0, 0] > image[1, 0, -1]
    assert 12 <= mirrored <= 28
