"""What tests of several commands start from."""

import pytest
import torch
from network_cases import NARROWEST, NARROWEST_TGN

from matting import MattingPipeline
from matting.networks.spamattnet import SPAMattNet
from matting.networks.tgn import TGN


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Freshly initialised networks of few channels, in a folder as a person would name it."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    MattingPipeline(TGN(NARROWEST_TGN), SPAMattNet(NARROWEST), device="cpu").save_pretrained(folder)
    return folder
