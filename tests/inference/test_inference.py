from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from matting.networks.tensors import crop_to, pad_to_multiple, to_tensor
from network_cases import NARROWEST
from torch import nn

from matting import MattingPipeline
from matting.inference import whole_photo
from matting.inference.fusion import hard_fusion, painted_probabilities, soft_fusion
from matting.networks.spamattnet import SPAMattNet, SPAMattNetConfig
from matting.trimaps.algebra import from_probabilities, to_one_hot

SIZE = (150, 211)


@pytest.fixture(scope="module")
def networks():
    """Untrained networks that see photos as they are; TGN's last layer is made bold, so that its answer varies."""
    networks = MattingPipeline.untrained(seed=0, device="cpu")._originals
    networks["spamattnet"].config = replace(networks["spamattnet"].config, enlarged=0)
    with torch.no_grad():
        networks["tgn"].classify.weight.mul_(100)
    return networks


@pytest.fixture(scope="module")
def prepared(networks):
    cpu = torch.device("cpu")
    return {name: whole_photo.prepare(network, cpu, torch.float32) for name, network in networks.items()}


def smooth(size, seed=0, channels=3):
    """A photo of soft blobs, which survives shrinking."""
    values = np.random.default_rng(seed).integers(0, 256, (8, 9, channels), dtype=np.uint8)
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR)


def trimap(size=SIZE):
    values = np.full(size, 128, np.uint8)
    values[:, : size[1] // 3], values[:, -(size[1] // 3) :] = 0, 255
    return values


def mask(size=SIZE):
    return smooth(size, 1, 1).astype(np.float32) / 255


def seen(network):
    """Record the sizes that a network meets."""
    sizes = []
    hook = network.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[-2:])))
    return sizes, hook


def test_alpha_is_the_networks_on_the_padded_photo(networks, prepared):
    image, regions = smooth(SIZE), trimap()
    values = torch.from_numpy(regions.astype(np.float32) / 255).mul(2).round().div(2)[None, None]
    with torch.no_grad():
        direct = networks["spamattnet"].eval()(pad_to_multiple(to_tensor(image), 64), pad_to_multiple(values, 64))
    expected = crop_to(direct.alpha.clamp(0, 1), SIZE)[0, 0].numpy()
    alpha = whole_photo.estimate_alpha(prepared["spamattnet"], image, regions)
    assert alpha.dtype == np.float32 and alpha.flags.c_contiguous
    np.testing.assert_allclose(alpha, expected, atol=1e-4)  # folding rounds


def test_alpha_lies_between_0_and_1_however_far_the_refinement_goes():
    """The refined alpha is not clamped in training, and 10 or -10 must not reach anyone's photo."""
    network = SPAMattNet(NARROWEST)
    for bias in (10.0, -10.0):
        with torch.no_grad():
            network.refine.residual.bias.fill_(bias)
        alpha = whole_photo.estimate_alpha(network.eval(), smooth((64, 64)), trimap((64, 64)))
        assert (alpha == (bias > 0)).all()


def test_probabilities_are_the_softmax_on_the_padded_photo(networks, prepared):
    image, coarse = smooth(SIZE), mask()
    with torch.no_grad():
        inputs = to_tensor(image), torch.from_numpy(coarse)[None, None]
        logits = networks["tgn"].eval()(*(pad_to_multiple(tensor, 16) for tensor in inputs))
    expected = crop_to(logits.softmax(dim=1), SIZE)[0].permute(1, 2, 0).numpy()
    probabilities = whole_photo.estimate_trimap(prepared["tgn"], image, coarse)
    assert probabilities.dtype == np.float32 and probabilities.shape == (*SIZE, 3)
    np.testing.assert_allclose(probabilities, expected, atol=1e-4)


