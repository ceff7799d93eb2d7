import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from matting.__main__ import main
from matting.data.layouts.alphamatting import TRIMAPS, read_alphamatting
from matting.evaluation import tables
from matting.evaluation.benchmarks.definitions import score_unknown
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.methods import read_prediction
from matting.evaluation.metrics import Scores
from matting.inference.fusion import hard_fusion
from matting.methods.classical import BASELINES, closed_form
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

NAMES = ("GT02", "GT05", "GT11")


def blend(size, seed):
    """A soft disc of one colour over another, where closed-form matting is exact: image, trimap, alpha."""
    height, width = size
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    alpha = np.clip(1.5 - np.hypot(y - height / 2, x - width / 2) / (min(size) / 4), 0, 1)
    foreground, background = generator.integers(150, 250, 3), generator.integers(0, 100, 3)
    image = np.rint(alpha[..., None] * foreground + (1 - alpha[..., None]) * background).astype(np.uint8)
    known = (
        cv2.erode((alpha == 1).astype(np.uint8), np.ones((3, 3))),
        cv2.erode((alpha == 0).astype(np.uint8), np.ones((3, 3))),
    )
    trimap = np.select([known[0] == 1, known[1] == 1], [FOREGROUND, BACKGROUND], UNKNOWN).astype(np.uint8)
    return image, trimap, alpha


@pytest.fixture
def root(tmp_path):
    """Three photos in the published layout: the truth gray or in three channels, a trimap with a palette."""
    for index, name in enumerate(NAMES):
        image, trimap, alpha = blend((40 + index, 52), index)
        truth = Image.fromarray(np.rint(alpha * 255).astype(np.uint8))
        trimap = Image.fromarray(trimap)
        files = {
            "input_training_lowres": Image.fromarray(image),
            "trimap_training_lowres/Trimap1": trimap.convert("P", palette=Image.Palette.ADAPTIVE) if index else trimap,
            "trimap_training_lowres/Trimap2": trimap,
            "gt_training_lowres": truth.convert("RGB") if index else truth,
        }
        for folder, picture in files.items():
            (tmp_path / "val" / folder).mkdir(parents=True, exist_ok=True)
            picture.save(tmp_path / "val" / folder / f"{name}.png")
    return tmp_path / "val"


def read(root, trimap, name):
    """One photo with this trimap alone."""
    (example,) = [one for one in read_alphamatting(root, "training", [trimap]) if one.name == name]
    return load(example, trimap)


@pytest.fixture
def published(shared_data, root):
    """The real photos where they are at hand, otherwise the generated ones."""
    return shared_data / "alphamatting-val" if shared_data else root


def test_photos_are_found_by_name_in_order(root):
    assert tuple(example.name for example in read_alphamatting(root, "training", ["1"])) == NAMES


@pytest.mark.parametrize("trimap", TRIMAPS["training"])
def test_every_photo_comes_with_a_trimap_and_a_truth_of_its_size(published, trimap):
    for example in read_alphamatting(published, "training", [trimap]):
        photo = load(example, trimap)
        assert photo.image.shape == (*photo.trimap.shape, 3) and photo.truth.shape == photo.trimap.shape
        assert set(np.unique(photo.trimap)) == {BACKGROUND, UNKNOWN, FOREGROUND}
        assert photo.truth[photo.trimap == FOREGROUND].mean() > 0.99
        assert photo.truth[photo.trimap == BACKGROUND].mean() < 0.01
        perfect = score_unknown(photo.truth, photo, photo.trimap)
        assert (perfect["SAD"], perfect["MSE"], perfect["MAD"]) == (0, 0, 0)


def test_a_truth_in_three_channels_equals_the_gray_one(root):
    photo = read(root, "1", "GT05")
    assert photo.truth == pytest.approx(np.rint(blend((41, 52), 1)[2] * 255) / 255, abs=1e-6)


@pytest.mark.parametrize("folder", ["input_training_lowres", "trimap_training_lowres/Trimap1", "gt_training_lowres"])
def test_a_missing_file_names_itself(root, folder):
    (root / folder / "GT05.png").unlink()
    with pytest.raises(ValueError, match=f"{folder}/GT05.png"):
        read_alphamatting(root, "training", ["1"])


def test_the_other_trimap_is_not_needed(root):
    (root / "trimap_training_lowres" / "Trimap1" / "GT05.png").unlink()
    examples = read_alphamatting(root, "training", ["2"])
    assert tuple(example.name for example in examples) == NAMES
    assert all(list(example.trimaps) == ["2"] for example in examples)


def test_a_missing_folder_names_itself(root, tmp_path):
    with pytest.raises(ValueError, match="input_training_lowres is missing"):
        read_alphamatting(tmp_path / "elsewhere", "training", ["1"])
    with pytest.raises(ValueError, match=r"1 \(narrow\) or 2"):
        read_alphamatting(root, "training", ["3"])


def test_a_truth_of_another_size_is_refused_not_resized(root):
    path = root / "gt_training_lowres" / "GT02.png"
    Image.open(path).resize((104, 80)).save(path)
    with pytest.raises(ValueError, match="GT02.png is 104x80 pixels, but its photo is 52x40"):
        read(root, "1", "GT02")


