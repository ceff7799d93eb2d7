import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference_metrics as reference
from benchmark_trees import TREES, backgrounds, disc, plant, write
from network_cases import NARROWEST
from PIL import Image

from matting import MattingPipeline, weights
from matting.__main__ import main
from matting.commands import _benchmarks
from matting.evaluation import benchmarks, methods, paper, photos, protocols, runner
from matting.evaluation.baselines import BASELINES
from matting.evaluation.benchmarks import BENCHMARKS
from matting.evaluation.guidance import Guidance, check_kinds
from matting.evaluation.protocols import Choices
from matting.fusion import hard_fusion
from matting.networks.spamattnet import SPAMattNet
from matting.trimap import from_alpha, from_mask
from matting.weights import save_weights

SCORED = {
    "unknown": ["SAD", "MSE", "MAD", "Grad", "Conn"],
    "whole": ["SAD", "MSE", "MAD", "Grad", "Conn"],
    "transition": ["SAD", "MSE", "MAD", "Grad", "Conn", "SAD-T", "MSE-T", "MAD-T"],
    "details": ["SAD", "MSE", "MAD", "Grad", "Conn", "SAD-Details", "MSE-Details", "MAD-Details"],
}


class Stand:
    """Stands in for our networks: alpha is the mask, or half where the trimap is unknown; keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def trimap(self, image, mask):
        self.asked.append(("tgn", image.shape))
        return from_mask(mask, 9)

    def alpha(self, image, trimap):
        self.asked.append(("alpha", image.shape))
        return hard_fusion(np.full(trimap.shape, 0.5, np.float32), trimap)

    def __call__(self, image, *, coarse_mask, fusion):
        self.asked.append((fusion, image.shape))
        return type("Result", (), {"alpha": coarse_mask * (1 if fusion == "hard" else np.float32(0.5))})


@pytest.fixture(autouse=True)
def ours(monkeypatch, tmp_path):
    """A stand-in for our networks, and a cache of the test's own."""
    stand = Stand()
    monkeypatch.setattr(MattingPipeline, "from_pretrained", lambda source=None, device=None: stand)
    monkeypatch.setattr(methods, "weights_digest", lambda source: str(source))
    monkeypatch.setenv("TRIMATTE_CACHE", str(tmp_path / "results"))
    methods.load_pipeline.cache_clear()
    yield stand
    methods.load_pipeline.cache_clear()


def call(*words):
    return main([str(word) for word in words])



def predict(name, root, folder, change=lambda alpha: alpha):
    """Write a prediction for each photo of a benchmark, its truth by default; returns the truths."""
    found = _found(name, root)
    truths = {example.name: photos.load(example).truth for example in found}
    for key, truth in truths.items():
        write(folder / f"{key}.png", np.rint(65535 * change(truth).astype(np.float64)).astype(np.uint16))
    return truths


def _found(name, root):
    return benchmarks.examples(name, root, backgrounds=root / "voc" if name == "distinctions-646" else None)


def test_every_benchmark_of_the_command_is_one_of_the_registry():
    assert tuple(_benchmarks.HELP) == tuple(BENCHMARKS) == tuple(TREES)
    assert _benchmarks.METHODS == methods.METHODS


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
    found = {example.name: example for example in _found("composition-1k", tmp_path)}
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
    found = _found("distinctions-646", tmp_path)
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
    rows = paper.find(number, name).rows if number else ()
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


def test_what_was_scored_once_is_not_done_again_until_something_changes(tmp_path, ours, capsys):
    root = tmp_path / "data"
    words = [*plant("p3m-500-p", root), "--mask", "5"]
    assert call(*words) == 0
    first, asked = capsys.readouterr().out, len(ours.asked)
    assert asked == 2 and call(*words) == 0
    assert capsys.readouterr().out == first and len(ours.asked) == asked
    for change, more in (
        (["--mask", "6"], 2),
        (["--weights", "others"], 2),
        (["--method", "joint-soft"], 2),
        (["--no-cache"], 2),
        (["--save", str(tmp_path / "mattes")], 2),  # the mattes are asked for, not the scores alone
    ):
        before = len(ours.asked)
        assert call(*words, *change) == 0
        assert len(ours.asked) == before + more, change
    before = len(ours.asked)
    truth = root / "P3M-10k/validation/P3M-500-P/mask/p_1.png"
    write(truth, 255 - np.asarray(Image.open(truth)))
    assert call(*words) == 0 and len(ours.asked) == before + 1


