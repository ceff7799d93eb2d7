import json

import numpy as np
import pytest
import reference_metrics as reference
from benchmark_trees import backgrounds, disc, plant, write
from composite_cases import layer, photos
from network_cases import NARROWEST
from PIL import Image

from matting.__main__ import main
from matting.commands.evaluate import composites
from matting.commands.evaluate import trimaps as _trimaps
from matting.data.composites.coarse_masks import simulated_mask
from matting.data.composites.compose import CompositeData
from matting.data.pools.pool import read_pool, write_foreground
from matting.evaluation import trimaps
from matting.evaluation.paper import figures
from matting.evaluation.trimaps import TrimapNetwork
from matting.networks.deeplab import V2_CONFIGS, V3_CONFIGS, DeepLabV2, DeepLabV3
from matting.networks.spamattnet import SPAMattNet
from matting.networks.weights import save_weights
from matting.trimaps.algebra import from_alpha, from_mask


def call(*words):
    return main(["evaluate", "trimaps", *map(str, words)])


@pytest.fixture
def stand(monkeypatch):
    """A stand-in for the networks: a band around the mask's outline; keeps what it was asked."""
    asked = []

    def load(source, device):
        def estimate(image, mask):
            asked.append(source)
            return from_mask(mask, 9)

        return TrimapNetwork("DeepLabV3" if source == "other" else "TGN", str(source), estimate)

    monkeypatch.setattr(trimaps, "load_network", load)
    return asked


@pytest.fixture
def folders(tmp_path):
    """A pool of two soft discs, and two photos."""
    (tmp_path / "pool").mkdir()
    for index in range(2):
        write_foreground(tmp_path / "pool", index, layer((160, 160), index, radius=60))
        write(tmp_path / f"photos/{index}.png", photos()[index])
    return tmp_path


def expected(truths, erosion, kernel):
    masks = [simulated_mask(truth, erosion, kernel=kernel) for truth in truths]
    true = [from_alpha(truth, kernel, kernel) for truth in truths]
    return reference.trimap_shares([from_mask(mask, 9) for mask in masks], true)


def test_a_data_sets_trimaps_are_scored_as_the_pixel_loops_do(tmp_path, stand, capsys):
    root, file = tmp_path / "data", tmp_path / "scores.json"
    plant("folder", root)
    assert call("--data", "folder", "--root", root, "--mask", "3", "5", "--json", file) == 0
    truths = [disc(seed)[1].astype(np.float32) / 255 for seed in range(2)]
    runs = json.loads(file.read_text())["runs"]
    assert list(runs) == ["TGN-3", "TGN-5"]
    said = capsys.readouterr().out
    for erosion in (3, 5):
        found, row = runs[f"TGN-{erosion}"], expected(truths, erosion, 15)
        assert tuple(found["mean"].values()) == pytest.approx(row)
        assert list(found["mean"]) == ["pixAcc", "IoU-Bg", "IoU-Unk", "IoU-Fg", "mIoU"]
        assert tuple(found["images"]["a"].values()) == pytest.approx(expected(truths[:1], erosion, 15))
        assert f"{100 * row[4]:.2f}" in said
    assert set(stand) == {None} and len(stand) == 4


def test_portraits_have_the_wider_true_trimap(tmp_path, stand):
    root, file = tmp_path / "data", tmp_path / "scores.json"
    plant("p3m-500-p", root)
    assert call("--data", "p3m-500-p", "--root", root, "--mask", "5", "--json", file) == 0
    truths = [disc(seed)[1].astype(np.float32) / 255 for seed in range(2)]
    found = json.loads(file.read_text())["mean"]
    assert tuple(found.values()) == pytest.approx(expected(truths, 5, 30))
    assert tuple(found.values()) != pytest.approx(expected(truths, 5, 15))


def test_networks_stand_in_one_table_beside_the_papers_rows(tmp_path, stand, capsys):
    root = tmp_path / "data"
    plant("distinctions-646", root)
    words = ["--data", "distinctions-646", "--root", root, "--backgrounds", backgrounds(tmp_path / "voc", 40)]
    assert call(*words, "--weights", "mine", "other", "--mask", "5") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert sum("paper, Table I " in line for line in lines) == 3
    assert sum("paper, Table II " in line for line in lines) == 4
    assert "81.36" in lines[4] and [line.split()[1] for line in lines if "this run" in line] == ["TGN-5", "Deeplabv3-5"]
    assert len(lines) == 2 + len(figures.find("I", "distinctions-646").rows) + 4 + 2


