import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matting.evaluation.paper.figures import find
from matting.evaluation.tables import Report, beside_paper, from_json, paper_alone, to_json, to_markdown

NAMES = ("SAD", "MSE", "MAD", "Grad", "Conn", "SAD-T", "MSE-T", "MAD-T")
rows = st.fixed_dictionaries({name: st.floats(0, 1e3) for name in NAMES})
images = st.dictionaries(st.text("abc", min_size=1, max_size=4), rows, min_size=1, max_size=5)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def report(**changes):
    values = {name: 0.001 * (index + 1) for index, name in enumerate(NAMES)}
    return Report("aim-500", "joint-hard", {}, {"a": values | changes})


@given(images, st.data())
def test_each_type_counts_the_same_in_the_average(images, data):
    types = {name: data.draw(st.sampled_from(["SO", "STM", "NS"])) for name in images}
    found = Report("aim-500", "m", {}, images, types).summary
    means = {}
    for kind in set(types.values()):
        means[kind] = np.mean([row["SAD"] for name, row in images.items() if types[name] == kind])
        assert found[f"SAD-{kind}"] == pytest.approx(means[kind])
    if len(means) == 3:
        assert found["SAD-Avg"] == pytest.approx(np.mean(list(means.values())))
    else:  # an average of fewer would be of other photos than the paper's
        assert "SAD-Avg" not in found
    assert found["SAD"] == pytest.approx(np.mean([row["SAD"] for row in images.values()]))


@given(images, st.dictionaries(st.text(max_size=3), st.text(max_size=9), max_size=2), st.data())
def test_types_and_failures_survive_json(images, failed, data):
    types = {name: data.draw(st.sampled_from(["SO", "STM", "NS"])) for name in images}
    given_report = Report("aim-500", "m", {"mask": "20"}, images, types, failed)
    assert from_json(to_json(given_report)) == given_report


def test_mean_errors_of_every_region_are_shown_times_a_thousand():
    heading, _, _, mean = map(cells, to_markdown(report()).splitlines())
    shown = dict(zip(heading, mean, strict=True))
    assert shown["MSE-T (10⁻³)"] == "7.000" and shown["MAD (10⁻³)"] == "3.000" and shown["SAD-T"] == "0.006"


def test_the_papers_figures_stand_under_our_headings_and_what_it_lacks_is_a_dash():
    table = find("XI", "p3m-500-p")
    lines = [cells(line) for line in beside_paper({"JIH": report()}, table).splitlines()]
    ours = dict(zip(lines[0], lines[-1], strict=True))
    theirs = {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:-1]}
    assert list(theirs) == [row.method for row in table.rows] and ours["Method"] == "JIH"
    for row in table.rows:
        shown = theirs[row.method]
        assert shown["figures of"] == "paper, Table XI" and shown["Grad"] == shown["Conn"] == "–"
        assert float(shown["SAD-T"]) == row.values["SAD-T"]
        assert float(shown["MSE-T (10⁻³)"]) == pytest.approx(1000 * row.values["MSE-T"])


def test_several_runs_of_one_label_are_mean_and_deviation():
    reports = [report(SAD=value, MSE=value / 1000) for value in (1.0, 2.0, 4.0)]
    line = cells(beside_paper({"full": reports, "one": reports[0]}, None).splitlines()[2])
    assert line[:4] == ["full", "3 runs", "2.333 ± 1.528", "2.333 ± 1.528"]


def test_what_one_seed_lacks_is_a_dash():
    typed = Report("aim-500", "m", {}, {"a": {"SAD": 1.0}, "b": {"SAD": 3.0}}, {"a": "SO", "b": "NS"})
    fewer = Report("aim-500", "m", {}, {"a": {"SAD": 1.0}}, {"a": "SO"}, {"b": "missing"})
    heading, _, line = map(cells, beside_paper({"full": [typed, fewer]}, None).splitlines())
    shown = dict(zip(heading, line, strict=True))
    assert shown["SAD-NS"] == "–" and shown["SAD-SO"] == "1.000 ± 0.000"


def test_a_table_of_the_paper_has_its_own_columns():
    heading, _, first, *_ = map(cells, paper_alone(find("IX", "composition-1k")).splitlines())
    assert heading[-2:] == ["parameters", "multiply-adds"] and first[-2:] == ["29.700", "45.700"]
