"""Kinds of files and values that people have: each is read as it is meant, or asked about in one sentence."""

import io
import threading
import zlib

import numpy as np
import pytest
import torch
from pictures import COLOURS, RAMP, encoded, png_chunk, refused
from PIL import Image, PngImagePlugin

from matting import images as door

SIZE = (24, 36)
OBJECT = np.zeros(SIZE, bool)
OBJECT[5:20, 8:30] = True
REGIONS = np.where(OBJECT, np.uint8(255), np.uint8(0))
REGIONS[5:9] = 128


def palette(indices, colours):
    picture = Image.fromarray(indices.astype(np.uint8), "P")
    picture.putpalette(colours)
    return picture


DAVIS = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]


class TestWhatIntegersMean:
    @pytest.mark.parametrize("label", [1, 2, 38, 100])
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64])
    def test_one_label_is_the_object(self, label, kind):
        mask, notices = door.read_mask(OBJECT.astype(kind) * kind(label), SIZE)
        assert np.array_equal(mask, OBJECT)
        assert len(notices) == (label != 1) + (kind is np.uint16 and label > 2)

    @pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
    def test_one_number_of_a_palette_is_the_object(self, kind):
        mask, notices = door.read_mask(encoded(palette(OBJECT, DAVIS), kind), SIZE)
        assert np.array_equal(mask, OBJECT)
        assert "one colour on black" in notices[0]

    def test_a_palette_of_grays_is_gray(self):
        shades = (RAMP >> 8).astype(np.uint8)
        picture = palette(shades, [value for value in range(256) for _ in range(3)])
        assert np.abs(door.read_mask(encoded(picture, "PNG"), SIZE)[0] - shades / 255).max() < 1e-6

    def test_several_objects_are_asked_about(self):
        numbers = OBJECT.astype(np.uint8)
        numbers[10:] *= 2
        refused(lambda: door.read_mask(numbers, SIZE), "labels 1, 2", "which one")
        refused(lambda: door.read_mask(encoded(palette(numbers, DAVIS), "PNG"), SIZE), "2 colours", "which one")

    def test_labels_of_a_trimap_are_background_unknown_and_foreground(self):
        labels = np.array([0, 1, 2], np.uint8)[np.searchsorted([0, 128, 255], REGIONS)]
        sources = [labels, labels.astype(np.int64), labels.astype(np.uint16), encoded(Image.fromarray(labels), "PNG")]
        sources += [encoded(palette(labels, DAVIS), "PNG"), encoded(Image.fromarray(labels.astype(np.float32)), "TIFF")]
        for source in sources:
            trimap, notices = door.read_trimap(source, SIZE)
            assert np.array_equal(trimap, REGIONS)
            assert len(notices) == 1 and "labels" in notices[0]

    def test_labels_of_another_kind_are_asked_about(self):
        refused(lambda: door.read_trimap(OBJECT.astype(np.uint8) * 2 + 1, SIZE), "1 to 3", "which region")

    def test_eight_bits_in_sixteen_are_eight(self):
        small = (RAMP >> 8).astype(np.uint8)
        for reader in (door.read_mask, door.read_alpha):
            values, notices = reader(encoded(Image.fromarray(small.astype(np.uint16)), "PNG"), SIZE)
            assert np.abs(values - small / 255).max() < 1e-6
            assert "16 bits" in notices[0]
        trimap, _ = door.read_trimap(REGIONS.astype(np.uint16), SIZE)
        assert np.array_equal(trimap, REGIONS)

    def test_an_alpha_is_never_taken_for_labels(self):
        glass = OBJECT * np.uint8(100)
        assert np.abs(door.read_alpha(glass, SIZE)[0] - OBJECT * 100 / 255).max() < 1e-6
        assert not door.read_alpha(np.zeros(SIZE, np.uint8), SIZE)[0].any()
        assert np.array_equal(door.read_alpha(OBJECT.astype(np.uint8), SIZE)[0], OBJECT)

    def test_an_alpha_in_a_cutout_is_its_alpha_channel(self):
        opacity = (RAMP >> 8).astype(np.uint8)
        alpha, notices = door.read_alpha(encoded(Image.fromarray(np.dstack([COLOURS, opacity])), "PNG"), SIZE)
        assert np.abs(alpha - opacity / 255).max() < 1e-6
        assert "alpha channel" in notices[0]


