from copy import deepcopy
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from network_cases import SPAMATTNETS, TGNS, norms, patchy_trimap, photos, settled
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from matting.networks import layers
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN

NETWORKS = {f"SPAMattNet {name}": (SPAMattNet, config) for name, config in SPAMATTNETS.items()} | {
    f"TGN {name}": (TGN, config) for name, config in TGNS.items()
}


def test_the_mean_colour_of_imagenet_becomes_zero_and_a_deviation_one():
    mean = torch.tensor(layers.IMAGENET_MEAN).view(1, 3, 1, 1)
    assert torch.equal(layers.normalise(mean), torch.zeros(1, 3, 1, 1))
    brighter = mean + torch.tensor(layers.IMAGENET_STD).view(1, 3, 1, 1)
    torch.testing.assert_close(layers.normalise(brighter), torch.ones(1, 3, 1, 1))


@given(st.integers(1, 5), st.integers(1, 5))
def test_one_hot_regions_are_background_unknown_foreground(height, width):
    values = torch.randint(0, 3, (2, 1, height, width))
    regions = layers.one_hot_trimap(values / 2)
    assert torch.equal(regions.sum(1), torch.ones(2, height, width))
    assert torch.equal(regions.argmax(1, keepdim=True), values)


@given(st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 2, 4, 8]))
def test_nearest_downsampling_is_pytorchs(down, across, stride):
    mask = torch.rand(1, 3, down * stride, across * stride)
    expected = nn.functional.interpolate(mask, scale_factor=1 / stride, mode="nearest")
    assert torch.equal(layers.downsample_nearest(mask, stride), expected)


@pytest.mark.parametrize("reflect", [True, False])
@pytest.mark.parametrize("kernel", [1, 3])
def test_a_convolution_keeps_the_size_or_divides_it_by_its_stride(kernel, reflect):
    feature = torch.randn(1, 2, 6, 8)
    assert layers.conv(2, 5, kernel, reflect=reflect)(feature).shape == (1, 5, 6, 8)
    assert layers.conv(2, 5, kernel, stride=2, reflect=reflect)(feature).shape == (1, 5, 3, 4)


def test_spectral_norm_brings_the_largest_singular_value_to_one():
    layer = layers.conv(4, 8, spectral=True)
    nn.init.normal_(layer.parametrizations.weight.original, std=3)
    for _ in range(100):  # each forward in training iterates the power method once
        layer(torch.zeros(1, 4, 3, 3))
    largest = torch.linalg.svdvals(layer.eval().weight.detach().flatten(1)).max()
    assert largest == pytest.approx(1, abs=1e-3)


@pytest.fixture(scope="module", params=NETWORKS)
def built(request):
    """A network with random batch norms that know the inputs' statistics, an image, and a trimap or a mask."""
    torch.manual_seed(0)
    network_class, config = NETWORKS[request.param]
    image = photos(2, 64, 64)
    guidance = patchy_trimap(2, 64, 64) if network_class is SPAMattNet else torch.rand(2, 1, 64, 64)
    return settled(network_class(config), image, guidance), image, guidance


def test_folding_keeps_the_output(built):
    network, image, guidance = built
    exact, doubled = deepcopy(network).double(), [tensor.double() for tensor in (image, guidance)]
    truths = outputs(exact, *doubled)
    for truth, folded in zip(truths, outputs(layers.fold(exact), *doubled), strict=True):
        assert truth.std() > 1e-3  # there is something to keep
        assert (truth - folded).abs().max() <= 1e-9
    for truth, folded in zip(truths, outputs(layers.fold(network), image, guidance), strict=True):
        assert (truth - folded).abs().max() <= 1e-4


def test_folding_removes_spectral_norm_and_every_batch_norm_that_follows_a_convolution(built):
    network, image, guidance = built
    assert norms_after_convolutions(network, image, guidance)
    folded = layers.fold(network)
    assert not norms_after_convolutions(folded, image, guidance)
    assert not any(is_parametrized(module) for module in folded.modules())
    # The skips and the image branch have their batch norm behind a ReLU.
    assert bool(norms(folded)) == isinstance(network, SPAMattNet)
    assert not folded.training and not any(parameter.requires_grad for parameter in folded.parameters())


def test_folding_leaves_the_original_alone():
    network = SPAMattNet(SPAMATTNETS["paper"])
    image, trimap = photos(2, 64, 64), patchy_trimap(2, 64, 64)
    alphas = outputs(network.eval(), image, trimap)
    before = {name: tensor.clone() for name, tensor in network.train().state_dict().items()}
    first, second = layers.fold(network), layers.fold(network)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    assert network.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    for one, other in zip(alphas, outputs(network.eval(), image, trimap), strict=True):
        assert torch.equal(one, other)
    for one, other in zip(outputs(first, image, trimap), outputs(second, image, trimap), strict=True):
        assert torch.equal(one, other)


def test_a_folded_network_folds_to_itself():
    image, trimap = photos(1, 64, 64), patchy_trimap(1, 64, 64)
    folded = layers.fold(SPAMattNet(SPAMATTNETS["without RM"]))
    once, twice = (outputs(network, image, trimap) for network in (folded, layers.fold(folded)))
    assert all(torch.equal(one, other) for one, other in zip(once, twice, strict=True))


@torch.no_grad()
def outputs(network, image, guidance):
    """Alphas, or the regions' probabilities."""
    result = network(image, guidance)
    return [result.softmax(1)] if isinstance(network, TGN) else [result.alpha, *result.heads.values()]


@torch.no_grad()
def norms_after_convolutions(network, image, guidance):
    """Names of the batch norms whose input is, when the network runs, what a convolution gave."""
    convolved, found, handles = [], [], []

    def remember(module, inputs, output):
        convolved.append((output, output._version))  # an activation in place gives the same tensor a new version

    def look(name, module, inputs):
        if any(inputs[0] is output and inputs[0]._version == version for output, version in convolved):
            found.append(name)

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            handles.append(module.register_forward_hook(remember))
        if isinstance(module, nn.BatchNorm2d):
            handles.append(module.register_forward_pre_hook(partial(look, name)))
    network(image, guidance)
    for handle in handles:
        handle.remove()
    return found
