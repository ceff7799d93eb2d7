import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pictures import COLOURS, RAMP, WRITABLE, encoded, furthest, read, refused
from PIL import Image, ImageCms
from strategies import alphas, any_alpha, images, photo_sizes, sizes, trimaps

from matting import images as door


class TestPhotoSources:
    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "PPM"])
    def test_path_text_bytes_picture_and_array_give_the_same_photo(self, kind, tmp_path):
        picture = Image.fromarray(COLOURS)
        path = tmp_path / f"größe 图片.{kind.lower()}"
        picture.save(path, kind)
        for source in (path, str(path), path.read_bytes(), Image.open(path), picture, COLOURS):
            image, notices = read(source)
            assert np.array_equal(image, COLOURS)
            assert notices == ()

    @pytest.mark.parametrize("kind", WRITABLE)
    def test_all_formats_come_in(self, kind):
        image, notices = read(encoded(Image.fromarray(COLOURS), kind))
        assert np.abs(image[3:9, 3:15].astype(int) - COLOURS[5, 5]).max() <= 12
        assert notices == ()

    @given(photo_sizes.flatmap(images))
    def test_png_and_array_come_in_unchanged_at_every_size(self, image):
        assert np.array_equal(read(encoded(Image.fromarray(image), "PNG"))[0], image)
        assert np.array_equal(read(image)[0], image)
        assert np.array_equal(read(image[::-1, ::-1])[0], image[::-1, ::-1])

    def test_the_callers_picture_and_array_are_left_alone(self, tmp_path):
        exif = Image.Exif()
        exif[274] = 6
        Image.fromarray(COLOURS).save(tmp_path / "a.jpg", exif=exif)
        with Image.open(tmp_path / "a.jpg") as picture:
            read(picture)
            assert picture.size == (36, 24)
            assert picture.getexif()[274] == 6
            assert read(picture)[0].shape == (36, 24, 3)
        array = COLOURS.copy()
        read(array)[0][:] = 0
        assert np.array_equal(array, COLOURS)

    def test_a_real_photo_equals_what_opencv_decodes(self, shared_data, tmp_path):
        if shared_data is None:
            path = tmp_path / "drawn.png"
            Image.fromarray(COLOURS).save(path)
        else:
            path = shared_data / "lemur" / "lemur.png"
        assert np.array_equal(read(path)[0], cv2.imread(str(path), cv2.IMREAD_COLOR_RGB))


