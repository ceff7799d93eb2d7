import csv
import math

import numpy as np
import pytest
import reference_metrics
import torch
from disk import files_of_at_most
from network_cases import NARROWEST, NARROWEST_TGN
from PIL import Image
from torch import nn
from training_cases import SCHEDULE, assert_same_runs, fill, go

from matting.data.composites.compose import CompositeData
from matting.networks.backbones.u2net import CONFIGS, U2Net
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN
from matting.training.observers import Begun, CsvLog, PictureFiles
from matting.training.observers.pictures import ROWS, TILE
from matting.training.schedules import Schedule
from matting.training.stages import STAGES
from matting.training.validation import (
    HeldOutExample,
    Judgement,
    Validation,
    from_sample,
    judge_alpha,
    judge_saliency,
    judge_trimap,
    read_photos,
    total,
)


@pytest.fixture(scope="module")
def composites(tmp_path_factory):
    """Two samples of each network."""
    pool = fill(tmp_path_factory.mktemp("pool"))
    photos = [np.asarray(Image.open(path)) for path in sorted((pool / "photos").iterdir())]
    data = CompositeData(sorted(pool.glob("*.png")), photos, 64, seed=0)
    return {name: stage.composites(data, Schedule(steps=1, batch=2)) for name, stage in STAGES.items()}


