"""Small test pictures, and what every answer of the door must look like."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from matting import images as door

COLOURS = np.zeros((24, 36, 3), np.uint8)
COLOURS[:12, :18] = 250, 20, 30
COLOURS[:12, 18:] = 20, 240, 40
COLOURS[12:, :18] = 30, 40, 245
COLOURS[12:, 18:] = 120, 130, 140
RAMP = np.linspace(0, 65535, 24 * 36).round().astype(np.uint16).reshape(24, 36)

Image.init()
WRITABLE = [kind for kind in door.FORMATS if kind in Image.SAVE]  # AVIF came with Pillow 11.3


def encoded(picture, kind, **options):
    """Return a file's bytes."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(kind, content):
    """Return a chunk of a PNG with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def read(source):
    """Read a photo that must come in, and check the form of what comes."""
    image, notices = door.read_photo(source)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.flags.writeable
    assert all(notice.endswith(".") and "\n" not in notice for notice in notices)
    return image, notices


def refused(call, *words):
    """Require one sentence with these words from a call, and return the error."""
    with pytest.raises(ValueError) as refusal:
        call()
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for word in words:
        assert word in sentence
    return refusal.value


def furthest(image, expected):
    """Return the largest difference of two pictures of one size."""
    assert image.shape == expected.shape
    return np.abs(image.astype(int) - expected).max()


def noise(size, seed=0):
    """Return a photo of nothing: every value is random."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def clouds(size, seed=0):
    """Return a photo of soft colours: a few random values, enlarged."""
    values = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return cv2.resize(values, size[::-1], interpolation=cv2.INTER_CUBIC)


def circle(size, centre, radius):
    """Return where a circle's inside is, its rim left out, as booleans; `centre` is (y, x)."""
    y, x = np.ogrid[: size[0], : size[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2


def disc(size, radius, softness=9):
    """Return the alpha of a soft disc, in steps of 1/255."""
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2) - radius
    return np.rint(np.clip(0.5 - distance / softness, 0, 1) * 255).astype(np.float32) / 255


def save(path, values):
    """Write a picture, uint8 or an alpha in [0, 1], and the folders it needs; JPEG as well as it can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.rint(values * 255).astype(np.uint8) if values.dtype == np.float32 else values
    Image.fromarray(values).save(path, **({"quality": 100, "subsampling": 0} if path.suffix == ".jpg" else {}))
