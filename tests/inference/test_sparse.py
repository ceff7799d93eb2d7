"""Sparse inference: where alpha is asked for it is the network's own, elsewhere the trimap's; and it costs less."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
import torch
from network_cases import SPAMATTNETS, MemoryMeter, photos, settled
from torch import nn

from matting import MattingPipeline
from matting.images import read_photo
from matting.inference import around_object, sparse, whole_photo
from matting.networks import attention
from matting.networks.layers import fold
from matting.networks.spamattnet import SPAMattNet
from matting.networks.weights import BUNDLED, load_pair
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

TOLERANCE = 2 / 255
SIZE = (192, 320)


def trimaps():
    """Trimaps (1, 1, 192, 320) by name."""
    y, x = torch.meshgrid(torch.arange(SIZE[0]), torch.arange(SIZE[1]), indexing="ij")
    radius = ((y - 90) ** 2 + (x - 150) ** 2).sqrt()
    known = (x > 200).float()
    generator = torch.Generator().manual_seed(1)
    patches = torch.rand(SIZE[0] // 16, SIZE[1] // 16, generator=generator)
    patches = torch.where(patches < 0.05, 0.5, (patches > 0.5).float())
    values = {
        "a ring": torch.where((radius > 50) & (radius < 58), 0.5, (radius <= 50).float()),
        "patches": patches.repeat_interleave(16, 0).repeat_interleave(16, 1),
        "a tile's border": torch.where((x - 191).abs() < 2, 0.5, (x > 191).float()),
        "corners": torch.where((y < 3) & (x < 3) | (y > 188) & (x > 316), 0.5, known),
        "one pixel": torch.where((y == 64) & (x == 128), 0.5, known),
        "nothing unknown": known,
        "everything unknown": torch.full(SIZE, 0.5),
    }
    return {name: value[None, None] for name, value in values.items()}


@cache
def network_of(name):
    """A folded network of which every part matters: random weights for the paper's structure, the bundled small."""
    if name == "small":
        return fold(load_pair(BUNDLED)["spamattnet"])
    torch.manual_seed(0)
    trimap = torch.rand(2, 1, 64, 64).mul(3).floor() / 2
    network = settled(SPAMattNet(replace(SPAMATTNETS[name], spectral=False)), photos(2, 64, 64), trimap)
    if network.attention.propagate is not None:
        nn.init.normal_(network.attention.propagate.output.weight, std=0.1)
    if network.refine is not None:
        nn.init.normal_(network.refine.residual.weight, std=0.03)
    return fold(network)


@pytest.mark.parametrize("kind", trimaps())
@pytest.mark.parametrize("name", ["paper", "paper_star", "small"])
def test_in_the_unknown_region_alpha_is_the_dense_one(name, kind):
    torch.manual_seed(1)
    network, image, trimap = network_of(name), photos(1, *SIZE), trimaps()[kind]
    asked = trimap[0, 0] == 0.5
    with torch.no_grad():
        dense = network(image, trimap).alpha
    found = sparse.estimate(network, image, trimap, asked)
    difference = (found - dense).abs()[..., asked]
    assert difference.numel() == asked.sum() and (difference <= TOLERANCE).all()
    assert torch.equal(found[..., ~asked], trimap[..., ~asked])
    if asked.all():  # nothing is left out there; bands round otherwise than the whole, so without rounding
        exact, image, trimap = deepcopy(network).double(), image.double(), trimap.double()
        with torch.no_grad():
            dense = exact(image, trimap).alpha
        torch.testing.assert_close(sparse.estimate(exact, image, trimap, asked), dense, atol=1e-9, rtol=0)


@pytest.mark.parametrize("name", ["ratio per image", "without LSPA", "without RM"])
def test_every_ablation_has_its_sparse_inference(name):
    torch.manual_seed(1)
    network, image, trimap = network_of(name), photos(1, *SIZE), trimaps()["a ring"]
    asked = trimap[0, 0] == 0.5
    with torch.no_grad():
        dense = network(image, trimap).alpha
    found = sparse.estimate(network, image, trimap, asked)
    assert (found - dense).abs()[..., asked].max() <= TOLERANCE


@pytest.fixture(scope="module")
def bundled():
    return MattingPipeline.from_pretrained(device="cpu")


def lemur(side):
    photo = read_photo("assets/examples/lemur.jpg")[0]
    photo = cv2.resize(photo, (side * 3 // 2, side), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]]
    radius = np.hypot((y - side / 2) / side, (x - side * 0.75) / side)
    trimap = np.select([radius < 0.25, radius > 0.31], [FOREGROUND, BACKGROUND], UNKNOWN)
    return photo, trimap.astype(np.uint8)


@pytest.mark.parametrize("scale", [1, 1.5, 2])
def test_the_bundled_weights_answer_on_a_photo_as_the_dense_ones_at_every_scale(bundled, scale):
    photo, trimap = lemur(192)
    asked = trimap == UNKNOWN
    dense = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap, scale)
    found = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap, scale, asked)
    assert np.abs(found - dense)[asked].max() <= TOLERANCE
    np.testing.assert_array_equal(found[~asked], trimap[~asked] == FOREGROUND)


