"""Training, evaluation and pipeline read the same file alike: one door for all of them."""

import unicodedata

import cv2
import numpy as np
import pytest
from pictures import disc, refused
from PIL import Image

from matting.data.composites.settings import PhotoSettings
from matting.data.datasets import read_layers, training_examples
from matting.data.photos.with_mattes import PhotoData, SPAMattNetPhotos, TGNPhotos, guided
from matting.evaluation.benchmarks.definitions import score_unknown
from matting.evaluation.benchmarks.photos import load
from matting.evaluation.methods import read_prediction
from matting.images import read_photo
from matting.trimaps.algebra import from_alpha

SIZE = (48, 64)
ALPHA = disc(SIZE, 16)
BYTES = np.rint(ALPHA * 255).astype(np.uint8)
PHOTO = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)


def in_a_cutout():
    return Image.fromarray(np.dstack([PHOTO, BYTES]))


def on_its_side(array):
    """A picture that lies on its side, with the EXIF that says so."""
    picture = Image.fromarray(np.rot90(array).copy())
    exif = picture.getexif()
    exif[274] = 6
    return picture, {"exif": exif.tobytes()}


ALPHAS = {
    "gray": lambda: (Image.fromarray(BYTES), {}),
    "16 bits": lambda: (Image.fromarray(BYTES.astype(np.uint16) * 257), {}),
    "8 bits in 16": lambda: (Image.fromarray(BYTES.astype(np.uint16)), {}),
    "a cutout's alpha channel": lambda: (in_a_cutout(), {}),
    "three channels": lambda: (Image.fromarray(np.dstack([BYTES] * 3)), {}),
    "on its side": lambda: on_its_side(BYTES),
}


def folder(root, picture, options, photo=None, name="a"):
    for kind in ("image", "alpha"):
        (root / kind).mkdir(parents=True, exist_ok=True)
    (photo or Image.fromarray(PHOTO)).save(root / f"image/{name}.png")
    picture.save(root / f"alpha/{name}.png", **options)
    return training_examples(f"folder:{root}")[0]


@pytest.mark.parametrize("kind", ALPHAS)
def test_training_and_evaluation_read_an_alpha_alike(tmp_path, kind):
    example = folder(tmp_path, *ALPHAS[kind]())
    for alpha in (read_layers(example, example.image)[1], load(example).truth):
        assert np.abs(alpha - ALPHA).max() < 1e-6


def test_zeros_and_ones_are_an_alpha(tmp_path):
    example = folder(tmp_path, Image.fromarray((BYTES > 127).astype(np.uint8)), {})
    for alpha in (read_layers(example, example.image)[1], load(example).truth):
        assert np.array_equal(alpha, BYTES > 127)


def test_training_and_evaluation_see_the_photo_that_the_pipeline_sees(tmp_path):
    """Transparent parts, and one that lies on its side."""
    for picture, options in ((in_a_cutout(), {}), on_its_side(PHOTO)):
        example = folder(tmp_path, Image.fromarray(BYTES), {}, picture)
        picture.save(example.image, **options)
        seen = read_photo(example.image)[0]
        assert np.array_equal(read_layers(example, example.image)[0], seen)
        assert np.array_equal(load(example).image, seen)


def test_labels_of_trimaps_and_masks_guide_training_as_they_guide_the_pipeline(tmp_path):
    example = folder(tmp_path, Image.fromarray(BYTES), {})
    trimap = from_alpha(ALPHA, 3, 3)
    labels = np.searchsorted([0, 128, 255], trimap).astype(np.uint8)
    mask = (BYTES > 127).astype(np.uint8)
    davis = Image.fromarray(mask, "P")
    davis.putpalette([0, 0, 0, 128, 0, 0])
    plain = {"trimap": Image.fromarray(trimap), "mask": Image.fromarray(mask * 255)}
    meant = {"trimap": Image.fromarray(labels), "mask": davis}
    samples = []
    for number, files in enumerate((plain, meant)):
        for kind, picture in files.items():
            (tmp_path / f"{kind}{number}").mkdir()
            picture.save(tmp_path / f"{kind}{number}/a.png")
        examples = guided([example], tmp_path / f"mask{number}", tmp_path / f"trimap{number}")
        data = PhotoData(examples, PhotoSettings(32, sides=(40,), kernel=5), 5)
        samples.append((SPAMattNetPhotos(data, 4)[1]["trimap"], TGNPhotos(data, 4)[1]["coarse_mask"]))
    for one, other in zip(*samples, strict=True):
        assert np.abs(one.numpy() - other.numpy()).max() < 1e-6 and one.unique().numel() > 1


def test_names_match_in_any_form_of_unicode_and_as_the_program_wrote_them(tmp_path):
    for kind in ("image", "alpha", "trimap", "predictions"):
        (tmp_path / kind).mkdir()
    mac, linux = (unicodedata.normalize(form, "café") for form in ("NFD", "NFC"))
    assert mac != linux
    Image.fromarray(PHOTO).save(tmp_path / f"image/{mac}.png")
    for kind, written in (("alpha", "alpha"), ("trimap", "trimap"), ("predictions", "alpha")):
        values = from_alpha(ALPHA, 3, 3) if kind == "trimap" else BYTES
        Image.fromarray(values).save(tmp_path / f"{kind}/{linux}_{written}.png")
    photo = load(training_examples(f"folder:{tmp_path}")[0])
    assert np.abs(photo.truth - ALPHA).max() < 1e-6 and np.array_equal(photo.trimap, from_alpha(ALPHA, 3, 3))
    assert np.abs(read_prediction(str(tmp_path / "predictions"), mac, SIZE) - ALPHA).max() < 1e-6


def test_a_trimap_without_unknown_has_no_score(tmp_path):
    example = folder(tmp_path, Image.fromarray(BYTES), {})
    known = np.where(BYTES > 127, np.uint8(255), np.uint8(0))
    refused(lambda: score_unknown(ALPHA, load(example), known), "no unknown region")


def test_a_picture_of_another_size_is_refused_by_its_name(tmp_path):
    example = folder(tmp_path, Image.fromarray(cv2.resize(BYTES, (32, 24))), {})
    for read in (lambda: read_layers(example, example.image), lambda: load(example)):
        refused(read, "a.png", "32x24", "64x48")
