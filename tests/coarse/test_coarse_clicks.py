"""ClickNet as a segmenter: what a click and a box promise, whatever the network thinks."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import NARROWEST_TGN
from pictures import clouds

from matting.coarse import Prompts, load_segmenter, needs_prompts
from matting.coarse.clicks import Clicks, as_said, load_clicks
from matting.networks.clicknet import ClickNet, ClickNetConfig
from matting.networks.tgn import TGN
from matting.networks.weights import save_weights

SIZE = (90, 130)


def photo(size=SIZE):
    return clouds(size)


@pytest.fixture(scope="module")
def segmenter():
    torch.manual_seed(5)
    return Clicks(ClickNet(ClickNetConfig(side=64, widths=(8, 8, 8, 8), detail=4, groups=2)))


@pytest.fixture(scope="module")
def embedding(segmenter):
    return segmenter.embed(photo())


class Disc(Clicks):
    """A segmenter whose network always answers with a disc in the photo, seen in whatever view."""

    def __init__(self, network, centre, radius):
        super().__init__(network)
        self.centre, self.radius, self.asked = centre, radius, []

    def _answer(self, view, prompts):
        self.asked.append((view.window, prompts))
        left, top, right, bottom = view.window
        y, x = (np.mgrid[:32, :32] + 0.5) / 32
        away = np.hypot(x * (right - left) + left - self.centre[0], y * (bottom - top) + top - self.centre[1])
        return np.broadcast_to(np.float32(self.radius - away), (3, 32, 32))


points = st.tuples(st.floats(0, SIZE[1] - 0.01), st.floats(0, SIZE[0] - 0.01), st.integers(0, 1))


@settings(max_examples=15)
@given(st.lists(points, min_size=1, max_size=4, unique_by=lambda p: (int(p[0]), int(p[1]))))
def test_every_candidate_agrees_with_every_click(segmenter, embedding, said):
    answer = segmenter.segment(embedding, Prompts(said))
    assert answer.masks.dtype == np.float32 and answer.masks.shape[1:] == SIZE
    assert 0 <= answer.masks.min() and answer.masks.max() <= 1
    for x, y, label in said:
        assert ((answer.masks[:, int(y), int(x)] >= 0.5) == bool(label)).all()


@settings(max_examples=10)
@given(st.floats(0, 60), st.floats(0, 40), st.floats(2, 69), st.floats(2, 49))
def test_a_box_bounds_the_answer(segmenter, embedding, left, top, width, height):
    box = (left, top, left + width, top + height)
    mask = segmenter.segment(embedding, Prompts(box=box)).best
    rows, columns = np.nonzero(mask)
    assert not len(rows) or (rows.min() + 1 > top and rows.max() < box[3])
    assert not len(columns) or (columns.min() + 1 > left and columns.max() < box[2])


@pytest.mark.parametrize(("radii", "kept"), [((30, 12, 60), 3), ((30, 12, 30.5), 2), ((30, 29.9, 60), 2)])
def test_what_is_meant_comes_first_and_candidates_that_are_alike_are_one(segmenter, radii, kept):
    several = Disc(segmenter.network, (65, 45), np.array(radii)[:, None, None])
    answer = several.segment(several.embed(photo()), Prompts([(65, 45, 1)]))
    assert len(answer.masks) == kept and (np.diff(answer.scores) <= 0).all()
    assert abs((answer.best >= 0.5).sum() / (np.pi * 30**2) - 1) < 0.1


def test_an_embedding_survives_pickling_and_answers_do_not_depend_on_what_was_asked_before(segmenter):
    said = Prompts([(40, 40, 1), (90, 20, 0)])
    fresh = segmenter.embed(photo())
    again = pickle.loads(pickle.dumps(fresh))
    expected = segmenter.segment(fresh, said).masks
    for before in (Prompts(), Prompts(said.points[:1])):
        segmenter.segment(again, before)
    np.testing.assert_array_equal(segmenter.segment(again, said).masks, expected)


def test_each_click_sees_the_answer_before_it(segmenter, monkeypatch):
    seen = []
    answer = segmenter.network.answer
    monkeypatch.setattr(segmenter.network, "answer", lambda e, asked: seen.append(asked) or answer(e, asked))
    fresh = segmenter.embed(photo())
    segmenter._answer(fresh.views[0], Prompts([(40, 40, 1), (90, 20, 0), (10, 80, 1)]))
    assert [int((asked.points[0, :, 2] >= 0).sum()) for asked in seen] == [1, 2, 3]
    assert [bool((asked.previous >= 0).all()) for asked in seen] == [False, True, True]
    seen.clear()
    segmenter._answer(fresh.views[0], Prompts([(40, 40, 1), (90, 20, 0), (10, 80, 1), (70, 70, 0)]))
    assert len(seen) == 1  # the others were answered already


def test_a_click_that_drops_something_sees_what_stands_out_first(segmenter, monkeypatch):
    seen = []
    answer = segmenter.network.answer
    monkeypatch.setattr(segmenter.network, "answer", lambda e, asked: seen.append(asked) or answer(e, asked))
    segmenter._answer(segmenter.embed(photo()).views[0], Prompts([(40, 40, 0)]))
    assert [int((asked.points[0, :, 2] >= 0).sum()) for asked in seen] == [0, 1]


def test_a_first_click_on_what_stands_out_is_answered_by_the_mean_of_both(segmenter, monkeypatch):
    answers = {Prompts(): -2.0, Prompts([(40, 40, 1)]): 0.0, Prompts([(40, 40, 1), (80, 60, 1)]): 1.0}
    standing_out = {Prompts(): 2.0} | {said: value for said, value in answers.items() if said.points}
    view = segmenter.embed(photo()).views[0]

    def weighed(given, said):
        monkeypatch.setattr(segmenter, "_answer", lambda _, asked: np.full((3, 32, 32), given[asked], np.float32))
        return segmenter._weighed(view, said)[:, 0, 0]

    first, both = Prompts([(40, 40, 1)]), Prompts([(40, 40, 1), (80, 60, 1)])
    np.testing.assert_allclose(weighed(answers, first), 0.5)
    np.testing.assert_allclose(weighed(standing_out, first), [(0.5 + 0.880797) / 2, 0.5, 0.5], atol=1e-5)
    np.testing.assert_allclose(weighed(standing_out, both), 0.731059, atol=1e-5)


def test_a_first_click_does_not_bring_another_that_stands_out_beside(segmenter, monkeypatch):
    view, click = segmenter.embed(photo()).views[0], Prompts([(40, 40, 1)])
    unasked = np.full((3, 32, 32), -3.0, np.float32)
    unasked[:, 2:20, 2:14] = unasked[:, 2:20, 20:30] = 3.0  # two of a kind; the click lies in the first
    asked = np.full((3, 32, 32), -1.0, np.float32)
    monkeypatch.setattr(segmenter, "_answer", lambda _, said: unasked if said == Prompts() else asked)
    meant = segmenter._weighed(view, click)[0] >= 0.5
    assert meant[2:20, 2:14].all() and meant.sum() == 18 * 12


def test_a_small_object_is_looked_at_in_a_crop_that_holds_it_and_a_large_one_is_not(segmenter):
    small = Disc(segmenter.network, (300, 200), 20)
    embedding = small.embed(photo((400, 600)))
    mask = small.segment(embedding, Prompts([(300, 200, 1)])).best >= 0.5
    assert len(embedding.views) == 2
    left, top, right, bottom = embedding.views[1].window
    assert left < 280 and right > 320 and top < 180 and bottom > 220 and (right - left) * (bottom - top) < 100 * 100
    assert abs(mask.sum() / (np.pi * 20**2) - 1) < 0.1
    small.segment(embedding, Prompts([(300, 200, 1), (312, 200, 1)]))
    assert len(embedding.views) == 2  # what was seen once is not looked at again
    large = Disc(segmenter.network, (300, 200), 150)
    embedding = large.embed(photo((400, 600)))
    assert large.segment(embedding, Prompts([(300, 200, 1)])).best.shape == (400, 600)
    assert len(embedding.views) == 1


def test_between_a_plus_and_a_minus_each_keeps_its_own_half():
    mask = as_said(np.full((100, 100), 0.5, np.float32), Prompts([(50.5, 50.5, 1), (51.5, 50.5, 0)]), (0, 0, 100, 100))
    assert mask[50, 50] > 0.9 and mask[50, 51] < 0.1 and (mask[:, :48] == 0.5).all() and (mask[:, 55:] == 0.5).all()


def test_the_smallest_photos_are_answered(segmenter):
    for size in ((1, 1), (1, 40), (33, 2)):
        embedding = segmenter.embed(photo(size))
        assert segmenter.segment(embedding, Prompts([(0, 0, 1)])).best.shape == size


def test_files_are_told_apart_by_what_they_hold(segmenter, tmp_path):
    save_weights(segmenter.network, tmp_path / "clicks.safetensors")
    assert load_clicks(tmp_path / "clicks.safetensors").network.config == segmenter.network.config
    save_weights(TGN(NARROWEST_TGN), tmp_path / "tgn.safetensors")
    with pytest.raises(ValueError, match="weights of TGN"):
        load_segmenter("clicks", source=tmp_path / "tgn.safetensors")
    assert not needs_prompts("clicks")


def test_a_mirrored_photo_asked_the_same_gets_the_mirrored_mask(segmenter):
    image, said = photo(), Prompts([(40, 40, 1), (90, 20, 0)], (10, 5, 120, 80))
    width = SIZE[1]
    turned = Prompts([(width - x, y, label) for x, y, label in said.points], (width - 120, 5, width - 10, 80))
    one = segmenter._answer(segmenter.embed(image).views[0], said)
    other = segmenter._answer(segmenter.embed(image[:, ::-1]).views[0], turned)
    np.testing.assert_allclose(other[..., ::-1], one, atol=1e-3)