class TestWhatPythonGives:
    @pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint32, np.uint64, np.uint16, np.uint8])
    def test_arrays_of_any_integers(self, kind):
        values = (COLOURS // 2).astype(kind)
        if kind is np.uint16:
            values = values * kind(257)
        assert np.array_equal(door.read_photo(values)[0], COLOURS // 2)

    def test_channels_first_batches_of_one_and_tensors(self):
        first = np.moveaxis(COLOURS, 2, 0)
        unit = torch.from_numpy(first.copy()).float() / 255
        for source in (first, first[None], COLOURS[None], torch.from_numpy(first.copy()), unit, unit[None]):
            assert np.array_equal(door.read_photo(source)[0], COLOURS)
        for source in (unit.requires_grad_(), unit.detach().half()):
            assert np.abs(door.read_photo(source)[0].astype(int) - COLOURS).max() <= 1
        for source in (OBJECT[None], torch.from_numpy(OBJECT), torch.from_numpy(OBJECT)[None, None].float()):
            assert np.array_equal(door.read_mask(source, SIZE)[0], OBJECT)

    def test_a_tensor_of_four_columns_keeps_its_channels_first(self):
        tensor = torch.zeros(3, 5, 4)
        tensor[0] = 1
        assert door.read_photo(tensor)[0].shape == (5, 4, 3)

    def test_arrays_that_are_read_only_or_not_contiguous(self):
        locked = COLOURS.copy()
        locked.flags.writeable = False
        wide = np.repeat(np.repeat(COLOURS, 2, 0), 2, 1)
        for source in (locked, wide[::2, ::2], np.asfortranarray(COLOURS), COLOURS[::-1][::-1]):
            image, _ = door.read_photo(source)
            assert np.array_equal(image, COLOURS) and image.flags.writeable
        for reader in (door.read_mask, door.read_trimap):
            assert reader(REGIONS[::-1, ::-1], SIZE)[0].shape == SIZE

    def test_buffers_and_open_files_which_are_left_where_they_were(self, tmp_path):
        content = encoded(Image.fromarray(COLOURS), "PNG")
        (tmp_path / "a.png").write_bytes(content)
        for source in (bytearray(content), memoryview(content)):
            assert np.array_equal(door.read_photo(source)[0], COLOURS)
        with (tmp_path / "a.png").open("rb") as file:
            for stream in (file, io.BytesIO(content)):
                stream.seek(7)
                assert np.array_equal(door.read_photo(stream)[0], COLOURS)
                assert stream.tell() == 7
        with (tmp_path / "a.png").open(encoding="latin-1") as text:
            refused(lambda: door.read_photo(text), "a.png", "opened as text")
        refused(lambda: door.read_photo(io.BytesIO(b"x")), "not a picture")
        refused(lambda: door.read_photo(io.BytesIO()), "empty")

    def test_several_threads_at_once(self):
        content, wrong = encoded(Image.fromarray(COLOURS), "PNG"), []

        def work():
            for _ in range(20):
                if not np.array_equal(door.read_photo(content)[0], COLOURS):
                    wrong.append(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


class TestLargeMetadata:
    @pytest.mark.parametrize("packed", [True, False])
    def test_a_long_text_in_a_png_is_left_out(self, packed):
        info = PngImagePlugin.PngInfo()
        info.add_text("workflow", "x" * 2_000_000, zip=packed)
        info.add_itxt("more", "y" * 2_000_000, zip=packed)
        info.add_text("note", "kept")
        source = encoded(Image.fromarray(COLOURS), "PNG", pnginfo=info)
        assert np.array_equal(door.read_photo(source)[0], COLOURS)

    def test_a_profile_that_unpacks_to_a_bomb_is_left_out(self):
        plain = encoded(Image.fromarray(COLOURS), "PNG")
        bomb = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(100_000_000)))
        assert np.array_equal(door.read_photo(plain[:33] + bomb + plain[33:])[0], COLOURS)


def test_heic_without_its_plugin_says_what_to_install():
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60)
    refused(lambda: door.read_photo(head), "HEIC", "pip install pillow-heif")


def test_a_cutout_keeps_its_colours_and_its_opacity():
    opacity = np.where(OBJECT, np.uint8(255), np.uint8(0))
    image, shown, notices = door.read_cutout(encoded(Image.fromarray(np.dstack([COLOURS, opacity])), "PNG"))
    assert np.array_equal(image, COLOURS) and np.array_equal(shown, opacity) and notices == ()
    assert door.read_cutout(COLOURS)[1] is None