def test_a_photo_above_the_limit_is_shrunk_for_spamattnet_and_its_alpha_grown_back(prepared, monkeypatch):
    image, regions = smooth(SIZE), trimap()
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 64 * 90)
    sizes, hook = seen(prepared["spamattnet"])
    alpha = whole_photo.estimate_alpha(prepared["spamattnet"], image, regions)
    hook.remove()
    small = round(150 * 0.42650), round(211 * 0.42650)  # √(5760 / 31650)
    assert sizes == [(64, 128)] and small == (64, 90)
    assert alpha.shape == SIZE and 0 <= alpha.min() and alpha.max() <= 1
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 10**9)
    shrunk = cv2.resize(image, small[::-1], interpolation=cv2.INTER_AREA)
    nearest = cv2.resize(regions, small[::-1], interpolation=cv2.INTER_NEAREST)
    expected = whole_photo.estimate_alpha(prepared["spamattnet"], shrunk, nearest)
    np.testing.assert_array_equal(alpha, cv2.resize(expected, SIZE[::-1], interpolation=cv2.INTER_LINEAR))


def test_a_known_trimap_survives_the_shrinking(networks, monkeypatch):
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 64 * 90)
    scattered = np.random.default_rng(0).choice([0, 128, 255], SIZE).astype(np.uint8)
    alpha = MattingPipeline(**networks, device="cpu").alpha(smooth(SIZE), scattered)
    assert alpha.shape == SIZE
    assert (alpha[scattered == 255] == 1).all() and (alpha[scattered == 0] == 0).all()


def test_a_photo_at_the_limit_is_not_touched(prepared, monkeypatch):
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", SIZE[0] * SIZE[1])
    exact = whole_photo.estimate_alpha(prepared["spamattnet"], smooth(SIZE), trimap())
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 10**9)
    np.testing.assert_array_equal(exact, whole_photo.estimate_alpha(prepared["spamattnet"], smooth(SIZE), trimap()))


def test_the_average_over_the_flip_is_of_photo_and_mirror_image(prepared):
    image, regions = smooth(SIZE), trimap()
    matte = partial(whole_photo.estimate_alpha, prepared["spamattnet"])
    averaged = whole_photo.average_over_flip(matte, image, regions)
    mirror = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(regions[:, ::-1])
    np.testing.assert_array_equal(averaged, (matte(image, regions) + matte(*mirror)[:, ::-1]) / 2)
    assert averaged.shape == SIZE and averaged.dtype == np.float32 and np.ptp(averaged) > 0
    np.testing.assert_array_equal(whole_photo.average_over_flip(matte, *mirror), averaged[:, ::-1])


def test_the_average_over_the_flip_of_a_symmetric_photo_is_symmetric(prepared):
    half, left = smooth((64, 50)), trimap((64, 50))
    image, regions = np.hstack([half, half[:, ::-1]]), np.hstack([left, left[:, ::-1]])
    matte = partial(whole_photo.estimate_alpha, prepared["spamattnet"])
    averaged = whole_photo.average_over_flip(matte, image, regions)
    np.testing.assert_array_equal(averaged, averaged[:, ::-1])
    alone = matte(image, regions)
    assert np.abs(alone - alone[:, ::-1]).max() > 1e-4  # of itself the network is not


@pytest.mark.parametrize("size", [(150, 211), (211, 150), (2, 400), (400, 2)])
def test_tgn_sees_a_proxy_and_its_probabilities_grow_back(prepared, monkeypatch, size):
    monkeypatch.setattr(whole_photo, "TRIMAP_SIDE", 96)
    sizes = []
    hook = prepared["tgn"].encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape[-2:]))
    probabilities = whole_photo.estimate_trimap(prepared["tgn"], smooth(size), mask(size))
    hook.remove()
    assert max(sizes[0]) == 96 and len(sizes) == 1
    assert probabilities.shape == (*size, 3)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    assert probabilities.min() >= 0


def test_the_proxy_is_the_shrunken_photo(prepared, monkeypatch):
    monkeypatch.setattr(whole_photo, "TRIMAP_SIDE", 105)
    small = (75, 105)  # scale 105 / 211
    probabilities = whole_photo.estimate_trimap(prepared["tgn"], smooth(SIZE), mask())
    shrunk, coarse = (cv2.resize(p, small[::-1], interpolation=cv2.INTER_AREA) for p in (smooth(SIZE), mask()))
    expected = whole_photo.estimate_trimap(prepared["tgn"], shrunk, coarse)
    np.testing.assert_allclose(probabilities, cv2.resize(expected, SIZE[::-1]), atol=1e-6)


