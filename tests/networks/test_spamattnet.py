import math
from dataclasses import FrozenInstanceError, fields, replace

import pytest
import torch
from network_cases import (
    PAPER,
    SPAMATTNETS,
    awkward_trimaps,
    cancelled_by_the_next_norm,
    fit,
    multiply_adds,
    patchy_trimap,
    photos,
    randomise_norms,
    settled,
)
from torch._subclasses.fake_tensor import FakeTensorMode

from matting.networks.attention import GlobalPropagationAttention, LocalSamplingPropagationAttention
from matting.networks.cfc import CrossFusion1d, CrossFusion2d
from matting.networks.decoder import merge_heads, to_alpha
from matting.networks.layers import downsample_nearest, fold, one_hot_trimap
from matting.networks.refinement import RefinementModule
from matting.networks.spamattnet import CONFIGS, SPAMattNet

SWITCHES = {
    "without GPA": {GlobalPropagationAttention},
    "without LSPA": {LocalSamplingPropagationAttention, CrossFusion1d, CrossFusion2d},
    "without CFC": {CrossFusion1d, CrossFusion2d},
    "without RM": {RefinementModule},
    "without SPA": {GlobalPropagationAttention, LocalSamplingPropagationAttention, CrossFusion1d, CrossFusion2d},
}


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def random_inputs(batch=2, height=64, width=64):
    return photos(batch, height, width), patchy_trimap(batch, height, width)


def alphas(estimate):
    return [estimate.alpha, *estimate.heads.values()]


def test_the_papers_spamattnet_star_has_table_9s_parameters_and_multiply_adds():
    with FakeTensorMode():  # shapes without values
        network = SPAMattNet(CONFIGS["paper_star"]).eval()
        inputs = torch.empty(1, 3, 512, 512), torch.empty(1, 1, 512, 512)
        singular_vectors = sum(
            buffer.numel() for name, buffer in network.named_buffers() if name.endswith(("._u", "._v"))
        )
        assert count(network) + singular_vectors == pytest.approx(26.0e6, rel=0.02)
        assert multiply_adds(network, *inputs) == pytest.approx(49.8e9, rel=0.02)


def test_the_multiply_adds_of_attention_are_its_four_matrix_products():
    local = LocalSamplingPropagationAttention(16, 8, 2, cross_fusion=False)
    pixels, window, channels = 32 * 32, 8 * 8, 16
    feature, regions = torch.randn(1, channels, 32, 32), one_hot_trimap(patchy_trimap(1, 32, 32))
    # Two branches of q·k and attention·v, the distance map's product of rank two for each key, FC and convolution.
    products = pixels * window * (4 * channels + 2)
    layers = pixels * channels * (2 * channels + 9 * channels)
    assert multiply_adds(local, feature, feature, regions) == products + layers
    everywhere = GlobalPropagationAttention(16, 2)
    inner, keys = channels // 2, pixels // 4
    layers = pixels * channels * inner * 4 + keys * 9 * inner * inner * 2
    assert multiply_adds(everywhere, feature, feature, regions[:, 1:2] > 0.5) == pixels * keys * 2 * inner + layers


def test_small_has_at_most_six_and_a_half_million_parameters():
    assert count(SPAMattNet(CONFIGS["small"])) <= 6.5e6


def test_a_configuration_is_frozen_and_every_field_of_it_is_explained():
    with pytest.raises(FrozenInstanceError):
        PAPER.gpa = False
    for field in fields(PAPER):
        assert field.name in type(PAPER).__doc__


@pytest.mark.parametrize("name", SPAMATTNETS)
def test_every_parameter_gets_a_gradient(name):
    config = SPAMATTNETS[name]
    inputs = [tensor.double() for tensor in random_inputs()]
    network = settled(SPAMattNet(config).double(), *inputs)
    for training in (True, False):
        network.train(training).zero_grad()
        sum((alpha * torch.randn_like(alpha)).sum() for alpha in alphas(network(*inputs))).backward()
        for parameter_name, parameter in network.named_parameters():
            if not (training and cancelled_by_the_next_norm(parameter_name)):
                assert parameter.grad is not None, parameter_name
                # In float64 what cancels leaves less than 1e-12.
                assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 1e-9, parameter_name


