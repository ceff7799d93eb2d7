"""explain against the whole attention matrices, computed literally from the features that the network returns."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import reference
import torch
from network_cases import NARROWEST, NARROWEST_TGN, randomise_norms
from pictures import noise

import matting
from matting import MattingPipeline
from matting.explanation import Explainer, PhotoGrid, explain, principal_channels
from matting.inference import whole_photo
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN

SIZE = (70, 100)  # padded to 128 x 128: I_w is 32 x 32, I 16 x 16, GPA's keys 8 x 8, LSPA's windows 4 x 4
BOX = (41, 22, 42, 23)


def make(config=NARROWEST):
    torch.manual_seed(0)
    network = randomise_norms(SPAMattNet(config))
    with torch.no_grad():
        for name, parameter in network.attention.named_parameters():
            if any(part in name for part in ("query", "key")):
                parameter.normal_(std=0.7)
    return MattingPipeline(TGN(NARROWEST_TGN), network, device="cpu")


@pytest.fixture(scope="module")
def pipeline():
    return make()


@pytest.fixture(scope="module")
def photo():
    return noise(SIZE)


@pytest.fixture(scope="module")
def trimap():
    values = np.full(SIZE, 128, np.uint8)
    values[:, :35], values[:, 60:] = 0, 255
    values[20:30, 36:50] = np.random.default_rng(1).choice([0, 128, 255], (10, 14))
    return values


@pytest.fixture(scope="module")
def features(pipeline, photo, trimap):
    inputs, _ = whole_photo.spamattnet_inputs(pipeline.spamattnet, photo, trimap)
    with torch.inference_mode():
        return pipeline.spamattnet.attention_features(*inputs)


def window(feature, top, left):
    """A 4 x 4 window of a feature (1, C, H, W), (16, C) float64."""
    return feature[0, :, top : top + 4, left : left + 4].flatten(1).T.double().numpy()


@torch.inference_mode()
def gpa_row(pipeline, features, row, column):
    """One row of GPA's attention, (8, 8), by the reference."""
    module, image = pipeline.spamattnet.attention.propagate, features.image[1]
    query = module.query(image)[0, :, row, column][None].double().numpy()
    key = module.key(image)[0].flatten(1).T.double().numpy()
    unknown = features.regions[0, 1, ::16, ::16].flatten().numpy() > 0.5
    return reference.attention(reference.region_weights(unknown, 1), query, key).reshape(8, 8)


@torch.inference_mode()
def lspa_rows(pipeline, features, row, column):
    """Sampling and propagation (2 heads each) and dis of one query in its window, (4, 4) each, by the reference."""
    module = pipeline.spamattnet.attention.local
    top, left = row // 4 * 4, column // 4 * 4
    number = (row - top) * 4 + column - left
    regions = window(features.regions[:, :, ::4, ::4], top, left).T > 0.5
    transformed = reference.linear(
        window(features.image[0], top, left), *(p.double().numpy() for p in module.query_key.parameters())
    )
    query, key = transformed[:, :8], transformed[:, 8:]
    dis = reference.distance_map(regions[2], regions[0], 4)[number][None]
    weights = reference.region_weights(regions[1], 1)
    maps = [
        reference.attention(factors, query[number, head][None], key[:, head]).reshape(4, 4)
        for factors in (dis, weights)
        for head in (slice(0, 4), slice(4, 8))
    ]
    return np.array(maps[:2]), np.array(maps[2:]), dis.reshape(4, 4)


def test_the_maps_of_a_click_are_rows_of_the_whole_attention(pipeline, features, photo, trimap):
    shown = explain(pipeline, photo, trimap, BOX)
    np.testing.assert_allclose(shown.gpa.values, gpa_row(pipeline, features, 2, 5), atol=1e-5)
    sampling, propagation, dis = lspa_rows(pipeline, features, 5, 10)
    np.testing.assert_allclose(shown.sampling.values, sampling, atol=1e-5)
    np.testing.assert_allclose(shown.propagation.values, propagation, atol=1e-5)
    np.testing.assert_allclose(shown.dis.values, dis, rtol=1e-6)
    assert np.ptp(shown.sampling.values) > 0.01 and np.ptp(shown.propagation.values) > 0.01 and np.ptp(dis) > 0


