"""From a file, bytes or a PIL picture to decoded pixels: limits, orientation, frames, colour profiles.

Limits are checked on the header, before a pixel is decoded. `matting.images` is the door that calls this.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from matting.images.sources import Plain

Notices = tuple[str, ...]

MAX_PIXELS = 64_000_000
MAX_SIDE = 32_000  # a thin strip would be padded to many times its pixels
MIN_SIDE = 2

# EPS, PDF and the like stay out: opening them runs other programs. HEIF needs a plugin that registered it.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF", "BMP", "PPM", "JPEG2000")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis")

ORIENTATION, SIDEWAYS = 274, (5, 6, 7, 8)
"""EXIF's tag of how a photo lies, and its values for one that lies on its side."""

WEB = ("http:/", "https:/", "data:")

PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_TEXT = PngImagePlugin.MAX_TEXT_CHUNK

# Working profiles whose conversion to sRGB would change nothing but rounding.
SRGB_NAMES = ("sRGB IEC61966", "sRGB built-in")


class MissingFileError(ValueError, FileNotFoundError):
    """A path that names no file; a ValueError like everything else that the door refuses."""


def decode(source: Plain, name: str) -> tuple[Image.Image, Notices]:
    """Open, check, decode and turn upright.

    Args:
        source: A path, a file's bytes or a PIL picture, which is left as it is.
        name: What sentences call it, from `sources.name_source`.

    Raises:
        ValueError: If it is no picture, damaged, too large or too small (MissingFileError: no such file).
    """
    if isinstance(source, Image.Image):
        return _load(source, name)
    with open_header(source, name) as picture:
        return _load(picture, name)


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise ValueError unless a picture of `size` = (height, width) may come in."""
    height, width = size
    if min(size) < MIN_SIDE:
        raise ValueError(f"{name} is {width}x{height} pixels; each side needs at least {MIN_SIDE}.")
    if height * width > MAX_PIXELS:
        raise ValueError(f"{name} is {width}x{height} pixels, {_limit()}")
    if max(size) > MAX_SIDE:
        raise ValueError(f"{name} is {width}x{height} pixels; a side may have at most {MAX_SIDE}.")


def to_srgb(picture: Image.Image, name: str) -> tuple[Image.Image, Notices]:
    """Convert a picture without transparency to RGB, by its embedded colour profile if it has one.

    Raises:
        ValueError: If the picture is in Lab colours that cannot be converted.
    """
    embedded = picture.info.get("icc_profile")
    if picture.mode not in ("L", "RGB", "CMYK", "LAB"):
        picture = picture.convert("RGB")
    if not embedded and picture.mode != "LAB":
        return picture.convert("RGB"), ()
    try:
        return _convert_by_profile(picture, embedded), ()
    except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError) as error:
        if picture.mode == "LAB":
            raise ValueError(f"{name} is in Lab colours that cannot be read; save it as RGB.") from error
        notice = f"{name} has a colour profile that cannot be used; its colours are taken as sRGB."
        return picture.convert("RGB"), (notice,)


def _convert_by_profile(picture: Image.Image, embedded: bytes | None) -> Image.Image:
    if embedded:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        if ImageCms.getProfileDescription(profile).startswith(SRGB_NAMES):
            return picture.convert("RGB")
    else:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    if profile.profile.xcolor_space.strip() == "RGB" and picture.mode == "L":
        picture = picture.convert("RGB")
    return ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")


def open_header(source: str | os.PathLike[str] | bytes, name: str) -> Image.Image:
    """Read a picture's header, no pixel yet.

    Raises:
        ValueError: As `decode`.
    """
    head = source[:12] if isinstance(source, bytes) else _read_head(Path(source), name)
    if not head:
        raise ValueError(f"{name} is empty (0 bytes).")
    if head[4:8] == b"ftyp":
        _register_heif()
    Image.init()
    try:
        return _identify(source)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError(f"{name} has {_limit()}") from error
    except Exception as error:  # decoders raise whatever their format's parser happens to raise
        raise ValueError(f"{name} {_why_not(head)}") from error


def upright_size(source: str | os.PathLike[str] | bytes) -> tuple[int, int]:
    """Tell a picture's (height, width) by its header, turned as its EXIF says.

    Raises:
        ValueError: As `decode`.
    """
    with open_header(source, str(source) if isinstance(source, str | os.PathLike) else "The picture") as picture:
        width, height = picture.size
        return (width, height) if _orientation(picture) in SIDEWAYS else (height, width)


def _orientation(picture: Image.Image) -> int:
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # see _turned
        return 1


def _identify(source: str | os.PathLike[str] | bytes) -> Image.Image:
    formats = [known for known in FORMATS if known in Image.OPEN]
    try:
        return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=formats)
    except ValueError:
        # Pillow refuses a PNG for a text or a profile that unpacks to more than a megabyte: a bomb, or a workflow.
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        if not content.startswith(PNG):
            raise
        return Image.open(io.BytesIO(_without_large_chunks(content)), formats=formats)


def _without_large_chunks(content: bytes) -> bytes:
    """Leave out of a PNG every text and profile that unpacks to more than Pillow reads."""
    kept, place = [content[:8]], 8
    while place + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        body = content[place + 8 : place + 8 + length]
        if kind not in (b"zTXt", b"iTXt", b"tEXt", b"iCCP") or _unpacked_length(kind, body) <= LARGEST_TEXT:
            kept.append(content[place : place + 12 + length])
        place += 12 + length
    return b"".join(kept)


def _unpacked_length(kind: bytes, body: bytes) -> int:
    """Length of a chunk's text, or just above the limit for more: a bomb is not unpacked."""
    if kind == b"tEXt":
        return len(body)
    start = body.find(b"\0") + 2
    if kind == b"iTXt":  # two bytes say whether and how it is packed, then come two more words
        if body[start - 1 : start] != b"\1":
            return len(body)
        start = body.find(b"\0", body.find(b"\0", start + 1) + 1) + 1
    try:
        return len(zlib.decompressobj().decompress(body[start:], LARGEST_TEXT + 1))
    except zlib.error:
        return LARGEST_TEXT + 1


