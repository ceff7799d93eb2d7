import json

import numpy as np
import pytest
import reference_metrics as reference
from benchmark_stand import call, found_in, predict, stand_in  # noqa: F401 (stand_in is a fixture, `ours`)
from benchmark_trees import TREES, backgrounds, disc, plant
from PIL import Image

from matting.commands.evaluate import benchmarks
from matting.evaluation import methods
from matting.evaluation.benchmarks import photos
from matting.evaluation.benchmarks.definitions import BENCHMARKS
from matting.evaluation.paper import figures
from matting.methods.classical import BASELINES

SCORED = {
    "unknown": ["SAD", "MSE", "MAD", "Grad", "Conn"],
    "whole": ["SAD", "MSE", "MAD", "Grad", "Conn"],
    "transition": ["SAD", "MSE", "MAD", "Grad", "Conn", "SAD-T", "MSE-T", "MAD-T"],
    "details": ["SAD", "MSE", "MAD", "Grad", "Conn", "SAD-Details", "MSE-Details", "MAD-Details"],
}


def test_every_benchmark_of_the_command_is_one_of_the_registry():
    assert tuple(benchmarks.HELP) == tuple(BENCHMARKS) == tuple(TREES)
    assert benchmarks.METHODS == methods.METHODS


@pytest.mark.parametrize("name", TREES)
def test_the_truth_scores_zero_on_every_measure_of_its_protocol(name, tmp_path, capsys):
    words = plant(name, tmp_path / "data")
    truths = predict(name, tmp_path / "data", tmp_path / "mattes")
    file = tmp_path / "scores.json"
    words += ["--method", "predictions", "--predictions", tmp_path / "mattes", "--json", file]
    assert call(*words) == 0
    document = json.loads(file.read_text())
    scoring = BENCHMARKS[name].scoring
    expected = SCORED["unknown" if scoring == "by trimap" and name != "distinctions-646" else
                      "whole" if scoring == "by trimap" else scoring]  # fmt: skip
    assert document["benchmark"] == name and set(document["images"]) == set(truths)
    for row in document["images"].values():
        assert list(row) == expected
        assert max(abs(value) for value in row.values()) < 1e-4  # the mattes were rounded to 16 bits
    assert "mean" in capsys.readouterr().out or len(truths) > 40


def test_whole_transition_and_details_are_those_of_the_slow_references(tmp_path):
    rng = np.random.default_rng(1)
    noise = rng.random((40, 56)).astype(np.float32)
    for name, region in (("p3m-500-p", "T"), ("rwp-636", "Details")):
        root, file = tmp_path / name, tmp_path / f"{name}.json"
        words = plant(name, root)
        truths = predict(name, root, tmp_path / name / "mattes", lambda truth: noise)
        mattes = {key: np.asarray(Image.open(root / f"mattes/{key}.png")) / 65535 for key in truths}
        assert call(*words, "--method", "predictions", "--predictions", root / "mattes", "--json", file) == 0
        for seed, (key, row) in enumerate(json.loads(file.read_text())["images"].items()):
            part, everywhere = disc(seed)[2] == 128, np.ones(noise.shape, bool)
            expected = {
                "SAD": reference.sad(mattes[key], truths[key], everywhere),
                "MSE": reference.mse(mattes[key], truths[key], everywhere),
                "MAD": reference.mad(mattes[key], truths[key], everywhere),
                "Grad": reference.whole_image_gradient(mattes[key], truths[key]),
                "Conn": reference.connectivity(mattes[key], truths[key], everywhere),
                f"SAD-{region}": reference.sad(mattes[key], truths[key], part),
                f"MSE-{region}": reference.mse(mattes[key], truths[key], part),
                f"MAD-{region}": reference.mad(mattes[key], truths[key], part),
            }
            assert row == pytest.approx(expected, abs=1e-6)


def test_the_unknown_region_is_scored_with_known_values_written(tmp_path):
    root, file = tmp_path / "data", tmp_path / "scores.json"
    words = plant("composition-1k", root)
    truths = predict("composition-1k", root, tmp_path / "mattes", lambda truth: 1 - truth)
    assert call(*words, "--method", "predictions", "--predictions", tmp_path / "mattes", "--json", file) == 0
    rows = json.loads(file.read_text())["images"]
    assert len(rows) == 40 and file.read_text().count('"spider_') == 20
    for key in ("spider_0", "cat_19"):
        trimap = disc(("spider", "cat").index(key.split("_")[0]))[2]
        matte = np.asarray(Image.open(tmp_path / f"mattes/{key}.png")).astype(np.float32) / 65535
        kept = np.select([trimap == 255, trimap == 0], [1.0, 0.0], matte).astype(np.float32)
        region = trimap == 128
        expected = [f(kept, truths[key], region) for f in (reference.sad, reference.mse, reference.mad)]
        expected += [f(kept, truths[key], region) for f in (reference.gradient, reference.connectivity)]
        assert list(rows[key].values()) == pytest.approx(expected, abs=1e-6)


def test_composites_are_foregrounds_before_the_upper_left_of_their_backgrounds(tmp_path):
    plant("composition-1k", tmp_path)
    found = {example.name: example for example in found_in("composition-1k", tmp_path)}
    for key in ("spider_0", "spider_1", "spider_2", "cat_7"):
        example = found[key]
        image, alpha = photos.load(example).image, np.asarray(Image.open(example.alpha)) / 255
        front, behind = (Image.open(path) for path in (example.foreground, example.background))
        scale = max(alpha.shape[0] / behind.height, alpha.shape[1] / behind.width)
        values = np.asarray(behind)
        if scale > 1:
            size = [int(np.ceil(side * scale)) for side in behind.size]
            values = np.asarray(behind.resize(size, Image.Resampling.BICUBIC))
        values = values[: alpha.shape[0], : alpha.shape[1]]
        exact = alpha[..., None] * np.asarray(front) + (1 - alpha[..., None]) * values
        assert np.abs(image - exact).max() <= (0.5 if scale <= 1 else 60)  # cubic kernels differ
        np.testing.assert_array_equal(image[alpha == 1], np.asarray(front)[alpha == 1])


