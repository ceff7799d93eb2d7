import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pictures import COLOURS, RAMP, encoded, refused
from PIL import Image
from strategies import alphas, photo_sizes, trimaps

from matting import images as door


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
    def test_a_clean_comes_in_unchanged(self, trimap):
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

    def test_one_that_is_drawn_in_the_alpha_channel_alone_is_found_there(self):
        trimap = np.full((6, 8), 255, np.uint8)
        trimap[:, 4], trimap[:, 5:] = 128, 0
        black = np.zeros((6, 8, 3), np.uint8)
        for source in (np.dstack([black, trimap]), encoded(Image.fromarray(np.dstack([black, trimap])), "PNG")):
            read_back, notices = door.read_trimap(source, (6, 8))
            assert np.array_equal(read_back, trimap)
            assert notices == ("The trimap is of one colour; its alpha channel is used.",)

    def test_a_photo_with_scribbles_is_no_trimap_but_a_compressed_one_is(self):
        y, x = np.mgrid[:64, :96]
        photo = np.dstack([40 + 2 * x, 60 + y, 200 - x]).astype(np.uint8)
        photo[:4], photo[30:34] = 0, 255
        refused(lambda: door.read_trimap(photo, (64, 96)), "another picture", "neither black", "give one of these")
        regions = np.where(x < 30, 0, np.where(x < 50, 128, 255)).astype(np.uint8)
        trimap, notices = door.read_trimap(encoded(Image.fromarray(regions), "JPEG"), (64, 96))
        assert (trimap == regions).mean() > 0.95
        assert "cleaned" in notices[0]

    def test_the_share_that_was_cleaned_is_said_as_people_say_it(self):
        _, notices = door.read_trimap(np.array([[1, 2, 250], [125, 252, 7]], np.uint8), (2, 3))
        assert "in 100 % of it" in notices[0]