@pytest.mark.parametrize("size", [(2, 2), (2, 130), (65, 3), (64, 64), (16, 48)])
def test_every_size_comes_back_as_it_went_in(prepared, size):
    assert whole_photo.estimate_alpha(prepared["spamattnet"], smooth(size), trimap(size)).shape == size
    assert whole_photo.estimate_trimap(prepared["tgn"], smooth(size), mask(size)).shape == (*size, 3)


def test_trimaps_reach_the_network_as_0_half_1(prepared):
    met = []
    hook = prepared["spamattnet"].register_forward_pre_hook(lambda _, inputs: met.append(inputs[1].unique().tolist()))
    whole_photo.estimate_alpha(prepared["spamattnet"], smooth(SIZE), trimap())
    hook.remove()
    assert met == [[0.0, 0.5, 1.0]]


def test_preparing_leaves_the_original_network_alone(networks):
    before = {name: tensor.clone() for name, tensor in networks["spamattnet"].state_dict().items()}
    modes = networks["spamattnet"].training
    prepared = whole_photo.prepare(networks["spamattnet"], torch.device("cpu"), torch.bfloat16)
    assert networks["spamattnet"].training == modes and not prepared.training
    after = networks["spamattnet"].state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {p.dtype for p in prepared.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in prepared.parameters())


def test_a_spectral_network_can_be_prepared_again_and_goes_on_learning():
    widths = {"encoder_widths": (4, 8, 8, 8, 8), "decoder_widths": (4, 4, 8, 8, 8), "image_width": 4}
    network = SPAMattNet(SPAMattNetConfig(**widths, refinement_width=4))
    image, regions = smooth((64, 64)), trimap((64, 64))
    first, second = (whole_photo.prepare(network, torch.device("cpu"), torch.float32) for _ in range(2))
    np.testing.assert_array_equal(*(whole_photo.estimate_alpha(n, image, regions) for n in (first, second)))
    network.train()(to_tensor(image), torch.full((1, 1, 64, 64), 0.5)).alpha.sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_a_network_is_prepared_on_the_device_that_is_there():
    device = whole_photo.default_device()
    assert torch.ones(1, device=device).device.type == device.type
    placed = whole_photo.prepare(nn.Sequential(nn.Conv2d(1, 1, 1)), device, torch.float32)
    assert next(placed.parameters()).device.type == device.type


def test_hard_fusion_writes_what_is_known_and_nothing_else():
    alpha = np.random.default_rng(0).random((20, 30), np.float32)
    regions = np.random.default_rng(1).choice([0, 128, 255], (20, 30)).astype(np.uint8)
    fused = hard_fusion(alpha, regions)
    assert fused.dtype == np.float32
    for y, x in np.ndindex(alpha.shape):
        assert fused[y, x] == {0: 0, 128: alpha[y, x], 255: 1}[regions[y, x]]


def test_soft_fusion_with_certain_probabilities_is_hard_fusion():
    alpha = np.random.default_rng(0).random((20, 30), np.float32)
    regions = np.random.default_rng(1).choice([0, 128, 255], (20, 30)).astype(np.uint8)
    np.testing.assert_array_equal(soft_fusion(alpha, to_one_hot(regions)), hard_fusion(alpha, regions))


def test_soft_fusion_lies_between_background_and_foreground():
    rng = np.random.default_rng(0)
    alpha = rng.random((20, 30), np.float32)
    probabilities = rng.dirichlet([1, 1, 1], (20, 30)).astype(np.float32)
    fused = soft_fusion(alpha, probabilities)
    assert fused.dtype == np.float32
    assert (fused >= probabilities[..., 2] - 1e-6).all()  # never less than the foreground's share
    assert (fused <= 1 - probabilities[..., 0] + 1e-6).all()  # nor more than what is no background


def test_only_painted_pixels_become_certain():
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], (20, 30)).astype(np.float32)
    regions = from_probabilities(probabilities)
    np.testing.assert_array_equal(painted_probabilities(probabilities, regions), probabilities)
    painted = regions.copy()
    painted[:5] = 255
    changed = painted_probabilities(probabilities, painted)
    stroke = painted != regions
    np.testing.assert_array_equal(changed[stroke], np.broadcast_to([0, 0, 1], (stroke.sum(), 3)))
    np.testing.assert_array_equal(changed[~stroke], probabilities[~stroke])
