import io

import pytest
from PIL import Image, ImageCms

from matting.images import carried, write_picture, write_png

MAKE, WHEN, LENS = 271, 36867, 42036


def photo(turn=6, *, exif=None, **options):
    told = Image.Exif() if exif is None else exif
    told[274], told[MAKE], told[256] = turn, "Canon", 40
    told.get_ifd(0x8769)[WHEN] = "2026:05:01 10:00:00"
    told.get_ifd(0x8769)[40962] = 40
    told.get_ifd(0x8825)[2] = (48.0, 8.0, 14.0)
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 90, 30)).save(kept, "JPEG", exif=told, **options)
    return kept.getvalue()


def test_exif_goes_on_without_turn_and_size(tmp_path):
    write_png(tmp_path / "cutout.png", Image.new("RGBA", (30, 40)), carried(photo(dpi=(300, 300))))
    with Image.open(tmp_path / "cutout.png") as cutout:
        exif = cutout.getexif()
        assert exif[MAKE] == "Canon" and exif.get_ifd(0x8769)[WHEN] == "2026:05:01 10:00:00"
        assert not {274, 256} & exif.keys() and 40962 not in exif.get_ifd(0x8769)
        assert cutout.info["dpi"] == pytest.approx((300, 300), abs=0.02)


@pytest.mark.parametrize("along", ["all but the place", "everything", "nothing"])
@pytest.mark.parametrize("ending", ["png", "webp", "jpg"])
def test_the_place_goes_along_only_where_everything_does(tmp_path, along, ending):
    told = carried(photo(dpi=(300, 300), icc_profile=b"x" * 200), along)
    write_picture(tmp_path / f"cutout.{ending}", Image.new("RGB", (30, 40)), told)
    with Image.open(tmp_path / f"cutout.{ending}") as cutout:
        exif = cutout.getexif()
        assert exif.get_ifd(0x8825).get(2) == ((48.0, 8.0, 14.0) if along == "everything" else None)
        assert exif.get(MAKE) == (None if along == "nothing" else "Canon")
        assert bool(cutout.info.get("icc_profile")) == (along != "nothing")


def test_the_place_stays_away_by_default_and_a_wrong_word_is_refused():
    assert carried(photo()) == carried(photo(), "all but the place") != carried(photo(), "everything")
    with pytest.raises(ValueError, match="'everything'.*got 'some'"):
        carried(photo(), "some")


def test_a_photo_that_says_nothing_carries_nothing():
    kept = io.BytesIO()
    Image.new("RGB", (40, 30)).save(kept, "PNG")
    assert carried(kept.getvalue()) == {}


def test_a_named_profile_becomes_the_one_that_colours_are_converted_to():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = carried(photo(icc_profile=lab))["icc_profile"]
    assert ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).startswith("sRGB")


@pytest.mark.parametrize("dots", [(0, 0), (1e9, 1e9)])
def test_senseless_resolutions_are_left_out(dots, tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "photo.tif", dpi=dots)
    assert "dpi" not in carried(tmp_path / "photo.tif")


def test_damaged_or_overlong_exif_is_left_out():
    whole = photo()
    damaged = whole.replace(b"MM\0*\0\0\0\x08", b"MM\0*\xff\xff\xff\xff").replace(
        b"II*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff"
    )
    assert damaged != whole and "exif" not in carried(damaged)
    kept, long = io.BytesIO(), Image.Exif()
    long[MAKE] = "x" * 80_000
    Image.new("RGB", (40, 30)).save(kept, "PNG", exif=long)
    assert "exif" not in carried(kept.getvalue())


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="not a picture"):
        carried(b"hello, world: no picture")
