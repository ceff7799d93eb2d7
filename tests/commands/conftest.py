"""What tests of several commands start from."""

import pytest
import torch
from network_cases import narrowest_pipeline


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Freshly initialised networks of few channels, in a folder as a person would name it."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    narrowest_pipeline().save_pretrained(folder)
    return folder
