import cv2
import numpy as np
import pytest
from hypothesis import given
from pictures import COLOURS, RAMP, WRITABLE, encoded, furthest, read, refused
from PIL import Image, ImageCms
from strategies import images, photo_sizes

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
        assert np.array_equal(read(path)[0], cv2.imread(str(path))[..., ::-1])


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
            (np.zeros((5, 8, 8), np.uint8), "(5, 8, 8)"),
            (np.zeros((2, 8, 8, 3), np.uint8), "(2, 8, 8, 3)"),
            (np.zeros((8, 8, 5), np.uint8), "(8, 8, 5)"),
            (np.full((8, 8), -1, np.int64), "-1"),
            (np.full((8, 8), 65536, np.int64), "65536"),
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


def test_twelve_bits_in_sixteen_are_read_as_they_are_and_said_to_be_dark():
    deep = np.linspace(0, 4095, 64 * 48).reshape(48, 64).astype(np.uint16)
    for source in (deep, deep.astype(np.int32), encoded(Image.fromarray(deep), "PNG")):
        image, notices = door.read_photo(source)
        assert image.max() == 16
        assert len(notices) == 1
        assert "no value above 4095" in notices[0]
    assert door.read_photo(deep * 16)[1] == ()
