import numpy as np
import pytest
import reference
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from matting.networks import cfc

features = st.tuples(st.integers(1, 3), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=st.floats(-20, 20))] * 2)
)


@given(features)
def test_the_gate_is_equation_9(pair):
    first, second = pair
    fused = cfc.gate(torch.from_numpy(first), torch.from_numpy(second))
    assert np.allclose(fused.numpy(), reference.gate(first, second), rtol=1e-12, atol=1e-12)


def test_gradients_of_the_gate_are_those_of_finite_differences():
    pair = [torch.randn(3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(cfc.gate, pair)


@pytest.mark.parametrize("spectral", [True, False])
def test_the_cfc_of_windows_is_its_equations_in_loops(spectral):
    module = randomised(cfc.CrossFusion1d(3, spectral=spectral))
    first, second = torch.randn(2, 2, 4, 3, dtype=torch.float64)
    fused = module(first, second).detach().numpy()
    for window in range(2):
        expected = reference.cross_fusion(first[window].numpy(), second[window].numpy(), *weights_of(module))
        assert np.allclose(fused[window], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("spectral", [True, False])
def test_the_cfc_of_maps_is_its_equations_in_loops(spectral):
    module = randomised(cfc.CrossFusion2d(3, spectral=spectral))
    first, second = torch.randn(2, 2, 3, 4, 5, dtype=torch.float64)
    fused = module(first, second).detach().numpy()
    weight, bias = weights_of(module)
    for image in range(2):
        pixels = [feature[image].flatten(1).T.numpy() for feature in (first, second)]
        expected = reference.cross_fusion(*pixels, weight[:, :, 0, 0], bias).T.reshape(3, 4, 5)
        assert np.allclose(fused[image], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("size", [1.0, 1000.0])
def test_the_cfc_is_finite_forward_and_backward_for_large_features(dtype, size):
    module = cfc.CrossFusion1d(8).to(dtype)
    first, second = (torch.randn(2, 9, 8).mul(size).to(dtype).requires_grad_() for _ in range(2))
    fused = module(first, second)
    fused.float().mean().backward()
    assert fused.isfinite().all()
    assert all(tensor.grad.isfinite().all() for tensor in (first, second, *module.parameters()))


def randomised(module):
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    return module.double().eval()


def weights_of(module):
    return module.transform.weight.detach().numpy(), module.transform.bias.detach().numpy()
