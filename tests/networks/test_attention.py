"""The equations of LSPA and GPA as functions; the modules are in test_attention_modules.py."""

import numpy as np
import pytest
import reference
import torch
from attention_cases import batched, close, drawn, exact_distances, split
from hypothesis import given
from hypothesis import strategies as st
from strategies import trimaps

from matting.networks import attention

EPSILON = torch.finfo(torch.float32).eps

windows = st.integers(1, 5).flatmap(lambda side: trimaps((side, side)))
maps = st.tuples(st.integers(1, 4), st.integers(1, 5)).flatmap(trimaps)
seeds = st.integers(0, 2**32 - 1)
WINDOWS_OF_ONE_REGION = [np.full((3, 3), value, np.uint8) for value in (0, 128, 255)]


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_cutting_into_windows_and_joining_them_is_the_identity(side, down, across, batch):
    feature = torch.randn(batch, 2, side * down, side * across)
    cut = attention.window_partition(feature, side)
    assert cut.shape == (batch * down * across, side**2, 2)
    joined = attention.window_unpartition(cut, side, *feature.shape[-2:])
    assert torch.equal(joined, feature)


def test_windows_are_numbered_in_reading_order_and_so_are_their_pixels():
    feature = torch.arange(2 * 4 * 6.0).view(2, 1, 4, 6)
    cut = attention.window_partition(feature, 2)
    assert cut[..., 0].long().tolist()[:4] == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11], [12, 13, 18, 19]]
    assert cut[6, 0] == feature[1, 0, 0, 0]


@pytest.mark.parametrize("side", [1, 2, 5, 16])
def test_pixel_distances_are_euclidean(side):
    torch.testing.assert_close(attention.pixel_distances(side), exact_distances(side).float(), rtol=2e-7, atol=0)


@given(windows)
def test_both_terms_of_the_distance_map_are_equation_4(trimap):
    background, unknown, foreground = split(trimap)
    distances = exact_distances(len(trimap))
    for region in (foreground, background):
        term = attention.region_distance(batched(unknown), batched(region), distances)
        assert close(term[0], reference.region_distance(unknown, region, len(trimap)), 1e-12)


@given(windows)
def test_the_distance_map_is_equation_3(trimap):
    background, unknown, foreground = split(trimap)
    expected = reference.distance_map(foreground, background, len(trimap))
    dis = attention.distance_map(batched(foreground), batched(background), exact_distances(len(trimap)))
    assert close(dis[0], expected, 1e-12)
    # In float32: d, 1 / min d and their product round once each, and a key in one region adds an exact 0 for the other.
    dis = attention.distance_map(batched(foreground), batched(background), attention.pixel_distances(len(trimap)))
    assert (np.abs(dis[0].double().numpy() - expected) <= 2 * EPSILON * np.abs(expected)).all()


@pytest.mark.parametrize("trimap", WINDOWS_OF_ONE_REGION)
def test_the_distance_map_of_one_region_alone_is_finite(trimap):
    background, unknown, foreground = split(trimap)
    dis = attention.distance_map(batched(foreground), batched(background), attention.pixel_distances(3))
    expected = torch.zeros(9, 9) if unknown.all() else -attention.pixel_distances(3)
    assert torch.equal(dis[0], expected)


@given(windows, seeds)
def test_sampling_is_equation_2(trimap, seed):
    background, _, foreground = split(trimap)
    query, key, value = drawn(seed, *[(2, trimap.size, 3)] * 3)
    distances = exact_distances(len(trimap))
    dis = attention.distance_map(batched(foreground), batched(background), distances)
    result = attention.sample(batched(query), batched(key), batched(value), dis)
    expected = [
        reference.sampling(q, k, v, foreground, background, len(trimap))
        for q, k, v in zip(query, key, value, strict=True)
    ]
    assert close(result[0], np.array(expected))


@given(windows, seeds, st.sampled_from([1.0, 10.0]))
def test_sampling_in_float32_errs_no_more_than_its_logits_round(trimap, seed, size):
    background, _, foreground = split(trimap)
    query, key, value = (array.astype(np.float32) * size for array in drawn(seed, *[(trimap.size, 3)] * 3))
    dis = attention.distance_map(batched(foreground), batched(background), attention.pixel_distances(len(trimap)))
    result = attention.sample(*(batched(array)[None] for array in (query, key, value)), dis)
    expected = reference.sampling(query, key, value, foreground, background, len(trimap))
    # Three products and their sum, √dim, dis (3 roundings) and one more product: at most 10 roundings of each logit.
    products = np.abs(query.astype(float)) @ np.abs(key.astype(float)).T / np.sqrt(3)
    logit_error = 10 * EPSILON * (products * np.abs(dis[0].double().numpy())).max()
    # The softmax changes by a factor of at most e^2δ; itself it rounds as often as it has terms.
    bound = np.expm1(2 * logit_error) + (trimap.size + 4) * EPSILON
    assert np.abs(result[0, 0].double().numpy() - expected).max() <= bound * np.abs(value).max()


