import json
import shlex

import numpy as np
import pytest
from benchmark_stand import stand_in  # noqa: F401 (a fixture, `ours`)
from benchmark_trees import TREES

from matting.__main__ import Parser, main
from matting.commands import table
from matting.commands.evaluate import command
from matting.commands.evaluate import trimaps as _trimaps
from matting.evaluation import trimaps
from matting.evaluation.paper import figures
from matting.evaluation.paper.procedures import FOLDERS, PROCEDURES, root_of
from matting.evaluation.trimaps import TrimapNetwork
from matting.networks import cost
from matting.networks.spamattnet import CONFIGS
from matting.trimaps.algebra import from_mask


def call(*words):
    return main(["table", *map(str, words)])


@pytest.fixture
def data(tmp_path):
    """All data sets in one folder, under the names that the procedures know."""
    for name in FOLDERS:
        TREES[name](root_of(name, tmp_path) if name in ("alphamatting", "rwp-636", "aim-500") else tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Counting costs takes seconds and is tested below; TGN is a stand-in."""
    monkeypatch.setattr(cost, "spamattnet_cost", lambda config: (26.0, 49.8))
    network = TrimapNetwork("TGN", "stand-in", lambda image, mask: from_mask(mask, 9))
    monkeypatch.setattr(trimaps, "load_network", lambda source, device: network)


def test_every_table_has_a_procedure_whose_parts_are_the_papers():
    assert tuple(PROCEDURES) == table.NUMBERS == figures.NUMBERS
    for number, procedure in PROCEDURES.items():
        assert [step.data for step in procedure.steps] == [
            part.data for part in figures.TABLES if part.number == number
        ]


@pytest.mark.parametrize("number", table.NUMBERS)
def test_without_data_the_procedure_and_the_papers_figures_are_printed(number, capsys, quick, monkeypatch):
    monkeypatch.delenv("TRIMATTE_DATA", raising=False)
    assert call(number) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"# Table {number}.") and "Data, in one folder DIR:" in said and "--data" in said
    for part in (part for part in figures.TABLES if part.number == number):
        assert f"## {part.data}" in said
        for row in part.rows:
            assert f"| {row.method} " in said
    assert said.count("Not produced") == len(PROCEDURES[number].steps)


@pytest.mark.parametrize("number", table.NUMBERS)
def test_the_calls_that_a_procedure_prints_are_calls_that_evaluate_takes(number, capsys, quick):
    call(number)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("- python -m matting evaluate")]
    assert len(lines) == len(PROCEDURES[number].steps)
    for line in lines:
        parser = Parser()
        command.add_parser(parser.add_subparsers(dest="command"))
        assert parser.parse_args(shlex.split(line)[4:]).run_benchmark


@pytest.mark.parametrize("number", ["I", "II", "III", "V", "VIII", "IX", "X", "XI", "XII"])
def test_with_data_the_table_is_produced_beside_the_papers_rows(number, data, capsys, quick):
    file = data / "table.json"
    words = ["--mask", "5"] if number in ("XI", "XII") else []
    assert call(number, "--data", data, "--first", "2", "--json", file, *words) == 0
    said = capsys.readouterr().out
    assert "Not produced" not in said and f"paper, Table {number}" in said and "this run" in said
    parts = json.loads(file.read_text())["parts"]
    assert list(parts) == list(dict.fromkeys(step.data for step in PROCEDURES[number].steps))
    rows = {title for part in parts.values() for title in part}
    expected = {
        "I": {"TGN-20"}, "II": {f"TGN-{n}" for n in (20, 30, 40, 50)}, "V": {"JIS-20", "JIH-20"},
        "VIII": {f"{method}-{n}" for method in ("JIS", "JIH") for n in (20, 30, 40, 50)},
        "XI": {"JIH-5"}, "XII": {"JIH-5"},
    }  # fmt: skip
    assert rows == expected.get(number, {"SPAMattNet"})
    if number == "IX":
        assert "49.8" in said


@pytest.mark.parametrize(("number", "rows"), [("II", 4), ("IV", 1), ("V", 2)])
def test_a_tables_protocol_runs_on_folders_of_ones_own(number, rows, tmp_path, capsys, quick):
    TREES["folder"](tmp_path)
    file = tmp_path / "table.json"
    assert call(number, "--folder", tmp_path, "--json", file) == 0
    said = capsys.readouterr().out
    assert "other pixels" in said and said.count("this run") == rows and "Not produced" not in said
    assert list(json.loads(file.read_text())["parts"]) == ["folder"]
    assert call("X", "--folder", tmp_path) == 2
    assert "Table X needs its own data set" in capsys.readouterr().err


def test_labels_name_rows_and_equal_labels_are_seeds(data, capsys, monkeypatch, quick):
    from matting import MattingPipeline

    class Constant:
        def __init__(self, source):
            self.value = float(source)

        def alpha(self, image, trimap):
            return np.full(trimap.shape, self.value, np.float32)

    monkeypatch.setattr(MattingPipeline, "from_pretrained", lambda source=None, device=None: Constant(source))
    file = data / "table.json"
    words = ["--weights", "without GPA=0.2", "without GPA=0.4", "full=0.5", "--json", file]
    assert call("IV", "--data", data, "--first", "1", *words) == 0
    rows = json.loads(file.read_text())["parts"]["composition-1k"]
    sads = [one["mean"]["SAD"] for one in rows["without GPA"]]
    assert len(sads) == 2 and sads[0] != sads[1] and list(rows) == ["without GPA", "full"]
    said = capsys.readouterr().out
    assert f"{np.mean(sads):.3f} ± {np.std(sads, ddof=1):.3f}" in said and "2 runs" in said
    assert f"{rows['full'][0]['mean']['SAD']:.3f}" in said


def test_table_vi_tells_networks_and_fusions_apart(data, quick, capsys):
    words = ["--weights", "w/o RM=a", "with RM=b", "--first", "1"]
    assert call("VI", "--data", data, *words) == 0
    said = capsys.readouterr().out
    for row in ("JIS-20 w/o RM", "JIH-20 w/o RM", "JIS-20 with RM", "JIH-20 with RM"):
        assert said.count(f"| {row} ") == 2


def test_table_vii_is_written_for_the_site(data, capsys):
    assert call("VII", "--data", data) == 0
    assert "--save" in capsys.readouterr().out
    assert call("VII", "--data", data, "--save", data / "site") == 0
    assert len(list((data / "site").glob("Trimap[123]/*.png"))) == 6


def test_an_absent_or_broken_data_set_is_said(data, capsys, quick):
    (data / "AIM-500").rename(data / "moved")
    assert call("XII", "--data", data) == 0
    assert "AIM-500 is not there" in capsys.readouterr().out
    (data / "P3M-10k/validation/P3M-500-P/mask/p_1.png").unlink()
    assert call("XI", "--data", data, "--mask", "5") == 2
    said = capsys.readouterr().err
    assert "p_1" in said and said.count("\n") == 1


@pytest.mark.parametrize(("weights", "pairs"), [([], [(None, None)]), (["a", "b=c"], [(None, "a"), ("b", "c")])])
def test_weights_may_carry_labels(weights, pairs):
    assert table.labelled(weights) == pairs


def test_a_table_that_there_is_not_is_refused(capsys):
    with pytest.raises(SystemExit):
        call("XIII")
    assert "XIII" in capsys.readouterr().err


def test_table_nines_cost_is_the_papers():
    parameters, multiply_adds = cost.spamattnet_cost(CONFIGS["paper_star"])
    assert parameters == pytest.approx(26.0, rel=0.02) and multiply_adds == pytest.approx(49.8, rel=0.02)


def test_the_default_masks_of_trimaps_are_table_twos():
    assert PROCEDURES["II"].steps[0].words == ("--mask", *_trimaps.EROSIONS)
