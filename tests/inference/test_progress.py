"""Watching: the share that is done only grows, whoever raises stops the work, and nobody else hears of it."""

import threading

import numpy as np
import pytest
import torch
from network_cases import NARROWEST, NARROWEST_TGN, randomise_norms
from pictures import noise

from matting import MattingPipeline
from matting.inference.progress import StoppedError, tell_of_residual, watched
from matting.methods.classical import closed_form
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN


@pytest.fixture(scope="module")
def pipeline():
    torch.manual_seed(0)
    return MattingPipeline(TGN(NARROWEST_TGN), randomise_norms(SPAMattNet(NARROWEST)), device="cpu")


def photo_and_trimap():
    image = noise((70, 90))
    trimap = np.full((70, 90), 128, np.uint8)
    trimap[:, :30], trimap[:, 60:] = 0, 255
    return image, trimap


def test_the_share_grows_from_nothing_to_nearly_all_and_alpha_is_the_same(pipeline):
    image, trimap = photo_and_trimap()
    shares = []
    with watched(shares.append):
        alpha = pipeline.alpha(image, trimap)
    assert shares == sorted(shares)
    assert shares[0] == 0 and 0.9 < shares[-1] <= 1
    assert np.array_equal(alpha, pipeline.alpha(image, trimap))


def test_the_trimap_network_tells_too_and_each_network_counts_for_itself(pipeline):
    image, trimap = photo_and_trimap()
    shares = []
    with watched(shares.append):
        pipeline.trimap_probabilities(image, trimap / 255)
        pipeline.alpha(image, trimap)
    assert shares.count(0.0) == 2


def test_whatever_a_watch_raises_ends_the_pass_at_once(pipeline):
    told = []

    def stop_at_half(share):
        told.append(share)
        if share > 0.5:
            raise StoppedError

    with pytest.raises(StoppedError), watched(stop_at_half):
        pipeline.alpha(*photo_and_trimap())
    assert sum(share > 0.5 for share in told) == 1
    pipeline.alpha(*photo_and_trimap())
    assert sum(share > 0.5 for share in told) == 1  # nobody watches any more


def test_another_threads_work_is_not_told(pipeline):
    told = []
    with watched(told.append):
        other = threading.Thread(target=pipeline.alpha, args=photo_and_trimap())
        other.start()
        other.join()
    assert told == []


def test_a_solver_tells_how_far_its_residual_has_come():
    from pymatting import estimate_alpha_cf

    image, trimap = photo_and_trimap()
    shares = []
    with watched(shares.append):
        halves = np.where(trimap == 128, 0.5, trimap / 255)
        alpha = estimate_alpha_cf(image / 255, halves, cg_kwargs={"callback": tell_of_residual})
    assert len(shares) > 1 and shares[-1] == 1 and shares[0] < 0.7
    np.testing.assert_allclose(alpha, closed_form(image, trimap), atol=1e-6)