def test_a_window_without_known_pixels_is_averaged():
    query, key, value = torch.randn(3, 1, 2, 9, 4) * 10
    nothing = torch.zeros(1, 9, dtype=torch.bool)
    dis = attention.distance_map(nothing, nothing, attention.pixel_distances(3))
    mean = value.mean(dim=2, keepdim=True).expand_as(value)
    torch.testing.assert_close(attention.sample(query, key, value, dis), mean)


@given(maps, seeds)
def test_weights_of_the_keys_are_equations_6_and_7(trimap, seed):
    _, unknown, _ = split(trimap)
    weights = attention.region_weights(batched(unknown))[0]
    assert weights.dtype == torch.float32
    # A quotient (or two), a root: at most three roundings.
    assert close(weights, reference.region_weights(unknown, 1)[0], 3 * EPSILON)


def test_weights_of_the_keys_stay_between_a_tenth_and_ten():
    unknown = torch.zeros(3, 1000, dtype=torch.bool)
    unknown[1, 0], unknown[2, 1:] = True, True
    weights = attention.region_weights(unknown)
    tenth, ten = torch.tensor(0.1), torch.tensor(10.0)
    assert (weights[0] == ten).all()
    assert weights[1, 0] == tenth and (weights[1, 1:] == ten).all()
    assert weights[2, 0] == tenth and (weights[2, 1:] == ten).all()
    assert attention.clip(torch.tensor([0.0, 0.05, 3.0, 11.0, torch.inf])).tolist() == [tenth, tenth, 3, ten, ten]


@given(maps, seeds, st.integers(1, 6))
def test_propagation_is_equations_5_and_8(trimap, seed, queries):
    _, unknown, _ = split(trimap)
    query, key, value = drawn(seed, (2, queries, 3), (2, trimap.size, 3), (2, trimap.size, 5))
    expected = [reference.propagation(q, k, v, unknown) for q, k, v in zip(query, key, value, strict=True)]
    weights = batched(reference.region_weights(unknown, 1))  # (1, 1, keys): the same for both heads
    result = attention.propagate(batched(query), batched(key), batched(value), weights)
    assert close(result[0], np.array(expected))
    # With weights in float32 as the networks have them, a logit m q·k errs by 3 roundings of m.
    weights = attention.region_weights(batched(unknown))[:, None]
    result = attention.propagate(batched(query), batched(key), batched(value), weights)
    products = np.abs(query) @ np.abs(key).swapaxes(1, 2) * weights.double().numpy() / np.sqrt(3)
    bound = np.expm1(2 * 3 * EPSILON * products.max()) * np.abs(value).max()
    assert np.abs(result[0].numpy() - expected).max() <= bound + 1e-10


@given(maps, seeds)
def test_attention_rows_sum_to_one_and_propagate_as_the_fused_kernel_does(trimap, seed):
    _, unknown, _ = split(trimap)
    query, key, value = (batched(array) for array in drawn(seed, *[(trimap.size, 4)] * 3))
    weights = attention.region_weights(batched(unknown)).double()
    rows = attention.propagation_attention(query, key, weights)
    assert close(rows[0], reference.attention(weights.numpy().repeat(trimap.size, 0), query[0], key[0]))
    torch.testing.assert_close(rows.sum(-1), torch.ones_like(rows[..., 0]))
    torch.testing.assert_close(rows @ value, attention.propagate(query, key, value, weights))
    background, _, foreground = split(trimap)
    dis = attention.distance_map(
        batched(foreground), batched(background), torch.rand(trimap.size, trimap.size, dtype=torch.float64)
    )
    rows = attention.sampling_attention(query[:, None], key[:, None], dis)
    torch.testing.assert_close(rows.sum(-1), torch.ones_like(rows[..., 0]))


@pytest.mark.parametrize("trimap", [*WINDOWS_OF_ONE_REGION, np.array([[0, 128, 255], [128, 128, 0], [255, 0, 128]])])
def test_gradients_of_sampling_and_propagation_are_those_of_finite_differences(trimap):
    background, unknown, foreground = (batched(region) for region in split(trimap))
    dis = attention.distance_map(foreground, background, exact_distances(3))
    weights = attention.region_weights(unknown)[:, None].double()
    inputs = [torch.randn(1, 1, 9, 2, dtype=torch.float64, requires_grad=True) for _ in range(3)]
    assert torch.autograd.gradcheck(lambda *tensors: attention.sample(*tensors, dis), inputs)
    assert torch.autograd.gradcheck(lambda *tensors: attention.propagate(*tensors, weights), inputs)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_the_softmax_of_half_precision_is_taken_in_float32(half):
    # An affinity of 90000 is beyond float16, and its product with the distance 0 would not be a number.
    query = key = torch.full((1, 1, 4, 1), 300.0, dtype=half)
    dis = torch.zeros(1, 4, 4, dtype=half)
    dis[..., 0] = 1
    for autocast in (False, True):
        with torch.autocast("cpu", dtype=half, enabled=autocast):
            rows = attention.sampling_attention(query, key, dis)
        assert rows.dtype == torch.float32
        assert rows[0, 0, 0].tolist() == [1, 0, 0, 0]