class TestModes:
    def test_transparency_is_filled_with_white_and_said(self):
        opacity = np.repeat(np.linspace(0, 255, 36).astype(np.uint8)[None], 24, axis=0)
        rgba = np.dstack([COLOURS, opacity])
        share = opacity[:, :, None] / 255
        expected = share * COLOURS + (1 - share) * 255
        for source in (
            encoded(Image.fromarray(rgba), "PNG"),
            Image.fromarray(rgba),
            rgba,
            rgba.astype(np.uint16) * 257,
        ):
            image, notices = read(source)
            assert furthest(image, expected) <= 1
            assert len(notices) == 1
            assert "white" in notices[0]

    def test_opaque_rgba_comes_in_without_a_word(self):
        rgba = np.dstack([COLOURS, np.full((24, 36), 255, np.uint8)])
        image, notices = read(encoded(Image.fromarray(rgba), "PNG"))
        assert np.array_equal(image, COLOURS)
        assert notices == ()

    @pytest.mark.parametrize("mode", ["LA", "La", "RGBa", "PA"])
    def test_rarer_modes_with_transparency(self, mode):
        gray_alpha = Image.fromarray(np.dstack([np.full((4, 6), 100, np.uint8)] * 3 + [np.full((4, 6), 128, np.uint8)]))
        steps = {"LA": ["LA"], "La": ["LA", "La"], "RGBa": ["RGBa"], "PA": ["P", "PA"]}[mode]
        picture = gray_alpha
        for step in steps:
            picture = picture.convert(step)
        image, notices = read(picture)
        assert image.shape == (4, 6, 3)
        if mode != "PA":  # Pillow's way to a palette with alpha drops the alpha
            assert np.abs(image.astype(int) - (128 * 100 + 127 * 255) / 255).max() <= 2
            assert "white" in notices[0]

    def test_palette_with_a_transparent_colour(self):
        picture = Image.fromarray((np.arange(24).reshape(4, 6) % 3).astype(np.uint8), "L")
        picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
        image, notices = read(encoded(picture, "PNG", transparency=1))
        assert image[0, :3].tolist() == [[255, 0, 0], [255, 255, 255], [0, 0, 255]]
        assert "white" in notices[0]

    def test_black_and_white_and_gray(self):
        bits = RAMP > 30000
        assert np.array_equal(read(Image.fromarray(bits))[0][:, :, 1], bits * np.uint8(255))
        assert np.array_equal(read(bits)[0][:, :, 1], bits * np.uint8(255))
        gray = (RAMP >> 8).astype(np.uint8)
        for source in (
            Image.fromarray(gray),
            gray,
            gray[:, :, None],
            encoded(Image.fromarray(gray), "JPEG", quality=100),
        ):
            assert furthest(read(source)[0], np.repeat(gray[:, :, None], 3, axis=2)) <= 1

    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "array", "swapped array", "I", "I;16B"])
    def test_16_bit_gray_is_scaled_and_not_clipped(self, kind):
        picture = Image.fromarray(RAMP)
        sources = {
            "PNG": lambda: encoded(picture, "PNG"),
            "TIFF": lambda: encoded(picture, "TIFF"),
            "array": lambda: RAMP,
            "swapped array": lambda: RAMP.astype(RAMP.dtype.newbyteorder()),
            "I": lambda: Image.fromarray(RAMP.astype(np.int32)),
            "I;16B": lambda: Image.frombytes("I;16B", (36, 24), RAMP.astype(">u2").tobytes()),
        }
        image, _ = read(sources[kind]())
        assert furthest(image, np.repeat(np.rint(RAMP / 257)[:, :, None], 3, axis=2)) == 0

    @pytest.mark.parametrize("extension", [".png", ".tiff"])
    def test_16_bit_colour_files(self, extension):
        deep = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])
        _, buffer = cv2.imencode(extension, deep[:, :, ::-1])
        assert furthest(read(buffer.tobytes())[0], deep / 257) <= 1
        assert furthest(read(deep)[0], np.rint(deep / 257)) == 0

    def test_floats(self):
        unit = RAMP / np.float32(65535)
        expected = np.repeat(np.rint(unit * 255)[:, :, None], 3, axis=2)
        sources = [
            unit,
            unit.astype(np.float64),
            Image.fromarray(unit),
            encoded(Image.fromarray(unit), "TIFF"),
        ]
        for source in [*sources, Image.fromarray(unit * 255)]:
            assert furthest(read(source)[0], expected) <= 1
        assert furthest(read(unit.astype(np.float16))[0], expected) <= 1

    @pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
    def test_cmyk(self, kind):
        source = encoded(Image.fromarray(COLOURS).convert("CMYK"), kind, **({"quality": 100} if kind == "JPEG" else {}))
        # Adobe's marker means that the file holds inverted inks.
        assert (b"Adobe" in source) == (kind == "JPEG")
        image, notices = read(source)
        assert np.abs(image.astype(int) - COLOURS)[2:10, 2:16].max() <= 5
        assert notices == ()

    @pytest.mark.parametrize("mode", ["YCbCr", "HSV", "RGBX"])
    def test_other_colour_spaces(self, mode):
        assert furthest(read(Image.fromarray(COLOURS).convert(mode))[0], COLOURS) <= 8

    def test_lab(self):
        muted = COLOURS // 2 + 60  # 8-bit Lab is coarse at saturated colours
        to_lab = ImageCms.profileToProfile(
            Image.fromarray(muted),
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        )
        for source in (to_lab, encoded(to_lab, "TIFF")):
            assert furthest(read(source)[0], muted) <= 4


