import pickle
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from pictures import disc, refused, save

from matting.compositing import blend
from matting.data.composites.augment import affine, background_like, camera, jitter, merge_foregrounds
from matting.data.composites.coarse_masks import paper_mask, perturb_mask
from matting.data.composites.compose import CompositeData, SPAMattNetSamples, TGNSamples, U2NetSamples, draw_layer
from matting.data.composites.crops import crop_anywhere, crop_on_unknown
from matting.data.composites.settings import PAPER, REALISTIC
from matting.data.composites.trimaps import paper_trimap, random_trimap
from matting.data.datasets import (
    DatasetForegrounds,
    ForegroundSource,
    JoinedForegrounds,
    PhotoFiles,
    PoolFiles,
    background_photos,
    foreground_sources,
    gives_backgrounds,
    training_examples,
)
from matting.data.layouts import LAYOUTS, Example
from matting.data.pools.pool import load_textures, read_foreground, read_pool, write_foreground
from matting.data.synthetic import Foreground
from matting.trimaps.algebra import UNKNOWN, from_alpha

CROP = 64


def smooth(size, seed):
    """A smooth picture, so that JPEG and resizing keep it."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A pool, foregrounds with alpha, photos with alpha, and backgrounds."""
    root = tmp_path_factory.mktemp("data")
    (root / "pool").mkdir()
    for index in range(3):
        alpha = disc((100, 110), 20 + 8 * index)
        write_foreground(root / "pool", index, Foreground(smooth(alpha.shape, index), alpha, "soft"))
    for name, size, radius in (("lion", (140, 120), 40), ("bird", (90, 170), 25)):
        save(root / f"Distinctions-646/Train/FG/{name}.png", smooth(size, radius))
        save(root / f"Distinctions-646/Train/GT/{name}.png", disc(size, radius))
    alpha = disc((130, 150), 45, softness=30)
    save(root / "AM-2k/train/mask/m_1.png", alpha)
    red, blue = (np.full((*alpha.shape, 3), colour, np.uint8) for colour in ((220, 30, 30), (20, 40, 200)))
    save(root / "AM-2k/train/original/m_1.jpg", blend(red, blue, alpha))
    for index in range(3):
        save(root / f"BG-20k/train/h_{index}.jpg", smooth((90, 200), 50 + index))
    return root


@pytest.fixture(scope="module")
def photos(root):
    return load_textures([root / "BG-20k/train"])


def test_what_a_pool_gives_has_not_changed_since_runs_began(root, photos):
    """Runs resume by sample number: the numbers of the first long run, written out, give the same samples today."""
    files = read_pool(root / "pool")
    for index in range(8):
        rng = np.random.default_rng([5, index])
        layer = read_foreground(files[rng.integers(3)])
        if rng.random() < 0.4:
            layer = merge_foregrounds(layer, affine(rng, read_foreground(files[rng.integers(3)])))
        layer = affine(rng, layer)
        trimap = random_trimap(rng, layer.alpha)
        layer, trimap = crop_on_unknown(rng, layer, trimap, CROP, [1.0, 1.0, 1.25, 1.6])
        background = background_like(rng, photos, layer.alpha.shape)
        colour, alpha = jitter(rng, layer.colour), layer.alpha[..., None]
        image = camera(rng, np.rint(colour * alpha + background * (1 - alpha)).astype(np.uint8))
        for foregrounds in (files, foreground_sources([], [root / "pool"])):
            sample = SPAMattNetSamples(CompositeData(foregrounds, photos, CROP, 5), 10)[index]
            np.testing.assert_array_equal((sample["image"] * 255).round().byte().permute(1, 2, 0), image)
            np.testing.assert_array_equal(sample["alpha"][0], layer.alpha)
            np.testing.assert_array_equal(sample["trimap"][0] * 255, np.where(trimap == UNKNOWN, 127.5, trimap))


def test_tgns_samples_of_a_pool_have_not_changed_either(root, photos):
    files = read_pool(root / "pool")
    for index in range(8):
        rng = np.random.default_rng([5, index])
        layer = read_foreground(files[rng.integers(3)])
        if rng.random() < 0.4:
            layer = merge_foregrounds(layer, affine(rng, read_foreground(files[rng.integers(3)])))
        layer = crop_anywhere(rng, affine(rng, layer), CROP)
        background = background_like(rng, photos, layer.alpha.shape)
        colour, alpha = jitter(rng, layer.colour), layer.alpha[..., None]
        image = camera(rng, np.rint(colour * alpha + background * (1 - alpha)).astype(np.uint8))
        sample = TGNSamples(CompositeData(files, photos, CROP, 5), 10)[index]
        np.testing.assert_array_equal((sample["image"] * 255).round().byte().permute(1, 2, 0), image)
        np.testing.assert_array_equal(sample["coarse_mask"][0], perturb_mask(rng, layer.alpha))


