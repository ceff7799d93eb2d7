"""`benchmark` on the smallest photo: tables on stdout, everything in JSON, and sentences for what cannot be."""

import json

import numpy as np
import pytest

from matting.__main__ import main
from matting.evaluation.speed.waiting import deepest


def test_one_method_on_one_small_photo(tmp_path, capsys):
    arguments = "--methods small --dtypes fp32 --sizes 64 96x64 --unknown 13 --rounds 2 --no-memory".split()
    assert main(["benchmark", *arguments, "--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.svg")]) == 0
    printed = capsys.readouterr()
    assert "**64 x 64, 13% unknown**" in printed.out and "**96 x 64, 13% unknown**" in printed.out
    assert "round 2 of 2" in printed.err
    found = json.loads((tmp_path / "b.json").read_text())
    assert [row["size"] for row in found["rows"]] == [[64, 64], [64, 96]]
    assert all(len(row["seconds"]) == 2 and row["median"] > 0 for row in found["rows"])
    assert found["machine"]["peaks"]["fp32"] > 0 and (tmp_path / "b.svg").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--methods", "medium"], "There is no medium to measure"),
        (["--rounds", "0"], "--rounds should be 1 or more"),
        (["--unknown", "130"], "The unknown share should be"),
        (["--photo", "nowhere.jpg"], "nowhere.jpg"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(arguments, sentence, capsys):
    assert main(["benchmark", *arguments, "--sizes", "64"]) == 2
    assert sentence in capsys.readouterr().err


def test_a_size_is_width_by_height(capsys):
    with pytest.raises(SystemExit):
        main(["benchmark", "--sizes", "63"])
    assert 'a size is like "1024"' in capsys.readouterr().err


def test_what_a_person_waits_for_is_the_sum_of_the_steps(tmp_path, capsys):
    arguments = ["--page", "--sizes", "96x64", "--rounds", "2", "--json", str(tmp_path / "page.json")]
    assert main(["benchmark", *arguments]) == 0
    printed = capsys.readouterr()
    assert "warming up" in printed.err and "round 2 of 2" in printed.err
    (found,) = json.loads((tmp_path / "page.json").read_text())
    assert found["size"] == [64, 96] and all(len(rounds) == 2 for rounds in found["seconds"].values())
    rows = dict(line.strip("| ").split(" | ") for line in printed.out.splitlines() if line.startswith("| "))
    whole = [sum(rounds) for rounds in zip(*list(found["seconds"].values())[1:], strict=True)]
    assert float(rows["click to cutout"]) == pytest.approx(sum(whole) / 2, abs=0.006)
    assert list(rows)[2:-1] == list(found["seconds"])


def test_a_person_clicks_where_the_object_is_deepest():
    trimap = np.zeros((40, 60), np.uint8)
    trimap[5:34, 20:59] = 255
    assert deepest(trimap) == pytest.approx((39.5, 19.5), abs=6)
    assert deepest(np.full((9, 9), 255, np.uint8)) == (4.5, 4.5)
