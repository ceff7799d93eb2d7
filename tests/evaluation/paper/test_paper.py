import pytest

from matting.evaluation.paper import figures
from matting.evaluation.paper.figures import NUMBERS, TABLES, find


def test_all_twelve_tables_are_there_with_the_rows_that_the_paper_prints():
    assert NUMBERS == ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
    rows = {number: [len(table.rows) for table in TABLES if table.number == number] for number in NUMBERS}
    assert rows == {
        "I": [3, 3], "II": [4, 4], "III": [11], "IV": [7], "V": [6, 6], "VI": [4, 4], "VII": [6], "VIII": [8, 8],
        "IX": [2], "X": [9], "XI": [7, 7], "XII": [10],
    }  # fmt: skip
    for table in TABLES:
        assert all(set(row.values) <= set(table.measures) for row in table.rows)
        assert len({row.method for row in table.rows}) == len(table.rows)


def test_only_the_figures_that_the_paper_leaves_out_are_missing():
    rows = [(table, row) for table in TABLES for row in table.rows]
    missing = {(table.number, row.method) for table, row in rows if len(row.values) < len(table.measures)}
    assert missing == {("III", "AdaMatting [74]"), ("III", "SampleNet Matting [10]")}


@pytest.mark.parametrize("table", [table for table in TABLES if "mIoU" in table.measures])
def test_mean_iou_is_the_mean_of_the_three(table):
    for row in table.rows:
        mean = sum(row.values[name] for name in ("IoU-Bg", "IoU-Unk", "IoU-Fg")) / 3
        assert row.values["mIoU"] == pytest.approx(mean, abs=0.011), row.method


def test_the_average_over_types_is_the_mean_of_the_three_where_the_paper_took_it():
    for row in find("XII", "aim-500").rows:
        mean = sum(row.values[f"SAD-{kind}"] for kind in ("SO", "STM", "NS")) / 3
        assert row.values["SAD-Avg"] == pytest.approx(mean, abs=0.011), row.method


def test_what_two_tables_print_of_one_run_agrees():
    def of(number, data, method):
        (row,) = [row for row in find(number, data).rows if row.method == method]
        return row.values

    assert of("III", "composition-1k", "SPAMattNet") == of("IV", "composition-1k", "SPAMattNet")
    for data in ("composition-1k", "distinctions-646"):
        assert of("I", data, "TGN") == of("II", data, "TGN-20")
        for method in ("JIS", "JIH"):
            assert of("V", data, method) == of("VI", data, method) == of("VIII", data, f"{method}-20")
    stronger = find("IX", "composition-1k").rows[0]
    errors = {name: stronger.values[name] for name in figures.ERRORS.split()}
    assert errors == of("III", "composition-1k", stronger.method)


def test_a_mean_squared_error_lies_below_the_mean_absolute_one():
    for table in (table for table in TABLES if "MAD" in table.measures):
        for row in table.rows:
            assert row.values["MSE"] < row.values["MAD"] and row.values["MSE-T"] < row.values["MAD-T"]


def test_an_absent_part_is_named():
    with pytest.raises(ValueError, match="Table III has no part about ppm-100"):
        find("III", "ppm-100")
