"""Muon: the update of hidden layers is orthogonal and of AdamW's size, the rest is AdamW itself."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from matting.training.muon import Muon, is_hidden, orthogonalise


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (24, 24)])
def test_an_orthogonalised_matrix_has_singular_values_near_one_and_the_same_directions(shape):
    matrix = torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    near = orthogonalise(matrix)
    values = torch.linalg.svdvals(near)
    assert 0.6 < values.min() and values.max() < 1.3
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    diagonal = left.T @ near @ right.T
    torch.testing.assert_close(diagonal, torch.diag(diagonal.diag()), atol=1e-8, rtol=0)


def test_a_matrix_is_stepped_as_by_pytorchs_muon():
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(12, 30, generator=generator)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizer = Muon([ours], lr=0.01, weight_decay=0.1)
    reference = torch.optim.Muon([theirs], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for _ in range(4):
        gradient = torch.randn(12, 30, generator=generator)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        optimizer.step()
        reference.step()
    # PyTorch iterates in bfloat16, of 8 bits: a step, of about 0.01, differs by a few per cent of its size.
    torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=0)
    assert (ours - start).abs().max() > 0.02


def test_what_is_no_hidden_layer_is_stepped_as_by_adamw():
    generator = torch.Generator().manual_seed(2)
    shapes = [(24,), (1, 16, 3, 3), (32, 1, 3, 3), (16, 6, 3, 3)]
    starts = [torch.randn(shape, generator=generator) for shape in shapes]
    ours, theirs = ([nn.Parameter(start.clone()) for start in starts] for _ in range(2))
    options = {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1}
    optimizers = Muon(ours, **options), torch.optim.AdamW(theirs, **options)
    for _ in range(4):
        for own, other in zip(ours, theirs, strict=True):
            own.grad = torch.randn(own.shape, generator=generator)
            other.grad = own.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for own, other in zip(ours, theirs, strict=True):
        assert not is_hidden(own)
        torch.testing.assert_close(own, other)


def test_the_step_of_a_convolution_is_that_of_its_matrix_whatever_its_memory():
    generator = torch.Generator().manual_seed(3)
    weight, gradient = (torch.randn(16, 8, 3, 3, generator=generator) for _ in range(2))
    flat = nn.Parameter(weight.flatten(1).clone())
    images = nn.Parameter(weight.clone().to(memory_format=torch.channels_last))
    flat.grad, images.grad = gradient.flatten(1).clone(), gradient.clone().to(memory_format=torch.channels_last)
    for parameter in (flat, images):
        Muon([parameter], lr=0.1).step()
    torch.testing.assert_close(images.flatten(1), flat)


def test_a_step_goes_on_from_saved_state():
    def run(interrupted: bool) -> torch.Tensor:
        generator = torch.Generator().manual_seed(4)
        layers = nn.Linear(8, 16)
        with torch.no_grad():
            layers.weight.copy_(torch.randn(16, 8, generator=generator))
            layers.bias.zero_()
        optimizer = Muon(layers.parameters())
        for step in range(4):
            if interrupted and step == 2:
                saved = optimizer.state_dict()
                optimizer = Muon(layers.parameters())
                optimizer.load_state_dict(saved)
            layers.weight.grad = torch.randn(16, 8, generator=generator)
            layers.bias.grad = torch.randn(16, generator=generator)
            optimizer.step()
        return torch.cat([layers.weight.flatten(), layers.bias]).detach()

    assert torch.equal(run(True), run(False))