def test_a_boxs_maps_are_the_mean_of_its_pixels(pipeline, features, photo, trimap):
    shown = explain(pipeline, photo, trimap, (30, 14, 44, 25))
    rows = [gpa_row(pipeline, features, y, x) for y in range(1, 4) for x in range(3, 6)]
    np.testing.assert_allclose(shown.gpa.values, np.mean(rows, axis=0), atol=1e-5)
    # In I_w the box covers rows 3 to 6 and columns 7 to 10, which lie in 2 x 2 windows.
    expected = [np.zeros((2, 8, 8)), np.zeros((2, 8, 8)), np.zeros((8, 8))]
    for row in range(3, 7):
        for column in range(7, 11):
            y, x = row // 4 * 4, column // 4 * 4 - 4
            for total, part in zip(expected, lspa_rows(pipeline, features, row, column), strict=True):
                total[..., y : y + 4, x : x + 4] += part / 16
    np.testing.assert_allclose(shown.sampling.values, expected[0], atol=1e-5)
    np.testing.assert_allclose(shown.propagation.values, expected[1], atol=1e-5)
    np.testing.assert_allclose(shown.dis.values, expected[2], atol=1e-5)
    assert shown.window == (16, 0, 48, 32)


def test_attention_sums_to_one_for_every_box(pipeline, photo, trimap):
    for box in (BOX, (0, 0, 100, 70), (99, 69, 100, 70), (0, 30, 100, 31)):
        shown = explain(pipeline, photo, trimap, box)
        np.testing.assert_allclose(shown.gpa.values.sum(), 1, atol=1e-5)
        for grid in (shown.sampling, shown.propagation):
            assert grid.values.dtype == np.float32 and grid.values.shape[0] == 2
            np.testing.assert_allclose(grid.values.sum(axis=(1, 2)), 1, atol=1e-5)


def test_rows_come_a_few_at_a_time(pipeline, photo, trimap, monkeypatch):
    whole = explain(pipeline, photo, trimap, (0, 0, 100, 70)).gpa.values
    monkeypatch.setattr("matting.explanation.ROWS", 7)
    largest = []
    attend = matting.explanation.propagation_attention
    monkeypatch.setattr(
        "matting.explanation.propagation_attention",
        lambda query, key, weights: largest.append(query.shape[1:]) or attend(query, key, weights),
    )
    np.testing.assert_allclose(explain(pipeline, photo, trimap, (0, 0, 100, 70)).gpa.values, whole, atol=1e-6)
    assert max(shape[0] for shape in largest if len(shape) == 2) == 7  # the others, by heads, are LSPA's


def test_maps_lie_where_their_pixels_are(pipeline, photo, trimap):
    shown = explain(pipeline, photo, trimap, BOX)
    assert shown.box == BOX and shown.window == (32, 16, 48, 32)
    assert shown.gpa.box == (0, 0, 100, 70) and shown.gpa.cell == (16, 16)
    placed = shown.sampling.on_photo()
    assert placed.shape == (2, *SIZE) and placed.dtype == np.float32
    assert placed[:, 16:32, 32:48].min() > 0
    placed[:, 16:32, 32:48] = 0
    assert placed.max() == 0
    gpa = shown.gpa.on_photo()
    np.testing.assert_array_equal(gpa[8::16, 8::16], shown.gpa.values[:4, :6])
    assert (gpa[64:70, 96:100] == shown.gpa.values[4, 6]).all()


def test_a_bright_spot_is_found_again_at_its_place_in_a_shrunken_photo(pipeline, photo, trimap, monkeypatch):
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 35 * 50)
    shown = explain(pipeline, photo, trimap, BOX)
    assert shown.gpa.cell == (32, 32)
    x0, y0, x1, y1 = shown.window
    assert (x0, y0, x1, y1) == (32, 0, 64, 32)
    grid = PhotoGrid(np.arange(6, dtype=np.float32).reshape(2, 3), (4.5, 2.5), (1, 2), (9, 20))
    placed = grid.on_photo()
    for y, x in np.ndindex(9, 20):
        row, column = int((y + 0.5) / 2.5) - 1, int((x + 0.5) / 4.5) - 2
        inside = 0 <= row < 2 and 0 <= column < 3
        assert placed[y, x] == (grid.values[row, column] if inside else 0)
    assert grid.box == (9, 2.5, 20, 7.5)


def test_alpha_features_are_those_that_the_network_goes_on_with(pipeline, features, photo, trimap):
    shown = explain(pipeline, photo, trimap, BOX)
    gpa, lspa = (shown.gpa_alpha, features.propagated, (9, 13)), (shown.lspa_alpha, features.local, (18, 25))
    for grid, feature, cells in (gpa, lspa):
        assert grid.values.shape == (3, *cells) and grid.origin == (0, 0)
        expected = principal_channels(feature[0, :, : cells[0], : cells[1]])
        np.testing.assert_allclose(grid.values, expected, atol=1e-5)
        assert grid.values.min() == 0 and grid.values.max() == 1


