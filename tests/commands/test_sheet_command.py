"""`sheet`: what one click makes of each photo, drawn for a person to look at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from matting import MattingPipeline, __main__
from matting.app.looks.contact_sheet import GAP, LINE, MAGENTA, TITLES, Entry, draw_row, draw_sheet
from matting.result import MattingResult

SIDE = 64


def result() -> MattingResult:
    photo = np.full((40, 80, 3), (10, 60, 200), np.uint8)
    alpha = np.zeros((40, 80), np.float32)
    alpha[10:30, 20:60] = 1
    alpha[10:30, 59] = 0.5
    trimap = np.where(alpha == 1, 255, 0).astype(np.uint8)
    return MattingResult(photo, alpha, trimap, coarse_mask=alpha)


def picture(row: Image.Image, place: int) -> np.ndarray:
    left = GAP + place * (SIDE + GAP)
    return np.asarray(row)[:, left : left + SIDE]


def test_a_row_shows_the_clicks_the_mask_the_trimap_and_the_cutout_on_magenta() -> None:
    row = draw_row(Entry("a", [(40, 20, 1)], result()), SIDE)
    assert row.width == GAP + len(TITLES) * (SIDE + GAP)
    clicked, mask, trimap, cutout, edge = (picture(row, place) for place in range(5))
    middle, corner = (16, 32), (2, 2)
    assert tuple(clicked[middle]) == (0, 190, 80)
    assert tuple(mask[middle]) == (10, 60, 200)
    assert mask[corner][0] > 180  # dimmed beside the object
    assert tuple(trimap[middle]) != tuple(trimap[corner])
    assert tuple(cutout[corner]) == MAGENTA
    assert tuple(cutout[middle]) == (10, 60, 200)
    assert {tuple(pixel) for pixel in edge[:SIDE].reshape(-1, 3)} & {MAGENTA}


def test_a_sheet_stacks_its_rows_below_the_titles() -> None:
    entry = Entry("a", [(40, 20, 1)], result())
    row = draw_row(entry, SIDE)
    sheet = draw_sheet([entry, entry], SIDE)
    assert sheet.size == (row.width, LINE + 2 * row.height)
    with pytest.raises(ValueError, match="at least one photo"):
        draw_sheet([], SIDE)


def test_the_command_draws_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MattingPipeline.untrained().save_pretrained(tmp_path / "weights")
    Image.fromarray(result().image).resize((160, 96)).save(tmp_path / "a.png")
    (tmp_path / "plan.json").write_text(json.dumps({"a.png": [[80, 48, 1], [3, 3, 0]]}))
    out = tmp_path / "out" / "sheet.png"
    common = ["--weights", str(tmp_path / "weights"), "--coarse", "grabcut", "--side", str(SIDE), "--device", "cpu"]
    assert __main__.main(["sheet", str(tmp_path / "plan.json"), "--out", str(out), *common]) == 0
    assert Image.open(out).width == GAP + len(TITLES) * (SIDE + GAP)


@pytest.mark.parametrize("plan", ["", "[]", "{}", '{"a.png": []}', '{"a.png": [[1, 2]]}', '{"a.png": 3}'])
def test_a_plan_that_is_none_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plan: str
) -> None:
    (tmp_path / "plan.json").write_text(plan)
    assert __main__.main(["sheet", str(tmp_path / "plan.json")]) == 2
    assert "with at least one click for each photo" in capsys.readouterr().err
