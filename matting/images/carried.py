"""What a photo's file tells beside its pixels, for the files that are made of it: EXIF, resolution, colours."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from typing import Literal, TypedDict, get_args

from PIL import Image, ImageCms

from matting.images.decoding import ORIENTATION, open_header

LARGEST_EXIF = 65_533
"""Bytes that a JPEG can hold."""

PLACE = 0x8825
"""EXIF's tag that leads to where the photo was taken (GPS)."""

Along = Literal["all but the place", "everything", "nothing"]
"""What goes along into the files that are made of a photo."""

SIZES = (256, 257, 40962, 40963)
"""EXIF's tags of the photo's width and height, which a turned or cropped picture no longer has."""


class Carried(TypedDict, total=False):
    """Options of Pillow's `save`: EXIF without the photo's turn, dots per inch (x, y), and sRGB's profile."""

    exif: bytes
    dpi: tuple[float, float]
    icc_profile: bytes


def carried(source: str | os.PathLike[str] | bytes, along: Along = "all but the place") -> Carried:
    """Tell what a photo's file says beside its pixels; what is damaged or senseless there is left out.

    The profile is sRGB's, into which `read_photo` converts colours, where the photo named a profile, and none else.

    Args:
        source: A path or a file's bytes.
        along: Whether all of it goes along, or all but where the photo was taken (GPS), or nothing.

    Raises:
        ValueError: If it is no picture that `read_photo` takes, or `along` is none of the three.
    """
    if along not in get_args(Along):
        raise ValueError(f"What goes along is {', '.join(map(repr, get_args(Along)))}, got {along!r}.")
    told = Carried()
    if along == "nothing":
        return told
    with open_header(source, str(source) if isinstance(source, str | os.PathLike) else "The picture") as picture:
        if exif := _exif(picture, place=along == "everything"):
            told["exif"] = exif
        if dpi := _resolution(picture):
            told["dpi"] = dpi
        if picture.info.get("icc_profile"):
            told["icc_profile"] = _srgb()
    return told


def _exif(picture: Image.Image, *, place: bool) -> bytes:
    try:
        exif = picture.getexif()
        details = exif.get_ifd(0x8769)
        for tag in (ORIENTATION, *SIZES, *(() if place else (PLACE,))):
            exif.pop(tag, None)
            details.pop(tag, None)
        told = exif.tobytes() if len(exif) else b""
    except Exception:  # damaged metadata raises many things, and is no reason to refuse the photo
        return b""
    return told if len(told) <= LARGEST_EXIF else b""


def _resolution(picture: Image.Image) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in picture.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (x, y) if all(math.isfinite(value) and 1 <= value <= 100_000 for value in (x, y)) else None


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
