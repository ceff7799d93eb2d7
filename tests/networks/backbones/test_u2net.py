"""U2Net against the architecture written down a second time, as plain functions over a checkpoint's tensors."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from network_cases import fit, photos, randomise_norms, settled

from matting.networks.backbones.u2net import CONFIGS, U2Net, U2NetConfig, normalise_by_largest, stretch, u2net_loss

NARROW = U2NetConfig(
    encoder=((2, 3), (2, 4), (3, 5), (2, 6), (4, 7), (3, 8)), decoder=((2, 3), (3, 2), (2, 4), (3, 5), (2, 6))
)
STAGES = {1: 7, 2: 6, 3: 5, 4: 4, 5: 4, 6: 4}


def unit(state, name, feature, dilation=1):
    feature = F.conv2d(
        feature, state[f"{name}.conv_s1.weight"], state[f"{name}.conv_s1.bias"], padding=dilation, dilation=dilation
    )
    mean, var, gain, shift = (
        state[f"{name}.bn_s1.{key}"][:, None, None] for key in ("running_mean", "running_var", "weight", "bias")
    )
    return ((feature - mean) / (var + 1e-5).sqrt() * gain + shift).clamp(min=0)


def halved(feature):
    return torch.nn.MaxPool2d(2, stride=2, ceil_mode=True)(feature)


def beside(feature, other):
    up = torch.nn.Upsample(size=other.shape[2:], mode="bilinear", align_corners=False)
    return torch.cat([up(feature), other], 1)


def block(state, name, feature, depth, dilated):
    """RSU-depth, or RSU-4F, by recursion."""
    first = unit(state, f"{name}.rebnconvin", feature)

    def level(number, incoming):
        if number == depth:
            return unit(state, f"{name}.rebnconv{number}", incoming, 8 if dilated else 2)
        dilation = 2 ** (number - 1) if dilated else 1
        here = unit(state, f"{name}.rebnconv{number}", incoming, dilation)
        shrinks = not dilated and number < depth - 1
        below = level(number + 1, halved(here) if shrinks else here)
        return unit(state, f"{name}.rebnconv{number}d", beside(below, here), dilation)

    return level(1, first) + first


def reference(state, image):
    """d0 to d6 of one photo that is normalised already."""
    side, outputs = [], []

    def stage(number, incoming):
        here = block(state, f"stage{number}", incoming, STAGES[number], number > 4)
        if number < 6:
            below = stage(number + 1, halved(here))
            here = block(state, f"stage{number}d", beside(below, here), STAGES[number], number > 4)
        logits = F.conv2d(here, state[f"side{number}.weight"], state[f"side{number}.bias"], padding=1)
        side.insert(0, F.interpolate(logits, image.shape[2:], mode="bilinear", align_corners=False))
        return here

    stage(1, image)
    outputs.append(F.conv2d(torch.cat(side, 1), state["outconv.weight"], state["outconv.bias"]))
    return [torch.sigmoid(output) for output in outputs + side]


@pytest.fixture(scope="module")
def network():
    """A narrow network whose every parameter matters."""
    torch.manual_seed(0)
    return settled(U2Net(NARROW), photos(2, 64, 64))


@pytest.mark.parametrize(("name", "parameters"), [("u2net", 44_009_869), ("u2netp", 1_131_181)])
def test_parameters_are_as_many_as_the_official_networks(name, parameters):
    with torch.device("meta"):
        network = U2Net(CONFIGS[name])
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_names_and_shapes_are_the_official_checkpoints():
    with torch.device("meta"):
        full, small = (U2Net(CONFIGS[name]).state_dict() for name in ("u2net", "u2netp"))
    assert list(full) == list(small)
    shapes = {
        "stage1.rebnconvin.conv_s1.weight": (64, 3, 3, 3),
        "stage1.rebnconv7.conv_s1.weight": (32, 32, 3, 3),
        "stage2.rebnconv1d.bn_s1.running_mean": (128,),
        "stage4.rebnconv4.conv_s1.bias": (128,),
        "stage6.rebnconv3d.conv_s1.weight": (256, 512, 3, 3),
        "stage5d.rebnconvin.conv_s1.weight": (512, 1024, 3, 3),
        "stage1d.rebnconv6d.conv_s1.weight": (16, 32, 3, 3),
        "side3.weight": (1, 128, 3, 3),
        "side6.bias": (1,),
        "outconv.weight": (1, 6, 1, 1),
    }
    assert {name: tuple(full[name].shape) for name in shapes} == shapes
    assert tuple(small["stage5d.rebnconvin.conv_s1.weight"].shape) == (64, 128, 3, 3)


@pytest.mark.parametrize("size", [(64, 64), (45, 61), (33, 130)])
def test_the_network_is_the_architecture_written_as_functions(network, size):
    network, image = copy.deepcopy(network).double(), photos(2, *size).double()
    with torch.no_grad():
        outputs = network(image)
        expected = reference(network.state_dict(), normalise_by_largest(image))
    assert len(outputs) == 7
    for output, other in zip(outputs, expected, strict=True):
        assert output.shape == (2, 1, *size) and 0 <= output.min() and output.max() <= 1
        assert output.std() > 1e-4
        torch.testing.assert_close(output, other, atol=1e-9, rtol=1e-9)


def test_photos_are_divided_by_their_own_largest_value(network):
    image = photos(2, 40, 40)
    darker = image * torch.tensor([1.0, 0.25])[:, None, None, None]
    torch.testing.assert_close(normalise_by_largest(darker), normalise_by_largest(image), atol=1e-5, rtol=1e-5)
    shown = normalise_by_largest(torch.tensor([0.5, 0.25, 0.125]).view(1, 3, 1, 1)).flatten().tolist()
    statistics = ((1, 0.485, 0.229), (0.5, 0.456, 0.224), (0.25, 0.406, 0.225))
    np.testing.assert_allclose(shown, [(value - mean) / deviation for value, mean, deviation in statistics], 1e-5)
    assert normalise_by_largest(torch.zeros(1, 3, 2, 2)).isfinite().all()


def test_stretching_fills_zero_to_one_and_an_even_map_is_nothing():
    saliency = torch.rand(3, 1, 5, 6) * 0.2 + 0.4
    stretched = stretch(saliency)
    assert stretched.amin(dim=(1, 2, 3)).tolist() == [0] * 3
    torch.testing.assert_close(stretched.amax(dim=(1, 2, 3)), torch.ones(3))
    low, high = saliency[1].min(), saliency[1].max()
    torch.testing.assert_close(stretched[1], (saliency[1] - low) / (high - low))
    assert (stretch(torch.full((1, 1, 4, 4), 0.3)) == 0).all()


def test_the_loss_is_the_sum_of_seven_mean_squared_errors():
    outputs, mask = torch.rand(7, 2, 1, 4, 5), torch.rand(2, 1, 4, 5)
    expected = sum(((output - mask) ** 2).sum().item() / mask.numel() for output in outputs)
    assert u2net_loss(tuple(outputs), mask).item() == pytest.approx(expected, rel=1e-5)
    assert u2net_loss([mask] * 7, mask).item() == 0


def test_every_parameter_gets_a_finite_gradient():
    network = randomise_norms(U2Net(NARROW)).train()
    u2net_loss(network(photos(2, 64, 64)), (torch.rand(2, 1, 64, 64) > 0.5).float()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        shift_before_a_norm = name.endswith("conv_s1.bias")  # which the norm takes away again
        assert shift_before_a_norm or parameter.grad.abs().max() > 0, name


def test_the_network_learns_one_mask():
    network, image = U2Net(NARROW), photos(2, 32, 32)
    mask = torch.zeros(2, 1, 32, 32)
    mask[0, :, 8:24, 4:20], mask[1, :, 2:15, 15:30] = 1, 1
    fit(network, lambda: u2net_loss(network(image), mask), 35, rate=2e-2)
    with torch.no_grad():
        assert ((network(image)[0] > 0.5) == (mask > 0.5)).float().mean() > 0.9
