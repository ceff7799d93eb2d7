"""Tiles: a stage answers in them as in the whole map, and each region gets the tiles that it touches."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from matting.inference.tiles import CELL, TILE, Tiles, bands, cells_of, chosen_tiles, run_in_tiles, touched
from matting.networks.decoder import UpBlock


@given(rows=st.integers(1, 5), columns=st.integers(1, 5), reach=st.integers(0, 100), seed=st.integers(0, 1000))
def test_exactly_the_tiles_within_reach_of_a_cell_are_touched(rows, columns, reach, seed):
    generator = torch.Generator().manual_seed(seed)
    region = torch.zeros(TILE * rows, TILE * columns, dtype=torch.bool)
    y, x = (int(torch.randint(0, side, (), generator=generator)) for side in region.shape)
    region[y, x] = True
    around = -(-reach // CELL) * CELL
    expected = torch.zeros_like(region)
    top, left = y // CELL * CELL, x // CELL * CELL
    expected[max(0, top - around) : top + CELL + around, max(0, left - around) : left + CELL + around] = True
    expected = expected.view(rows, TILE, columns, TILE).any(3).any(1)
    assert torch.equal(touched(cells_of(region), reach), expected)


@given(rows=st.integers(1, 9), columns=st.integers(1, 3), height=st.integers(1, 9))
def test_bands_cover_every_pixel_once(rows, columns, height):
    size = (TILE * rows, TILE * columns)
    covered = torch.zeros(size, dtype=torch.int)
    for tiles in bands(size, TILE * height):
        for top, left in tiles.corners:
            covered[top : top + tiles.shape[0], left : left + tiles.shape[1]] += 1
    assert (covered == 1).all()
    assert sum(tiles.share for tiles in bands(size, TILE * height)) == pytest.approx(1)


def test_the_share_is_that_of_the_chosen_tiles():
    chosen = torch.tensor([[True, False], [False, False]])
    assert chosen_tiles(chosen).share == 1 / 4 and chosen_tiles(chosen).corners == ((0, 0),)


@pytest.mark.parametrize("size", [(64, 64), (64, 192), (256, 320)])
@pytest.mark.parametrize("kind", ["finer", "coarser", "same"])
def test_a_stage_in_tiles_answers_as_in_the_whole_map_and_nothing_elsewhere(kind, size):
    torch.manual_seed(0)
    stage = {
        "finer": UpBlock(3, 2, upsample=True, spectral=False),
        "coarser": nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 2, 3, padding=1)),
        "same": nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"),
    }[kind]
    stage = stage.double().eval()
    if kind == "finer":
        nn.init.uniform_(stage.body[-1].weight)
    stride, feature = 4, torch.randn(1, 3, size[0] // 4, size[1] // 4, dtype=torch.float64)
    chosen = torch.rand(size[0] // TILE, size[1] // TILE) < 0.5
    chosen[-1, -1] = True
    with torch.no_grad():
        whole = stage(feature)
        found = run_in_tiles(stage, [(feature, stride)], [chosen_tiles(chosen)], margin=16)
    side = TILE * whole.shape[-1] // size[1]
    inside = chosen.repeat_interleave(side, 0).repeat_interleave(side, 1)
    torch.testing.assert_close(found[..., inside], whole[..., inside])
    assert not found[..., ~inside].any()


def test_too_narrow_a_margin_would_be_seen():
    torch.manual_seed(0)
    stage, feature = nn.Conv2d(1, 1, 5, padding=2), torch.randn(1, 1, 192, 192)
    tiles = [chosen_tiles(torch.ones(3, 3, dtype=torch.bool))]
    with torch.no_grad():
        whole, narrow, enough = stage(feature), *(run_in_tiles(stage, [(feature, 1)], tiles, m) for m in (1, 2))
    assert (narrow - whole).abs().max() > 1e-2
    torch.testing.assert_close(enough, whole)


def test_what_was_written_before_stays_outside_of_the_tiles():
    before = torch.full((1, 1, 128, 64), 7.0)
    tiles = [Tiles(((64, 0),), (64, 64), (128, 64))]
    after = run_in_tiles(torch.zeros_like, [(torch.ones(1, 1, 128, 64), 1)], tiles, 0, before)
    assert (after[..., :64, :] == 7).all() and not after[..., 64:, :].any()


def test_few_tiles_are_computed_at_once():
    seen = []
    tiles = chosen_tiles(torch.ones(8, 8, dtype=torch.bool))
    run_in_tiles(lambda part: seen.append(len(part)) or part, [(torch.zeros(1, 1, 512, 512), 1)], [tiles], 0)
    assert sum(seen) == 64 and max(seen) <= 16 and math.prod(tiles.shape) * max(seen) <= 2**16
