import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import MemoryMeter, awkward_trimaps
from strategies import trimaps
from torch._subclasses.fake_tensor import FakeTensorMode

from matting.networks import attention
from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.layers import one_hot_trimap

EPSILON = torch.finfo(torch.float32).eps

windows = st.integers(1, 5).flatmap(lambda side: trimaps((side, side)))
maps = st.tuples(st.integers(1, 4), st.integers(1, 5)).flatmap(trimaps)
seeds = st.integers(0, 2**32 - 1)
WINDOWS_OF_ONE_REGION = [np.full((3, 3), value, np.uint8) for value in (0, 128, 255)]


def split(trimap):
    """Background, unknown and foreground of a uint8 trimap, (N,) booleans each."""
    return [trimap.ravel() == value for value in (0, 128, 255)]


def batched(array):
    return torch.from_numpy(np.asarray(array))[None]


def drawn(seed, *shapes):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape) for shape in shapes]


def exact_distances(side):
    table = [[reference.distance(i, j, side) for j in range(side**2)] for i in range(side**2)]
    return torch.tensor(table, dtype=torch.float64)


def randomised(module):
    """A module whose every weight and bias matters, also those that start near zero."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module


def close(result, expected, tolerance=1e-10):
    result = result.detach().double().numpy()
    assert result.shape == expected.shape
    return np.allclose(result, expected, rtol=tolerance, atol=tolerance)


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


def loop_windows(height, width, side):
    """(row, column) of each pixel of each window, in reading order."""
    for top in range(0, height, side):
        for left in range(0, width, side):
            yield [(y, x) for y in range(top, top + side) for x in range(left, left + side)]


def loop_lspa(module, image, alpha, trimap):
    """The whole LSPA of one image from the reference's loops: arrays (C, H, W) and a trimap (H, W) in {0, 1/2, 1}."""
    weight, bias = module.query_key.weight.detach().numpy(), module.query_key.bias.detach().numpy()
    channels, height, width = image.shape
    sampled, propagated = np.zeros_like(image), np.zeros_like(image)
    for pixels in loop_windows(height, width, module.window):
        rows, columns = zip(*pixels, strict=True)
        value, alpha_value = image[:, rows, columns].T, alpha[:, rows, columns].T
        projected = reference.linear(value, weight, bias)
        region = trimap[rows, columns]
        m = reference.region_weights(region == 0.5, len(pixels))
        if module.ratio == "image":
            m = reference.region_weights((trimap == 0.5).ravel(), len(pixels)).reshape(-1, height, width)
            m = m[:, rows, columns]
        for head in range(module.heads):
            part = slice(head * channels // module.heads, (head + 1) * channels // module.heads)
            query, key = projected[:, :channels][:, part], projected[:, channels:][:, part]
            mixed = reference.sampling(query, key, value[:, part], region == 1, region == 0, module.window)
            sampled[part, rows, columns] = mixed.T
            mixed = reference.mixture(reference.attention(m, query, key), alpha_value[:, part])
            propagated[part, rows, columns] = mixed.T
    sampled = reference.convolution(sampled, *weights_of(module.refine_sampled))
    if module.fuse is None:
        return sampled + propagated
    fused = reference.cross_fusion(
        sampled.reshape(channels, -1).T, propagated.reshape(channels, -1).T, *weights_of(module.fuse.transform)
    )
    return fused.T.reshape(image.shape)


def weights_of(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


@pytest.mark.parametrize("ratio", ["window", "image"])
@pytest.mark.parametrize("cross_fusion", [True, False])
def test_the_whole_lspa_is_its_equations_in_loops(ratio, cross_fusion):
    module = randomised(LocalSamplingPropagationAttention(4, 3, 2, ratio=ratio, cross_fusion=cross_fusion))
    module = module.double().eval()
    module.distances.copy_(exact_distances(3))
    trimap = torch.randint(0, 3, (2, 1, 6, 9)).double() / 2
    trimap[:, :, :3, :3], trimap[0, :, 3:, :3], trimap[1, :, 3:, 6:] = 0.5, 1, 0
    image, alpha = torch.randn(2, 2, 4, 6, 9, dtype=torch.float64)
    result = module(image, alpha, one_hot_trimap(trimap))
    for index in range(2):
        expected = loop_lspa(module, image[index].numpy(), alpha[index].numpy(), trimap[index, 0].numpy())
        assert close(result[index], expected, 1e-6)  # the weights m are float32


@pytest.mark.parametrize("spectral", [True, False])
@pytest.mark.parametrize("reduction", [1, 2])
@pytest.mark.parametrize("filling", [None, 0.0, 0.5])
def test_the_whole_gpa_is_equation_8_in_loops(spectral, reduction, filling):
    module = randomised(GlobalPropagationAttention(4, reduction, spectral=spectral)).double().eval()
    image, alpha = torch.randn(2, 1, 4, 4, 6, dtype=torch.float64)
    trimap = torch.randint(0, 3, (4, 6)).numpy() / 2 if filling is None else np.full((4, 6), filling)
    result = module(image, alpha, torch.from_numpy(trimap == 0.5)[None, None])

    def flat(layers, feature):
        for layer in layers:
            feature = reference.convolution(feature, *weights_of(layer), stride=layer.stride[0])
        return feature.reshape(len(feature), -1).T

    query = flat([module.query], image[0].numpy())
    key, value = flat(module.key, image[0].numpy()), flat(module.value, alpha[0].numpy())
    assert len(query) == 24 and len(key) == len(value) == 24 // reduction**2
    gathered = reference.propagation(query, key, value, (trimap[::reduction, ::reduction] == 0.5).ravel())
    weight, bias = weights_of(module.output)
    expected = alpha[0].numpy() + reference.linear(gathered, weight[:, :, 0, 0], bias).T.reshape(4, 4, 6)
    assert close(result[0], expected, 1e-5)  # the weights m are float32


@pytest.mark.parametrize("ratio", ["window", "image"])
@pytest.mark.parametrize("chunk", [1, 5, 24, 100])
def test_chunks_of_windows_give_what_all_windows_give_at_once(ratio, chunk):
    module = randomised(LocalSamplingPropagationAttention(4, 4, 2, ratio=ratio, chunk=chunk)).double().eval()
    image, alpha = torch.randn(2, 2, 4, 12, 16, dtype=torch.float64)
    regions = one_hot_trimap(torch.randint(0, 3, (2, 1, 12, 16)).double() / 2)
    at_once = module(image, alpha, regions)
    with torch.no_grad():
        torch.testing.assert_close(module(image, alpha, regions), at_once, rtol=1e-12, atol=1e-12)


def test_lspa_does_not_look_beyond_its_window():
    module = randomised(LocalSamplingPropagationAttention(4, 4, 2, cross_fusion=False)).eval()
    image, alpha = torch.randn(2, 1, 4, 8, 8)
    regions = one_hot_trimap(torch.randint(0, 3, (1, 1, 8, 8)) / 2)
    before = module.branches(image, alpha, regions)
    for tensor in (image, alpha, regions):
        tensor[..., :4, 4:] = tensor[..., :4, 4:].flip(-1)
    after = module.branches(image, alpha, regions)
    for one, other in zip(before, after, strict=True):
        assert torch.equal(one[[0, 2, 3]], other[[0, 2, 3]]) and not torch.equal(one[1], other[1])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("batch", [1, 2])
def test_gpa_never_stores_its_affinity_matrix(layout, dtype, batch):
    side, channels = 32, 8
    module = GlobalPropagationAttention(channels, 2).to(dtype)
    feature = torch.randn(batch, channels, side, side, dtype=dtype).to(memory_format=layout).requires_grad_()
    unknown = torch.rand(batch, 1, side, side) > 0.5
    feature_bytes = feature.nbytes
    with MemoryMeter() as forward, torch.no_grad():
        module(feature, feature, unknown)
    with MemoryMeter() as training:
        module(feature, feature, unknown).float().square().sum().backward()
    # The matrix of one image has HW / r² = 256 numbers for each pixel; a feature has 8.
    assert forward.largest <= 2 * feature_bytes and forward.peak <= 10 * feature_bytes
    assert training.largest <= 2 * feature_bytes and training.peak <= 20 * feature_bytes


def lspa_peak(height, width, chunk, layout=torch.contiguous_format):
    """Peak bytes of LSPA in inference at the paper's widths; tensors have shapes and no values."""
    with FakeTensorMode(), torch.no_grad():
        module = LocalSamplingPropagationAttention(64, 16, 2, chunk=chunk).eval()
        feature = torch.empty(1, 64, height, width).to(memory_format=layout)
        regions = torch.empty(1, 3, height, width)
        with MemoryMeter() as meter:
            module(feature, feature, regions)
    return meter


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_memory_of_lspa_in_inference_grows_with_the_pixels_by_a_few_features(layout):
    small, middle, large = (lspa_peak(64, width, 4, layout).peak for width in (64, 128, 192))
    feature = 64 * 64 * 64 * 4  # bytes by which one feature grows at each step
    # Image, alpha, F_ls before and after its convolution, F_lp, the CFC's input and output, each once or in windows.
    # Each copy of the affinities of all windows at once would take 8 features more.
    assert middle - small <= 10 * feature and large - middle <= 10 * feature


def test_one_chunk_of_lspa_holds_a_few_affinity_matrices():
    chunk, matrix = 256, 256 * 2 * 256**2 * 4
    meter = lspa_peak(1024, 1024, chunk)  # stride 4 of a photo of 16 megapixels
    assert meter.largest <= max(matrix, 1024 * 1024 * 128 * 4)
    assert meter.peak <= 4 * matrix + 10 * 1024 * 1024 * 64 * 4


def test_the_affinity_of_a_pixel_is_its_row_of_the_whole_matrix():
    module = randomised(GlobalPropagationAttention(6, 2)).double().eval()
    image, alpha = torch.randn(2, 2, 6, 8, 10, dtype=torch.float64)
    unknown = torch.rand(2, 1, 8, 10) > 0.4
    query, key, weights = module.query_key_weights(image, unknown)
    matrix = ((query @ key.mT) * weights[:, None, :] / query.shape[-1] ** 0.5).softmax(-1)
    value = module.value(alpha).flatten(2).mT
    result = module(image, alpha, unknown)
    for row, column in ((0, 0), (3, 7), (7, 9)):
        seen = module.affinity(image, unknown, row, column)
        assert seen.shape == (2, 4, 5)
        torch.testing.assert_close(seen.sum((1, 2)), torch.ones(2, dtype=torch.float64))
        torch.testing.assert_close(seen.flatten(1), matrix[:, row * 10 + column])
        gathered = module.output((seen.flatten(1)[:, None] @ value).mT[..., None])[:, :, 0, 0]
        torch.testing.assert_close(result[..., row, column], alpha[..., row, column] + gathered)


def test_the_affinity_of_a_pixel_holds_one_row_in_memory():
    module = GlobalPropagationAttention(8, 2)
    image, unknown = torch.randn(1, 8, 64, 64), torch.rand(1, 1, 64, 64) > 0.5
    with torch.no_grad(), MemoryMeter() as meter:
        module.affinity(image, unknown, 3, 4)
    assert meter.largest <= image.nbytes


def branches(dtype):
    """LSPA and GPA as functions of image, alpha and one-hot regions, with their parameters."""
    local = LocalSamplingPropagationAttention(8, 4, 2).to(dtype)
    everywhere = GlobalPropagationAttention(8, 2).to(dtype)
    return [
        (local, local),
        (everywhere, lambda image, alpha, regions: everywhere(image, alpha, regions[:, 1:2] > 0.5)),
    ]


@pytest.mark.parametrize("size", [1.0, 1000.0])
@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_attention_is_finite_forward_and_backward_for_every_trimap_and_large_features(dtype, autocast, size):
    trimap = awkward_trimaps(8, 8)
    own = torch.float32 if autocast else dtype
    for module, run in branches(own):
        image, alpha = (torch.randn(len(trimap), 8, 8, 8).mul(size).to(own).requires_grad_() for _ in range(2))
        with torch.autocast("cpu", dtype=dtype, enabled=autocast and dtype != torch.float32):
            result = run(image, alpha, one_hot_trimap(trimap).to(own))
        result.float().mean().backward()
        assert result.isfinite().all()
        for tensor in (image, alpha, *module.parameters()):
            assert tensor.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_attention_in_half_precision_is_near_float32(dtype):
    trimap = awkward_trimaps(8, 8)
    inputs = (*torch.randn(2, len(trimap), 8, 8, 8), one_hot_trimap(trimap))
    for module, run in branches(torch.float32):
        module.eval()
        expected = run(*inputs)
        module.to(dtype)
        result = run(*(tensor.to(dtype) for tensor in inputs)).float()
        # Features of at most 4 are rounded (by eps / 2 of themselves) a few times on their way.
        assert (result - expected).abs().max() <= 4 * 4 * torch.finfo(dtype).eps
