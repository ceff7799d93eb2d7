"""LSPA and GPA as modules: against loops, in memory, in half precision; their equations are in test_attention.py."""

import numpy as np
import pytest
import reference
import torch
from attention_cases import close, exact_distances, randomised
from network_cases import MemoryMeter, awkward_trimaps
from torch._subclasses.fake_tensor import FakeTensorMode

from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.layers import one_hot_trimap


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


def test_pixels_that_are_not_chosen_take_what_one_of_their_square_gathers():
    module = randomised(GlobalPropagationAttention(6, 2)).double().eval()
    image, alpha = torch.randn(2, 2, 6, 8, 12, dtype=torch.float64)
    unknown = torch.rand(2, 1, 8, 12) > 0.4
    chosen = torch.zeros(8, 12, dtype=torch.bool)
    chosen[1:4, 2:5] = True
    gathered = module(image, alpha, unknown) - alpha
    shared = gathered[..., ::4, ::4].repeat_interleave(4, -2).repeat_interleave(4, -1)
    expected = alpha + torch.where(chosen, gathered, shared)
    torch.testing.assert_close(module(image, alpha, unknown, chosen), expected)


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
