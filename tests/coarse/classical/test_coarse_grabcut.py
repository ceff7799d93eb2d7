"""GrabCut from a click, a box or nothing: what a person may rely on, and its parts against brute force."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import circle
from scipy.sparse.csgraph import connected_components

from matting.coarse import Prompts, load_segmenter
from matting.coarse.classical.evidence import _barrier, find_seeds, share_inside
from matting.coarse.classical.grabcut import _choose_regions
from matting.coarse.classical.guided_filter import guided_upsample
from matting.coarse.classical.region_cut import EVIDENCE_WEIGHT, cut_regions, keep_connected
from matting.coarse.classical.regions import Regions, colour_steps, connect, find_regions

GRABCUT = load_segmenter("grabcut")
SIZE = (120, 180)
LEFT, RIGHT = (60, 45), (60, 135)
"""Centres (row, column) of the two discs."""


def disc(centre, radius, size=SIZE):
    return circle(size, centre, radius + 0.01)  # its rim belongs to it


def two_discs(seed=0):
    """A red and a blue disc before green ground, all slightly grainy."""
    image = np.empty((*SIZE, 3))
    image[:] = 60, 130, 60
    image[disc(LEFT, 28)] = 210, 50, 40
    image[disc(RIGHT, 28)] = 40, 60, 220
    grain = np.random.default_rng(seed).normal(0, 4, image.shape)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def best(image, points=(), box=None):
    return GRABCUT.segment(GRABCUT.embed(image), Prompts(points, box)).best


def iou(mask, truth):
    return ((mask >= 0.5) & truth).sum() / ((mask >= 0.5) | truth).sum()


def click(centre, label=1):
    return (centre[1], centre[0], label)


def test_one_click_takes_the_clicked_object_alone():
    for centre in (LEFT, RIGHT):
        assert iou(best(two_discs(), [click(centre)]), disc(centre, 28)) > 0.95


def test_a_second_click_adds_an_object_and_another_kind_of_click_takes_it_away_again():
    image, both = two_discs(), disc(LEFT, 28) | disc(RIGHT, 28)
    assert iou(best(image, [click(LEFT), click(RIGHT)]), both) > 0.95
    without = best(image, [click(LEFT), click(RIGHT, 0)], box=(0, 0, SIZE[1], SIZE[0]))
    assert iou(without, disc(LEFT, 28)) > 0.95


def test_a_box_takes_what_is_in_it_and_nothing_beyond():
    x0, y0, x1, y1 = box = (12, 27, 79, 94)
    mask = best(two_discs(), box=box)
    assert iou(mask, disc(LEFT, 28)) > 0.95
    reach = 8  # of the filter
    beyond = np.ones(SIZE, bool)
    beyond[y0 - reach : y1 + reach, x0 - reach : x1 + reach] = False
    assert mask[beyond].max() < 0.5


def test_without_a_word_something_in_the_middle_is_taken():
    image = two_discs()[:, 75:]
    truth = disc((60, 60), 28, image.shape[:2])
    assert iou(best(image), truth) > 0.95


@pytest.mark.parametrize("size", [(40, 50), (400, 500)])
def test_a_box_never_comes_out_almost_empty(size):
    """A bright disc before grain once gave one region of many."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 120, (*size, 3), dtype=np.uint8)
    y, x = np.mgrid[: size[0], : size[1]]
    image[np.hypot(y / size[0] - 0.5, x / size[1] - 0.5) < 0.4] += 120
    embedding, (height, width) = GRABCUT.embed(image), size
    box = (0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height)
    for points in ([], [(width / 2, height / 2, 1)]):
        for chosen, _ in _choose_regions(embedding, Prompts(points, box)):
            assert chosen[embedding.regions.labels].mean() > 0.09 * 0.6**2


@st.composite
def prompted_photos(draw):
    """A photo of any size from 2x2 on, noise or one colour or both, with up to three clicks and perhaps a box."""
    height, width = draw(st.integers(2, 90)), draw(st.integers(2, 90))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    image = np.full((height, width, 3), draw(st.integers(0, 255)), np.uint8)
    noisy = rng.random((height, width)) < draw(st.sampled_from([0, 0.5, 1]))
    image[noisy] = rng.integers(0, 256, (noisy.sum(), 3))
    places = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    points = [(x, y, draw(st.integers(0, 1))) for x, y in draw(st.lists(places, unique=True, max_size=3))]
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = (x0, y0, draw(st.floats(x0 + 1, width)), draw(st.floats(y0 + 1, height)))
    return image, points, draw(st.sampled_from([None, box]))


@settings(max_examples=60)
@given(prompted_photos())
def test_every_photo_gives_ranked_finite_masks_that_obey_every_click(case):
    image, points, box = case
    found = GRABCUT.segment(GRABCUT.embed(image), Prompts(points, box))
    assert 1 <= len(found.masks) <= 3
    assert found.masks.dtype == np.float32
    assert found.masks.shape[1:] == image.shape[:2]
    assert ((found.masks >= 0) & (found.masks <= 1)).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    assert (np.diff(found.scores) <= 0).all()
    for x, y, label in points:
        assert ((found.masks[:, y, x] > 0.5) == bool(label)).all()


