import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from matting.__main__ import main
from matting.commands.evaluate import trimap_free as _trimap_free
from matting.data.composites.coarse_masks import simulated_mask
from matting.evaluation import cache, trimap_free
from matting.evaluation.trimap_free import BASELINES, EROSIONS, JOINT, WIDTHS, MaskedPhoto
from matting.inference.fusion import hard_fusion
from matting.methods.classical import closed_form
from matting.trimaps.algebra import UNKNOWN, from_mask

NAMES = ("GT02", "GT05")


def photo(seed, radius=45, size=(130, 140)):
    """A soft disc of one colour over another: image uint8 (H, W, 3) and alpha float32 (H, W)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    alpha = np.clip((radius - np.hypot(y - size[0] / 2, x - size[1] / 2)) / 12 + 0.5, 0, 1)
    alpha = np.rint(alpha * 255).astype(np.float32) / 255
    front, behind = rng.integers(150, 250, 3), rng.integers(0, 100, 3)
    image = alpha[..., None] * front + (1 - alpha[..., None]) * behind
    return np.rint(image).astype(np.uint8), alpha


def photos():
    for seed, name in enumerate(NAMES):
        image, alpha = photo(seed)
        for erosion in EROSIONS:
            yield MaskedPhoto(name, erosion, image, simulated_mask(alpha, erosion), alpha)


@pytest.fixture
def root(tmp_path):
    for seed, name in enumerate(NAMES):
        for folder, plane in zip(("input", "gt"), photo(seed), strict=True):
            path = tmp_path / "val" / f"{folder}_training_lowres"
            path.mkdir(parents=True, exist_ok=True)
            values = plane if folder == "input" else np.rint(plane * 255).astype(np.uint8)
            Image.fromarray(values).save(path / f"{name}.png")
    return tmp_path / "val"


@pytest.fixture
def counted(monkeypatch):
    """Closed-form matting replaced by a quick stand-in that counts its calls."""
    calls = []

    def solve(image, trimap):
        calls.append(trimap)
        if UNKNOWN not in trimap:
            return closed_form(image, trimap)
        if len(np.unique(trimap)) < 3:
            raise ValueError("a known region is missing")
        return cv2.blur((trimap / 255).astype(np.float32), (9, 9))

    monkeypatch.setattr(trimap_free, "closed_form", solve)
    return calls


def test_the_truth_scores_zero_and_the_mask_scores_itself(counted):
    truth = {photo.coarse_mask.tobytes() + photo.image.tobytes(): photo.truth for photo in photos()}
    reports = trimap_free.evaluate(list(photos()), lambda image, mask: truth[mask.tobytes() + image.tobytes()])
    rows = trimap_free.rows(reports)
    assert [row.erosion for row in rows] == list(EROSIONS)
    assert all(row.means[JOINT] == 0 and row.ratio == 0 for row in rows) and trimap_free.spread(rows) == 1
    for row in rows:
        expected = [np.abs(c.coarse_mask - c.truth).sum() / 1000 for c in photos() if c.erosion == row.erosion]
        assert row.means["mask"] == pytest.approx(np.mean(expected), rel=1e-6)
        assert row.means.keys() == {JOINT, *BASELINES}


def test_the_ratio_is_of_mean_sads_to_the_best_baseline_of_each_n(counted):
    reports = trimap_free.evaluate(list(photos()), lambda image, mask: 0.5 * mask)
    rows = trimap_free.rows(reports)
    for row in rows:
        least = min(row.means[method] for method in BASELINES)
        assert row.means[row.best] == least and row.ratio == pytest.approx(row.means[JOINT] / least)
        by_photo = [reports[row.erosion][JOINT].images[name]["SAD"] for name in NAMES]
        assert row.means[JOINT] == pytest.approx(sum(by_photo) / len(NAMES))
    assert trimap_free.mean_ratio(rows) == pytest.approx(np.mean([row.ratio for row in rows]))
    joint = [row.means[JOINT] for row in rows]
    assert trimap_free.spread(rows) == pytest.approx(max(joint) / min(joint)) and max(joint) > min(joint)


def test_each_width_is_solved_from_its_own_trimap():
    photo = next(photos())
    for width in WIDTHS[:2]:
        trimap = from_mask(photo.coarse_mask, width)
        expected = hard_fusion(closed_form(photo.image, trimap), trimap)
        np.testing.assert_array_equal(trimap_free.baseline(photo.image, photo.coarse_mask, width), expected)


def test_where_nothing_is_known_the_mask_is_the_baseline():
    image, alpha = photo(0, radius=30)
    mask = simulated_mask(alpha, 20)
    np.testing.assert_array_equal(trimap_free.baseline(image, mask, 81), mask)


def test_processes_change_nothing(tmp_path):
    some = [photo for photo in photos() if photo.name == "GT02" and photo.erosion == 20]
    alone, together = (
        trimap_free.evaluate(some, lambda image, mask: mask, cache=tmp_path / str(n), workers=n) for n in (1, 2)
    )
    assert alone == together


def test_what_was_solved_once_is_not_solved_again(counted, tmp_path):
    first = trimap_free.evaluate(list(photos()), lambda image, mask: mask, cache=tmp_path)
    assert len(counted) >= len(NAMES) * len(EROSIONS)
    solved = [trimap for trimap in counted if len(np.unique(trimap)) == 3]
    assert len(list(tmp_path.iterdir())) == len(solved) > 0  # and no half-written file is left
    counted.clear()
    assert trimap_free.evaluate(list(photos()), lambda image, mask: mask, cache=tmp_path) == first
    assert not [trimap for trimap in counted if len(np.unique(trimap)) == 3]


def test_the_cache_tells_every_input_apart(tmp_path):
    image, alpha = photo(0)
    trimap = from_mask(alpha, 21)
    shifted = image.copy()
    shifted[0, 0, 0] ^= 1
    answers = iter(np.linspace(0, 1, 5))

    def ask(method, photo, regions):
        return cache.remember(tmp_path, method, photo, regions, lambda *_: np.full(regions.shape, next(answers), "f4"))

    questions = [("a", image, trimap), ("b", image, trimap), ("a", shifted, trimap), ("a", image, from_mask(alpha, 23))]
    first = [ask(*question) for question in questions]
    assert len({alpha.flat[0] for alpha in first}) == len(questions)
    assert all(np.array_equal(ask(*question), alpha) for question, alpha in zip(questions, first, strict=True))


@pytest.mark.parametrize("damage", ["empty", "cut", "noise", "other size"])
def test_a_damaged_file_is_solved_anew(tmp_path, damage):
    image, alpha = photo(0)
    trimap = from_mask(alpha, 21)
    cache.remember(tmp_path, "a", image, trimap, lambda *_: alpha)
    (file,) = tmp_path.iterdir()
    data = file.read_bytes()
    if damage == "other size":
        with file.open("wb") as out:
            np.savez(out, alpha=np.zeros((3, 4), np.float32))
    else:
        middle = data[: len(data) // 2]
        file.write_bytes({"empty": b"", "cut": middle, "noise": middle + bytes(50) + data[len(middle) + 50 :]}[damage])
    np.testing.assert_array_equal(cache.remember(tmp_path, "a", image, trimap, lambda *_: 1 - alpha), 1 - alpha)
    np.testing.assert_array_equal(cache.remember(tmp_path, "a", image, trimap, None), 1 - alpha)


def test_a_failing_method_leaves_no_file(tmp_path):
    image, alpha = photo(0)
    with pytest.raises(ZeroDivisionError):
        cache.remember(tmp_path, "a", image, from_mask(alpha, 21), lambda *_: 1 / 0)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def asked(monkeypatch):
    """A pipeline replaced by one that gives the mask back; collects the weights and fusions asked for."""
    asked = []

    def load(weights, device):
        def pipeline(image, *, coarse_mask, fusion):
            asked.append((weights, device, fusion))
            return SimpleNamespace(alpha=0.9 * coarse_mask)

        return pipeline

    monkeypatch.setattr(_trimap_free, "load_pipeline", load)
    return asked


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_the_command_prints_the_table_and_writes_every_photo(root, tmp_path, capsys, counted, asked, fusion):
    file = tmp_path / "new" / "scores.json"
    call = ["evaluate", "trimap-free", "--root", str(root), "--fusion", fusion]
    call += ["--device", "cpu", "--weights", "some/weights"]
    assert main([*call, "--cache", str(tmp_path / "cache"), "--json", str(file)]) == 0
    table = capsys.readouterr().out
    document = json.loads(file.read_text())
    assert document["settings"] == {"fusion": fusion, "weights": "some/weights"}
    assert asked == [("some/weights", "cpu", fusion)] * len(NAMES) * len(EROSIONS)
    assert list(document["erosions"]) == [str(n) for n in EROSIONS]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(EROSIONS) and len({len(line) for line in lines}) == 1
    for line, (erosion, found) in zip(lines[2:], document["erosions"].items(), strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        joint = found["methods"][JOINT]
        assert tuple(joint["images"]) == NAMES
        assert cells[0] == erosion and cells[1] == f"{joint['mean']['SAD']:.3f}"
        best = found["methods"][found["best_baseline"]]["mean"]["SAD"]
        assert cells[-1] == f"{joint['mean']['SAD'] / best:.3f}"
    assert f"Mean ratio over N: {document['mean_ratio']:.3f}" in table and f"{document['spread']:.3f}" in table


def test_the_command_refuses_what_it_cannot_do_in_one_line(root, tmp_path, capsys):
    for wrong in (
        ["--root", str(tmp_path)],
        ["--root", str(root), "--json", str(tmp_path)],
        ["--root", str(root), "--workers", "0"],
        ["--root", str(root), "--weights", str(tmp_path)],
    ):
        assert main(["evaluate", "trimap-free", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    (root / "gt_training_lowres" / "GT05.png").unlink()
    assert main(["evaluate", "trimap-free", "--root", str(root)]) == 2
    assert "GT05.png is missing" in capsys.readouterr().err
