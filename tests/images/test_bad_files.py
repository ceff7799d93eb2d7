"""Two hundred files that are damaged, lie or explode: each is a picture or one sentence, soon, and in little memory."""

import io
import resource
import struct
import time
import warnings
import zlib

import numpy as np
import pytest
from pictures import COLOURS, RAMP, WRITABLE, encoded, png_chunk
from PIL import Image, TiffImagePlugin

from matting import images as door

SECONDS, MEGABYTES = 20, 900
SIZE = (24, 36)


def damaged(content, seed):
    """A file cut short, with bytes flipped, a piece taken out, or a piece doubled."""
    rng = np.random.default_rng(seed)
    kind, place = seed % 4, int(rng.integers(len(content)))
    if kind == 0:
        return content[:place]
    if kind == 1:
        wrong = bytearray(content)
        for position in rng.integers(len(content), size=8):
            wrong[position] ^= int(rng.integers(1, 256))
        return bytes(wrong)
    length = int(rng.integers(1, 200))
    return content[:place] + content[place : place + length] * (kind - 2) * 2 + content[place + length :]


def damaged_files():
    """Every format that can be written, in two modes, damaged in many ways."""
    for kind in WRITABLE:
        for picture in (Image.fromarray(COLOURS), Image.fromarray((RAMP >> 8).astype(np.uint8))):
            content = encoded(picture, kind)
            for seed in range(12):
                yield f"{kind} {picture.mode} {seed}", damaged(content, seed)


def png_of(width, height, body, *before):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", body), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff_of(width, height):
    """A TIFF whose header announces more than it holds."""
    stream = io.BytesIO()
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[256], tags[257], tags[258], tags[259], tags[262] = width, height, 8, 5, 1
    tags[273], tags[277], tags[278], tags[279] = 8, 1, height, 4
    stream.write(b"II*\0" + struct.pack("<I", 8))
    stream.write(tags.tobytes(8))
    return stream.getvalue()


def lying_files():
    bomb = zlib.compress(bytes(200_000_000), 9)
    small = zlib.compress(bytes(109 * 24))
    yield "pixels that never end", png_of(36, 24, bomb)
    yield "pixels that are not there", png_of(7000, 9000, small)
    yield "a side of two billion", png_of(2**31 - 1, 1, small)
    yield "no side", png_of(0, 5, small)
    for name, chunk in {
        "zTXt": b"k\0\0" + bomb,
        "iTXt": b"k\0\1\0\0\0" + bomb,
        "iCCP": b"k\0\0" + bomb,
        "tEXt": b"k\0" + b"x" * 5_000_000,
        "eXIf": b"MM\0*" + bytes(9) * 1000,
        "tRNS": bytes(7),
        "PLTE": bytes(5),
    }.items():
        yield f"a bomb in {name}", png_of(36, 24, small, png_chunk(name.encode(), chunk))
    for size in ((60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 0), (7000, 9000)):
        yield f"TIFF {size}", tiff_of(*size)
    gif = encoded(Image.fromarray(COLOURS), "GIF")
    for size in ((65535, 65535), (0, 0), (8000, 8000)):
        yield f"GIF {size}", gif[:6] + struct.pack("<HH", *size) + gif[10:]
    bmp = encoded(Image.fromarray(COLOURS), "BMP")
    for size in ((2**31 - 1, 2**31 - 1), (-5, -5), (7000, -9000)):
        yield f"BMP {size}", bmp[:18] + struct.pack("<ii", *size) + bmp[26:]
    yield "PPM of text", b"P6 99999999 99999999 255\n"
    yield "PPM of nothing", b"P6 x y z\n"
    jpeg = encoded(Image.fromarray(COLOURS), "JPEG")
    yield "JPEG with a second one behind", jpeg + jpeg
    yield "JPEG with an endless comment", jpeg[:2] + b"\xff\xfe\xff\xff" + bytes(65533) + jpeg[2:]
    for name, content in {
        "empty": b"",
        "one byte": b"\x89",
        "text": b"Dear diary",
        "HTML": b"<!doctype html><svg onload=alert(1)>",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) run\n",
        "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
        "ZIP": b"PK\3\4" + bytes(60),
        "pickle": b"\x80\4cos\nsystem\n(S'touch EVIL'\ntR.",
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(90),
        "AVIF": b"\0\0\0\x18ftypavif" + bytes(90),
        "zeros": bytes(5000),
    }.items():
        yield name, content


FILES = [*damaged_files(), *lying_files()]


def test_there_are_two_hundred_and_more():
    assert len(FILES) >= 200


@pytest.mark.parametrize("reader", ["photo", "mask", "trimap", "alpha"])
def test_every_bad_file_is_a_picture_or_one_sentence(reader):
    read = {
        "photo": lambda content: door.read_photo(content),
        "mask": lambda content: door.read_mask(content, SIZE),
        "trimap": lambda content: door.read_trimap(content, SIZE),
        "alpha": lambda content: door.read_alpha(content, SIZE),
    }[reader]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in FILES:
            begun = time.process_time()
            try:
                values, notices = read(content)
                assert values.shape[:2] == SIZE or reader == "photo", name
                assert all(notice.endswith(".") for notice in notices), name
            except ValueError as refusal:
                assert str(refusal).endswith("."), name
                assert "\n" not in str(refusal) and str(refusal).startswith(f"The {reader}"), name
            assert time.process_time() - begun < SECONDS, name
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000 < MEGABYTES