class TestBadValues:
    @pytest.mark.parametrize(
        ("array", "words"),
        [
            (np.zeros((0, 0, 3), np.uint8), "0x0"),
            (np.zeros((0, 5), np.uint8), "5x0"),
            (np.zeros(7, np.uint8), "(7,)"),
            (np.zeros((3, 8, 8), np.uint8), "(3, 8, 8)"),
            (np.zeros((1, 8, 8, 3), np.uint8), "(1, 8, 8, 3)"),
            (np.zeros((8, 8, 5), np.uint8), "(8, 8, 5)"),
            (np.zeros((8, 8), np.int64), "int64"),
            (np.zeros((8, 8), np.complex64), "complex64"),
            (np.full((8, 8), None), "object"),
            (np.full((8, 8), np.nan), "nan"),
            (np.full((8, 8, 3), np.inf), "inf"),
            (np.full((8, 8, 3), 200.0), "200"),
            (np.full((8, 8), -0.5, np.float32), "-0.5"),
        ],
    )
    def test_arrays_of_other_shapes_types_and_ranges(self, array, words):
        refused(lambda: door.read_photo(array), "The photo", words)
        refused(lambda: door.read_mask(array, (8, 8)), "The mask", words)
        refused(lambda: door.read_trimap(array, (8, 8)), "The trimap", words)

    @pytest.mark.parametrize(
        "picture",
        [
            Image.fromarray(np.full((4, 4), np.nan, np.float32)),
            Image.fromarray(np.full((4, 4), -3, np.float32)),
            Image.fromarray(np.full((4, 4), 1e9, np.float32)),
            Image.fromarray(np.full((4, 4), 70000, np.int32)),
        ],
    )
    def test_deep_pictures_of_an_unknown_scale(self, picture):
        refused(lambda: door.read_photo(picture), "values")


