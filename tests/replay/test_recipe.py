import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from network_cases import NARROWEST, NARROWEST_TGN, randomise_norms
from pictures import clouds
from PIL import Image
from strategies import sizes

import matting
from matting import MattingPipeline, masks
from matting.__main__ import main
from matting.inference.fusion import hard_fusion
from matting.methods.classical import closed_form
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.replay import run_length
from matting.replay.recipe import PLANES, UNTOUCHED, Recipe, read_recipe
from matting.replay.replaying import matches, notebook_cell, record, replay
from matting.trimaps.editing import set_band_percent

CHECKOUT = Path(matting.__file__).parents[1]
SIZE = (70, 90)


def make(seed=0):
    """A narrow pipeline whose TGN answers differently over the photo."""
    torch.manual_seed(seed)
    tgn = TGN(NARROWEST_TGN)
    with torch.no_grad():
        tgn.classify.weight.mul_(100)
    return MattingPipeline(tgn, randomise_norms(SPAMattNet(NARROWEST)), device="cpu")


@pytest.fixture(scope="module")
def pipeline():
    return make()


@pytest.fixture(scope="module")
def weights(pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def photo_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    Image.fromarray(clouds(SIZE)).save(path)
    return path


def worked(pipeline, fusion="soft"):
    """What a person does in the page, step by step by the package's functions, and its recipe."""
    image, points, box = clouds(SIZE), [(40, 30, 1), (5, 5, 0)], (10, 8, 80, 60)
    mask = pipeline.coarse_mask(image, points, box, "grabcut")
    for tool, pixels in (("grow", 2.5), ("fill holes", 0.0)):
        mask = masks.TOOLS[tool](np.rint(mask * 255).astype(np.float32) / 255, pixels)
    mask = np.rint(mask * 255).astype(np.float32) / 255
    probabilities = pipeline.trimap_probabilities(image, mask)
    first = pipeline.trimap(image, mask)
    trimap = set_band_percent(first, 12)
    painted = np.zeros(SIZE, bool)
    painted[20:30, 40:60] = True
    trimap[painted] = 128
    painted[60:66, 50:80] = True  # over what TGN says already: no change, but certain from now on
    trimap[60:66, 50:80] = first[60:66, 50:80]
    trimap[50:52, 3:9] = 255
    one_hot = np.eye(3, dtype=np.float32)[(trimap.astype(int) + 1) // 128]
    decided = np.where(painted[..., None], one_hot, probabilities)
    alpha = pipeline.alpha(image, trimap, decided, fusion)
    recipe = record(
        pipeline, image, trimap=trimap, tgn_trimap=first, painted=painted, band=12, alpha=alpha, fusion=fusion,
        points=points, box=box, segmenter="grabcut", mask_tools=[("grow", 2.5), ("fill holes", 0)],
    )  # fmt: skip
    return recipe, alpha, trimap, mask


@pytest.fixture(scope="module")
def recipe(pipeline):
    return worked(pipeline)[0]


@given(sizes.flatmap(lambda size: arrays(np.uint8, size, elements=st.sampled_from([0, 1, 128, 255]))))
def test_run_lengths_come_back_as_they_were_and_no_run_touches_its_like(plane):
    runs = run_length.encode(plane)
    np.testing.assert_array_equal(run_length.decode(runs, plane.shape), plane)
    assert all(one != other for one, other in zip(runs[::2], runs[2::2], strict=False))
    assert json.loads(json.dumps(runs)) == runs


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([0, 5], "should fill 3x2 pixels, got 5"),
        ([0, 7], "got 7"),
        ([0, 6, 1], "pairs"),
        ([256, 6], "from 0 to 255"),
        ([-1, 6], "from 0 to 255"),
        ([0, 6, 1, 0], "lengths of at least 1"),
        ([0, 8, 1, -2], "lengths of at least 1"),
    ],
)
def test_run_lengths_that_do_not_fill_the_photo_are_refused_in_words(runs, words):
    with pytest.raises(ValueError, match=words):
        run_length.decode(runs, (2, 3))


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_a_replay_is_the_work_bit_for_bit(pipeline, fusion):
    recipe, alpha, trimap, mask = worked(pipeline, fusion)
    result = replay(Recipe.from_json(recipe.to_json()), pipeline, clouds(SIZE))
    np.testing.assert_array_equal(result.coarse_mask, mask)
    np.testing.assert_array_equal(result.trimap, trimap)
    np.testing.assert_array_equal(result.alpha, alpha)
    assert matches(recipe, result.alpha) and result.notices == ()