def test_an_interrupted_run_goes_on_with_the_photos_that_are_left(tmp_path, ours, monkeypatch):
    words = [*plant("aim-500", tmp_path / "data"), "--mask", "5"]
    whole, calls = runner.estimate, []

    def interrupted(photo, *rest):
        calls.append(photo.name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(photo, *rest)

    monkeypatch.setattr(runner, "estimate", interrupted)
    assert call(*words) == 130
    monkeypatch.setattr(runner, "estimate", lambda photo, *rest: calls.append(photo.name) or whole(photo, *rest))
    assert call(*words) == 0
    assert calls == ["o_0", "o_1", "o_2", "o_2", "o_3"]


def test_an_interrupted_run_in_processes_leaves_the_rest(monkeypatch):
    """With threads in the processes' place, which share what was done."""
    done = []

    monkeypatch.setattr(runner, "ProcessPoolExecutor", lambda workers, *_: ThreadPoolExecutor(workers))
    monkeypatch.setattr(runner, "work", lambda example, run, cache: (time.sleep(0.02), done.append(example)))
    outcomes = runner._outcomes(range(200), None, None, workers=2)
    next(outcomes)
    outcomes.close()
    assert 1 <= len(done) < 100


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


def test_processes_change_nothing(tmp_path):
    words, files = plant("folder", tmp_path / "data"), [tmp_path / "1.json", tmp_path / "2.json"]
    predict("folder", tmp_path / "data", tmp_path / "mattes", lambda truth: truth**2)
    words += ["--method", "predictions", "--predictions", tmp_path / "mattes", "--no-cache"]
    for workers, file in enumerate(files, 1):
        assert call(*words, "--workers", workers, "--json", file) == 0
    assert files[0].read_text() == files[1].read_text()


def test_predictions_that_are_missing_or_of_another_size_are_named(tmp_path, capsys):
    words, mattes = plant("aim-500", tmp_path / "data"), tmp_path / "mattes"
    predict("aim-500", tmp_path / "data", mattes)
    words += ["--method", "predictions", "--predictions", mattes, "--json", tmp_path / "scores.json"]
    os.remove(mattes / "o_1.png")
    Image.open(mattes / "o_2.png").resize((28, 20)).save(mattes / "o_2.png")
    assert call(*words) == 1
    said = capsys.readouterr()
    assert "2 of 4 photos are not in the mean" in said.err and "Means over 2 photos" in said.out
    assert "The prediction o_1 is missing" in said.err and re.search(r"o_2.png is 28x20 .* 56x40", said.err)
    document = json.loads((tmp_path / "scores.json").read_text())
    assert set(document["failed"]) == {"o_1", "o_2"} and set(document["images"]) == {"o_0", "o_3"}
    assert call(*words[:-2], "--predictions", tmp_path / "nowhere") == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("p3m-500-p", [], "name other ones with --mask"),
        ("p3m-500-p", ["--mask", "magic"], "got magic"),
        ("composition-1k", ["--trimap", "magic"], "got magic"),
        ("composition-1k", ["--trimap", "true-5", "--method", "joint-hard"], "leave --trimap out"),
        ("distinctions-646", ["--trimap", "given"], "40 of 40 photos have no trimap (a_0, a_1"),
        ("ppm-100", ["--mask", "given"], "2 of 2 photos have no coarse mask (a, b)"),
        ("folder", ["--method", "predictions"], "--predictions"),
        ("folder", ["--workers", "0"], "--workers"),
        ("folder", ["--first", "0"], "--first"),
        ("folder", ["--device", "nonsense"], "nonsense"),
        ("folder", ["--method", "vitmatte", "--vitmatte", "/nowhere/at/all"], "ViTMatte's weights"),
        ("alphamatting", ["--trimap", "4"], "got 4"),
        ("alphamatting", ["--split", "test"], "--save"),
        ("alphamatting", ["--split", "test", "--save", "x", "--trimap", "tgn"], "1, 2, 3 or all, got tgn"),
        ("alphamatting", ["--split", "test", "--save", "x", "--json", "y"], "Nothing can be scored"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(name, words, sentence, tmp_path, capsys, ours, monkeypatch):
    monkeypatch.setattr(protocols, "SEGMENTERS", {})
    monkeypatch.chdir(tmp_path)
    assert call(*plant(name, tmp_path / "data"), *words) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and sentence in said.err and not said.out and not ours.asked


def test_the_test_photos_are_written_as_the_site_takes_them(tmp_path, capsys):
    words = plant("alphamatting", tmp_path / "data")[:-1]
    assert call(*words, "all", "--split", "test", "--save", tmp_path / "site") == 0
    found = sorted(path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.png"))
    assert found == [f"Trimap{number}/{name}.png" for number in (1, 2, 3) for name in ("doll", "troll")]
    matte = np.asarray(Image.open(tmp_path / "site/Trimap3/doll.png"))
    assert matte.dtype == np.uint8 and set(np.unique(matte)) == {0, 128, 255} and "6 mattes" in capsys.readouterr().out
    assert call(*words, "user", "--split", "test", "--save", tmp_path / "user") == 0
    assert {path.name for path in (tmp_path / "user").iterdir()} == {"Trimap3"}


def test_masks_and_trimaps_of_ones_own_are_used(tmp_path, ours):
    words, own = plant("ppm-100", tmp_path / "data"), tmp_path / "own"
    for seed, name in enumerate("ab"):
        write(own / f"{name}.png", disc(seed + 1)[1])
    files = [tmp_path / "own.json", tmp_path / "given.json"]
    assert call(*words, "--mask", own, "--json", files[0]) == 0
    document = json.loads(files[0].read_text())
    alpha, truth = np.asarray(Image.open(own / "a.png")) / 255, disc(0)[1] / 255
    assert document["images"]["a"]["SAD"] == pytest.approx(np.abs(alpha - truth).sum() / 1000, abs=1e-6)
    os.remove(own / "b.png")
    assert call(*words, "--mask", own, "--no-cache") == 1
    write(own / "b.png", disc(1)[2])
    write(own / "a.png", disc(0)[2])
    assert call(*words, "--trimap", own) == 0


@pytest.mark.parametrize("prompt", ["nothing", "click", "box"])
def test_a_segmenters_masks_are_used(prompt, tmp_path):
    words, file = plant("folder", tmp_path / "data"), tmp_path / "scores.json"
    words += ["--method", "joint-hard", "--mask", "grabcut", "--prompt", prompt, "--json", file]
    assert call(*words) == 0
    assert json.loads(file.read_text())["settings"]["prompt"] == prompt


def test_the_photos_of_alphamatting_need_a_trimap_or_a_method_that_makes_one(tmp_path, capsys):
    words, file = plant("alphamatting", tmp_path / "data")[:-2], tmp_path / "scores.json"
    assert call(*words) == 2
    assert "choose --trimap 1 (narrow) or 2 (wide)" in capsys.readouterr().err
    assert call(*words, "--method", "joint-hard", "--mask", "5", "--json", file) == 0
    assert json.loads(file.read_text())["settings"] == {"mask": "5", "weights": "bundled"}


def test_guidance_is_what_its_name_says():
    image, alpha, trimap = disc(0)
    photo = photos.Photo("a", image, alpha.astype(np.float32) / 255, trimap)
    simulated = Guidance("pseudo-7", "5", kernel=3)
    mask = runner.guides.coarse_mask(photo, simulated)
    from matting.data.perturb import simulated_mask

    np.testing.assert_array_equal(mask, simulated_mask(photo.truth, 5, kernel=3))
    np.testing.assert_array_equal(runner.guides.trimap(photo, mask, simulated), from_mask(mask, 7))
    true = runner.guides.trimap(photo, None, Guidance("true-5"))
    np.testing.assert_array_equal(true, from_alpha(photo.truth, 5, 5))
    assert runner.guides.trimap(photo, None, Guidance("given")) is photo.trimap
    assert not simulated.from_truth and Guidance("true-5").from_truth and not Guidance("tgn", "5").from_truth
    with pytest.raises(ValueError, match="made from a coarse mask"):
        check_kinds(Guidance("tgn"))


def test_runs_are_labelled_as_in_the_paper(tmp_path):
    plant("composition-1k", tmp_path)
    found = _found("composition-1k", tmp_path)
    runs = protocols.plan("composition-1k", found, Choices(["joint-soft", "joint-hard"], masks=["20", "30"]))
    assert list(runs) == ["JIS-20", "JIS-30", "JIH-20", "JIH-30"]
    assert {run.scoring for run in runs.values()} == {"whole"}
    (alone,) = protocols.plan("composition-1k", found, Choices()).items()
    assert alone[0] == "SPAMattNet" and alone[1].scoring == "unknown"


def test_a_single_file_of_spamattnets_weights_goes_with_the_bundled_tgn(tmp_path, monkeypatch):
    monkeypatch.undo()
    methods.load_pipeline.cache_clear()
    save_weights(SPAMattNet(NARROWEST), tmp_path / "net.safetensors")
    pipeline = methods.load_pipeline(str(tmp_path / "net.safetensors"), "cpu")
    image, _, trimap = disc(0)
    assert pipeline.alpha(image, trimap).shape == trimap.shape
    assert methods.weights_digest(str(tmp_path / "net.safetensors")) != methods.weights_digest(None)
    with pytest.raises(ValueError, match="TGN, which makes no mattes"):
        methods.load_pipeline(str(weights.BUNDLED / "tgn.safetensors"), "cpu")
