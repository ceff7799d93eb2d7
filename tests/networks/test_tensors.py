"""Photos become tensors of a size that a network can take, and come back."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import refused
from strategies import images, photo_sizes, sizes

from matting.networks import tensors


def reflected(index, length):
    """Walk forth and back between the first and the last sample, step by step."""
    position, step = 0, 1
    for _ in range(index):
        if length == 1:
            return 0
        if not 0 <= position + step < length:
            step = -step
        position += step
    return position


@given(photo_sizes.flatmap(images))
def test_tensor_holds_the_photo_from_zero_to_one(image):
    image.setflags(write=False)
    tensor = tensors.to_tensor(image)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (1, 3, *image.shape[:2])
    assert tensor.is_contiguous()
    assert np.array_equal((tensor[0].permute(1, 2, 0) * 255).round().numpy(), image)


@given(sizes, st.integers(1, 40), st.integers(1, 2))
def test_crop_after_pad_is_the_identity(size, multiple, batch):
    tensor = torch.rand(batch, 3, *size)
    padded = tensors.pad_to_multiple(tensor, multiple)
    assert padded.shape[2] % multiple == padded.shape[3] % multiple == 0
    assert all(0 <= padded.shape[axis] - tensor.shape[axis] < multiple for axis in (2, 3))
    assert torch.equal(tensors.crop_to(padded, size), tensor)


@given(sizes, st.integers(1, 40))
def test_padding_reflects_however_far_it_goes(size, multiple):
    tensor = torch.arange(size[0] * size[1], dtype=torch.float32).reshape(1, 1, *size)
    padded = tensors.pad_to_multiple(tensor, multiple)[0, 0]
    rows = [reflected(y, size[0]) for y in range(padded.shape[0])]
    columns = [reflected(x, size[1]) for x in range(padded.shape[1])]
    assert torch.equal(padded, tensor[0, 0][rows][:, columns])


def test_padding_agrees_with_torch_where_torch_can():
    tensor = torch.rand(2, 4, 50, 70)
    expected = torch.nn.functional.pad(tensor, (0, 26, 0, 14), mode="reflect")
    assert torch.equal(tensors.pad_to_multiple(tensor, 32), expected)


def test_padding_follows_the_type_and_passes_gradients():
    assert tensors.pad_to_multiple(torch.zeros(1, 1, 3, 3, dtype=torch.bfloat16), 8).dtype == torch.bfloat16
    tensor = torch.rand(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda given_tensor: tensors.pad_to_multiple(given_tensor, 8), tensor)


def test_a_multiple_below_one_is_refused():
    refused(lambda: tensors.pad_to_multiple(torch.zeros(1, 1, 3, 3), 0), "at least 1")
