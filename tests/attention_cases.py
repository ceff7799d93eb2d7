"""What the tests of the attention share: regions of a trimap, exact distances, bold weights, a strict comparison."""

import numpy as np
import reference
import torch


def split(trimap):
    """Background, unknown and foreground of a uint8 trimap, (N,) booleans each."""
    return [trimap.ravel() == value for value in (0, 128, 255)]


def batched(array):
    return torch.from_numpy(np.asarray(array))[None]


def drawn(seed, *shapes):
    generator = np.random.default_rng(seed)
    return [generator.normal(size=shape) for shape in shapes]


def exact_distances(side):
    table = [[reference.distance(i, j, side) for j in range(side**2)] for i in range(side**2)]
    return torch.tensor(table, dtype=torch.float64)


def randomised(module):
    """A module whose every weight and bias matters, also those that start near zero."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module


def close(result, expected, tolerance=1e-10):
    result = result.detach().double().numpy()
    assert result.shape == expected.shape
    return np.allclose(result, expected, rtol=tolerance, atol=tolerance)
