from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import disc, refused, save

from matting.data.composites.trimaps import pseudo_trimap
from matting.data.layouts import Example
from matting.data.photos.without_mattes import (
    AdaptationSamples,
    UnlabelledData,
    cut_photo,
    exchanged,
    shifted,
    unlabelled_examples,
)
from matting.trimaps.algebra import BACKGROUND, FOREGROUND

SIZE = (96, 120)
GRAY = np.full((80, 90, 3), 200, np.uint8)
"""A background of a colour that no photo here has."""


@pytest.fixture
def data(tmp_path):
    """Photo number n is of the colour 20·n and has a disc of a mask."""
    names = [str(number) for number in range(4)]
    for number, name in enumerate(names):
        save(tmp_path / f"photos/{name}.png", np.full((*SIZE, 3), 20 * number, np.uint8))
        save(tmp_path / f"masks/{name}.png", disc(SIZE, 30))
    examples = unlabelled_examples([f"photos:{tmp_path / 'photos'}"], tmp_path / "masks")
    return UnlabelledData(examples, [GRAY], crop=48, band=(10, 30), batch=4, seed=3)


def colour(plane):
    """The one colour of a picture."""
    values = (255 * plane).round().unique()
    assert len(values) == 1
    return int(values)


def test_a_sample_depends_on_its_number_alone(data):
    samples = AdaptationSamples(data, 20)
    first = {index: samples[index] for index in (5, 2, 9)}
    for index in (9, 5, 2):
        assert all(torch.equal(value, samples[index][name]) for name, value in first[index].items())
    assert not torch.equal(first[2]["coarse_mask"], first[5]["coarse_mask"])


def test_a_sample_has_the_shapes_and_ranges_that_are_promised(data):
    for index in range(12):
        sample = AdaptationSamples(data, 12)[index]
        shapes = {name: tuple(value.shape) for name, value in sample.items()}
        assert shapes == {"image": (3, 48, 48), "background": (3, 48, 48), "coarse_mask": (1, 48, 48),
                          "trimap": (1, 48, 48), "classes": (48, 48)}  # fmt: skip
        assert torch.equal(sample["classes"][None].float(), 2 * sample["trimap"])
        assert set(sample["classes"].unique().tolist()) >= {1}  # the outline is in it
        assert 0 <= sample["coarse_mask"].min() < sample["coarse_mask"].max() <= 1


def test_every_photo_comes_once_an_epoch(data):
    for epoch in range(3):
        seen = {data.choose(4 * epoch + place).name for place in range(4)}
        assert seen == {"0", "1", "2", "3"}


@pytest.mark.parametrize("batch", [2, 3, 4, 6])
def test_half_of_the_backgrounds_are_the_batchs_other_photos_and_never_the_samples_own(data, batch):
    data, count = replace(data, batch=batch), 120
    samples, separate = AdaptationSamples(data, count), 0
    for index in range(count):
        sample = samples[index]
        own, other = colour(sample["image"]), colour(sample["background"])
        first = index // batch * batch
        in_batch = {20 * int(data.choose(number).name) for number in range(first, first + batch)}
        assert other != own and other in in_batch | {200}
        separate += other == 200
    assert 0.3 * count < separate < 0.75 * count  # where a batch shows one photo twice there may be no other


def test_the_exchange_within_a_batch_is_a_permutation(data):
    distances = set()
    for step in range(40):
        places = range(4 * step, 4 * step + 4)
        others = [exchanged(data, index) for index in places]
        assert sorted(others) == list(places) and all(i != j for i, j in zip(others, places, strict=True))
        distances.add((others[0] - places[0]) % 4)
    assert distances == {1, 2, 3}