@pytest.mark.parametrize("name", SPAMATTNETS)
def test_alpha_is_a_map_of_the_images_size_and_every_head_lies_between_0_and_1(name):
    config = SPAMATTNETS[name]
    image, trimap = random_inputs(1, 64, 128)
    estimate = settled(SPAMattNet(config), image, trimap)(image, trimap)
    assert estimate.alpha.shape == (1, 1, 64, 128)
    strides = (8, 4, 1) if config.decoder == "progressive" else (1,)
    assert tuple(estimate.heads) == strides
    for stride, alpha in estimate.heads.items():
        assert alpha.shape == (1, 1, 64 // stride, 128 // stride)
        assert alpha.min() >= 0 and alpha.max() <= 1


@pytest.mark.parametrize("name", SWITCHES)
def test_an_ablation_removes_what_it_names_and_nothing_else(name):
    everything, rest = SPAMattNet(PAPER), SPAMattNet(SPAMATTNETS[name])
    parts = set().union(*SWITCHES.values())
    found = {type(module) for module in everything.modules()}, {type(module) for module in rest.modules()}
    assert parts <= found[0]
    assert found[1] & parts == parts - SWITCHES[name]
    assert count(rest) < count(everything)


def test_without_cfc_the_branches_are_added():
    network = SPAMattNet(SPAMATTNETS["without CFC"]).eval()
    inputs, seen = random_inputs(1), record(network)
    network(*inputs)
    fused = seen["attention.to_eighth"][1] + seen["attention.propagate"][1]
    assert torch.equal(seen["attention.output"][0][0], fused)
    local = network.attention.local
    sampled, propagated = local.branches(*seen["attention.local"][0])
    height, width = seen["attention.local"][1].shape[-2:]
    windows = [windows.view(1, height // 16, width // 16, 16, 16, -1) for windows in (sampled, propagated)]
    sampled, propagated = (w.permute(0, 5, 1, 3, 2, 4).reshape(1, -1, height, width) for w in windows)
    torch.testing.assert_close(seen["attention.local"][1], local.refine_sampled(sampled) + propagated)


@pytest.mark.parametrize("name", ["paper", "paper_star"])
def test_features_flow_as_in_figure_2(name):
    network = SPAMattNet(SPAMATTNETS[name])
    image, trimap = random_inputs()
    seen = record(settled(network, image, trimap))
    network(image, trimap)
    inputs, outputs = ({key: value[side] for key, value in seen.items()} for side in (0, 1))
    regions = one_hot_trimap(trimap)
    assert torch.equal(inputs["encoder.to_half"][0][:, 3:], regions)
    # LSPA stands at stride 4 and GPA at stride 8, each with the image branch and the encoder's feature.
    assert same(inputs["attention.local"][:2], [outputs["image_quarter"], outputs["encoder.layers.0"]])
    assert same(inputs["attention.propagate"][:2], [outputs["image_eighth"], outputs["encoder.layers.1"]])
    assert torch.equal(inputs["attention.local"][2], downsample_nearest(regions, 4))
    assert torch.equal(inputs["attention.propagate"][2], trimap[..., ::8, ::8] == 0.5)
    assert same(inputs["image_eighth"], [outputs["image_quarter"]])
    # The encoder goes on from GPA; CFC's feature enters the decoder by the shortcut at stride 8.
    assert same(inputs["encoder.layers.2"], [outputs["attention.propagate"]])
    assert same(inputs["attention.fuse"], [outputs["attention.to_eighth"], outputs["attention.propagate"]])
    shortcuts = ["encoder.to_half", "encoder.layers.0", "attention.output", "encoder.layers.2"]
    for index, source in enumerate(shortcuts, start=1):
        assert same(inputs[f"skips.{index}"], [outputs[source]])
    assert same(inputs["decoder.0"], [outputs["encoder.layers.3"]])
    for index in range(1, 4):
        joined = outputs[f"decoder.{index - 1}"] + outputs[f"skips.{5 - index}"]
        assert torch.equal(inputs[f"decoder.{index}"][0], joined)
    widths, strides = (8, 12, 16, 20, 24), (2, 4, 8, 16, 32)
    stages = ["encoder.to_half", *(f"encoder.layers.{index}" for index in range(4))]
    for stage, width, stride in zip(stages, widths, strides, strict=True):
        assert outputs[stage].shape == (2, width, 64 // stride, 64 // stride)
    if name == "paper":
        assert torch.equal(inputs["refine"][1], to_alpha(outputs["heads.1"]))


def record(network):
    """Inputs and output of every module, by name, as the network runs."""
    seen = {}

    def hook(name):
        return lambda _, inputs, output: seen.update({name: (inputs, output)})

    for name, module in network.named_modules():
        module.register_forward_hook(hook(name))
    return seen


def same(tensors, others):
    return all(one is other for one, other in zip(tensors, others, strict=True))


def test_the_papers_sizes_are_those_of_the_specification():
    config = CONFIGS["paper"]
    assert config.encoder_widths == (32, 64, 128, 256, 512) and config.encoder_blocks == (3, 4, 4, 2)
    assert config.decoder_widths == (32, 32, 64, 128, 256) and config.decoder_blocks == (2, 3, 3, 2)
    assert (config.window, config.heads, config.reduction, config.ratio) == (16, 2, 2, "window")
    assert replace(config, decoder="progressive", refinement_width=0) == CONFIGS["paper_star"]


@pytest.mark.parametrize("size", [(63, 64), (64, 96), (1, 1), (32, 32)])
def test_sizes_that_are_not_multiples_are_refused_in_one_sentence(size):
    network = SPAMattNet(PAPER).eval()
    with pytest.raises(ValueError, match=r"^Pad [^.]*64 pixels[^.]*\.$"):
        network(torch.rand(1, 3, *size), torch.rand(1, 1, *size))


@pytest.mark.parametrize("name", ["paper", "paper_star", "small", "ratio per image"])
def test_a_batch_gives_what_its_images_give_alone(name):
    inputs = [tensor.double() for tensor in random_inputs(3)]
    network = settled(SPAMattNet(SPAMATTNETS[name]).double(), *inputs)
    together = alphas(network(*inputs))
    for index in range(3):
        alone = alphas(network(*(tensor[index : index + 1] for tensor in inputs)))
        for one, other in zip(together, alone, strict=True):
            torch.testing.assert_close(one[index : index + 1], other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", ["paper", "paper_star", "small"])
def test_alphas_and_gradients_are_finite_for_every_trimap(name, dtype):
    trimap = awkward_trimaps(64, 64)
    image = photos(len(trimap), 64, 64)
    network = randomise_norms(SPAMattNet(SPAMATTNETS[name])).to(dtype)
    estimate = network(image.to(dtype), trimap.to(dtype))
    sum(alpha.float().mean() for alpha in alphas(estimate)).backward()
    assert all(alpha.isfinite().all() for alpha in alphas(estimate))
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), parameter_name
    with torch.no_grad():
        estimate = fold(network)(image.to(dtype), trimap.to(dtype))
    assert all(alpha.isfinite().all() for alpha in alphas(estimate))


@pytest.mark.parametrize("name", ["paper", "paper_star", "small"])
def test_the_network_overfits_one_composite(name):
    config = SPAMATTNETS[name]
    image, trimap, alpha = composite()
    network = SPAMattNet(config)
    unknown = trimap == 0.5

    def loss():
        estimates = alphas(network(image, trimap))
        truths = [torch.nn.functional.interpolate(alpha, size=one.shape[-2:], mode="area") for one in estimates]
        return sum((one - truth).abs().mean() for one, truth in zip(estimates, truths, strict=True))

    fit(network, loss, steps=40)
    error = (network(image, trimap).alpha - alpha).abs()[unknown].mean()
    of_the_best_constant = (alpha[unknown].median() - alpha).abs()[unknown].mean()
    assert error < of_the_best_constant / 3


def composite():
    """A batch of two composites, soft discs over different layers: images, trimaps, alphas, 64 by 64."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    radius = (x**2 + y**2).sqrt()
    alpha = torch.stack([(0.7 - radius), (0.8 - (radius - 0.1 * x))])[:, None].mul(4).add(0.5).clamp(0, 1)
    foreground, background = photos(2, 64, 64), photos(2, 64, 64).flip(1) * 0.5
    trimap = (alpha == 1) + (alpha - alpha.pow(2) > 0) * 0.5
    return alpha * foreground + (1 - alpha) * background, trimap, alpha


def heads(eighth, quarter, full, size=64):
    """Constant alphas at strides 8, 4 and 1."""
    return {
        stride: torch.full((1, 1, size // stride, size // stride), value)
        for stride, value in ((8, eighth), (4, quarter), (1, full))
    }


@pytest.mark.parametrize(
    ("values", "merged"),
    [
        ((0.0, 0.5, 0.3), 0.0),  # certain from the start: no finer head is asked
        ((1.0, 0.5, 0.3), 1.0),
        ((0.5, 1.0, 0.3), 1.0),  # uncertain at stride 8, certain at 4
        ((0.5, 0.6, 0.3), 0.3),  # uncertain at both
    ],
)
def test_a_finer_head_replaces_what_the_coarser_one_is_unsure_of(values, merged):
    assert torch.equal(merge_heads(heads(*values)), torch.full((1, 1, 64, 64), merged))


def test_an_alpha_is_the_tanh_of_its_logit_brought_to_0_1():
    logits = torch.linspace(-3, 3, 13, dtype=torch.float64)
    expected = torch.tensor([(math.tanh(logit) + 1) / 2 for logit in logits.tolist()], dtype=torch.float64)
    torch.testing.assert_close(to_alpha(logits), expected)


def test_heads_that_agree_merge_to_themselves():
    for value in (0.0, 0.3, 1.0):
        agreed = heads(value, value, value)
        torch.testing.assert_close(merge_heads(agreed), agreed[1])


def test_what_is_replaced_is_the_uncertain_part_and_its_surroundings():
    coarse = heads(0.0, 0.0, 1.0, size=128)
    coarse[8][..., 8, 8] = 0.5
    unsure = torch.nn.functional.interpolate(coarse[8], scale_factor=8, mode="bilinear") > 1 / 255
    rows, columns = unsure[0, 0].any(1).nonzero(), unsure[0, 0].any(0).nonzero()
    coarse[4][:] = 0.5  # asked wherever stride 8 is unsure, and unsure itself
    merged = merge_heads(coarse)[0, 0]
    # Nothing of stride 8 is left within 15 pixels, nothing of stride 4 within 7 more.
    replaced = merged.nonzero()
    for axis, reached in enumerate((rows, columns)):
        assert replaced[:, axis].min() == reached.min() - 15 - 7 and replaced[:, axis].max() == reached.max() + 15 + 7
    assert set(merged.unique().tolist()) == {0.0, 1.0}
    assert (merged[unsure[0, 0]] == 1).all()


def test_alphas_that_round_to_0_or_1_count_as_certain():
    for value, expected in ((0.5 / 255, 0.5 / 255), (1 - 0.5 / 255, 1 - 0.5 / 255), (2 / 255, 0.5)):
        merged = merge_heads(heads(value, 0.5, 0.5))
        torch.testing.assert_close(merged, torch.full_like(merged, expected))


def test_merging_reaches_as_far_as_it_is_told():
    unsure = heads(0.0, 0.0, 1.0)
    unsure[4][..., 8, 8] = 0.5
    unsure[8][:] = 0.5
    wide, narrow = (merge_heads(unsure, {8: 0, 4: reach}).sum() for reach in (5, 0))
    assert 0 < narrow < wide


def test_progressive_alpha_is_the_merged_heads():
    image, trimap = random_inputs()
    estimate = settled(SPAMattNet(SPAMATTNETS["paper_star"]), image, trimap)(image, trimap)
    assert torch.equal(estimate.alpha, merge_heads(estimate.heads))
