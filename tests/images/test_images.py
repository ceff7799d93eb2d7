"""The door's way out, files and tensors; its way in is in test_photo_reading.py and test_mask_reading.py."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pictures import COLOURS, RAMP, refused
from PIL import Image
from strategies import any_alpha, images, photo_sizes, sizes

from matting import images as door


class TestWriting:
    @given(any_alpha)
    def test_alpha_returns_within_half_a_step(self, tmp_path_factory, alpha):
        path = tmp_path_factory.getbasetemp() / "größe 透明.png"
        door.write_alpha(path, alpha)
        with Image.open(path) as picture:
            assert picture.mode.startswith("I;16")
            stored = np.asarray(picture).astype(np.float64) / 65535
        assert np.abs(stored - alpha).max() <= 0.5 / 65535 * (1 + 1e-6)

    def test_alpha_returns_through_the_door_and_through_opencv(self, tmp_path):
        alpha = (RAMP / 65535).astype(np.float32)
        door.write_alpha(str(tmp_path / "alpha.png"), alpha)
        assert np.abs(door.read_mask(tmp_path / "alpha.png", alpha.shape)[0] - alpha).max() <= 0.5 / 65535 + 1e-7
        assert np.array_equal(cv2.imread(str(tmp_path / "alpha.png"), cv2.IMREAD_UNCHANGED), RAMP)

    def test_png_of_every_kind(self, tmp_path):
        rgba = np.dstack([COLOURS, COLOURS[:, :, 0]])
        for image in (COLOURS, COLOURS[:, :, 0], rgba, Image.fromarray(rgba)):
            door.write_png(tmp_path / "図.png", image)
            with Image.open(tmp_path / "図.png") as picture:
                assert picture.format == "PNG"
                assert np.array_equal(np.asarray(picture), np.asarray(image))
        assert [path.name for path in tmp_path.iterdir()] == ["図.png"]

    def test_a_failed_write_leaves_what_was_there(self, tmp_path):
        path = tmp_path / "kept.png"
        path.write_bytes(b"before")
        with pytest.raises(OSError):
            door.write_png(path, Image.fromarray(COLOURS).convert("CMYK"))
        assert path.read_bytes() == b"before"
        assert [entry.name for entry in tmp_path.iterdir()] == ["kept.png"]

    @pytest.mark.parametrize(
        ("alpha", "words"),
        [
            (np.zeros((2, 2, 1), np.float32), "(2, 2, 1)"),
            (np.zeros((0, 2), np.float32), "(0, 2)"),
            (np.zeros((2, 2), np.uint8), "uint8"),
            (np.full((2, 2), 1.5), "1.5"),
            (np.full((2, 2), np.nan), "nan"),
        ],
    )
    def test_what_is_no_alpha_is_refused(self, alpha, words, tmp_path):
        refused(lambda: door.write_alpha(tmp_path / "a.png", alpha), "alpha", words)
        assert not list(tmp_path.iterdir())


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


class TestTensors:
    @given(photo_sizes.flatmap(images))
    def test_tensor_holds_the_photo_from_zero_to_one(self, image):
        image.setflags(write=False)
        tensor = door.to_tensor(image)
        assert tensor.dtype == torch.float32
        assert tensor.shape == (1, 3, *image.shape[:2])
        assert tensor.is_contiguous()
        assert np.array_equal((tensor[0].permute(1, 2, 0) * 255).round().numpy(), image)

    @given(sizes, st.integers(1, 40), st.integers(1, 2))
    def test_crop_after_pad_is_the_identity(self, size, multiple, batch):
        tensor = torch.rand(batch, 3, *size)
        padded = door.pad_to_multiple(tensor, multiple)
        assert padded.shape[2] % multiple == padded.shape[3] % multiple == 0
        assert all(0 <= padded.shape[axis] - tensor.shape[axis] < multiple for axis in (2, 3))
        assert torch.equal(door.crop_to(padded, size), tensor)

    @given(sizes, st.integers(1, 40))
    def test_padding_reflects_however_far_it_goes(self, size, multiple):
        tensor = torch.arange(size[0] * size[1], dtype=torch.float32).reshape(1, 1, *size)
        padded = door.pad_to_multiple(tensor, multiple)[0, 0]
        rows = [reflected(y, size[0]) for y in range(padded.shape[0])]
        columns = [reflected(x, size[1]) for x in range(padded.shape[1])]
        assert torch.equal(padded, tensor[0, 0][rows][:, columns])

    def test_padding_agrees_with_torch_where_torch_can(self):
        tensor = torch.rand(2, 4, 50, 70)
        expected = torch.nn.functional.pad(tensor, (0, 26, 0, 14), mode="reflect")
        assert torch.equal(door.pad_to_multiple(tensor, 32), expected)

    def test_padding_follows_the_type_and_passes_gradients(self):
        assert door.pad_to_multiple(torch.zeros(1, 1, 3, 3, dtype=torch.bfloat16), 8).dtype == torch.bfloat16
        tensor = torch.rand(1, 2, 3, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda given_tensor: door.pad_to_multiple(given_tensor, 8), tensor)

    def test_a_multiple_below_one_is_refused(self):
        refused(lambda: door.pad_to_multiple(torch.zeros(1, 1, 3, 3), 0), "at least 1")
