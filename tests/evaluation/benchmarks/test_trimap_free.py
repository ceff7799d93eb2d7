import json

import cv2
import numpy as np
import pytest
from pictures import disc
from PIL import Image

from matting.__main__ import main
from matting.data.composites.coarse_masks import simulated_mask
from matting.data.layouts.alphamatting import read_alphamatting
from matting.evaluation import cache, methods
from matting.evaluation.benchmarks import trimap_free
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.benchmarks.runner import estimate
from matting.evaluation.benchmarks.trimap_free import BASELINES, EROSIONS, JOINT, MASK, WIDTHS
from matting.inference.fusion import hard_fusion
from matting.methods import classical
from matting.methods.classical import closed_form
from matting.trimaps.algebra import FOREGROUND, from_mask

NAMES = ("GT02", "GT05")


def photo(seed, radius=45, size=(130, 140)):
    """A soft disc of one colour over another: image uint8 (H, W, 3) and alpha float32 (H, W)."""
    rng = np.random.default_rng(seed)
    alpha = disc(size, radius, softness=12)
    front, behind = rng.integers(150, 250, 3), rng.integers(0, 100, 3)
    image = alpha[..., None] * front + (1 - alpha[..., None]) * behind
    return np.rint(image).astype(np.uint8), alpha


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
        if len(np.unique(trimap)) < 3:
            return closed_form(image, trimap)  # the trimap itself, or a ValueError
        return cv2.blur((trimap / 255).astype(np.float32), (9, 9))

    monkeypatch.setitem(classical.BASELINES, "closed-form", solve)
    return calls


class Pipeline:
    """A pipeline whose matte is made of the coarse mask alone; it collects the fusions asked for."""

    def __init__(self, matte):
        self.matte, self.fusions = matte, []

    def trimap_probabilities(self, image, mask):
        certain = np.zeros((*mask.shape, 3), np.float32)
        certain[..., 1], self.mask = 1, mask
        return certain

    def alpha(self, image, trimap, probabilities, fusion):
        self.fusions.append(fusion)
        return self.matte(image, self.mask)


@pytest.fixture
def joint(monkeypatch):
    """Set what joint inference answers, as a function of photo and mask; collects the weights asked for."""
    asked = []

    def set_matte(matte):
        pipeline = Pipeline(matte)

        def load_pipeline(source, device):
            asked.append((source, device))
            return pipeline

        monkeypatch.setattr(methods, "load_pipeline", load_pipeline)
        monkeypatch.setattr(methods, "weights_digest", str)
        set_matte.pipeline, set_matte.asked = pipeline, asked

    return set_matte


def scored(root, **options):
    examples = read_alphamatting(root, "training", ())
    return {n: trimap_free.score(examples, trimap_free.runs(n), **options) for n in EROSIONS}


def test_the_truth_scores_zero_and_the_mask_scores_itself(root, counted, joint):
    photos = [load(example) for example in read_alphamatting(root, "training", ())]
    truth = {photo.image.tobytes(): photo.truth for photo in photos}
    joint(lambda image, mask: truth[image.tobytes()])
    rows = trimap_free.rows(scored(root))
    assert [row.erosion for row in rows] == list(EROSIONS)
    assert all(row.means[JOINT] == 0 and row.ratio == 0 for row in rows) and trimap_free.spread(rows) == 1
    for row in rows:
        expected = [np.abs(simulated_mask(one.truth, row.erosion) - one.truth).sum() / 1000 for one in photos]
        assert row.means[MASK] == pytest.approx(np.mean(expected), rel=1e-6)
        assert row.means.keys() == {JOINT, *BASELINES}


def test_the_ratio_is_of_mean_sads_to_the_best_baseline_of_each_n(root, counted, joint):
    joint(lambda image, mask: 0.5 * mask)
    reports = scored(root)
    rows = trimap_free.rows(reports)
    for row in rows:
        least = min(row.means[method] for method in BASELINES)
        assert row.means[row.best] == least and row.ratio == pytest.approx(row.means[JOINT] / least)
        by_photo = [reports[row.erosion][JOINT].images[name]["SAD"] for name in NAMES]
        assert row.means[JOINT] == pytest.approx(sum(by_photo) / len(NAMES))
    assert trimap_free.mean_ratio(rows) == pytest.approx(np.mean([row.ratio for row in rows]))
    sads = [row.means[JOINT] for row in rows]
    assert trimap_free.spread(rows) == pytest.approx(max(sads) / min(sads)) and max(sads) > min(sads)


