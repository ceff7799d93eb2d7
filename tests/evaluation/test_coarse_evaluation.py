"""How coarse masks are scored: the simulated person, and the command on a small tree."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from matting.__main__ import main
from matting.coarse import CoarseMasks
from matting.evaluation import clicks

regions = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)).filter(np.any)
fractions = st.sampled_from([0.0, 0.4, 0.5, 1.0])


@given(arrays(np.float32, st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 6)), elements=fractions))
def test_intersection_over_union_counts_pixels(masks):
    first, second = (set(zip(*np.nonzero(mask >= 0.5), strict=True)) for mask in masks)
    expected = len(first & second) / len(first | second) if first | second else 1
    assert clicks.intersection_over_union(*masks) == expected


@given(regions)
def test_the_innermost_pixel_lies_farthest_from_everything_else(region):
    padded = np.pad(region, 1)
    others = np.argwhere(~padded) - 1

    def depth(row, column):
        return np.hypot(*(others - (row, column)).T).min()

    x, y = clicks.innermost(region)
    assert region[y, x]
    assert depth(y, x) == max(depth(*pixel) for pixel in np.argwhere(region))


def test_the_next_click_goes_into_the_largest_wrong_region_and_says_what_is_true_there():
    truth = np.zeros((20, 30))
    truth[2:18, 2:12] = 1
    assert clicks.next_click(truth, truth) is None
    missed, too_much = truth.copy(), truth.copy()
    missed[4:13, 3:10] = 0
    missed[0, 29] = 1  # smaller, so not yet
    too_much[5:14, 18:27] = 1
    assert clicks.next_click(missed, truth) in {(x, y, 1) for x in (6,) for y in (7, 8, 9)}
    assert clicks.next_click(too_much, truth) == (22, 9, 0)


@given(regions)
def test_the_box_holds_the_object_and_stays_in_the_photo(region):
    x0, y0, x1, y1 = clicks.box_around(region.astype(np.float32))
    rows, columns = np.nonzero(region)
    assert 0 <= x0 <= columns.min() and columns.max() + 1 <= x1 <= region.shape[1]
    assert 0 <= y0 <= rows.min() and rows.max() + 1 <= y1 <= region.shape[0]
    assert x1 - x0 <= 1.07 * (columns.max() + 1 - columns.min())


class Slow:
    """A segmenter that knows the truth but believes a column more with each prompt only."""

    name = "slow"

    def __init__(self, truth):
        self.truth, self.asked = truth, []

    def embed(self, image):
        return image

    def segment(self, embedding, prompts):
        self.asked.append(prompts)
        mask = np.where(np.arange(self.truth.shape[1]) < 3 + 2 * len(prompts.points), self.truth, 0)
        return CoarseMasks.ranked(np.stack([1 - mask, mask]), np.array([0.1, 0.9]))


def test_each_measure_comes_from_its_own_prompts():
    truth = np.zeros((12, 12), np.float32)
    truth[:, :10] = 1
    segmenter = Slow(truth)
    scores = clicks.score(np.zeros((12, 12, 3), np.uint8), truth, segmenter)
    assert scores == pytest.approx({"1 click": 0.5, "3 clicks": 0.9, "box": 0.3, "nothing": 0.3})
    assert [len(prompts.points) for prompts in segmenter.asked] == [1, 2, 3, 0, 0]
    assert [prompts.box is not None for prompts in segmenter.asked] == [False, False, False, True, False]
    assert all(truth[int(y), int(x)] == label for x, y, label in segmenter.asked[2].points)


@pytest.fixture
def root(tmp_path):
    """Two photos of a red disc before green in the published layout."""
    for number, radius in enumerate((20, 30)):
        y, x = np.mgrid[:90, :120]
        truth = np.hypot(y - 45, x - 60) < radius
        image = np.where(truth[..., None], (210, 50, 40), (60, 130, 60)).astype(np.uint8)
        trimap = np.where(truth, 255, 0).astype(np.uint8)
        for folder, picture in (
            ("input_training_lowres", image),
            ("trimap_training_lowres/Trimap1", trimap),
            ("gt_training_lowres", trimap),
        ):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(tmp_path / folder / f"GT0{number}.png")
    return tmp_path


def test_the_command_prints_a_table_and_writes_its_numbers(root, tmp_path, capsys):
    assert main(["evaluate", "coarse", "--root", str(root), "--json", str(tmp_path / "new" / "scores.json")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in printed[0].split("|")[1:-1]] == ["Photo", *clicks.MEASURES]
    assert [line.split("|")[1].strip() for line in printed[2:]] == ["GT00", "GT01", "mean"]
    written = json.loads((tmp_path / "new" / "scores.json").read_text())
    for measure in clicks.MEASURES:
        rows = [written["images"][name][measure] for name in ("GT00", "GT01")]
        assert min(rows) > 0.9
        assert written["mean"][measure] == pytest.approx(sum(rows) / 2)


def test_what_is_missing_is_named(root, capsys):
    (root / "gt_training_lowres" / "GT01.png").unlink()
    assert main(["evaluate", "coarse", "--root", str(root)]) == 2
    assert "GT01.png" in capsys.readouterr().err
    assert main(["evaluate", "coarse", "--root", str(root), "--coarse", "scissors"]) == 2