def test_files_of_one_name_are_rows_of_their_own(tmp_path, stand, capsys):
    plant("folder", tmp_path / "data")
    words = ["--data", "folder", "--root", tmp_path / "data", "--mask", "5"]
    assert call(*words, "--weights", "a/tgn.safetensors", "b/tgn.safetensors", "c/tgn.safetensors") == 0
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines() if "this run" in line]
    assert rows == ["TGN-5", "TGN (tgn)-5", "TGN (tgn) (2)-5"]


def test_generated_composites_are_those_of_evaluate_composites(folders, stand, capsys):
    file = folders / "scores.json"
    words = ["--pool", folders / "pool", "--photos", folders / "photos", "--count", "2", "--seed", "3", "--size", "128"]
    assert call(*words, "--mask", "20", "--json", file) == 0
    known = list(composites._samples(CompositeData(read_pool(folders / "pool"), photos(), 128, seed=3), 2))
    row = reference.trimap_shares([from_mask(c.coarse_masks[20], 9) for c in known], [c.trimap for c in known])
    document = json.loads(file.read_text())
    assert tuple(document["mean"].values()) == pytest.approx(row)
    assert document["settings"] == {"mask": "20", "weights": "bundled", "count": 2, "seed": 3, "size": 128}
    assert "stand there as a hint" in capsys.readouterr().out


def test_what_was_counted_once_is_not_done_again(tmp_path, stand):
    plant("folder", tmp_path / "data")
    words = ["--data", "folder", "--root", tmp_path / "data", "--mask", "5", "--cache", tmp_path / "cache"]
    assert call(*words) == 0 and call(*words) == 0 and len(stand) == 2
    assert call(*words, "--weights", "mine") == 0 and len(stand) == 4
    assert call(*words, "--no-cache") == 0 and len(stand) == 6


def test_threads_change_nothing(tmp_path, stand):
    plant("aim-500", tmp_path / "data")
    words = ["--data", "aim-500", "--root", tmp_path / "data", "--mask", "5", "--no-cache"]
    files = [tmp_path / "1.json", tmp_path / "3.json"]
    for workers, file in zip((1, 3), files, strict=True):
        assert call(*words, "--workers", workers, "--json", file) == 0
    assert files[0].read_text() == files[1].read_text()


def test_photos_that_cannot_be_counted_are_named(tmp_path, stand, capsys):
    plant("folder", tmp_path / "data")
    Image.open(tmp_path / "data/alpha/b.png").resize((28, 20)).save(tmp_path / "data/alpha/b.png")
    assert call("--data", "folder", "--root", tmp_path / "data", "--mask", "5") == 1
    assert "TGN-5: b is not counted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--pool and --photos"),
        (["--data", "folder"], "--root"),
        (["--data", "folder", "--root", "data", "--mask", "magic"], "got magic"),
        (["--pool", "pool", "--photos", "photos", "--mask", "grabcut"], "got grabcut"),
        (["--pool", "pool", "--photos", "photos", "--count", "0"], "--count"),
        (["--data", "folder", "--root", "data", "--mask", "given"], "no coarse mask"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(words, sentence, folders, stand, capsys, monkeypatch):
    plant("folder", folders / "data")
    monkeypatch.chdir(folders)
    assert call(*words) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and sentence in said.err and not said.out


@pytest.mark.parametrize("network", [DeepLabV2(V2_CONFIGS["small"]), DeepLabV3(V3_CONFIGS["small"])])
def test_a_file_of_weights_is_the_network_that_it_holds(network, tmp_path):
    save_weights(network, tmp_path / "net.safetensors")
    found = trimaps.load_network(str(tmp_path / "net.safetensors"), "cpu")
    assert found.name == type(network).__name__
    image, alpha, _ = disc(0)
    trimap = found.estimate(image, alpha.astype(np.float32) / 255)
    assert trimap.shape == alpha.shape and set(np.unique(trimap)) <= {0, 128, 255}


def test_a_matting_network_is_refused(tmp_path):
    save_weights(SPAMattNet(NARROWEST), tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="SPAMattNet, which makes no trimaps"):
        trimaps.load_network(str(tmp_path / "net.safetensors"), "cpu")


def test_the_default_masks_are_the_papers():
    assert _trimaps.EROSIONS == ("20", "30", "40", "50")