@lru_cache(maxsize=1)
def _register_heif() -> None:
    """Let Pillow read HEIC, and AVIF where it cannot by itself, if pillow-heif is installed."""
    if find_spec("pillow_heif"):
        plugin = import_module("pillow_heif")
        plugin.register_heif_opener()


def _why_not(head: bytes) -> str:
    if head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS:
        return "is a HEIC picture; to have it read here, pip install pillow-heif, or export it as JPEG."
    if head[4:8] == b"ftyp" and head[8:12] in AVIF_BRANDS:
        return "is an AVIF picture; to have it read here, update Pillow to 11.3 or later, or export it as JPEG."
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "is damaged, or a TIFF of a kind that is not read here (float colours); save it with 8 or 16 bits."
    return "is not a picture, or it is damaged; give a JPEG, PNG, WebP, TIFF, AVIF or GIF."


def _read_head(path: Path, name: str) -> bytes:
    if str(path).startswith(WEB):
        raise ValueError(f"{name} is an address, not a file; download it and give the file.")
    if not path.exists():
        raise MissingFileError(f"{name} does not exist: there is no file {path}.")
    if not path.is_file():
        raise ValueError(f"{name} is not a file; name a picture.")
    try:
        with path.open("rb") as file:
            return file.read(12)
    except OSError as error:
        raise ValueError(f"{name} cannot be opened: {error.strerror}.") from error


def _load(picture: Image.Image, name: str) -> tuple[Image.Image, Notices]:
    check_size(picture.size[::-1], name)
    frames = _count_frames(picture)
    try:
        picture.load()
        if picture.im.size != picture.size:
            raise OSError("the pixels are not those that the header announced")
    except Exception as error:  # see open_header
        raise ValueError(f"{name} is damaged or cut short; save or download it again.") from error
    upright = _turned(picture)
    if frames > 1 and picture.tell() == 0:
        return upright, (f"{name} holds {frames} pictures; the first one is used.",)
    return upright, ()


def _count_frames(picture: Image.Image) -> int:
    # A phone's JPEG with further pictures inside (MPO) is one photo, not an animation.
    if picture.format == "MPO":
        return 1
    try:
        return getattr(picture, "n_frames", 1)
    except Exception:  # the caller closed the file, or it is broken further on: the first picture may do
        return 1


def _turned(picture: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged metadata raises many things, and is no reason to refuse the pixels
        return picture


def _limit() -> str:
    return f"more than the limit of {MAX_PIXELS // 1_000_000} megapixels; make it smaller."