class TestMasks:
    @given(photo_sizes.flatmap(alphas))
    def test_floats_come_in_unchanged(self, mask):
        read_back, notices = door.read_mask(mask, mask.shape)
        assert read_back.dtype == np.float32
        assert np.array_equal(read_back, mask)
        assert notices == (() if mask.max() >= 0.5 else ("The mask marks no object.",))

    def test_booleans_and_zero_one_integers_are_understood(self, tmp_path):
        truth = RAMP > 20000
        path = tmp_path / "labels.png"
        Image.fromarray(truth.astype(np.uint8)).save(path)
        sources = [
            truth,
            truth.astype(np.uint8),
            truth.astype(np.uint16),
            truth[:, :, None],
            Image.fromarray(truth),
            path,
        ]
        for source in [
            *sources,
            truth.astype(np.uint8) * 255,
            np.dstack([truth] * 3),
            truth.astype(np.float64),
        ]:
            mask, notices = door.read_mask(source, truth.shape)
            assert np.array_equal(mask, truth)
            assert notices == ()

    def test_16_bits_keep_their_precision(self):
        for source in (RAMP, encoded(Image.fromarray(RAMP), "PNG")):
            mask, _ = door.read_mask(source, RAMP.shape)
            assert np.abs(mask.astype(np.float64) - RAMP / 65535).max() < 1e-7

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_of_a_cutout_the_alpha_channel_is_used(self, mode):
        opacity = (RAMP >> 8).astype(np.uint8)
        picture = Image.fromarray(COLOURS).convert(mode)
        picture.putalpha(Image.fromarray(opacity))
        for source in (picture, encoded(picture, "PNG"), np.asarray(picture)):
            mask, notices = door.read_mask(source, opacity.shape)
            assert np.abs(mask - opacity / 255).max() < 1e-6
            assert len(notices) == 1
            assert "alpha channel" in notices[0]

    def test_a_constant_alpha_channel_says_nothing(self):
        gray = (RAMP >> 8).astype(np.uint8)
        opaque = np.dstack([gray, gray, gray, np.full_like(gray, 255)])
        mask, notices = door.read_mask(opaque, gray.shape)
        assert np.abs(mask - gray / 255).max() < 1e-6
        assert notices == ()

    def test_of_colours_the_brightness_is_used_with_a_notice(self):
        mask, notices = door.read_mask(COLOURS, COLOURS.shape[:2])
        expected = COLOURS @ np.array([0.299, 0.587, 0.114]) / 255
        assert np.abs(mask - expected).max() < 1 / 255
        swapped = (COLOURS.astype(np.uint16) * 200).astype(">u2")
        swapped_mask, _ = door.read_mask(swapped, COLOURS.shape[:2])
        assert np.abs(swapped_mask - expected * 200 / 257).max() < 1 / 255
        assert "colour" in notices[0]

    @pytest.mark.parametrize("size", [(48, 72), (12, 18), (100, 150), (49, 73)])
    def test_another_size_is_resized_with_a_notice(self, size):
        truth = np.zeros((24, 36), np.float32)
        truth[6:18, 9:27] = 1
        mask, notices = door.read_mask(truth, size)
        assert mask.shape == size
        assert mask.dtype == np.float32
        assert abs(mask.mean() - truth.mean()) < 0.02
        height, width = size
        assert notices == (f"The mask was resized from 36x24 to the photo's {width}x{height} pixels.",)

    @given(photo_sizes.flatmap(alphas), st.sampled_from([(3, 1), (1, 3), (2, 1), (1, 2)]))
    def test_resizing_stays_between_the_masks_values(self, mask, factor):
        size = tuple(max(2, side * factor[0] // factor[1]) for side in mask.shape)
        assume(abs(size[0] * mask.shape[1] / (size[1] * mask.shape[0]) - 1) < 0.019)
        resized, _ = door.read_mask(mask, size)
        assert resized.min() >= mask.min() - 1e-6
        assert resized.max() <= mask.max() + 1e-6

    @pytest.mark.parametrize("reader", [door.read_mask, door.read_trimap])
    def test_another_aspect_is_refused_beyond_two_percent(self, reader):
        square = np.zeros((100, 100), np.uint8)
        square[20:60, 20:60] = 255
        assert reader(square, (100, 102))[0].shape == (100, 102)
        assert reader(square, (204, 200))[0].shape == (204, 200)
        refused(lambda: reader(square, (100, 103)), "100x100", "103x100")
        refused(lambda: reader(square, (103, 100)), "100x103")
        refused(lambda: reader(np.zeros((24, 36), np.uint8), (36, 24)), "36x24", "24x36")

    def test_a_mask_without_an_object_is_told(self):
        _, notices = door.read_mask(np.zeros((4, 4), np.uint8), (4, 4))
        assert notices == ("The mask marks no object.",)


class TestTrimaps:
    @given(photo_sizes.flatmap(trimaps))
    def test_a_clean_trimap_comes_in_unchanged(self, trimap):
        for source in (trimap, Image.fromarray(trimap), encoded(Image.fromarray(trimap), "PNG")):
            read_back, notices = door.read_trimap(source, trimap.shape)
            assert read_back.dtype == np.uint8
            assert np.array_equal(read_back, trimap)
            assert notices == door.trimap_notices(trimap)

    @given(photo_sizes.flatmap(lambda size: trimaps(size).flatmap(lambda trimap: st.just(trimap))))
    def test_each_missing_region_is_told_once(self, trimap):
        notices = door.trimap_notices(trimap)
        for value, word in ((255, "no foreground"), (0, "no background"), (128, "no unknown")):
            assert sum(word in notice for notice in notices) == (value not in trimap)

    def test_values_in_between_are_cleaned_with_a_notice(self):
        given_values = np.array([[0, 10, 11, 127], [128, 200, 244, 245], [255, 255, 0, 0]], np.uint8)
        expected = [[0, 0, 128, 128], [128, 128, 128, 255], [255, 255, 0, 0]]
        trimap, notices = door.read_trimap(given_values, (3, 4))
        assert trimap.tolist() == expected
        assert len(notices) == 1
        assert "cleaned" in notices[0]
        assert "50 %" in notices[0]

    def test_other_depths(self):
        values = np.array([[0, 0.5, 1], [1, 0.5, 0]])
        expected = [[0, 128, 255], [255, 128, 0]]
        for source in (values, values.astype(np.float32), (values * 65535).round().astype(np.uint16)):
            trimap, notices = door.read_trimap(source, (2, 3))
            assert trimap.tolist() == expected
            assert notices == ()

    def test_a_mask_for_a_trimap_has_no_unknown_region(self):
        mask = RAMP > 20000
        for source in (mask, mask.astype(np.uint8), mask * np.uint8(255)):
            trimap, notices = door.read_trimap(source, mask.shape)
            assert np.array_equal(trimap, mask * np.uint8(255))
            assert notices == ("The trimap has no unknown region; alpha is the trimap.",)

    def test_transparent_parts_are_background(self):
        trimap = np.full((6, 8), 255, np.uint8)
        trimap[:, 4] = 128
        opacity = np.full((6, 8), 255, np.uint8)
        opacity[:, 5:] = 0
        read_back, notices = door.read_trimap(np.dstack([trimap] * 3 + [opacity]), (6, 8))
        assert np.array_equal(read_back, np.where(opacity == 0, 0, trimap))
        assert len(notices) == 1
        assert "transparent" in notices[0]

    @given(photo_sizes.flatmap(trimaps), st.integers(2, 5))
    def test_resizing_by_a_whole_factor_repeats_pixels_with_a_notice(self, trimap, factor):
        expected = trimap.repeat(factor, 0).repeat(factor, 1)
        resized, notices = door.read_trimap(trimap, expected.shape)
        assert np.array_equal(resized, expected)
        assert sum("resized" in notice for notice in notices) == 1


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
