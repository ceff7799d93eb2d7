"""The door's way out into files; its way in is in test_photo_reading.py and test_mask_reading.py."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from pictures import COLOURS, RAMP, refused
from PIL import Image
from strategies import any_alpha

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

    def test_a_picture_is_written_as_its_ending_says(self, tmp_path):
        rgba = np.dstack([COLOURS, COLOURS[:, :, 0]])
        for ending, form in ((".png", "PNG"), (".webp", "WEBP")):
            door.write_picture(tmp_path / f"a{ending}", rgba)
            with Image.open(tmp_path / f"a{ending}") as picture:
                assert picture.format == form
                assert np.array_equal(np.asarray(picture), rgba)
        door.write_picture(tmp_path / "a.jpg", np.zeros((8, 8, 4), np.uint8))
        with Image.open(tmp_path / "a.jpg") as picture:
            assert (picture.format, picture.mode) == ("JPEG", "RGB")
            assert np.asarray(picture).min() >= 254  # what is transparent lies on white
        refused(lambda: door.write_picture(tmp_path / "a.gif", rgba), ".webp", "a.gif")
        assert len(list(tmp_path.iterdir())) == 3

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
