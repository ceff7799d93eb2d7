"""Small photos are enlarged for SPAMattNet: by how much, what comes back, and the samples that it learns from."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from matting import MattingPipeline, explain
from matting.data.composites.compose import Composite, CompositeData, SPAMattNetSamples, enlarge
from matting.data.composites.crops import cut_plane
from matting.data.composites.settings import COMPOSITES, MAGNIFIED, REALISTIC, exact
from matting.data.pools.pool import read_pool, write_foreground
from matting.data.synthetic import Foreground
from matting.inference import preview, sparse, whole_photo
from matting.networks.spamattnet import CONFIGS
from matting.networks.weights import BUNDLED, load_pair
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

SIZE = (60, 90)


@pytest.fixture(scope="module")
def pipeline():
    return MattingPipeline.untrained(seed=0, device="cpu")


def allow(pipeline, monkeypatch, pixels):
    """Let the pipeline's SPAMattNet see photos enlarged to at most so many pixels."""
    monkeypatch.setattr(pipeline.spamattnet, "config", replace(pipeline.spamattnet.config, enlarged=pixels))


def trimap(size=SIZE):
    values = np.full(size, UNKNOWN, np.uint8)
    values[:, : size[1] // 4], values[:, -(size[1] // 4) :] = BACKGROUND, FOREGROUND
    return values


@pytest.mark.parametrize(
    ("size", "scale"),
    [((600, 800), 2), ((625, 1000), 2), ((626, 1000), 1.5), ((1000, 1111), 1.5), ((1000, 1112), 1), ((3000, 4000), 1)],
)
def test_small_photos_are_enlarged_twice_or_half_as_much_and_others_not(pipeline, size, scale):
    assert whole_photo.working_scale(pipeline.spamattnet, size) == scale


def test_the_papers_networks_see_photos_as_they_are_and_the_bundled_one_does_not():
    assert CONFIGS["paper"].enlarged == CONFIGS["paper_star"].enlarged == 0
    assert load_pair(BUNDLED)["spamattnet"].config == CONFIGS["small"]


@pytest.mark.parametrize(("pixels", "scale"), [(4 * 60 * 90, 2), (3 * 60 * 90, 1.5), (2 * 60 * 90, 1)])
def test_alpha_is_that_of_the_enlarged_photo_brought_back(pipeline, monkeypatch, pixels, scale):
    allow(pipeline, monkeypatch, pixels)
    alpha = whole_photo.estimate_alpha(pipeline.spamattnet, noise(SIZE), trimap())
    allow(pipeline, monkeypatch, 0)
    size = round(SIZE[1] * scale), round(SIZE[0] * scale)
    large = cv2.resize(noise(SIZE), size, interpolation=cv2.INTER_CUBIC)
    regions = cv2.resize(trimap(), size, interpolation=cv2.INTER_NEAREST)
    expected = whole_photo.estimate_alpha(pipeline.spamattnet, large, regions)
    np.testing.assert_array_equal(alpha, cv2.resize(expected, SIZE[::-1], interpolation=cv2.INTER_AREA))
    assert alpha.shape == SIZE


def test_a_crop_of_a_photo_too_large_to_be_enlarged_is_not_enlarged_either(pipeline, monkeypatch):
    size = (384, 448)
    changed = np.zeros(size, bool)
    changed[150:160, 200:210] = True
    allow(pipeline, monkeypatch, size[0] * size[1])
    seen, estimate = [], sparse.estimate

    def recording(network, image, *rest):
        seen.append(image.shape[-2:])
        return estimate(network, image, *rest)

    monkeypatch.setattr(sparse, "estimate", recording)
    pipeline.preview(noise(size), trimap(size), np.zeros(size, np.float32), changed)
    rows, columns = preview.crop_around(changed)
    assert [tuple(shape) for shape in seen] == [(rows.stop - rows.start, columns.stop - columns.start)]


def test_attention_is_laid_over_the_photo_at_its_own_size(pipeline, monkeypatch):
    allow(pipeline, monkeypatch, 4 * SIZE[0] * SIZE[1])
    found = explain(pipeline, noise(SIZE), trimap(), (40, 20, 41, 21))
    assert found.gpa.size == SIZE and found.dis.cell == (2, 2)  # stride 4 of a photo twice as large
    x0, y0, x1, y1 = found.window
    assert x0 <= 40 < x1 and y0 <= 20 < y1


def composite(side, seed=0):
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (side, side)) for _ in range(2)]
    alpha = np.zeros((side, side), np.float32)
    alpha[:, side // 2 :] = 1
    alpha[:, side // 2 - 3 : side // 2 + 3] = rng.integers(1, 255, (side, 6)) / np.float32(255)
    image = layers[0] * alpha[..., None] + layers[1] * (1 - alpha[..., None])
    return Composite(np.rint(image).astype(np.uint8), layers[0], layers[1], alpha)


@given(side=st.integers(20, 63), seed=st.integers(0, 1000))
def test_enlarged_samples_are_their_composites_enlarged_and_stay_true(side, seed):
    small = composite(side, seed)
    regions = np.where(small.alpha == 1, FOREGROUND, np.where(small.alpha == 0, BACKGROUND, UNKNOWN)).astype(np.uint8)
    large, known = enlarge(small, regions, 64)
    assert large.image.shape == large.foreground.shape == large.background.shape == (64, 64, 3)
    np.testing.assert_array_equal(large.image, cut_plane(small.image, (slice(None),) * 2, 64, cv2.INTER_CUBIC))
    assert large.alpha.min() == 0 and large.alpha.max() == 1 and abs(large.alpha.mean() - small.alpha.mean()) < 0.02
    assert (large.alpha[known == FOREGROUND] == 1).all() and (large.alpha[known == BACKGROUND] == 0).all()
    assert {BACKGROUND, UNKNOWN, FOREGROUND} == set(np.unique(known))


def test_a_composite_of_the_samples_size_is_left_alone():
    small, regions = composite(64), np.full((64, 64), UNKNOWN, np.uint8)
    assert enlarge(small, regions, 64) == (small, regions)


def test_three_quarters_are_made_smaller_and_none_smaller_than_said():
    rng = np.random.default_rng(0)
    sides = np.array([MAGNIFIED.side(rng, 400) for _ in range(2000)])
    assert abs((sides < 400).mean() - 0.75) < 0.04
    assert sides.min() >= 160 and 310 < sides[sides < 400].max() <= 320
    assert COMPOSITES["magnified"] is MAGNIFIED


def test_the_other_settings_draw_nothing_for_it():
    """Samples of a seed are what they were before there was enlarging."""
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    assert REALISTIC.side(one, 256) == 256 and one.random() == other.random()


def test_samples_for_spamattnet_are_enlarged(tmp_path):
    y, x = np.mgrid[:150, :150]
    alpha = np.float32(np.rint(np.clip(0.5 - (np.hypot(y - 75, x - 75) - 40) / 3, 0, 1) * 255) / 255)
    noise = np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), dtype=np.uint8)
    write_foreground(tmp_path, 0, Foreground(noise[0], alpha, "soft"))
    settings = replace(MAGNIFIED, seen=exact, scales=(1.0,), second=0.0)

    def roughness(made):
        """Mean step between neighbours: noise that was enlarged is smoother."""
        samples = SPAMattNetSamples(CompositeData(read_pool(tmp_path), [noise[1]], 64, 0, made), 16)
        images = torch.stack([samples[index]["image"] for index in range(16)])
        assert images.shape == (16, 3, 64, 64) and 0 <= images.min() and images.max() <= 1
        return (images.diff(dim=-1).abs().mean()).item()

    assert roughness(replace(settings, magnified=1.0)) < 0.8 * roughness(replace(settings, magnified=0.0))