def test_sources_are_joined_in_order(root):
    pool = PoolFiles(read_pool(root / "pool"))
    joined = foreground_sources([f"distinctions:{root}", f"am2k:{root}"], [root / "pool", root / "pool"])
    assert isinstance(joined, ForegroundSource) and len(joined) == 2 * len(pool) + 2 + 1
    for index in range(len(pool)):
        for number in (index, index + len(pool)):
            np.testing.assert_array_equal(joined.read(number).colour, pool.read(index).colour)
    assert [joined.read(number).kind for number in range(6, 9)] == ["distinctions", "distinctions", "am2k"]
    assert joined.read(7).alpha.shape == (140, 120)  # bird, lion: by name
    with pytest.raises(IndexError):
        joined.read(9)


def test_foregrounds_come_as_they_lie_on_the_disk(root):
    source = foreground_sources([f"distinctions:{root}"], [])
    bird = source.read(0)
    np.testing.assert_array_equal(bird.colour, smooth((90, 170), 25))
    np.testing.assert_array_equal(bird.alpha, disc((90, 170), 25))
    assert bird.alpha.dtype == np.float32


def test_colours_of_photos_are_freed_from_their_background(root):
    layer = foreground_sources([f"am2k:{root}"], []).read(0)
    half = (layer.alpha > 0.3) & (layer.alpha < 0.7)
    assert half.any()
    assert np.abs(layer.colour[half].astype(int) - (220, 30, 30)).mean() < 12  # the photo's are half blue there


def test_a_source_travels_to_workers_and_gives_the_same(root):
    source = foreground_sources([f"distinctions:{root}", f"am2k:{root}"], [root / "pool"])
    again = pickle.loads(pickle.dumps(source))
    for index in range(len(source)):
        np.testing.assert_array_equal(source.read(index).colour, again.read(index).colour)


def test_all_foregrounds_are_as_likely(root, photos):
    class Counted(PoolFiles):
        met = []

        def read(self, index):
            self.met.append(index)
            return super().read(index)

    files = read_pool(root / "pool")
    joined = JoinedForegrounds([PoolFiles(files[:1]), Counted(files[1:])])
    data = CompositeData(joined, photos, CROP, 5)
    for sample in range(200):
        draw_layer(np.random.default_rng(sample), data)
    assert 0.55 < len(Counted.met) / (1.4 * 200) < 0.78  # two of three, 1.4 layers in a sample
    assert set(Counted.met) == {0, 1}


@pytest.mark.parametrize("samples", [SPAMattNetSamples, TGNSamples, U2NetSamples])
def test_the_papers_settings_composes_any_source(root, photos, samples):
    source = foreground_sources([f"distinctions:{root}"], [root / "pool"])
    data = CompositeData(source, photos, CROP, 3, PAPER)
    for index in range(6):
        sample, again = samples(data, 10)[index], samples(data, 10)[index]
        assert all(torch.equal(sample[name], again[name]) for name in sample)
        assert sample["image"].shape == (3, CROP, CROP)
        if samples is SPAMattNetSamples:
            assert (sample["alpha"][sample["trimap"] == 1] == 1).all()
            blended = sample["alpha"] * sample["foreground"] + (1 - sample["alpha"]) * sample["background"]
            assert (255 * (sample["image"] - blended)).abs().max() <= 0.51  # no camera


def test_u2net_sees_whole_composites_and_their_alpha(root, photos, monkeypatch):
    """A white foreground before black, kept in its place: what is seen is what is to be found."""
    from matting.data.composites import compose

    monkeypatch.setattr(compose, "affine", lambda rng, layer: layer)
    monkeypatch.setattr(compose, "jitter", lambda rng, colour: np.full_like(colour, 255))
    monkeypatch.setattr(compose, "background_like", lambda rng, photos, size: np.zeros((*size, 3), np.uint8))
    source = foreground_sources([f"distinctions:{root}"], [])
    data = CompositeData(source, photos, CROP, 3, replace(PAPER, second=0, whole=0))
    wholes = [cv2.resize(source.read(i).alpha, (CROP, CROP), interpolation=cv2.INTER_AREA) for i in range(2)]
    for index in range(4):
        sample = U2NetSamples(data, 4)[index]
        np.testing.assert_allclose(sample["image"], sample["alpha"].expand(3, -1, -1), atol=1 / 255)
        assert min(np.abs(sample["alpha"][0].numpy() - whole).max() for whole in wholes) < 1 / 255


