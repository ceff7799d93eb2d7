import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import COLOURS, RAMP, WRITABLE, encoded, furthest, png_chunk, read, refused
from PIL import Image, ImageCms

from matting import images as door
from matting.images.decoding import check_size


class TestOrientation:
    # What a viewer does with the stored pixels, by the EXIF standard's description of each value.
    UPRIGHT = {
        1: lambda stored: stored,
        2: np.fliplr,
        3: lambda stored: np.rot90(stored, 2),
        4: np.flipud,
        5: lambda stored: stored.swapaxes(0, 1),
        6: lambda stored: np.rot90(stored, -1),
        7: lambda stored: np.rot90(stored.swapaxes(0, 1), 2),
        8: np.rot90,
    }

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
    def test_photos_are_turned_upright(self, orientation, kind):
        exif = Image.Exif()
        exif[274] = orientation
        options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(kind, {})
        source = encoded(Image.fromarray(COLOURS), kind, exif=exif, **options)
        image, notices = read(source)
        assert furthest(image, self.UPRIGHT[orientation](COLOURS)) <= (6 if kind == "JPEG" else 0)
        assert notices == ()

    def test_masks_are_turned_with_their_photos(self):
        exif = Image.Exif()
        exif[274] = 6
        stored = np.where(COLOURS[:, :, 0] > 200, np.uint8(255), np.uint8(0))
        mask, _ = door.read_mask(encoded(Image.fromarray(stored), "PNG", exif=exif), (36, 24))
        assert np.array_equal(mask, np.rot90(stored, -1) / 255)

    @pytest.mark.parametrize(
        "exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x09"]
    )
    def test_damaged_metadata_do_not_refuse_the_photo(self, exif):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image, _ = read(encoded(Image.fromarray(COLOURS), "JPEG", exif=exif, quality=100, subsampling=0))
        assert furthest(image, COLOURS) <= 6


class TestColourProfiles:
    def swapped_profile(self):
        """Return a profile like sRGB but with red and green exchanged."""
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        profile = profile.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
        return profile.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")

    @pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
    def test_an_embedded_profile_is_converted(self, kind):
        options = {"lossless": True} if kind == "WEBP" else {}
        source = encoded(Image.fromarray(COLOURS), kind, icc_profile=self.swapped_profile(), **options)
        image, notices = read(source)
        assert furthest(image, COLOURS[:, :, [1, 0, 2]]) <= 2
        assert notices == ()

    def test_turned_photos_keep_their_profile_and_transparency(self):
        exif = Image.Exif()
        exif[274] = 6
        palette = Image.fromarray(COLOURS).quantize(4)
        source = encoded(palette, "PNG", exif=exif, icc_profile=self.swapped_profile(), transparency=0)
        image, notices = read(source)
        expected = np.where((np.asarray(palette) == 0)[:, :, None], 255, COLOURS[:, :, [1, 0, 2]])
        assert furthest(image, np.rot90(expected, -1)) <= 2
        assert len(notices) == 1

    def test_transparency_and_profile_together(self):
        rgba = np.dstack([COLOURS, np.where(COLOURS[:, :, 0] > 200, np.uint8(0), np.uint8(255))])
        image, notices = read(encoded(Image.fromarray(rgba), "PNG", icc_profile=self.swapped_profile()))
        expected = np.where(rgba[:, :, 3:] == 0, 255, COLOURS[:, :, [1, 0, 2]])
        assert furthest(image, expected) <= 2
        assert len(notices) == 1

    def test_gray_photos_stay_gray(self):
        gray = (RAMP >> 8).astype(np.uint8)
        for picture in (Image.fromarray(gray), Image.fromarray(RAMP)):
            image, notices = read(encoded(picture, "PNG", icc_profile=self.swapped_profile()))
            assert furthest(image, np.repeat(gray[:, :, None], 3, axis=2)) <= 2
            assert notices == ()

    def test_srgb_changes_nothing(self):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image, notices = read(encoded(Image.fromarray(COLOURS), "PNG", icc_profile=profile))
        assert np.array_equal(image, COLOURS)
        assert notices == ()

    def test_an_unusable_profile_is_passed_over_with_a_notice(self):
        cmyk = Image.fromarray(COLOURS).convert("CMYK")
        for source in (
            encoded(Image.fromarray(COLOURS), "PNG", icc_profile=b"no profile"),
            encoded(cmyk, "TIFF", icc_profile=self.swapped_profile()),
        ):
            image, notices = read(source)
            assert furthest(image, COLOURS) <= 1
            assert len(notices) == 1
            assert "colour profile" in notices[0]


class TestSeveralPictures:
    @pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
    def test_of_an_animation_the_first_picture_is_taken_with_a_notice(self, kind):
        frames = [Image.fromarray(np.roll(COLOURS, 5 * shift, axis=1)) for shift in range(3)]
        options = {"lossless": True} if kind == "WEBP" else {}
        source = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        image, notices = read(source)
        assert furthest(image, COLOURS) <= 10
        assert len(notices) == 1
        assert "3 pictures" in notices[0]
        assert read(Image.open(io.BytesIO(source)))[1] == notices

    def test_the_frame_that_the_caller_chose_is_taken(self):
        frames = [Image.fromarray(np.roll(COLOURS, 5 * shift, axis=1)) for shift in range(3)]
        picture = Image.open(io.BytesIO(encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])))
        picture.seek(2)
        image, notices = read(picture)
        assert np.array_equal(image, np.asarray(frames[2]))
        assert notices == ()

    def test_a_phones_jpeg_with_a_second_picture_is_one_photo(self):
        frames = [Image.fromarray(COLOURS), Image.fromarray(255 - COLOURS)]
        source = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=100)
        assert Image.open(io.BytesIO(source)).n_frames == 2
        image, notices = read(source)
        assert np.abs(image.astype(int) - COLOURS)[2:10, 2:16].max() <= 5
        assert notices == ()


