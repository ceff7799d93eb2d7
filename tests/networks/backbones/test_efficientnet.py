import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import reference
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st
from network_cases import photos
from torch import nn

from matting.networks.backbones import efficientnet
from matting.networks.backbones.efficientnet import EfficientNetLite0, SameConv2d
from matting.networks.layers import normalise
from matting.networks.tgn import EfficientNetEncoder

EXAMPLES = Path(__file__).resolve().parents[3] / "assets" / "examples"
# ImageNet's numbers: macaw, otter, Madagascar's black-and-white indri (the nearest there is to a ruffed lemur).
EXAMPLE_CLASSES = {"parrots.jpg": 88, "otter.jpg": 360, "lemur.jpg": 384}
# Beacon, warplane, barn; camel, impala, hare, lion, leopard, sorrel, golden retriever, ox-like gnu (water buffalo).
SHARED_CLASSES = {
    "photos/kodak-19.jpg": 437,
    "photos/kodak-21.jpg": 437,
    "photos/kodak-20.jpg": 895,
    "photos/kodak-22.jpg": 425,
    "animals/sample1.jpg": 354,
    "animals/sample4.jpg": 352,
    "animals/sample5.jpg": 331,
    "animals/sample6.jpg": 291,
    "animals/sample8.jpg": 288,
    "animals/sample10.jpg": 339,
    "animals/sample11.jpg": 207,
    "animals/sample13.jpg": 346,
}


@pytest.fixture(scope="module")
def published():
    """The published checkpoint as it is."""
    return torch.load(efficientnet.published_weights(), weights_only=True)


@pytest.fixture(scope="module")
def labelled(request):
    """Real photos (B, 3, 224, 224) in [0, 1] and their ImageNet classes."""
    files = {EXAMPLES / name: number for name, number in EXAMPLE_CLASSES.items()}
    shared = request.getfixturevalue("shared_data")
    if shared is not None:
        files |= {shared / name: number for name, number in SHARED_CLASSES.items()}
    return torch.cat([square(path) for path in files]), torch.tensor(list(files.values()))