def test_the_features_are_those_of_the_forward(pipeline, photo, trimap):
    network = pipeline.spamattnet
    inputs, _ = whole_photo.spamattnet_inputs(network, photo, trimap)
    met = []
    hook = network.attention.register_forward_hook(lambda _, given, made: met.append((given, made)))
    with torch.inference_mode():
        network(*inputs)
        seen = network.attention_features(*inputs)
    hook.remove()
    (image, alpha, regions), (_, propagated) = met[0]
    returned = (*seen.image, *seen.alpha, seen.regions, seen.propagated)
    for one, other in zip((*image, *alpha, regions, propagated), returned, strict=True):
        torch.testing.assert_close(one, other)


def test_principal_channels_are_the_singular_directions_without_their_extremes():
    feature = torch.randn(6, 5, 7, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7)[:, None, None]
    values = feature.double().flatten(1).numpy()
    _, _, right = np.linalg.svd(values - values.mean(axis=1, keepdims=True), full_matrices=False)
    channels = principal_channels(feature).flatten(1).numpy()
    assert channels.min() == 0 and channels.max() == 1
    for found, direction in zip(channels, right[:3], strict=True):
        low, high = np.quantile(direction, [0.01, 0.99])
        expected = np.clip((direction - low) / (high - low), 0, 1)
        assert min(np.abs(found - expected).max(), np.abs(1 - found - expected).max()) < 1e-9
    assert (principal_channels(torch.ones(4, 3, 3)) == 0).all()


@pytest.mark.parametrize("missing", ["gpa", "lspa"])
def test_a_network_without_a_branch_explains_the_other(missing, photo, trimap):
    shown = explain(make(replace(NARROWEST, **{missing: False})), photo, trimap, BOX)
    absent = {"gpa": (shown.gpa, shown.gpa_alpha), "lspa": (shown.sampling, shown.dis, shown.lspa_alpha, shown.window)}
    assert all(value is None for value in absent.pop(missing))
    assert all(value is not None for value in absent.popitem()[1])


def test_a_box_outside_the_photo_is_refused_in_words(pipeline, photo, trimap):
    with pytest.raises(ValueError, match="covers less than a pixel of the photo, which is 100x70 pixels"):
        explain(pipeline, photo, trimap, (100, 0, 120, 10))
    with pytest.raises(ValueError, match="inverted or empty"):
        explain(pipeline, photo, trimap, (10, 10, 10, 20))


def test_matting_explain_is_callable_whatever_was_imported_before():
    program = "import matting.explanation, matting.pipeline, matting; assert callable(matting.explain), matting.explain"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(matting.__file__).parents[1])


def test_the_share_on_a_region_is_counted_cell_by_cell():
    grid = PhotoGrid(np.array([[[1, 2], [3, 4]], [[0, 0], [0, 5]]], np.float32), (3.0, 2.0), (0, 1), (4, 9))
    region = np.zeros((4, 9), bool)
    region[:2, 3:6] = True  # the first cell
    region[2:, 6:8] = True  # two thirds of the last one
    region[:, :3] = True  # beyond the grid
    assert np.allclose(grid.share_on(region), [(1 + 4 * 2 / 3) / 10, 2 / 3])
    assert grid.area_of(region) == pytest.approx((6 + 4) / 24)


def test_cells_of_the_padding_have_no_share():
    grid = PhotoGrid(np.array([[1, 8]], np.float32), (4.0, 4.0), (0, 0), (4, 4))
    assert grid.share_on(np.ones((4, 4), bool)) == 1


def test_even_attention_has_a_regions_share_of_the_area(pipeline, photo, trimap):
    shown = explain(pipeline, photo, trimap, BOX)
    known = trimap != 128
    even = replace(shown.gpa, values=np.full_like(shown.gpa.values, 1 / shown.gpa.values.size))
    assert even.share_on(known) == pytest.approx(shown.gpa.area_of(known)) == pytest.approx(known.mean(), abs=0.02)


def test_an_explainer_says_of_every_box_what_explain_says(pipeline, photo, trimap):
    explainer = Explainer(pipeline, photo, trimap)
    for box in (BOX, (10, 60, 12, 63)):
        one, other = explainer.at(box), explain(pipeline, photo, trimap, box)
        for name in ("gpa", "sampling", "propagation", "dis", "gpa_alpha", "lspa_alpha"):
            np.testing.assert_array_equal(getattr(one, name).values, getattr(other, name).values)
        assert one.window == other.window