def one_bit_png(width, height):
    """Return a whole, valid, black PNG; its pixels compress a thousandfold."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8) * 100
    body = b"".join(rows.compress(row) for _ in range(height // 100)) + rows.flush()
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


class TestLimits:
    def test_20000_by_20000_is_refused_before_decoding(self, tmp_path):
        path = tmp_path / "huge.png"
        path.write_bytes(one_bit_png(20000, 20000))
        program = (
            "import resource, sys; from matting.images import read_photo; import cv2, numpy\n"
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "try: read_photo(sys.argv[1])\n"
            "except ValueError as refusal: print(refusal)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
        )
        root = Path(__file__).resolve().parents[2]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", program, str(path)]
        output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        sentence, kilobytes = output.splitlines()
        assert "huge.png" in sentence
        assert "64 megapixels" in sentence
        assert int(kilobytes) < 20_000

    @pytest.mark.parametrize("policy", ["ignore", "error"])
    def test_the_limit_holds_whatever_pillow_warns_of(self, policy):
        with warnings.catch_warnings():
            warnings.simplefilter(policy)
            refused(lambda: door.read_photo(one_bit_png(12000, 12000)), "64 megapixels")

    def test_beyond_the_limit_the_size_is_said(self):
        refused(lambda: door.read_photo(one_bit_png(8800, 8000)), "8800x8000", "64 megapixels")
        refused(lambda: check_size((8001, 8000), "The photo"), "8000x8001")
        refused(lambda: check_size((2, 32001), "The photo"), "32001x2", "32000")
        check_size((8000, 8000), "The photo")
        check_size((2000, 32000), "The photo")

    def test_masks_and_trimaps_have_the_same_limits(self):
        for reader in (door.read_mask, door.read_trimap):
            refused(lambda reader=reader: reader(one_bit_png(20000, 20000), (50, 50)), "64 megapixels")

    @pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1)])
    def test_a_side_of_one_pixel_is_refused(self, size):
        picture = Image.new("RGB", size)
        for source in (picture, encoded(picture, "PNG"), np.asarray(picture)):
            refused(lambda source=source: door.read_photo(source), f"{size[0]}x{size[1]}", "at least 2")


class TestBadInput:
    def test_files_that_are_no_pictures(self, tmp_path):
        contents = {
            "empty.png": (b"", "empty"),
            "notes.jpg": (b"Dear diary, " * 40, "not a picture"),
            "page.png": (b"<!doctype html><html><body>404</body></html>", "not a picture"),
            "short.png": (b"\x89PNG\r\n\x1a\n", "not a picture"),
            "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60), "HEIC"),
            "film.mp4": (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(60), "not a picture"),
            "script.eps": (
                b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
                "not a picture",
            ),
        }
        for name, (content, words) in contents.items():
            path = tmp_path / name
            path.write_bytes(content)
            refused(lambda path=path: door.read_photo(path), name, words)
            refused(lambda content=content: door.read_photo(content), "The photo", words)
            refused(lambda path=path: door.read_mask(path, (4, 4)), f"The mask {name}", words)

    @pytest.mark.parametrize("kind", WRITABLE)
    def test_truncated_files(self, kind, tmp_path):
        noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
        whole = encoded(Image.fromarray(noise), kind)
        path = tmp_path / "cut.bin"
        for share in (0.2, 0.5, 0.9):
            path.write_bytes(whole[: int(len(whole) * share)])
            refused(lambda: door.read_photo(path), "cut.bin")

    def test_paths_that_lead_nowhere(self, tmp_path):
        error = refused(lambda: door.read_photo(tmp_path / "missing.jpg"), "missing.jpg", "does not exist")
        assert isinstance(error, FileNotFoundError)
        assert isinstance(error, door.MissingFileError)
        refused(lambda: door.read_photo(str(tmp_path)), "not a file")
        refused(lambda: door.read_photo(""), "name a picture")
        refused(lambda: door.read_photo("a\0b.png"), "does not exist")

    @pytest.mark.parametrize("address", ["https://example.org/cat.jpg", "http://a.b/c", "data:image/png;base64,iVBO"])
    def test_an_address_on_the_web_is_not_fetched_but_said(self, address):
        refused(lambda: door.read_photo(address), "is an address", "download it")

    @pytest.mark.parametrize("source", [None, 3, [[1, 2], [3, 4]], object()])
    def test_other_objects(self, source):
        refused(lambda: door.read_photo(source), type(source).__name__, "NumPy array")

    @settings(max_examples=150)
    @given(
        st.sampled_from(WRITABLE),
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
        st.floats(0, 1),
    )
    def test_damaged_bytes_give_a_photo_or_one_sentence(self, kind, damages, kept):
        content = bytearray(encoded(Image.fromarray(COLOURS), kind))
        for position, value in damages:
            content[int(position * len(content))] = value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                read(bytes(content[: max(1, int(kept * 1.5 * len(content)))]))
            except ValueError as refusal:
                assert str(refusal).startswith("The photo ")
                assert str(refusal).endswith(".")
