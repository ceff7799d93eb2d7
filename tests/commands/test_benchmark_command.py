"""`benchmark` on the smallest photo: tables on stdout, everything in JSON, and sentences for what cannot be."""

import json

import pytest

from matting.__main__ import main


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
