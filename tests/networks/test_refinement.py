import pytest
import torch
from network_cases import norms, randomise_norms
from torch import nn

from matting.networks.refinement import RefinementModule


def test_the_refined_alpha_is_the_coarse_one_plus_a_residual():
    module = randomise_norms(RefinementModule(4)).eval()
    nn.init.normal_(module.residual.weight)
    image, coarse = torch.randn(2, 3, 32, 48), torch.rand(2, 1, 32, 48)
    residuals = []
    module.residual.register_forward_hook(lambda _, inputs, output: residuals.append(output))
    refined = module(image, coarse)
    assert refined.shape == coarse.shape
    assert residuals[0].std() > 0
    assert torch.equal(refined, coarse + residuals[0])


def test_the_refined_alpha_starts_near_the_coarse_one():
    coarse = torch.rand(1, 1, 32, 32)
    refined = RefinementModule(8)(torch.randn(1, 3, 32, 32), coarse)
    assert 0 < (refined - coarse).abs().max() < 0.1


def test_the_refined_alpha_is_not_clamped_so_that_training_feels_every_error():
    module = RefinementModule(4)
    nn.init.constant_(module.residual.bias, 5.0)
    assert module(torch.randn(2, 3, 32, 32), torch.rand(2, 1, 32, 32)).min() > 1


def test_the_residual_sees_both_image_and_alpha():
    module = randomise_norms(RefinementModule(4)).double().eval()
    nn.init.normal_(module.residual.weight)
    image = torch.randn(1, 3, 32, 32, dtype=torch.float64, requires_grad=True)
    coarse = torch.rand(1, 1, 32, 32, dtype=torch.float64, requires_grad=True)
    (module(image, coarse) - coarse).square().sum().backward()
    assert (image.grad.abs().sum((0, 2, 3)) > 0).all() and coarse.grad.abs().sum() > 0


@pytest.mark.parametrize("size", [(16, 16), (48, 16), (24, 40), (17, 31)])
def test_the_residual_has_the_size_of_the_image(size):
    assert RefinementModule(2).eval()(torch.randn(1, 3, *size), torch.rand(1, 1, *size)).shape == (1, 1, *size)


def test_every_parameter_of_the_refinement_gets_a_gradient():
    module = randomise_norms(RefinementModule(4)).double()
    module(torch.randn(2, 3, 64, 64).double(), torch.rand(2, 1, 64, 64).double()).square().sum().backward()
    assert norms(module)
    for name, parameter in module.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 1e-9, name
