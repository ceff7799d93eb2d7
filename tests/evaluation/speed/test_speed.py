"""What `benchmark` measures: cases with a given unknown share, fair rounds, fresh processes, tables and plots."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import noise

from matting.evaluation.speed import measuring, report
from matting.evaluation.speed.cases import at_size, with_unknown_share
from matting.evaluation.speed.contenders import Contender, contenders, needed_bytes
from matting.evaluation.speed.report import Machine, Measured
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

CPU = torch.device("cpu")


def disc(side=64):
    y, x = np.mgrid[:side, :side] - side / 2
    radius = np.hypot(y, x)
    return np.select([radius < side / 5, radius > side / 3], [FOREGROUND, BACKGROUND], UNKNOWN).astype(np.uint8)


@given(shares=st.lists(st.floats(0.01, 1), min_size=2, max_size=2).map(sorted))
def test_the_unknown_share_is_met_and_a_larger_one_holds_a_smaller_one(shares):
    narrow, wide = (with_unknown_share(disc(), share) for share in shares)
    for found, share in ((narrow, shares[0]), (wide, shares[1])):
        assert (found == UNKNOWN).sum() == max(1, round(share * found.size))
    assert (wide == UNKNOWN)[narrow == UNKNOWN].all()
    for known in (FOREGROUND, BACKGROUND):
        assert (narrow == known)[wide == known].all()
    assert not (narrow == FOREGROUND)[disc() == BACKGROUND].any()


def test_shares_and_trimaps_that_have_no_answer_are_refused():
    for trimap, share in ((disc(), 0), (disc(), 1.1), (np.zeros((9, 9), np.uint8), 0.5)):
        with pytest.raises(ValueError, match=r"^The [^.]*(\.\d+)?.*\.$"):
            with_unknown_share(trimap, share)


def test_a_case_has_the_size_and_only_the_three_values():
    photo, trimap = at_size(noise((40, 60)), disc(60)[:40], (64, 128))
    assert photo.shape == (64, 128, 3) and set(np.unique(trimap)) <= {BACKGROUND, UNKNOWN, FOREGROUND}


def test_methods_take_turns_and_the_first_turn_does_not_count():
    one, other = Contender("small", "fp32"), Contender("closed-form", "fp64")
    order = []
    methods = {one: lambda *_: order.append("one"), other: lambda *_: order.append("other")}
    found = measuring.interleaved(methods, noise((8, 8)), disc(8), CPU, rounds=3)
    assert order == ["one", "other"] * 4
    assert len(found[one]) == len(found[other]) == 3 and min(found[one]) >= 0


def test_networks_come_in_every_dtype_and_solvers_once_and_on_a_cpu_alone():
    names = tuple(map(str, contenders(("small", "knn"), ("fp32", "bf16"), CPU)))
    assert names == ("small fp32", "small bf16", "knn fp64")
    assert contenders(("knn",), ("fp32",), torch.device("cuda")) == []
    with pytest.raises(ValueError, match="no medium"):
        contenders(("medium",), ("fp32",), CPU)


def test_a_method_that_cannot_fit_is_known_before():
    small, large = (needed_bytes(Contender("vitmatte-s", "fp32"), (side, side)) for side in (512, 4096))
    assert large == 4096 * small > 5e10
    assert needed_bytes(Contender("small", "fp32"), (4096, 4096)) == 0


def test_a_footprint_is_that_of_a_fresh_process():
    ballast = np.ones((40_000, 1_000))  # 320 MB that are ours alone
    found = measuring.footprint(Contender("small", "fp32"), noise((64, 64)), disc(), CPU)
    assert 5e7 < found.peak < 1.5e9 and 0 <= found.added < found.peak
    assert found.multiply_adds > 1e8 and ballast.all()


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="closed-form fp64: This method needs known foreground"):
        measuring.footprint(Contender("closed-form", "fp64"), noise((64, 64)), np.minimum(disc(), UNKNOWN), CPU)


def rows():
    return [
        Measured("small fp32", (64, 128), 0.13, [0.3, 0.1, 0.2], 10**9, 10**8, 5 * 10**9, 0.25),
        Measured("vitmatte-s fp32", (64, 128), 0.13, remark="needs about 30 GB"),
        Measured("small fp32", (128, 128), 0.13, [0.4]),
    ]


def test_a_table_a_case_with_the_median_its_range_and_why_something_is_missing():
    machine = Machine("cpu", "some processor", 2, "2.6", {"fp32": 8e10})
    text = report.to_markdown(machine, rows())
    assert "fp32 80" in text and text.count("13% unknown**") == 2
    assert "| small fp32 | 0.2 | 0.1 | 0.3 | 1000 | 100 | 5.0 | 25% |" in text
    assert "| vitmatte-s fp32: needs about 30 GB |  |" in text
    written = json.loads(report.to_json(machine, rows()))
    assert [row["median"] for row in written["rows"]] == [0.2, None, 0.4] and written["machine"]["threads"] == 2


def test_the_plot_has_a_line_for_what_was_measured(tmp_path):
    report.plot(rows(), tmp_path / "speed.svg")
    drawn = (tmp_path / "speed.svg").read_text()
    assert "small fp32" in drawn and "megapixels" in drawn and "vitmatte" not in drawn
