import json
from dataclasses import replace
from functools import partial

import pytest
import torch
from benchmark_trees import TREES, write
from composite_cases import layer
from composite_cases import photos as pictures
from network_cases import NARROWEST, patchy_trimap, photos
from training_cases import fill

from matting.__main__ import main
from matting.commands import ablate
from matting.commands.train import command
from matting.commands.train.options import TrainOptions
from matting.data.pools.pool import write_foreground
from matting.evaluation import methods
from matting.evaluation.paper.figures import find
from matting.networks.ablation import PARTS, ROWS, without
from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.cfc import CrossFusion2d
from matting.networks.refinement import RefinementModule
from matting.networks.spamattnet import CONFIGS, SPAMattNet
from matting.networks.weights import load_weights, save_weights

LAYERS = {
    "gpa": GlobalPropagationAttention,
    "lspa": LocalSamplingPropagationAttention,
    "cfc": CrossFusion2d,
    "rm": RefinementModule,
}


def lacking(network):
    return {name for name, kind in LAYERS.items() if not any(isinstance(module, kind) for module in network.modules())}


def test_the_rows_are_table_fours_and_have_short_names():
    assert tuple(ROWS) == tuple(row.method for row in find("IV", "composition-1k").rows)
    assert sorted(ablate.TITLES.values()) == sorted(ROWS) and tuple(ablate.TITLES) == ablate.ROWS
    assert command.PARTS == tuple(PARTS)


@pytest.mark.parametrize("row", ROWS)
def test_a_network_lacks_what_its_row_names_and_has_the_rest(row):
    network = SPAMattNet(without(NARROWEST, ROWS[row])).eval()
    assert lacking(network) == set(ROWS[row]) - {"l_hard"}
    assert all(part.upper() in row.upper() for part in ROWS[row])
    with torch.no_grad():
        assert network(photos(1, 64, 64), patchy_trimap(1, 64, 64)).alpha.shape == (1, 1, 64, 64)


@pytest.mark.parametrize("name", ["small", "paper"])
def test_only_the_loss_differs_without_l_hard(name):
    assert without(CONFIGS[name], ["l_hard"]) == without(CONFIGS[name], []) == CONFIGS[name]


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="aspp was to be left out"):
        without(NARROWEST, ["aspp"])


def noted(seen, network):
    """Keep a network, and let its training not begin."""
    seen.append(network)
    raise ValueError("Enough is seen.")


def test_train_takes_out_what_it_is_told(tmp_path, monkeypatch):
    """`train`'s own preparation, with the narrowest network instead of a pretrained one."""
    from matting.training import jobs

    seen, pool = [], fill(tmp_path)
    monkeypatch.setitem(jobs.STAGES["spamattnet"].configs, "small", NARROWEST)
    monkeypatch.setattr(jobs, "with_imagenet", partial(noted, seen))
    for words, parts in ((["gpa"], {"gpa"}), (["lspa", "cfc"], {"lspa", "cfc"}), ([], set())):
        call = ["train", "spamattnet", "--steps", "1", "--pool", str(pool), "--photos", str(pool / "photos")]
        assert main([*call, *(["--without", *words] if words else [])]) == 2
        assert lacking(seen[-1]) == parts


def test_a_network_of_the_ablation_sees_photos_as_they_are_and_others_as_configured(tmp_path, monkeypatch):
    from matting.training import jobs

    seen = []
    monkeypatch.setitem(jobs.STAGES["spamattnet"].configs, "small", replace(NARROWEST, enlarged=900))
    monkeypatch.setattr(jobs, "with_imagenet", partial(noted, seen))
    call = ["train", "spamattnet", "--steps", "1", "--pool", str(fill(tmp_path)), "--photos", str(tmp_path / "photos")]
    for words in ([], ["--no-enlarge"]):
        assert main([*call, *words]) == 2
    assert [network.config.enlarged for network in seen] == [900, 0]