def test_what_comes_of_another_sample_is_that_samples_own_photo(data, tmp_path):
    for example in data.examples:  # grain of each photo's own
        rng = np.random.default_rng(int(example.name))
        save(example.image, rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    samples, met = AdaptationSamples(data, 24), 0
    for index in range(24):
        background = np.rint(255 * samples[index]["background"].permute(1, 2, 0).numpy()).astype(np.uint8)
        other = cut_photo(data, exchanged(data, index))[1]
        matching = [pixels for pixels in range(96) if np.array_equal(shifted(other, pixels), background)]
        assert matching or (background == 200).all()
        met += bool(matching)
    assert 6 <= met <= 18


def test_a_batch_of_one_or_a_single_photo_takes_separate_backgrounds(data):
    for lonely in (replace(data, batch=1), replace(data, examples=data.examples[2:3])):
        samples = AdaptationSamples(lonely, 12)
        assert [exchanged(lonely, index) for index in range(12)] == [None] * 12
        assert {colour(samples[index]["background"]) for index in range(12)} == {200}


@given(st.integers(1, 9), st.integers(0, 40))
def test_a_shift_is_seamless_and_loses_nothing_over_two_widths(width, pixels):
    image = np.arange(width * 2, dtype=np.uint8).reshape(2, width, 1).repeat(3, 2)
    moved = shifted(image, pixels)
    assert moved.shape == image.shape
    steps = np.abs(np.diff(moved[0, :, 0].astype(int)))
    assert ((steps == 1) | (steps == 0)).all()  # neighbours stay neighbours, and the edge meets its mirror image
    assert np.array_equal(shifted(moved, 0), moved) and np.array_equal(shifted(image, 2 * width), image)
    assert np.array_equal(shifted(image, width), image[:, ::-1])


@given(st.integers(0, 1000))
def test_the_pseudo_trimap_keeps_the_mask_beyond_a_band_of_the_width_asked_for(seed):
    y, x = np.mgrid[:80, :80]
    distance = np.hypot(y - 40, x - 40) - 25
    trimap = pseudo_trimap(np.random.default_rng(seed), (distance < 0).astype(np.float32), (10, 16))
    assert (trimap[distance < -9] == FOREGROUND).all() and (trimap[distance > 9] == BACKGROUND).all()
    assert (trimap[np.abs(distance) < 3.5] == 128).all()


def test_the_band_is_given_at_512_pixels(data):
    def unknown(crop):
        samples = AdaptationSamples(replace(data, crop=crop, band=(40, 40)), 8)
        return np.mean([(samples[index]["trimap"] == 0.5).float().mean().item() for index in range(8)])

    assert unknown(64) == pytest.approx(unknown(256), rel=0.35)


def test_the_mask_and_the_trimap_are_cut_where_the_photo_is(data):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    save(data.examples[0].image, np.dstack([y, x, x * 0]).astype(np.uint8))
    data = replace(data, examples=data.examples[:1])
    mirrored = 0
    for index in range(20):
        sample = AdaptationSamples(data, 20)[index]
        row, column = 255 * sample["image"][:2]
        radius, regions = torch.hypot(row - SIZE[0] / 2, column - SIZE[1] / 2), sample["trimap"][0]
        assert ((sample["coarse_mask"][0] > 0.5) != (radius < 30)).float().mean() < 0.05
        # Within a pixel of the sample, two of the photo.
        assert (radius[regions == 1] < 32).all() and (radius[regions == 0] > 28).all()
        assert 0.55 * 96 < row.max() - row.min() + 1 <= 96  # 0.6 to 1 of the shorter side
        mirrored += bool(column[0, 0] > column[0, -1])
    assert 4 <= mirrored <= 16


def test_what_cannot_be_used_is_refused_in_a_sentence(data, tmp_path):
    photos = f"photos:{tmp_path / 'photos'}"
    refused(lambda: unlabelled_examples([]), "no data set")
    refused(lambda: unlabelled_examples([photos]), "0 has no coarse mask")
    refused(lambda: unlabelled_examples([f"aim500:{tmp_path}"]), "aim500", "to be scored")
    (tmp_path / "masks/2.png").unlink()
    refused(lambda: unlabelled_examples([photos], tmp_path / "masks"), "picture 2 is missing")
    save(tmp_path / "small.png", disc((20, 30), 5))
    wrong = replace(data, examples=[Example("0", image=data.examples[0].image, coarse_mask=tmp_path / "small.png")])
    refused(lambda: AdaptationSamples(wrong, 1)[0], "small.png", "30x20", "120x96")