def square(path, side=224):
    """The centre of a photo, (1, 3, side, side) in [0, 1]."""
    image = cv2.imread(str(path))[..., ::-1]
    height, width = image.shape[:2]
    size = min(height, width)
    top, left = (height - size) // 2, (width - size) // 2
    centre = cv2.resize(image[top : top + size, left : left + size], (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(centre).permute(2, 0, 1)[None].float() / 255


def trained(inputs=3, output_stride=32):
    network = EfficientNetLite0(inputs, output_stride)
    network.load_imagenet(efficientnet.published_weights())
    return network.eval()


def pyramid(network, inputs):
    """Features at the five strides, fine to coarse."""
    features = [network.stride2(inputs)]
    for stage in (network.stride4, network.stride8, network.stride16, network.stride32):
        features.append(stage(features[-1]))
    return features


@torch.no_grad()
def probabilities(network, published, inputs):
    """Class probabilities by the checkpoint's own head, which the encoder leaves out."""
    feature = F.conv2d(pyramid(network, inputs)[-1], published["_conv_head.weight"])
    statistics = [published[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
    pooled = F.relu6(F.batch_norm(feature, *statistics, eps=1e-3)).mean((2, 3))
    return F.linear(pooled, published["_fc.weight"], published["_fc.bias"]).softmax(1)


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3, 5]), st.sampled_from([1, 2]))
def test_padding_is_tensorflows(height, width, kernel, stride):
    layer = SameConv2d(1, 1, kernel, stride).double()
    feature = torch.randn(1, 1, height, width, dtype=torch.float64)
    totals = [max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in (height, width)]
    padded = np.pad(feature[0, 0].numpy(), [(total // 2, total - total // 2) for total in totals])
    expected = [
        [
            (layer.weight[0, 0].detach().numpy() * padded[y : y + kernel, x : x + kernel]).sum()
            for x in range(0, stride * -(-width // stride), stride)
        ]
        for y in range(0, stride * -(-height // stride), stride)
    ]
    result = layer(feature).detach()
    assert result.shape == (1, 1, -(-height // stride), -(-width // stride))
    assert np.allclose(result[0, 0].numpy(), expected, rtol=1e-12, atol=1e-12)


@given(st.integers(1, 9), st.sampled_from([3, 5]), st.sampled_from([1, 2, 3]))
def test_a_dilated_convolution_is_one_with_a_hollow_kernel(size, kernel, dilation):
    layer = SameConv2d(2, 2, kernel, dilation=dilation).double()
    feature = torch.randn(1, 2, size, size, dtype=torch.float64)
    hollow = np.zeros((2, 2, (kernel - 1) * dilation + 1, (kernel - 1) * dilation + 1))
    hollow[..., ::dilation, ::dilation] = layer.weight.detach().numpy()
    expected = reference.convolution(feature[0].numpy(), hollow, np.zeros(2))
    assert np.allclose(layer(feature)[0].detach().numpy(), expected, rtol=1e-12, atol=1e-12)


def test_features_have_the_widths_and_strides_that_others_build_on():
    features = pyramid(EfficientNetLite0(6).eval(), torch.randn(1, 6, 64, 96))
    widths = {2: 16, 4: 24, 8: 40, 16: 112, 32: 320}
    sizes = [(width, 64 // stride, 96 // stride) for stride, width in widths.items()]
    assert [tuple(feature.shape[1:]) for feature in features] == sizes
    low, middle, high = EfficientNetEncoder(5).eval()(torch.randn(1, 5, 64, 96))
    assert [tuple(feature.shape[1:]) for feature in (low, middle, high)] == [(24, 16, 24), (40, 8, 12), (320, 4, 6)]


def test_the_published_checkpoint_names_exactly_our_parameters_and_its_own_head(published):
    own = EfficientNetLite0(3).state_dict()
    head = {name for name in published if name.startswith(("_conv_head.", "_bn1.", "_fc."))}
    assert published.keys() - head == own.keys()
    assert all(own[name].shape == published[name].shape for name in own)


def test_a_checkpoint_that_lacks_a_tensor_is_refused(published, tmp_path):
    torch.save({name: tensor for name, tensor in published.items() if "_blocks.3._bn1" not in name}, tmp_path / "w.pt")
    with pytest.raises(RuntimeError, match="_blocks.3._bn1"):
        EfficientNetLite0(3).load_imagenet(tmp_path / "w.pt")


def test_the_rescaled_stem_gives_what_the_published_one_gave_for_its_own_pixels(published):
    pixels = torch.rand(1, 3, 32, 32)
    kernel, statistics = (
        published["_conv_stem.weight"],
        [published[f"_bn0.{name}"] for name in ("running_mean", "running_var", "weight", "bias")],
    )
    theirs = F.batch_norm(F.conv2d((255 * pixels - 127) / 128, kernel, stride=2), *statistics, eps=1e-3)
    network = trained()
    ours = network._bn0(network._conv_stem(normalise(pixels)))
    # One pixel of padding at the far end; there zero means our mean colour and theirs 127.
    torch.testing.assert_close(ours[..., :15, :15], theirs, rtol=1e-4, atol=1e-4)


def test_further_channels_have_no_say_at_first():
    network, image = trained(inputs=6), normalise(torch.rand(1, 3, 64, 64))
    expected = pyramid(trained(), image)
    for one, other in zip(pyramid(network, torch.cat([image, torch.randn(1, 3, 64, 64)], 1)), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_with_output_stride_16_the_features_up_to_it_are_the_same():
    image = normalise(torch.rand(1, 3, 64, 64))
    dilated, strided = pyramid(trained(output_stride=16), image), pyramid(trained(), image)
    for one, other in zip(dilated[:4], strided[:4], strict=True):
        assert torch.equal(one, other)
    assert dilated[4].shape == (1, 320, 4, 4)


def test_dilation_in_place_of_the_last_stride_gives_the_same_features_and_those_in_between():
    image = normalise(photos(1, 224, 224))
    dilated, strided = (pyramid(trained(output_stride=stride), image)[4] for stride in (16, 32))
    # "SAME" padding puts the strided network's centres on odd pixels.
    torch.testing.assert_close(dilated[..., 1::2, 1::2], strided, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def recognised(published, labelled):
    """Class probabilities of the labelled photos by our network."""
    return probabilities(trained(), published, normalise(labelled[0]))


def test_real_photos_are_recognised(recognised, labelled):
    assert recognised.argmax(1).tolist() == labelled[1].tolist()
    assert confidence(recognised, labelled) > math.log(0.7)


def test_photos_are_recognised_worse_with_another_epsilon(recognised, published, labelled):
    network = trained()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = nn.BatchNorm2d(1).eps
    other = probabilities(network, published, normalise(labelled[0]))
    assert confidence(other, labelled) < confidence(recognised, labelled)


def test_photos_are_recognised_worse_where_the_stem_is_not_rescaled(recognised, published, labelled):
    network = trained()
    network._conv_stem.weight.data.copy_(published["_conv_stem.weight"])
    other = probabilities(network, published, normalise(labelled[0]))
    assert confidence(other, labelled) < confidence(recognised, labelled)


def test_photos_are_recognised_worse_where_padding_is_symmetric(recognised, published, labelled, monkeypatch):
    def symmetric(layer, feature):
        return F.conv2d(feature, layer.weight, None, layer.stride, layer.kernel_size[0] // 2, 1, layer.groups)

    monkeypatch.setattr(SameConv2d, "forward", symmetric)
    other = probabilities(trained(), published, normalise(labelled[0]))
    assert not torch.allclose(other, recognised, atol=0.01)
    # Three photos are too few to tell where a pixel of padding belongs; fifteen do.
    assert len(other) < 15 or confidence(other, labelled) < confidence(recognised, labelled)


def confidence(found, labelled):
    """Mean log probability of the true classes."""
    return found.gather(1, labelled[1][:, None]).log().mean()


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_on_a_cpu_a_depthwise_filter_learns_in_float32_under_bfloat16(stride, dilation):
    torch.manual_seed(0)
    filters = SameConv2d(8, 8, 5, stride, groups=8, dilation=dilation)
    feature = torch.randn(2, 8, 13, 12).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        out = filters(feature)
    out.float().square().sum().backward()
    gradient, filters.weight.grad = filters.weight.grad, None
    exact = filters(feature.float())
    exact.bfloat16().float().square().sum().backward()
    assert out.dtype == torch.bfloat16 and gradient.dtype == torch.float32
    torch.testing.assert_close(out, exact.bfloat16())
    torch.testing.assert_close(gradient, filters.weight.grad, rtol=0.01, atol=0.05)