def test_distinctions_take_twenty_backgrounds_for_each_foreground(tmp_path, capsys):
    words = plant("distinctions-646", tmp_path)
    found = found_in("distinctions-646", tmp_path)
    assert [example.name for example in found] == [f"{name}_{index}" for name in "ab" for index in range(20)]
    assert [example.background.stem for example in found] == [f"2008_{index:06d}" for index in range(40)]
    few = backgrounds(tmp_path / "few", 39)
    for wrong, said in ((words[:4], "--backgrounds"), ([*words[:4], "--backgrounds", str(few)], "39")):
        assert call(*wrong) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1


def test_aim_500_is_averaged_by_type(tmp_path, capsys):
    words, file = plant("aim-500", tmp_path / "data"), tmp_path / "scores.json"
    assert call(*words, "--mask", "5", "--json", file) == 0
    document = json.loads(file.read_text())
    sads = {key: row["SAD"] for key, row in document["images"].items()}
    means = [(sads["o_0"] + sads["o_1"]) / 2, sads["o_2"], sads["o_3"]]
    found = [document["mean"][f"SAD-{kind}"] for kind in ("SO", "STM", "NS", "Avg")]
    assert found == pytest.approx([*means, sum(means) / 3]) and means[0] != means[1]
    assert document["types"] == {"o_0": "SO", "o_1": "SO", "o_2": "STM", "o_3": "NS"}
    said = capsys.readouterr().out
    assert "| AIM-Net* [22]" in said and "paper, Table XII" in said and f"{means[1]:.3f}" in said


@pytest.mark.parametrize(
    ("name", "words", "number"),
    [
        ("composition-1k", [], "III"),
        ("composition-1k", ["--method", "joint-hard"], "V"),
        ("composition-1k", ["--method", "joint-soft", "joint-hard", "--mask", "5", "9"], "VIII"),
        ("distinctions-646", ["--mask", "5"], "V"),
        ("rwp-636", [], "X"),
        ("p3m-500-np", ["--mask", "5"], "XI"),
        ("ppm-100", ["--mask", "5"], None),
    ],
)
def test_the_papers_rows_stand_beside_ours_and_are_marked(name, words, number, tmp_path, capsys):
    assert call(*plant(name, tmp_path), *words) == 0
    said = capsys.readouterr().out
    rows = figures.find(number, name).rows if number else ()
    marked = [line for line in said.splitlines() if "paper, Table" in line]
    assert len(marked) == len(rows)
    for line, row in zip(marked, rows, strict=True):
        assert line.startswith(f"| {row.method}") and f"paper, Table {number}" in line
        assert f"{row.values['SAD']:.3f}" in line and f"{1000 * row.values['MSE']:.3f}" in line


def test_several_methods_are_scored_on_the_same_pixels(tmp_path, capsys, monkeypatch):
    for method in BASELINES:
        monkeypatch.setitem(BASELINES, method, lambda image, trimap: np.full(trimap.shape, 0.25, np.float32))
    file = tmp_path / "scores.json"
    words = [*plant("folder", tmp_path / "data"), "--method", "spamattnet", "closed-form", "knn", "--json", file]
    assert call(*words) == 0
    document = json.loads(file.read_text())
    assert list(document["runs"]) == ["SPAMattNet", "closed-form", "knn"]
    assert document["runs"]["knn"]["images"] == document["runs"]["closed-form"]["images"]
    said = [line for line in capsys.readouterr().out.splitlines() if "this run" in line]
    for line, (label, found) in zip(said, document["runs"].items(), strict=True):
        assert line.startswith(f"| {label}") and f"{found['mean']['SAD']:.3f}" in line


def test_a_method_at_512_sees_squares_and_its_alpha_comes_back(tmp_path, ours):
    words = plant("rwp-636", tmp_path / "data")
    assert call(*words, "--save", tmp_path / "mattes") == 0
    assert ours.asked == [("alpha", (512, 512, 3))] * 2
    assert np.asarray(Image.open(tmp_path / "mattes/7.png")).shape == (40, 56)
    ours.asked.clear()
    assert call(*words, "--method", "joint-soft") == 0
    assert ours.asked == [("soft", (512, 512, 3))] * 2


def test_the_region_may_be_chosen_where_the_benchmark_leaves_it_open(tmp_path, capsys):
    words, mattes = plant("composition-1k", tmp_path / "data"), tmp_path / "mattes"
    truths = predict("composition-1k", tmp_path / "data", mattes, lambda truth: truth * 0.5)
    words += ["--method", "predictions", "--predictions", mattes, "--region", "whole"]
    assert call(*words, "--json", tmp_path / "scores.json") == 0
    row = json.loads((tmp_path / "scores.json").read_text())["images"]["cat_3"]
    assert row["SAD"] == pytest.approx(truths["cat_3"].sum() / 2000, abs=1e-4)
    assert "paper, Table V" in capsys.readouterr().out
    assert call(*plant("ppm-100", tmp_path / "ppm"), "--mask", "5", "--region", "unknown") == 2
    assert "leave --region out" in capsys.readouterr().err