def test_a_photo_that_is_shrunk_keeps_what_is_asked_for(bundled, monkeypatch):
    photo, trimap = lemur(320)
    monkeypatch.setattr(whole_photo, "ALPHA_PIXELS", 192 * 288)
    trimap[7, 11] = UNKNOWN
    asked = trimap == UNKNOWN
    dense = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap)
    found = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap, asked=asked)
    assert np.abs(found - dense)[asked].max() <= TOLERANCE


@pytest.mark.parametrize("fusion", ["hard", "soft"])
def test_the_pipeline_works_sparsely_and_answers_as_the_dense_network(bundled, monkeypatch, fusion):
    photo, trimap = lemur(192)
    monkeypatch.setattr(bundled.spamattnet, "config", replace(bundled.spamattnet.config, enlarged=0))
    probabilities = np.eye(3, dtype=np.float32)[(trimap.astype(int) + 1) // 128]
    probabilities = 0.9 * probabilities + 0.1 * cv2.GaussianBlur(probabilities, (0, 0), 4)
    calls = []
    hook = bundled.spamattnet.register_forward_pre_hook(lambda *_: calls.append(1))
    alpha = bundled.alpha(photo, trimap, probabilities, fusion)
    hook.remove()
    assert not calls  # the dense network was not asked
    everywhere = np.ones(trimap.shape, bool)
    raw = around_object.estimate_alpha(bundled.spamattnet, photo, trimap, everywhere)
    monkeypatch.setattr(around_object, "estimate_alpha", lambda *_: raw)
    assert np.abs(alpha - bundled.alpha(photo, trimap, probabilities, fusion)).max() <= TOLERANCE


def test_a_small_unknown_region_of_a_large_photo_costs_a_fraction():
    """Multiply-adds are left to the benchmark; memory is counted here."""
    trimap = torch.zeros(1, 1, 512, 512)
    trimap[..., 300:310, 300:310] = 0.5
    image, asked = photos(1, 512, 512), trimap[0, 0] == 0.5
    for name in ("paper", "paper_star"):
        with torch.inference_mode():
            with MemoryMeter() as dense:
                network_of(name)(image, trimap)
            with MemoryMeter() as found:
                sparse.estimate(network_of(name), image, trimap, asked)
        assert found.peak < 0.6 * dense.peak


def test_without_its_reach_the_refinement_would_miss_what_lies_beside(monkeypatch):
    torch.manual_seed(1)
    network, image, trimap = network_of("paper"), photos(1, *SIZE), trimaps()["a tile's border"]
    trimap = trimap.roll(-62, dims=-1)  # just inside of a tile
    asked = trimap[0, 0] == 0.5
    with torch.no_grad():
        dense = network(image, trimap).alpha
    monkeypatch.setattr(sparse, "REACH", 0)
    assert (sparse.estimate(network, image, trimap, asked) - dense).abs()[..., asked].max() > 1e-3


def test_far_from_what_is_asked_for_one_pixel_of_sixteen_gathers(monkeypatch):
    torch.manual_seed(1)
    network, image = network_of("paper"), photos(1, 128, 1024)
    trimap = (torch.arange(1024) < 9).float().expand(1, 1, 128, 1024).clone()
    trimap[..., 9:12] = 0.5
    asked, gathered = trimap[0, 0] == 0.5, []
    propagate = attention.propagate

    def counted(query, key, value, weights):
        if key.shape[-2] == 128 * 1024 // 64 // 4:  # GPA's keys, at stride 16; a window has fewer
            gathered.append(query.shape[-2])
        return propagate(query, key, value, weights)

    monkeypatch.setattr(attention, "propagate", counted)
    near = sparse.estimate(network, image, trimap, asked)
    monkeypatch.setattr(sparse, "GLOBAL", 1024)
    everywhere = sparse.estimate(network, image, trimap, asked)
    far = 1024 - 256  # beyond the tiles within 192 pixels of the twelfth
    assert gathered == [128 * 256 // 64 + 128 * far // 64 // 16, 128 * 1024 // 64]
    assert 0 < (near - everywhere).abs().max() <= TOLERANCE


def test_what_one_pixel_gathers_for_others_changes_nothing_that_could_be_seen(bundled):
    photo, trimap = lemur(448)
    trimap[:, trimap.shape[1] // 4 :] = BACKGROUND  # a strip at the left, and much that lies far from it
    trimap[:, : trimap.shape[1] // 5] = FOREGROUND
    trimap[:, trimap.shape[1] // 5 : trimap.shape[1] // 4] = UNKNOWN
    asked = trimap == UNKNOWN
    dense = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap, 2)
    found = whole_photo.estimate_alpha(bundled.spamattnet, photo, trimap, 2, asked)
    assert np.abs(found - dense)[asked].max() <= 1 / 255


def test_half_precision_stays_half():
    network = deepcopy(network_of("paper")).to(torch.bfloat16)
    image, trimap = photos(1, *SIZE).bfloat16(), trimaps()["a ring"].bfloat16()
    found = sparse.estimate(network, image, trimap, trimap[0, 0] == 0.5)
    assert found.dtype == torch.bfloat16 and found.isfinite().all()