def test_known_values_are_written_over_alpha_before_scoring(root):
    photo = read(root, "1", "GT02")
    generator = np.random.default_rng(0)
    alpha = generator.random(photo.truth.shape)
    spoiled = np.where(photo.trimap == UNKNOWN, alpha, generator.random(alpha.shape))
    kept = hard_fusion(alpha, photo.trimap)
    scores = score_unknown(alpha, photo, photo.trimap)
    assert score_unknown(spoiled, photo, photo.trimap) == score_unknown(kept, photo, photo.trimap) == scores
    assert (kept[photo.trimap == FOREGROUND] == 1).all()
    assert (kept[photo.trimap == BACKGROUND] == 0).all()
    assert kept[photo.trimap == UNKNOWN] == pytest.approx(alpha[photo.trimap == UNKNOWN])
    unknown = photo.trimap == UNKNOWN
    difference = np.abs(kept.astype(np.float32) - photo.truth)[unknown].sum() / 1000
    assert scores["SAD"] == pytest.approx(difference, rel=1e-5)


def test_an_alpha_of_another_size_is_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "GT02.png")
    with pytest.raises(ValueError, match="GT02"):
        read_prediction(str(tmp_path), "GT02", (40, 52))


@pytest.mark.parametrize(("method", "tolerance"), [("closed-form", 0.01), ("lbdm", 0.01), ("knn", 0.15)])
def test_baselines_solve_what_their_assumption_covers(method, tolerance):
    image, trimap, alpha = blend((48, 48), 3)
    found = BASELINES[method](image, trimap)
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    assert np.abs(found - alpha).mean() < tolerance


def test_baselines_need_both_known_regions_unless_nothing_is_unknown():
    image, trimap, _ = blend((32, 32), 4)
    for value, name in ((FOREGROUND, "foreground"), (BACKGROUND, "background")):
        with pytest.raises(ValueError, match=f"needs known {name}"):
            closed_form(image, np.where(trimap == value, UNKNOWN, trimap).astype(np.uint8))
    solid = np.full_like(trimap, FOREGROUND)
    assert (closed_form(image, solid) == 1).all()


def test_the_command_prints_a_table_writes_json_and_saves_the_alphas(root, tmp_path, capsys):
    file, folder = tmp_path / "new" / "scores.json", tmp_path / "alphas"
    call = ["evaluate", "alphamatting", "--root", str(root), "--trimap", "1", "--method", "closed-form"]
    assert main([*call, "--json", str(file), "--save", str(folder)]) == 0
    table = capsys.readouterr().out
    document = json.loads(file.read_text())
    assert list(document) == ["benchmark", "method", "settings", "mean", "images"]
    assert (document["benchmark"], document["method"], document["settings"]) == (
        "alphamatting",
        "closed-form",
        {"trimap": 1},
    )
    assert tuple(document["images"]) == NAMES and list(document["mean"]) == [
        "SAD",
        "MSE",
        "MAD",
        "Grad",
        "Conn",
    ]
    for measure, mean in document["mean"].items():
        assert mean == pytest.approx(np.mean([row[measure] for row in document["images"].values()]))
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == [*NAMES, "mean"]
    for name in NAMES:
        saved = np.asarray(Image.open(folder / f"{name}.png"))
        photo = read(root, "1", name)
        assert saved.dtype == np.uint16
        assert score_unknown(saved / 65535, photo, photo.trimap)["SAD"] == pytest.approx(
            document["images"][name]["SAD"], abs=1e-4
        )
    assert main([*call, "--against", str(file)]) == 0
    assert "closed-form" in (said := capsys.readouterr().out) and "1.000 times" in said


def test_the_command_refuses_what_cannot_be_compared_before_it_works(root, tmp_path, capsys):
    call = ["evaluate", "alphamatting", "--root", str(root), "--method", "closed-form"]
    narrow, text = tmp_path / "narrow.json", tmp_path / "notes.json"
    assert main([*call, "--trimap", "1", "--json", str(narrow)]) == 0
    text.write_text('{"images": 3}')
    capsys.readouterr()
    for file, words in (
        (narrow, "the trimap is 2 here and 1 there"),
        (text, "notes.json: This is no report"),
    ):
        assert main([*call, "--trimap", "2", "--against", str(file)]) == 2
        output = capsys.readouterr()
        assert words in output.err and output.err.count("\n") == 1 and not output.out
    (root / "gt_training_lowres" / "GT02.png").unlink()
    assert main([*call, "--trimap", "2"]) == 2
    assert "GT02.png" in capsys.readouterr().err


def test_the_command_scores_coarse_masks_too(root, tmp_path, capsys):
    assert main(["evaluate", "coarse", "--root", str(root)]) == 0
    table = capsys.readouterr().out
    assert "3 clicks" in table and all(name in table for name in NAMES)
    for wrong in (["--root", str(root), "--coarse", "magic"], ["--root", str(tmp_path)]):
        assert main(["evaluate", "coarse", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


scores = st.builds(Scores, *[st.floats(0, 1e6)] * 5).map(tables.named)
reports = st.builds(
    tables.Report,
    st.text(max_size=9),
    st.text(max_size=9),
    st.dictionaries(st.text(max_size=9), st.none() | st.integers() | st.text(max_size=9), max_size=3),
    st.dictionaries(st.text("GT0123", min_size=1, max_size=5), scores, min_size=1, max_size=4),
)


@settings(max_examples=50)
@given(reports)
def test_reports_survive_json_and_tables_are_rectangular(report):
    assert tables.from_json(tables.to_json(report)) == report
    lines = tables.to_markdown(report).splitlines()
    assert len(lines) == len(report.images) + 3
    assert len({len(line) for line in lines}) == 1 and {line.count("|") for line in lines} == {7}
    for measure, mean in report.mean.items():
        assert mean == pytest.approx(np.mean([row[measure] for row in report.images.values()]))


def test_a_perfect_report_can_be_compared_against():
    perfect = tables.Report("alphamatting", "oracle", {"trimap": 1}, {"GT02": tables.named(Scores(0, 0, 0, 0, 0))})
    assert tables.compare(perfect, perfect) == "Mean SAD: oracle 0.000, beside that of oracle (0.000)."
