"""How coarse masks are scored: the simulated person, and the command on a small tree."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from matting.__main__ import main
from matting.coarse import CoarseMasks, Prompts
from matting.commands.sheet import read_plan
from matting.evaluation import clicks

MEASURES = ("nothing", "1 click", "3 clicks", "box")

regions = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)).filter(np.any)
fractions = st.sampled_from([0.0, 0.25, 0.5, 1.0])


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
    scores = clicks.score(np.zeros((12, 12, 3), np.uint8), truth, clicks.User("u2netp", segmenter))
    assert scores.iou == pytest.approx({"nothing": 0.3, "1 click": 0.5, "3 clicks": 0.9, "box": 0.3})
    assert [len(prompts.points) for prompts in segmenter.asked] == [0, 1, 2, 3, 0]
    assert [prompts.box is not None for prompts in segmenter.asked] == [False, False, False, False, True]
    assert all(truth[int(y), int(x)] == label for x, y, label in segmenter.asked[3].points)
    assert scores.clicks == list(segmenter.asked[3].points)


def test_clicks_are_counted_as_asked_and_end_where_nothing_is_wrong():
    truth = np.zeros((12, 12), np.float32)
    truth[:, :10] = 1
    segmenter = Slow(truth)
    scores = clicks.score(np.zeros((12, 12, 3), np.uint8), truth, clicks.User("u2netp", segmenter), (2, 6))
    assert scores.iou == pytest.approx({"nothing": 0.3, "2 clicks": 0.7, "6 clicks": 1, "box": 0.3})
    assert max(len(prompts.points) for prompts in segmenter.asked) == 4


def test_who_needs_a_prompt_gets_the_box_that_users_get():
    truth = np.ones((20, 30), np.float32)
    segmenter = Slow(truth)
    clicks.score(np.zeros((20, 30, 3), np.uint8), truth, clicks.User("grabcut", segmenter), (1,))
    assert segmenter.asked[0] == Prompts().or_centred((20, 30)) and segmenter.asked[0].box is not None


def test_what_is_below_one_half_is_counted_and_named():
    rows = {"a": {"nothing": 0.4, "box": 0.5}, "b": {"nothing": 0.49, "box": 0.9}}
    assert clicks.below_half(rows) == "Below 0.5, of 2: nothing 2 (a, b); box 0."


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
    words = ["--root", str(root), "--coarse", "grabcut", "--json", str(tmp_path / "new" / "scores.json")]
    assert main(["evaluate", "coarse", *words, "--plan", str(tmp_path / "plans" / "plan.json")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in printed[0].split("|")[1:-1]] == ["Photo", *MEASURES]
    assert [line.split("|")[1].strip() for line in printed[2:5]] == ["GT00", "GT01", "mean"]
    assert printed[-1] == "Below 0.5, of 2: nothing 0; 1 click 0; 3 clicks 0; box 0."
    written = json.loads((tmp_path / "new" / "scores.json").read_text())
    for measure in MEASURES:
        rows = [written["images"][name][measure] for name in ("GT00", "GT01")]
        assert min(rows) > 0.9
        assert written["mean"][measure] == pytest.approx(sum(rows) / 2)
    plan = read_plan(tmp_path / "plans" / "plan.json", tmp_path)
    assert [path.name for path in plan] == ["GT00.png", "GT01.png"]
    assert all(path.is_file() and points[0] == (60, 45, 1) for path, points in plan.items())


def test_what_is_missing_is_named(root, capsys):
    (root / "gt_training_lowres" / "GT01.png").unlink()
    assert main(["evaluate", "coarse", "--root", str(root)]) == 2
    assert "The picture GT01 is missing" in capsys.readouterr().err
    assert main(["evaluate", "coarse", "--root", str(root), "--coarse", "scissors"]) == 2


def names_of(printed):
    return [line.split("|")[1].strip() for line in printed.splitlines() if line.startswith("|")][2:]


@pytest.mark.parametrize("layout", ["alpha", "mask", "beside", "two folders"])
def test_photos_with_masks_are_found_in_every_layout(root, tmp_path, capsys, layout):
    photos, masks = {
        "alpha": ("image", "alpha"),
        "mask": ("image", "mask"),
        "beside": (".", "."),
        "two folders": ("pictures", "outlines"),
    }[layout]
    for source, folder, suffix in (("input_training_lowres", photos, ".jpg"), ("gt_training_lowres", masks, ".png")):
        (tmp_path / "new" / folder).mkdir(parents=True, exist_ok=True)
        for name in ("GT00", "GT01"):
            Image.open(root / source / f"{name}.png").save(tmp_path / "new" / folder / f"{name}{suffix}", quality=95)
    where = ["--root", tmp_path / "new"]
    if layout == "two folders":
        where = ["--photos", tmp_path / "new" / photos, "--masks", tmp_path / "new" / masks]
    words = ["evaluate", "coarse", *map(str, where), "--coarse", "grabcut", "--clicks", "2"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert names_of(printed) == ["GT00", "GT01", "mean"] and "2 clicks" in printed
    assert main([*words, "--ending", "1"]) == 0
    assert names_of(capsys.readouterr().out) == ["GT01", "mean"]


def test_photos_that_cannot_be_told_apart_or_found_are_refused(root, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for words, message in (
        (["--root", root, root], "Two photos have one name"),
        (["--root", tmp_path / "empty"], "should hold image/ with alpha/ or mask/"),
        (["--photos", root], "A folder of masks for each of photos"),
        (["--root", root, "--ending", "9"], "There is no photo to look at"),
        (["--root", root, "--clicks", "0"], "--clicks should be 1 or more"),
        (["--photos", tmp_path / "empty", "--masks", root / "gt_training_lowres"], "has no photo GT00"),
    ):
        assert main(["evaluate", "coarse", *map(str, words)]) == 2
        assert message in capsys.readouterr().err