@pytest.mark.parametrize("size", [(2, 9000), (3, 500), (500, 3), (7, 320), (40, 4000)])
def test_a_strip_is_answered_like_any_photo(size):
    """Shrunk to the proxy some of these are a single pixel high: less than the inset of a grid cell."""
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    embedding = GRABCUT.embed(image)
    mask = GRABCUT.segment(embedding, Prompts([(size[1] // 2, size[0] // 2, 1)])).best
    assert embedding.regions.count > 5
    assert mask[size[0] // 2, size[1] // 2] == 1


def test_the_answer_is_the_same_every_time_and_in_every_thread():
    embedding, prompts = GRABCUT.embed(two_discs()), Prompts([click(LEFT)])
    before = embedding.photo.copy(), embedding.regions.labels.copy()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: GRABCUT.segment(embedding, prompts).masks, range(6)))
    assert all(np.array_equal(answers[0], other) for other in answers[1:])
    assert np.array_equal(embedding.photo, before[0])
    assert np.array_equal(embedding.regions.labels, before[1])


def test_regions_cover_the_photo_and_are_connected():
    regions = find_regions(two_discs())
    assert regions.area.sum() == regions.labels.size
    assert (np.bincount(regions.labels.ravel()) == regions.area).all()
    assert connected_components(connect(regions.pairs, np.ones(len(regions.pairs)), regions.count))[0] == 1
    assert (regions.pairs[:, 0] < regions.pairs[:, 1]).all()


def grid_of_regions(rng, rows, columns):
    """Regions on a grid of cells of random colours and areas; what the cut does not read is left empty."""
    index = np.arange(rows * columns).reshape(rows, columns)
    pairs = np.concatenate([
        np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], 1),
        np.stack([index[:-1].ravel(), index[1:].ravel()], 1),
    ])  # fmt: skip
    empty = np.empty(0)
    return Regions(
        labels=index, area=rng.integers(20, 200, index.size).astype(float), position=empty,
        colour=rng.uniform(0, 60, (index.size, 3)), focus=empty, pairs=pairs,
        border=rng.uniform(1, 9, len(pairs)), edge=rng.uniform(0, 30, len(pairs)),
        surface=empty, likeness=empty, frame=empty,
    )  # fmt: skip


def cost(regions, log_odds, chosen):
    """What a labelling costs: evidence against it, and outline between unlike labels, dear where colours agree."""
    evidence = EVIDENCE_WEIGHT * regions.area * np.clip(log_odds, -6, 6)
    first, second = regions.pairs.T
    contrast = np.exp(-(regions.edge**2) / (2 * np.mean(regions.edge**2)))
    outline = (regions.border * contrast)[chosen[first] != chosen[second]]
    return np.where(chosen, np.maximum(-evidence, 0), np.maximum(evidence, 0)).sum() + outline.sum()


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_the_cut_is_the_cheapest_of_all_labellings(seed):
    rng = np.random.default_rng(seed)
    regions = grid_of_regions(rng, 3, 3)
    log_odds = rng.normal(0, 4, 9)
    inside, outside = (np.arange(9) == number for number in rng.choice(9, 2, replace=False))
    chosen = cut_regions(regions, log_odds, inside, outside)
    assert chosen[inside].all() and not chosen[outside].any()
    every = [np.array(labels) for labels in product([False, True], repeat=9)]
    allowed = [cost(regions, np.where(inside | outside, 0, log_odds), labels)
               for labels in every if labels[inside].all() and not labels[outside].any()]  # fmt: skip
    assert cost(regions, np.where(inside | outside, 0, log_odds), chosen) <= min(allowed) + 0.05  # integers inside


def test_pieces_without_a_seed_or_too_small_are_dropped():
    regions = grid_of_regions(np.random.default_rng(0), 1, 5)
    regions.area[:] = 100, 100, 100, 9, 30
    chosen = np.array([True, False, True, False, True])
    assert keep_connected(regions, chosen, np.array([2])).tolist() == [False, False, True, False, False]
    assert keep_connected(regions, chosen, np.array([], int)).tolist() == chosen.tolist()
    tiny = np.array([True, True, False, True, False])
    assert keep_connected(regions, tiny, np.array([], int)).tolist() == [True, True, False, False, False]


def test_seeds_and_shares_are_read_off_the_regions():
    regions = grid_of_regions(np.random.default_rng(0), 4, 6)
    regions.area[:] = 1
    assert find_seeds(regions, ((11.9, 0), (0, 7.9), (0, 7)), 0.5).tolist() == [5, 18]
    share = share_inside(regions, (2, 2, 8, 4), 0.5).reshape(4, 6)
    assert share.sum() == 3
    assert share[1, 1:4].tolist() == [1, 1, 1]


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_the_barrier_is_the_lowest_highest_step_on_any_way(seed):
    rng = np.random.default_rng(seed)
    regions = grid_of_regions(rng, 3, 4)
    highest = np.full((12, 12), np.inf)
    first, second = regions.pairs.T
    highest[first, second] = highest[second, first] = colour_steps(regions.colour, regions.pairs) + 1e-3
    np.fill_diagonal(highest, 0)
    for middle in range(12):  # Floyd and Warshall, with max in place of +
        highest = np.minimum(highest, np.maximum(highest[:, middle, None], highest[middle][None]))
    seeds = rng.choice(12, 2, replace=False)
    np.testing.assert_allclose(_barrier(regions, seeds), highest[seeds].min(axis=0))


def test_the_guided_filter_keeps_constants_and_takes_on_the_photos_edges():
    photo = np.full((64, 96, 3), 40, np.uint8)
    photo[:, 41:] = 200
    for value in (0, 0.25, 1):
        np.testing.assert_allclose(guided_upsample(np.full((16, 24), value), photo, 3, 1e-3), value, atol=1e-5)
    mask = np.zeros((16, 24))
    mask[:, 10:] = 1
    enlarged = guided_upsample(mask, photo, 3, 1e-3)
    assert enlarged.dtype == np.float32
    assert (enlarged[:, 30:41] < 0.15).all()
    assert (enlarged[:, 41:52] > 0.85).all()