def test_each_width_is_solved_from_its_own_trimap(root):
    photo = load(read_alphamatting(root, "training", ())[0])
    mask = simulated_mask(photo.truth, EROSIONS[0])
    for width in WIDTHS[:2]:
        trimap = from_mask(mask, width)
        expected = hard_fusion(closed_form(photo.image, trimap), trimap)
        found, _ = estimate(photo, trimap_free.runs(EROSIONS[0])[f"closed-form {width}"])
        np.testing.assert_array_equal(found, expected)


def test_where_nothing_is_known_the_mask_is_the_baseline(root, joint):
    joint(lambda image, mask: mask)
    examples, runs = read_alphamatting(root, "training", ()), trimap_free.runs(50)
    narrow = {name: runs[name] for name in (MASK, "closed-form 81")}
    photo = load(examples[0])
    assert FOREGROUND not in from_mask(simulated_mask(photo.truth, 50), 81)
    reports = trimap_free.score(examples, narrow)
    assert reports["closed-form 81"].images == reports[MASK].images


def test_a_method_that_fails_on_a_good_trimap_is_not_replaced_by_the_mask(root, monkeypatch, joint):
    def fail(image, trimap):
        raise ValueError("no convergence")

    monkeypatch.setitem(classical.BASELINES, "closed-form", fail)
    joint(lambda image, mask: mask)
    with pytest.raises(ValueError, match="GT02 could not be scored: no convergence"):
        scored(root)


@pytest.mark.long
def test_processes_change_nothing(root, tmp_path):
    examples = read_alphamatting(root, "training", ())
    runs = {name: run for name, run in trimap_free.runs(20).items() if name in (MASK, "closed-form 21")}
    found = []
    for workers in (1, 2):
        (tmp_path / str(workers)).mkdir()
        found.append(trimap_free.score(examples, runs, cache=tmp_path / str(workers), workers=workers))
    assert found[0] == found[1]


def test_what_was_solved_once_is_not_solved_again(root, tmp_path, counted, joint):
    joint(lambda image, mask: mask)
    kept = tmp_path / "kept"
    kept.mkdir()
    first = scored(root, cache=kept)
    assert len(counted) >= len(NAMES) * len(EROSIONS)
    solved = [trimap for trimap in counted if len(np.unique(trimap)) == 3]
    assert len(list(kept.glob("*.npz"))) == len(solved) > 0
    assert {path.suffix for path in kept.iterdir()} == {".npz", ".json"}  # no half-written file is left
    counted.clear()
    assert scored(root, cache=kept) == first
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


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_the_command_prints_the_table_and_writes_every_photo(root, tmp_path, capsys, counted, joint, fusion):
    joint(lambda image, mask: 0.9 * mask)
    file = tmp_path / "new" / "scores.json"
    call = ["evaluate", "trimap-free", "--root", str(root), "--fusion", fusion]
    call += ["--device", "cpu", "--weights", "some/weights"]
    assert main([*call, "--cache", str(tmp_path / "cache"), "--json", str(file)]) == 0
    table = capsys.readouterr().out
    document = json.loads(file.read_text())
    assert document["settings"] == {"fusion": fusion, "weights": "some/weights"}
    assert joint.pipeline.fusions == [fusion] * len(NAMES) * len(EROSIONS)
    assert set(joint.asked) == {("some/weights", "cpu")}
    assert list(document["erosions"]) == [str(n) for n in EROSIONS]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(EROSIONS) and len({len(line) for line in lines}) == 1
    for line, (erosion, found) in zip(lines[2:], document["erosions"].items(), strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        ours = found["methods"][JOINT]
        assert tuple(ours["images"]) == NAMES
        assert cells[0] == erosion and cells[1] == f"{ours['mean']['SAD']:.3f}"
        best = found["methods"][found["best_baseline"]]["mean"]["SAD"]
        assert cells[-1] == f"{ours['mean']['SAD'] / best:.3f}"
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