def test_the_papers_settings_mixes_half_and_shrinks_a_quarter(root, photos, monkeypatch):
    from matting.data.composites import compose

    merged = []
    monkeypatch.setattr(compose, "merge_foregrounds", lambda front, back: merged.append(1) or front)
    data = CompositeData(read_pool(root / "pool"), photos, CROP, 3, replace(PAPER, whole_side=70))
    layers = [draw_layer(np.random.default_rng(seed), data) for seed in range(300)]
    assert 0.42 < len(merged) / 300 < 0.58
    assert 0.18 < np.mean([layer.alpha.shape == (70, 70) for layer in layers]) < 0.32
    assert {layer.alpha.shape for layer in layers} == {(70, 70), (100, 110)}
    assert (PAPER.second, PAPER.whole, PAPER.whole_side, PAPER.scales) == (0.5, 0.25, 640, (1.0,))


def test_the_papers_trimaps_are_erosions_by_1_to_29_and_the_two_sides_differ():
    alpha = disc((200, 200), 60)
    possible = {(i, j): from_alpha(alpha, i, j) for i in range(1, 30, 2) for j in range(1, 30, 2)}
    drawn = [paper_trimap(np.random.default_rng(seed), alpha) for seed in range(120)]
    narrowest, widest = possible[1, 1] == UNKNOWN, possible[29, 29] == UNKNOWN
    for trimap in drawn:
        unknown = trimap == UNKNOWN
        assert (unknown >= narrowest).all() and (unknown <= widest).all()
    inner = [np.count_nonzero((trimap == UNKNOWN) & (alpha == 1)) for trimap in drawn]
    outer = [np.count_nonzero((trimap == UNKNOWN) & (alpha == 0)) for trimap in drawn]
    assert abs(np.corrcoef(inner, outer)[0, 1]) < 0.3
    assert min(inner) == 0 or min(inner) < 0.1 * max(inner)


def test_the_papers_masks_are_always_blurred_and_err_on_both_sides():
    alpha = disc((240, 240), 70)
    masks = [paper_mask(np.random.default_rng(seed), alpha) for seed in range(80)]
    areas = np.array([mask.sum() for mask in masks]) / alpha.sum()
    assert all(mask.dtype == np.float32 and 0 <= mask.min() <= mask.max() <= 1 for mask in masks)
    assert all(((mask > 0) & (mask < 1)).any() for mask in masks)
    assert (areas < 0.95).any() and (areas > 1.05).any()


def test_backgrounds_are_read_when_asked_for_and_are_the_same_as_in_memory(root, photos):
    lazy = background_photos([f"bg20k:{root}"], [root / "BG-20k/train"])
    assert isinstance(lazy, PhotoFiles) and len(lazy) == 6
    for index, photo in enumerate(photos):
        np.testing.assert_array_equal(lazy[index], photo)
        np.testing.assert_array_equal(lazy[index + 3], photo)
    small = PhotoFiles(lazy.paths, max_side=50)
    assert max(small[0].shape) == 50
    data = CompositeData(read_pool(root / "pool"), lazy, CROP, 1)
    held = CompositeData(read_pool(root / "pool"), [*photos, *photos], CROP, 1)
    assert torch.equal(SPAMattNetSamples(data, 5)[2]["image"], SPAMattNetSamples(held, 5)[2]["image"])


def test_specs_that_cannot_be_used_are_refused_in_a_sentence(root):
    refused(lambda: foreground_sources(["distinctions"], []), "LAYOUT:ROOT", "distinctions")
    refused(lambda: foreground_sources([f"imagenet:{root}"], []), "imagenet", "adobe")
    refused(lambda: foreground_sources([f"distinctions:{root}/none"], []), "none", "missing")
    refused(lambda: foreground_sources([], []), "neither")
    refused(lambda: gives_backgrounds("imagenet:there"), "imagenet", "adobe")
    assert [name for name in LAYOUTS if gives_backgrounds(f"{name}:{root}")] == ["bg20k"]
    refused(lambda: background_photos([], []), "neither")
    refused(lambda: background_photos([f"am2k:{root}"], []), "no backgrounds")
    for scored in ("alphamatting", "aim500", "rwp636", "ppm100"):
        refused(lambda name=scored: training_examples(f"{name}:{root}"), scored, "to be scored")


def test_damaged_files_are_named(tmp_path):
    save(tmp_path / "a.png", disc((40, 50), 10))
    save(tmp_path / "b.png", smooth((40, 51), 0))
    wrong = DatasetForegrounds([Example("a", alpha=tmp_path / "a.png", foreground=tmp_path / "b.png")], "folder")
    refused(lambda: wrong.read(0), "a.png", "51x40", "50x40")
    (tmp_path / "b.png").write_bytes(b"half")
    refused(lambda: wrong.read(0), "b.png", "not a picture")


def test_todays_settings_are_the_default(root, photos):
    assert CompositeData(read_pool(root / "pool"), photos, CROP, 1).settings is REALISTIC