def test_a_sample_becomes_the_example_that_it_was(composites):
    for sample in (composites["spamattnet"][0], composites["tgn"][0]):
        example = from_sample(sample)
        np.testing.assert_allclose(example.image.transpose(2, 0, 1) / 255, sample["image"], atol=1e-6)
    example, sample = from_sample(composites["spamattnet"][0]), composites["spamattnet"][0]
    assert np.array_equal(example.guidance == 128, sample["trimap"][0] == 0.5)
    assert np.array_equal(example.guidance == 255, sample["trimap"][0] == 1)
    assert np.array_equal(example.truth, sample["alpha"][0])
    example, sample = from_sample(composites["tgn"][1]), composites["tgn"][1]
    assert np.array_equal(example.truth // 127, sample["classes"])


def test_an_alphas_score_is_its_sad_over_the_unknown_region(composites):
    example = from_sample(composites["spamattnet"][0])
    network = SPAMattNet(NARROWEST).eval()
    judgement = judge_alpha(network, example)
    sample = composites["spamattnet"][0]
    with torch.no_grad():
        alpha = network(sample["image"][None], sample["trimap"][None]).alpha.clamp(0, 1)[0, 0].numpy()
    unknown = example.guidance == 128
    assert judgement.counts == pytest.approx(np.abs(alpha - example.truth)[unknown].sum() / 1000, rel=1e-4)
    assert set(np.unique(judgement.answer[~unknown])) <= {0, 1}


def test_a_trimaps_score_is_the_mean_of_three_ious(composites):
    examples = [from_sample(composites["tgn"][index]) for index in range(2)]
    judgements = [judge_trimap(TGN(NARROWEST_TGN).eval(), example) for example in examples]
    answers = np.stack([judgement.answer for judgement in judgements])
    truths = np.stack([example.truth for example in examples])
    ious = []
    for value in (0, 128, 255):
        union = ((answers == value) | (truths == value)).sum()
        ious.append(((answers == value) & (truths == value)).sum() / union if union else 1)
    assert total(judgements) == pytest.approx(np.mean(ious))


def looker(**options):
    """A validation of the toy network, which judges by its weights alone."""
    image = np.full((40, 30, 3), 200, np.uint8)
    example = HeldOutExample(image, np.full((40, 30), 128, np.uint8), np.ones((40, 30), np.float32))

    def judge(network, example):
        assert not network.training
        torch_numbers = torch.get_rng_state()
        bias = float(list(network.parameters())[-1].detach())
        assert torch.equal(torch_numbers, torch.get_rng_state())
        return Judgement(np.full((40, 30), 0.25, np.float32), abs(bias))

    return Validation(lambda network, batch: torch.zeros(()), judge, "sad", photos=[example] * 9, **options)


def test_looking_changes_nothing_and_is_logged(tmp_path):
    go(tmp_path / "plain")
    go(tmp_path / "looked", validation=looker(), validate_every=0)
    assert_same_runs(tmp_path / "plain", tmp_path / "looked")
    with (tmp_path / "looked" / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["step", "loss", "rate", "seconds", "photos_sad"]
    assert all(math.isfinite(float(row["photos_sad"])) for row in rows)


def write_picture(folder, step):
    files = PictureFiles()
    files.on_begin(Begun(folder, 0, 99, ()))
    files.on_look(looker()(nn.Linear(1, 1).eval(), step))


def test_a_picture_shows_photo_guidance_answer_and_magenta(tmp_path):
    write_picture(tmp_path, 34)
    picture = np.asarray(Image.open(tmp_path / "validation" / "0000034.png"))
    assert picture.shape == (ROWS * TILE, 4 * TILE, 3)
    tiles = [picture[60, column * TILE + 40] for column in range(4)]
    assert tiles[0].tolist() == [200] * 3 and tiles[1].tolist() == [128] * 3 and tiles[2].tolist() == [64] * 3
    expected = 0.25 * np.array([200, 200, 200]) + 0.75 * np.array([255, 0, 255])
    np.testing.assert_allclose(tiles[3], expected, atol=1)


def test_by_default_the_last_step_alone_is_looked_at_if_time_is_short(tmp_path):
    go(tmp_path, validation=looker(), validate_every=math.inf, observers=[PictureFiles()])
    assert [path.name for path in (tmp_path / "validation").iterdir()] == [f"{SCHEDULE.steps:07d}.png"]


def test_a_log_without_the_columns_gets_them_and_keeps_them(tmp_path):
    go(tmp_path, time_limit=0)
    go(tmp_path, time_limit=0, validation=looker(), validate_every=0)
    go(tmp_path, time_limit=0)
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["photos_sad"] != "" for row in rows] == [False, True, False]
    assert [row["step"] for row in rows] == ["1", "2", "3"]


def test_a_log_that_was_cut_short_loses_its_last_row_alone(tmp_path):
    (tmp_path / "log.csv").write_text("step,loss,rate,seconds\n1,2.0,1e-3,0.1\n2,2.0,1e-3,0.2\n3,2.")
    CsvLog().on_begin(Begun(tmp_path, 9, 12, ()))
    assert (tmp_path / "log.csv").read_text().splitlines()[1:] == ["1,2.0,1e-3,0.1", "2,2.0,1e-3,0.2"]


def test_a_disk_too_full_for_a_picture_is_told_in_a_sentence(tmp_path):
    with files_of_at_most(100), pytest.raises(OSError, match="picture could not be written.*checkpoint is kept"):
        write_picture(tmp_path, 1)


def test_a_masks_score_is_its_mean_difference_from_alpha(composites):
    """Beside the mask that `--coarse u2net` makes of the same photo."""
    example, sample = from_sample(composites["u2net"][0]), composites["u2net"][0]
    assert np.array_equal(example.truth, sample["alpha"][0]) and example.image.shape == (64, 64, 3)
    network = U2Net(CONFIGS["u2netp"]).eval()
    judgement = judge_saliency(network, example)
    with torch.no_grad():
        large = torch.nn.functional.interpolate(sample["image"][None], (320, 320), mode="bilinear")
        mask = network(large)[0]
    mask = (mask - mask.min()) / (mask.max() - mask.min())
    mask = torch.nn.functional.interpolate(mask, (64, 64), mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(judgement.answer, mask, atol=0.02)
    assert judgement.counts == pytest.approx(np.abs(mask - example.truth).mean(), abs=5e-3)
    assert total([judgement, Judgement(mask, 0.5)]) == pytest.approx((judgement.counts + 0.5) / 2)


@pytest.mark.parametrize("stage", STAGES)
def test_photos_in_alphamattings_layout_are_looked_at(tmp_path, stage):
    root, random = tmp_path / "data", np.random.default_rng(0)
    for folder in ("input_training_lowres", "trimap_training_lowres/Trimap1", "gt_training_lowres"):
        (root / folder).mkdir(parents=True)
    y, x = np.mgrid[:80, :70]
    alpha = np.clip(1.5 - np.hypot(y - 40, x - 35) / 20, 0, 1)
    trimap = np.select([alpha == 1, alpha == 0], [255, 0], 128).astype(np.uint8)
    for name in ("GT01", "GT02"):
        photo = random.integers(0, 256, (80, 70, 3), dtype=np.uint8)
        for folder, plane in (("input_training_lowres", photo), ("trimap_training_lowres/Trimap1", trimap)):
            Image.fromarray(plane).save(root / folder / f"{name}.png")
        Image.fromarray(np.rint(alpha * 255).astype(np.uint8)).save(root / "gt_training_lowres" / f"{name}.png")
    examples = read_photos(root, stage)
    assert len(examples) == 2 and all(example.image.shape == (80, 70, 3) for example in examples)
    assert examples[0].guidance.dtype == (np.uint8 if stage == "spamattnet" else np.float32)
    built = {"spamattnet": lambda: SPAMattNet(NARROWEST), "u2net": lambda: U2Net(CONFIGS["u2netp"])}
    network = built.get(stage, lambda: TGN(NARROWEST_TGN))().eval()
    look = Validation(None, STAGES[stage].judge, STAGES[stage].score, photos=examples)
    found = look(network, 1).scores
    assert list(found) == [f"photos_{STAGES[stage].score}"]
    if stage == "spamattnet":
        answers = [STAGES[stage].judge(network, example).answer for example in examples]
        unknown = trimap == 128
        sads = [reference_metrics.sad(answer, examples[0].truth, unknown) for answer in answers]
        assert found["photos_sad"] == pytest.approx(np.mean(sads))