def test_ones_own_mask_and_ones_own_trimap_are_replayed(pipeline):
    mask = np.zeros(SIZE)
    mask[10:50, 20:60] = 200 / 255
    trimap = pipeline.trimap(clouds(SIZE), mask)
    alpha = pipeline.alpha(clouds(SIZE), trimap)
    own_mask = record(pipeline, clouds(SIZE), trimap=trimap, tgn_trimap=trimap, mask=mask, alpha=alpha)
    assert own_mask.edits is None and own_mask.painted is None
    assert matches(own_mask, replay(own_mask, pipeline, clouds(SIZE)).alpha)
    own_trimap = record(pipeline, clouds(SIZE), trimap=trimap, alpha=alpha)
    result = replay(Recipe.from_json(own_trimap.to_json()), pipeline, clouds(SIZE))
    np.testing.assert_array_equal(result.trimap, trimap)
    assert matches(own_trimap, result.alpha) and result.coarse_mask is None and result.trimap_probabilities is None


def test_json_and_back_is_the_identity_and_edits_are_few_numbers(recipe):
    text = recipe.to_json()
    assert Recipe.from_json(text) == recipe
    assert json.loads(text)["points"] == [[40.0, 30.0, 1], [5.0, 5.0, 0]]
    edits = recipe.plane("edits")
    assert set(np.unique(edits)) <= {0, UNTOUCHED, 128, 255} and (edits != UNTOUCHED).any()
    assert len(text) < 5000


def test_every_plane_is_a_field():
    assert set(PLANES) <= {field.name for field in dataclasses.fields(Recipe)}


def test_a_recipe_asks_for_no_more_threads_than_a_machine_bears(recipe, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    threads = [dataclasses.replace(recipe, threads=count).threads_here() for count in (1, 48, 1000)]
    assert threads == [1, 48, 64]


def test_json_that_is_nested_without_end_is_refused_in_words():
    with pytest.raises(ValueError, match="no JSON"):
        Recipe.from_json("[" * 1_000_000)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", [70]), ("size", [70, 90.0]), ("size", [0, 90]), ("photo", "abc"), ("weights", None),
        ("segmenter", 3), ("points", [[1, 2]]), ("points", [[1, 2, 3]]), ("points", [["1", 2, 1]]), ("box", [1, 2, 3]),
        ("box", [1, 2, 3, float("nan")]), ("candidate", -1), ("candidate", True), ("mask", [[0, 6300]]),
        ("mask_tools", [["explode", 1]]), ("mask_tools", [["grow", -1]]), ("mask_tools", [[["grow"], 1]]),
        ("band", -1), ("edits", "0"), ("edits", [1, 6299]), ("edits", [7, 6300]), ("painted", [2, 6300]),
        ("trimap", [64, 6300]), ("fusion", "medium"), ("alpha", 1), ("dtype", "float8"), ("threads", 0),
        ("mask_tools", [["invert", 0]] * 100_000), ("points", [[1, 2, 1]] * 100_000), ("threads", 4096),
        ("versions", []), ("method", "magic"), ("method_source", ""), ("method_weights", 3),
    ],
)  # fmt: skip
def test_values_that_a_field_cannot_have_are_refused_by_its_name(recipe, field, value):
    text = json.dumps(json.loads(recipe.to_json()) | {field: value})
    with pytest.raises(ValueError, match=f"recipe's field {field} ") as error:
        Recipe.from_json(text)
    assert str(error.value).endswith(".") and "\n" not in str(error.value)


def test_missing_and_unknown_fields_other_formats_and_no_json_are_refused_in_words(recipe, tmp_path):
    values = json.loads(recipe.to_json())
    with pytest.raises(ValueError, match="has the unknown field more"):
        Recipe.from_json(json.dumps(values | {"more": 1}))
    with pytest.raises(ValueError, match="lacks field fusion"):
        Recipe.from_json(json.dumps({key: value for key, value in values.items() if key != "fusion"}))
    for other in (values | {"format": 1}, [values], 3):
        with pytest.raises(ValueError, match="no recipe of format 2"):
            Recipe.from_json(json.dumps(other))
    with pytest.raises(ValueError, match="is no JSON"):
        Recipe.from_json("{")
    with pytest.raises(ValueError, match="more than the limit of 64 megapixels"):
        Recipe.from_json(json.dumps(values | {"size": [30000, 30000], "edits": None, "painted": None}))
    (tmp_path / "picture.json").write_bytes(b"\xff\xd8\xff")
    for path in (tmp_path / "none.json", tmp_path / "picture.json", tmp_path):
        with pytest.raises(ValueError, match="is no recipe that can be read"):
            read_recipe(path)


