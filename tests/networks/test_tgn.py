import pytest
import torch
from network_cases import (
    TGNS,
    MemoryMeter,
    cancelled_by_the_next_norm,
    fit,
    photos,
    randomise_norms,
    settled,
)
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from matting.networks.backbones.efficientnet import published_weights
from matting.networks.layers import fold, normalise
from matting.networks.tgn import CONFIGS, TGN


def random_inputs(batch=2, height=64, width=64):
    mask = nn.functional.interpolate(torch.rand(batch, 1, 4, 4), (height, width), mode="bilinear")
    return photos(batch, height, width), mask


def test_small_has_at_most_six_and_a_half_million_parameters():
    assert sum(parameter.numel() for parameter in TGN(CONFIGS["small"]).parameters()) <= 6.5e6


def test_the_papers_sizes_are_those_of_the_specification():
    config = CONFIGS["paper"]
    assert (config.encoder, config.aspp_width, config.rates) == ("resnet50", 256, (6, 12, 18))
    assert (config.detail_width, config.dropout) == (48, 0.5)
    with FakeTensorMode():
        network = TGN(config)
    dilations = [module.dilation[0] for module in network.aspp.modules() if isinstance(module, nn.Conv2d)]
    assert sorted({rate for rate in dilations if rate > 1}) == [6, 12, 18]
    dropouts = [module.p for module in network.modules() if isinstance(module, nn.Dropout)]
    assert dropouts == [0.5]  # the paper's alone, none in ASPP
    shapes = {name: tuple(parameter.shape) for name, parameter in network.named_parameters()}
    assert shapes["classify.weight"] == (3, 256, 3, 3)
    assert shapes["fuse.0.weight"] == (256, 256 + 48 + 48, 3, 3)


@pytest.mark.parametrize("name", TGNS)
def test_every_parameter_gets_a_gradient(name):
    inputs = [tensor.double() for tensor in random_inputs()]
    network = settled(TGN(TGNS[name]).double(), *inputs)
    for training in (True, False):
        network.train(training).zero_grad()
        logits = network(*inputs)
        (logits * torch.randn_like(logits)).sum().backward()
        for parameter_name, parameter in network.named_parameters():
            if not (training and cancelled_by_the_next_norm(parameter_name)):
                assert parameter.grad is not None, parameter_name
                assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 1e-9, parameter_name


