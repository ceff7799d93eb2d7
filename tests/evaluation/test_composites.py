import json
from types import SimpleNamespace

import numpy as np
import pytest
from composite_cases import layer, photos
from PIL import Image

from matting.__main__ import main
from matting.commands.evaluate import composites as _composites
from matting.data.composites.compose import CompositeData
from matting.data.layouts import read_layout
from matting.data.pools.pool import read_pool, write_foreground
from matting.evaluation import composites
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.benchmarks.trimap_free import EROSIONS
from matting.trimaps.algebra import UNKNOWN


@pytest.fixture
def folders(tmp_path):
    """A pool of two soft discs, and two photos."""
    for name in ("pool", "photos"):
        (tmp_path / name).mkdir()
    for index in range(2):
        write_foreground(tmp_path / "pool", index, layer((160, 160), index, radius=60))
        Image.fromarray(photos()[index]).save(tmp_path / "photos" / f"{index}.png")
    return tmp_path


@pytest.fixture
def samples(folders):
    return list(_composites._samples(CompositeData(read_pool(folders / "pool"), photos(), 128, seed=3), 3))


class Oracle:
    """Answers by looking up the sample that an image belongs to, with a share of the truth spoiled."""

    def __init__(self, samples, spoiled=0):
        self.samples, self.spoiled = {sample.image.tobytes(): sample for sample in samples}, spoiled

    def trimap(self, image, mask):
        found = self.samples[image.tobytes()].trimap.copy()
        found[: int(self.spoiled * len(found))] = UNKNOWN
        return found

    def alpha(self, image, trimap):
        return (1 - self.spoiled) * self.samples[image.tobytes()].alpha


def test_the_truth_is_scored_as_perfect(samples):
    outcome = composites.evaluate(samples, Oracle(samples))
    assert tuple(outcome.trimaps) == EROSIONS
    assert all(set(vars(scores).values()) == {1.0} for scores in outcome.trimaps.values())
    assert set(vars(outcome.alpha).values()) == {0.0}


def test_scores_are_those_of_all_pixels_and_of_the_mean_composite(samples):
    outcome = composites.evaluate(samples, Oracle(samples, spoiled=0.5))
    truth, found = (
        np.stack([get(sample) for sample in samples]) for get in (lambda c: c.trimap, lambda c: c.trimap.copy())
    )
    found[:, :64] = UNKNOWN
    unions = [(truth == v) | (found == v) for v in (0, 128, 255)]
    ious = [((truth == v) & (found == v)).sum() / u.sum() for v, u in zip((0, 128, 255), unions, strict=True)]
    expected = ((truth == found).mean(), *ious, np.mean(ious))
    for scores in outcome.trimaps.values():
        assert tuple(vars(scores).values()) == pytest.approx(expected)
    sads = [0.5 * sample.alpha[sample.guidance == UNKNOWN].sum() / 1000 for sample in samples]
    assert outcome.alpha.sad == pytest.approx(np.mean(sads), rel=1e-5)


def test_composites_depend_on_seed_and_number_alone(folders, samples):
    pool = read_pool(folders / "pool")
    fewer = list(_composites._samples(CompositeData(pool, photos(), 128, seed=3), 2))
    for one, again in zip(samples, fewer, strict=False):
        np.testing.assert_array_equal(one.image, again.image)
        np.testing.assert_array_equal(one.guidance, again.guidance)
    other = next(_composites._samples(CompositeData(pool, photos(), 128, seed=4), 1))
    assert not np.array_equal(other.image, samples[0].image) and not np.array_equal(samples[0].image, samples[1].image)


def test_nothing_to_score_is_said():
    with pytest.raises(ValueError, match="no composite"):
        composites.evaluate([], SimpleNamespace())


def test_the_command_prints_percent_and_writes_shares(folders, capsys, monkeypatch):
    data = CompositeData(read_pool(folders / "pool"), photos(), 128, seed=11)
    known = list(_composites._samples(data, 2))
    monkeypatch.setattr(_composites, "load_pipeline", lambda weights, device: Oracle(known, spoiled=0.25))
    file = folders / "new" / "scores.json"
    call = ["evaluate", "composites", "--pool", str(folders / "pool"), "--photos", str(folders / "photos")]
    call += ["--size", "128"]
    assert main([*call, "--count", "2", "--seed", "11", "--json", str(file)]) == 0
    table, document = capsys.readouterr().out, json.loads(file.read_text())
    assert document["settings"] == {"count": 2, "seed": 11, "size": 128, "weights": "bundled"}
    for erosion in EROSIONS:
        share = document["trimaps"][str(erosion)]["mean_iou"]
        assert f"TGN-{erosion}" in table and f"{100 * share:.2f}" in table and 0 < share < 1
    assert f"SAD {document['alpha']['sad']:.3f}" in table
    for wrong in (["--count", "0"], ["--size", "3"], ["--seed", "-1"], ["--pool", str(folders / "photos")]):
        assert main([*call, *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_kept_composites_are_a_folder_that_can_be_scored(folders, samples, capsys):
    call = ["evaluate", "composites", "--pool", folders / "pool", "--photos", folders / "photos", "--size", 128]
    words = [*call, "--count", 3, "--seed", 3, "--keep", folders / "kept"]
    assert main([str(word) for word in words]) == 0
    assert "3 composites" in capsys.readouterr().out
    for example, sample in zip(read_layout("folder", folders / "kept"), samples, strict=True):
        photo = load(example)
        np.testing.assert_array_equal(photo.image, sample.image)
        np.testing.assert_array_equal(photo.trimap, sample.guidance)
        np.testing.assert_allclose(photo.truth, sample.alpha, atol=1 / 65535)