def test_other_weights_sizes_and_candidates_are_refused_in_words(pipeline, recipe):
    with pytest.raises(ValueError, match="was made with other weights"):
        replay(recipe, make(seed=1), clouds(SIZE))
    with pytest.raises(ValueError, match="for a photo of 90x70 pixels, got 90x69"):
        replay(recipe, pipeline, clouds(SIZE)[:-1])
    with pytest.raises(ValueError, match="takes candidate 10, but there are"):
        replay(dataclasses.replace(recipe, candidate=9), pipeline, clouds(SIZE))


def test_another_photo_of_the_size_is_matted_and_remarked(pipeline, recipe):
    first, second = replay(recipe, pipeline, clouds(SIZE)[::-1]).notices
    assert "another one than the recipe's" in first and "not the recipe's bit for bit" in second


def test_the_fingerprint_is_of_the_numbers_and_not_of_the_file(pipeline, weights):
    assert MattingPipeline.from_pretrained(weights, device="cpu").fingerprint == pipeline.fingerprint
    assert make(seed=1).fingerprint != pipeline.fingerprint
    other = make()
    with torch.no_grad():
        next(other._originals["tgn"].parameters()).flatten()[0] += 1e-6
    assert other.fingerprint != pipeline.fingerprint


def test_the_command_replays_bit_for_bit_in_another_process(pipeline, recipe, weights, photo_file, tmp_path):
    assert recipe.threads == torch.get_num_threads() and recipe.device == "cpu"
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    words = ["replay", tmp_path / "recipe.json", photo_file, "--out", tmp_path / "out", "--weights", weights]
    done = subprocess.run(
        [sys.executable, "-m", "matting", *map(str, words)], cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "bit for bit the same alpha" in done.stdout
    written = np.asarray(Image.open(tmp_path / "out" / "photo_alpha.png"))
    alpha = replay(recipe, pipeline, photo_file).alpha
    np.testing.assert_array_equal(written, np.rint(alpha.astype(np.float64) * 65535).astype(np.uint16))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "photo_alpha.png",
        "photo_cutout.png",
        "photo_trimap.png",
    ]


def test_the_command_replays_another_method_too(pipeline, weights, photo_file, tmp_path, capsys):
    trimap = np.full(SIZE, 128, np.uint8)
    trimap[:, :30], trimap[:, 60:] = 0, 255
    alpha = hard_fusion(closed_form(clouds(SIZE), trimap), trimap)
    recipe = record(pipeline, clouds(SIZE), trimap=trimap, alpha=alpha, method="closed-form")
    assert {"pymatting", "scipy"} < dict(recipe.versions).keys()
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    words = ["replay", tmp_path / "recipe.json", photo_file, "--out", tmp_path / "out", "--weights", weights]
    assert main([str(word) for word in words]) == 0
    assert "bit for bit the same alpha" in capsys.readouterr().out


def test_the_command_tells_when_the_alpha_is_another_one(recipe, weights, photo_file, tmp_path, capsys):
    (tmp_path / "recipe.json").write_text(dataclasses.replace(recipe, alpha="0" * 64).to_json())
    words = ["replay", tmp_path / "recipe.json", photo_file, "--out", tmp_path, "--weights", weights]
    assert main([str(word) for word in words]) == 1
    out, err = capsys.readouterr()
    assert "bit for bit" not in out and "not the recipe's bit for bit" in err


def test_the_command_refuses_other_weights_and_writing_over_the_photo(recipe, weights, photo_file, tmp_path, capsys):
    path = tmp_path / "recipe.json"
    path.write_text(dataclasses.replace(recipe, weights="0" * 64).to_json())
    words = [str(word) for word in ("replay", path, photo_file, "--out", tmp_path / "out", "--weights", weights)]
    assert main(words) == 2
    assert "was made with other weights (000000000000…" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    named = tmp_path / "x_alpha.png"
    Image.fromarray(clouds(SIZE)).save(named)
    named.rename(tmp_path / "x.png")
    (tmp_path / "x_alpha.png").symlink_to(tmp_path / "x.png")
    path.write_text(recipe.to_json())
    assert main(["replay", str(path), str(tmp_path / "x.png"), "--out", str(tmp_path), "--weights", str(weights)]) == 2
    assert "would be written over" in capsys.readouterr().err


def test_a_notebook_cell_replays_the_recipe(pipeline, recipe, weights, photo_file):
    namespace = {}
    exec(compile(notebook_cell(recipe, str(photo_file), str(weights)), "cell", "exec"), namespace)
    assert matches(recipe, namespace["result"].alpha)
    assert notebook_cell(recipe, "photo.jpg").rstrip().endswith("result.cutout")