@pytest.mark.parametrize("name", TGNS)
def test_features_flow_as_in_figure_3(name):
    network = TGN(TGNS[name])
    image, mask = random_inputs(2, 64, 96)
    settled(network, image, mask)
    seen = {}
    for part, module in network.named_children():
        module.register_forward_hook(lambda _, inputs, output, part=part: seen.update({part: (inputs[0], output)}))
    logits = network(image, mask)
    assert torch.equal(seen["encoder"][0], torch.cat([normalise(image), mask, 1 - mask], dim=1))
    low, middle, high = seen["encoder"][1]
    for feature, stride in ((low, 4), (middle, 8), (high, 16)):
        assert feature.shape[-2:] == (64 // stride, 96 // stride)
    assert seen["aspp"][0] is high and seen["dropout"][0] is seen["aspp"][1]
    assert seen["project_low"][0] is low and seen["project_middle"][0] is middle

    def enlarged(feature, factor):
        return nn.functional.interpolate(feature, scale_factor=factor, mode="bilinear")

    details = [seen["project_low"][1], enlarged(seen["project_middle"][1], 2)]
    assert torch.equal(seen["fuse"][0], torch.cat([enlarged(seen["dropout"][1], 4), *details], dim=1))
    # Enlarging comes before the last convolution, so every pixel is classified by itself.
    assert torch.equal(seen["classify"][0], enlarged(seen["fuse"][1], 4))
    assert logits is seen["classify"][1] and logits.shape == (2, 3, 64, 96)


@pytest.mark.parametrize("name", TGNS)
def test_the_mask_has_no_say_in_an_encoder_that_starts_from_imagenet(name):
    encoder = TGN(TGNS[name]).encoder.eval()
    if name == "small":
        encoder.load_imagenet(published_weights())
    image, mask = random_inputs(1)
    features = (encoder(torch.cat([image, guidance, 1 - guidance], dim=1)) for guidance in (mask, 1 - mask))
    for one, other in zip(*features, strict=True):
        assert one.std() > 0
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_dropout_acts_in_training_alone():
    image, mask = random_inputs()
    network = settled(TGN(TGNS["small"]), image, mask)
    with torch.no_grad():
        assert torch.equal(network(image, mask), network(image, mask))
        network.dropout.train()
        assert not torch.equal(network(image, mask), network(image, mask))


@pytest.mark.parametrize("size", [(63, 64), (64, 72), (1, 1), (8, 16)])
def test_sizes_that_are_not_multiples_are_refused_in_one_sentence(size):
    network = TGN(TGNS["small"]).eval()
    with pytest.raises(ValueError, match=r"^Pad [^.]*16 pixels[^.]*\.$"):
        network(torch.rand(1, 3, *size), torch.rand(1, 1, *size))


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 7, 12, 64])
def test_stripes_equal_the_whole_forward(rows):
    inputs = [tensor.double() for tensor in random_inputs(2, 48, 64)]
    network = settled(TGN(TGNS["small"]).double(), *inputs)
    with torch.no_grad():
        whole = network(*inputs)
        stripes = list(network.logit_stripes(network.features(*inputs), rows))
    assert [stripe.shape[2] for stripe in stripes[:-1]] == [4 * rows] * (len(stripes) - 1)
    assert len(stripes) == -(-12 // rows)
    torch.testing.assert_close(torch.cat(stripes, dim=2), whole, rtol=1e-10, atol=1e-10)


def striped_peak(name, height, width=3840, **rows):
    """Peak bytes of the striped head over a photo of this size; tensors have shapes and no values."""
    with FakeTensorMode(), torch.no_grad():
        network = TGN(CONFIGS[name]).eval()
        feature = torch.empty(1, CONFIGS[name].aspp_width, height // 4, width // 4)
        with MemoryMeter() as meter:
            for _ in network.logit_stripes(feature, **rows):
                pass  # each is used up before the next is made
    return meter.peak


@pytest.mark.parametrize("name", ["paper", "small"])
def test_memory_of_the_striped_head_at_4k_is_that_of_one_stripe(name):
    rows = 16
    channels, stripe_pixels = CONFIGS[name].aspp_width, 4 * (rows + 4) * 3840
    bound = 1.1 * 4 * stripe_pixels * (channels + 2 * 3)  # its enlarged feature, its logits and the last one's
    tall, taller = (striped_peak(name, height, rows=rows) for height in (1088, 2176))
    assert tall == taller <= bound < 4 * channels * 3840 * 2176 / 20


@pytest.mark.parametrize("name", ["paper", "small"])
def test_stripes_as_inference_takes_them_need_a_seventh_of_the_whole_map_at_4k(name):
    whole = 4 * CONFIGS[name].aspp_width * 3840 * 2176
    assert striped_peak(name, 2176) < whole / 7


@pytest.mark.parametrize("name", TGNS)
def test_a_batch_gives_what_its_images_give_alone(name):
    inputs = [tensor.double() for tensor in random_inputs(3)]
    network = settled(TGN(TGNS[name]).double(), *inputs)
    with torch.no_grad():
        together = network(*inputs)
        alone = [network(*(tensor[index : index + 1] for tensor in inputs)) for index in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", TGNS)
def test_logits_and_gradients_are_finite_for_empty_full_and_soft_masks(name, dtype):
    mask = torch.stack([torch.zeros(1, 64, 64), torch.ones(1, 64, 64), torch.rand(1, 64, 64)])
    image = torch.stack([torch.zeros(3, 64, 64), torch.ones(3, 64, 64), torch.rand(3, 64, 64)])
    network = randomise_norms(TGN(TGNS[name])).to(dtype)
    logits = network(image.to(dtype), mask.to(dtype))
    logits.float().log_softmax(1).mean().backward()
    assert logits.isfinite().all()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), parameter_name
    with torch.no_grad():
        assert fold(network)(image.to(dtype), mask.to(dtype)).isfinite().all()


@pytest.mark.parametrize("name", TGNS)
def test_the_network_overfits_one_pair_of_trimaps(name):
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    radius = torch.stack([(x**2 + y**2).sqrt(), (x - 0.2).abs() + (y + 0.1).abs()])
    classes = (radius < 0.9).long() + (radius < 0.5).long()
    layers = photos(2, 64, 64), photos(2, 64, 64).flip(1) * 0.5
    image = torch.where(classes[:, None] > 1, *layers)
    mask = nn.functional.avg_pool2d((radius[:, None] < 0.7).float(), 9, 1, 4)
    network = TGN(TGNS[name])
    fit(network, lambda: nn.functional.cross_entropy(network(image, mask), classes), steps=30)
    network.dropout.eval()
    assert (network(image, mask).argmax(1) == classes).float().mean() > 0.9
