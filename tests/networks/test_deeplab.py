import numpy as np
import pytest
import torch
from network_cases import cancelled_by_the_next_norm, fit, photos, settled
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torchvision.models import resnet50
from torchvision.models.segmentation.deeplabv3 import DeepLabHead

from matting.inference import whole_photo
from matting.networks import deeplab
from matting.networks.deeplab import V2_CONFIGS, V3_CONFIGS, AddedClassifiers, DeepLabV2, DeepLabV3
from matting.networks.layers import fold
from matting.networks.tgn import CONFIGS, TGN
from matting.networks.weights import load_weights, save_weights

SMALL = {"v2": (DeepLabV2, V2_CONFIGS["small"]), "v3": (DeepLabV3, V3_CONFIGS["small"])}
PAPER = {"v2": (DeepLabV2, V2_CONFIGS["paper"]), "v3": (DeepLabV3, V3_CONFIGS["paper"])}


def build(cases, name):
    kind, config = cases[name]
    return kind(config)


def inputs(batch=2, height=64, width=96):
    return photos(batch, height, width), nn.functional.interpolate(torch.rand(batch, 1, 4, 6), (height, width))


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_deeplabv2_sees_with_torchvisions_encoder_at_stride_8():
    with FakeTensorMode():
        ours, theirs = build(PAPER, "v2").encoder, resnet50(weights=None, replace_stride_with_dilation=[0, 1, 1])
    for name in ("layer1", "layer2", "layer3", "layer4"):
        one, other = (
            [(m.stride, m.dilation, m.padding) for m in getattr(e, name).modules() if isinstance(m, nn.Conv2d)]
            for e in (ours, theirs)
        )
        assert one == other


def test_the_papers_sizes_are_those_of_their_authors():
    v2, v3 = V2_CONFIGS["paper"], V3_CONFIGS["paper"]
    assert (v2.encoder, v2.rates, v2.output_stride) == ("resnet50", (6, 12, 18, 24), 8)
    assert (v3.encoder, v3.rates, v3.aspp_width, v3.output_stride) == ("resnet50", (6, 12, 18), 256, 16)
    with FakeTensorMode():
        network, head, tgn = build(PAPER, "v3"), DeepLabHead(2048, 3, (6, 12, 18)), TGN(CONFIGS["paper"])
    assert parameters(network.head) == parameters(head)
    assert parameters(network.encoder) == parameters(tgn.encoder)


def test_small_ones_are_no_larger_than_tgn_small():
    largest = parameters(TGN(CONFIGS["small"]))
    assert all(0 < parameters(build(SMALL, name)) <= largest for name in SMALL)


def test_the_classifiers_of_deeplabv2_are_added_up():
    head, feature = AddedClassifiers(6, (1, 3)), torch.rand(1, 6, 9, 9)
    expected = sum(
        nn.functional.conv2d(feature, branch.weight, branch.bias, padding=rate, dilation=rate)
        for branch, rate in zip(head.branches, (1, 3), strict=True)
    )
    torch.testing.assert_close(head(feature), expected)


@pytest.mark.parametrize("name", SMALL)
def test_every_parameter_gets_a_gradient_and_every_pixel_three_logits(name):
    given = [tensor.double() for tensor in inputs()]
    network = settled(build(SMALL, name).double(), *given)
    logits = network.train()(*given)
    assert logits.shape == (2, 3, 64, 96)
    (logits * torch.randn_like(logits)).sum().backward()
    for parameter_name, parameter in network.named_parameters():
        if not cancelled_by_the_next_norm(parameter_name):
            assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 0, parameter_name


@pytest.mark.parametrize("name", SMALL)
def test_the_encoder_gets_what_tgns_gets(name):
    network, (image, mask) = build(SMALL, name), inputs()
    seen = []
    network.encoder.register_forward_hook(lambda _, given, out: seen.append(given[0]))
    network(image, mask)
    assert seen[0].shape[1] == 5
    torch.testing.assert_close(seen[0][:, 3:], torch.cat([mask, 1 - mask], 1))
    with pytest.raises(ValueError, match=r"^Pad [^.]*16 pixels[^.]*\.$"):
        network(torch.rand(1, 3, 40, 64), torch.rand(1, 1, 40, 64))


@pytest.mark.parametrize("name", SMALL)
def test_photos_of_any_size_get_probabilities_as_from_tgn(name):
    network = settled(build(SMALL, name), *inputs())
    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    mask = np.random.default_rng(1).random((50, 70), np.float32)
    found = whole_photo.estimate_trimap(network, image, mask)
    assert found.shape == (50, 70, 3)
    np.testing.assert_allclose(found.sum(2), 1, atol=1e-5)
    np.testing.assert_allclose(whole_photo.estimate_trimap(fold(network), image, mask), found, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_weights_come_back_with_their_configuration(name, tmp_path):
    network = build(SMALL, name).eval()
    save_weights(network, tmp_path / "net.safetensors")
    again = load_weights(tmp_path / "net.safetensors")
    assert type(again) is type(network) and again.config == network.config
    given = inputs(1)
    with torch.no_grad():
        assert torch.equal(again(*given), network(*given))


@pytest.mark.parametrize("name", SMALL)
def test_the_network_overfits_one_trimap(name):
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    radius = (x**2 + y**2).sqrt()[None]
    classes = (radius < 0.9).long() + (radius < 0.5).long()
    image = torch.where(classes[:, None] > 1, *(photos(1, 64, 64) for _ in range(2)))
    mask = (radius[:, None] < 0.7).float()
    image, mask, classes = torch.cat([image, image.flip(3)]), torch.cat([mask, mask]), torch.cat([classes, classes])
    network = build(SMALL, name)
    fit(network, lambda: nn.functional.cross_entropy(network(image, mask), classes), steps=40)
    [module.eval() for module in network.modules() if isinstance(module, nn.Dropout)]
    assert (network(image, mask).argmax(1) == classes).float().mean() > 0.85


def test_strides_that_no_encoder_has_are_refused():
    with pytest.raises(ValueError, match="8 or 16"):
        DeepLabV2(deeplab.DeepLabV2Config(output_stride=4))
    with pytest.raises(ValueError, match="stride 16"):
        DeepLabV2(deeplab.DeepLabV2Config(encoder="efficientnet-lite0", output_stride=8))