def test_enlarging_is_spamattnets_alone(tmp_path, capsys):
    assert main(["train", "tgn", "--steps", "1", "--pool", str(tmp_path), "--no-enlarge"]) == 2
    assert "--no-enlarge is for SPAMattNet" in capsys.readouterr().err


def test_a_step_without_l_hard_is_another_step(tmp_path, monkeypatch):
    from matting.training import jobs

    monkeypatch.setitem(jobs.STAGES["spamattnet"].configs, "small", NARROWEST)
    monkeypatch.setattr(jobs, "with_imagenet", lambda network: network)
    (tmp_path / "pool").mkdir()
    write_foreground(tmp_path / "pool", 0, layer((160, 160), 0, radius=60))
    write(tmp_path / "photos/0.png", pictures()[0])
    states = []
    for index, words in enumerate(([], [], ["--without", "l_hard"])):
        call = ["train", "spamattnet", "--pool", tmp_path / "pool", "--photos", tmp_path / "photos", "--steps", 1]
        call += ["--batch", 2, "--crop", 64, "--warmup", 1, "--ema", 0, "--workers", 0, "--device", "cpu"]
        file = tmp_path / f"{index}.safetensors"
        assert main([str(word) for word in [*call, *words, "--run", tmp_path / str(index), "--out", file]]) == 0
        states.append(load_weights(file).state_dict())
    first, again, without_hard = states
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], without_hard[name]) for name in first)


@pytest.fixture
def trained(monkeypatch):
    """`train` replaced: it writes a network of the parts asked for, untrained; keeps the calls."""
    calls = []

    def train(options: TrainOptions) -> int:
        calls.append(options)
        torch.manual_seed(options.seed)
        save_weights(SPAMattNet(without(NARROWEST, options.without)), options.out)
        return 0

    monkeypatch.setattr(command, "train", train)
    methods.load_pipeline.cache_clear()
    return calls


def test_one_command_trains_every_row_and_seed_and_scores_them(tmp_path, trained, capsys):
    TREES["folder"](tmp_path / "test")
    file = tmp_path / "scores.json"
    words = ["ablate", "--rows", "full", "gpa", "--seeds", "3", "4", "--steps", "5", "--batch", "2"]
    words += ["--pool", "p", "--photos", "f", "--device", "cpu"]
    words += ["--test", str(tmp_path / "test"), "--run", str(tmp_path / "run"), "--json", str(file)]
    assert main(words) == 0
    assert [(call.without, call.seed) for call in trained] == [
        ((), 3), ((), 4), (("gpa",), 3), (("gpa",), 4),
    ]  # fmt: skip
    alike = [{key: value for key, value in vars(call).items() if key not in ("without", "seed", "run", "out")}
             for call in trained]  # fmt: skip
    assert all(one == alike[0] for one in alike)
    assert (alike[0]["batch"], alike[0]["steps"], alike[0]["no_enlarge"]) == (2, 5, True)
    rows = json.loads(file.read_text())["parts"]["folder"]
    assert {row: len(found) for row, found in rows.items()} == {"SPAMattNet": 2, "without GPA": 2}
    assert rows["without GPA"][0]["mean"]["SAD"] != rows["SPAMattNet"][0]["mean"]["SAD"]
    said = capsys.readouterr().out
    assert said.count("2 runs") == 2 and "±" in said and "paper, Table IV" in said
    words[2:4], words[4:6] = ["gpa"], ["3"]
    assert main(words) == 0 and len(trained) == 4  # what is trained already is not trained again


def test_a_run_that_fails_ends_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "train", lambda options: 1)
    words = ["ablate", "--steps", "1", "--pool", "p", "--photos", "f", "--run", str(tmp_path / "run")]
    assert main([*words, "--test", str(tmp_path)]) == 1
    assert main([*words, "--test", str(tmp_path / "absent")]) == 2
    assert "--keep" in capsys.readouterr().err
