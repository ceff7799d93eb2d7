"""The door: files, bytes, PIL pictures and arrays of any mode become checked photos, masks and trimaps.

What cannot be used raises ValueError with one sentence. What was changed on the way in (transparency filled,
a mask resized, a trimap cleaned) comes back as notices, one sentence each. Sizes are (height, width) in
pixels; sentences say them as people do, width x height.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

from matting.images.decoding import (
    FORMATS,
    MAX_PIXELS,
    MAX_SIDE,
    MIN_SIDE,
    MissingFileError,
    Notices,
    Source,
    decode,
    name_source,
    to_srgb,
)
from matting.images.values import checked, deep_values, is_deep, spread_binary, to_bytes, to_gray, to_unit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "BACKGROUND",
    "FOREGROUND",
    "FORMATS",
    "MAX_ASPECT_ERROR",
    "MAX_PIXELS",
    "MAX_SIDE",
    "MIN_SIDE",
    "UNKNOWN",
    "MissingFileError",
    "Notices",
    "Source",
    "clean_trimap",
    "crop_to",
    "pad_to_multiple",
    "read_mask",
    "read_photo",
    "read_trimap",
    "to_tensor",
    "trimap_notices",
    "write_alpha",
    "write_png",
]

MAX_ASPECT_ERROR = 0.02
BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255


def read_photo(source: Source) -> tuple[np.ndarray, Notices]:
    """Read a photo.

    EXIF orientation is applied, colour profiles are converted to sRGB, transparency is filled with white, and
    16-bit and float values are scaled to 8 bits. Of an animation the first picture is taken.

    Args:
        source: A path, a file's bytes, a PIL picture, or an array: uint8, uint16, float in [0, 1] or bool, of
            shape (H, W) or (H, W, C), channels last (1: gray, 2: gray + alpha, 3: RGB, 4: RGBA).

    Returns:
        The photo, RGB uint8 (H, W, 3), and notices.

    Raises:
        ValueError: If the source is no picture, damaged, above MAX_PIXELS or MAX_SIDE, or below MIN_SIDE
            (MissingFileError, which is one: no such file).
    """
    name = name_source(source, "photo")
    if isinstance(source, np.ndarray):
        array = to_bytes(checked(source, name), name)
        picture, notices = Image.fromarray(array[:, :, 0] if array.shape[2:] == (1,) else array), ()
    else:
        picture, notices = decode(source, name)
    if is_deep(picture):
        gray = Image.fromarray(to_bytes(deep_values(picture, name), name))
        gray.info = {key: picture.info[key] for key in picture.info.keys() & {"icc_profile"}}
        picture = gray
    opacity = None
    if picture.has_transparency_data:
        with_alpha = _with_alpha(picture)
        opacity, picture = with_alpha.getchannel("A"), with_alpha.convert("RGB")
    image, more = to_srgb(picture, name)
    if opacity is not None and opacity.getextrema()[0] < 255:
        page = Image.new("RGB", image.size, "white")
        page.paste(image, mask=opacity)
        image, more = page, (*more, f"{name} has transparent parts; they were filled with white.")
    return np.array(image), notices + more


def read_mask(source: Source, size: tuple[int, int]) -> tuple[np.ndarray, Notices]:
    """Read a mask for a photo of `size` = (height, width).

    The alpha channel is the mask where there is one that varies, otherwise the brightness. Integers that are
    never above 1 are taken as 0 and 1. A mask of another size is resized.

    Args:
        source: As for `read_photo`.
        size: The photo's height and width.

    Returns:
        The mask, float32 (H, W) in [0, 1], and notices.

    Raises:
        ValueError: As for `read_photo`, and if the mask's aspect differs from the photo's by more than 2 %.
    """
    name = name_source(source, "mask")
    values, notices = _read_values(source, name)
    has_alpha = values.ndim == 3 and values.shape[2] in (2, 4)
    if has_alpha and values[:, :, -1].min() != values[:, :, -1].max():
        values = values[:, :, -1]
        notices += (f"{name} is a cutout; its alpha channel is used.",)
    gray, more = to_gray(values, name)
    mask = to_unit(spread_binary(gray), name)
    _check_aspect(mask.shape, size, name)
    notices += more
    if mask.shape != tuple(size):
        notices += (_resized(name, mask.shape, size),)
        method = cv2.INTER_AREA if mask.size > size[0] * size[1] else cv2.INTER_LINEAR
        mask = np.clip(cv2.resize(mask, size[::-1], interpolation=method), 0, 1)
    if mask.max() < 0.5:
        notices += (f"{name} marks no object.",)
    return mask, notices


def read_trimap(source: Source, size: tuple[int, int]) -> tuple[np.ndarray, Notices]:
    """Read a trimap for a photo of `size` = (height, width).

    Values are cleaned (see `clean_trimap`), transparent parts count as background, and a trimap of another
    size is resized by nearest neighbour. One without foreground, background or unknown goes on with a notice.

    Args:
        source: As for `read_photo`.
        size: The photo's height and width.

    Returns:
        The trimap, uint8 (H, W) in {0, 128, 255}, and notices.

    Raises:
        ValueError: As for `read_mask`.
    """
    name = name_source(source, "trimap")
    values, notices = _read_values(source, name)
    gray, more = to_gray(values, name)
    given = to_bytes(spread_binary(gray), name)
    notices += more
    if values.ndim == 3 and values.shape[2] in (2, 4):
        transparent = to_unit(values[:, :, -1], name) < 0.5
        if transparent.any():
            given = np.where(transparent, np.uint8(BACKGROUND), given)
            notices += (f"{name} has transparent parts; they count as background.",)
    trimap = clean_trimap(given)
    changed = 100 * np.count_nonzero(trimap != given) / given.size
    if changed:
        notices += (f"{name} had other values than 0, 128 and 255 in {changed:.2g} % of it; it was cleaned.",)
    _check_aspect(trimap.shape, size, name)
    if trimap.shape != tuple(size):
        notices += (_resized(name, trimap.shape, size),)
        trimap = cv2.resize(trimap, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return trimap, notices + trimap_notices(trimap, name)


def clean_trimap(values: np.ndarray) -> np.ndarray:
    """Snap uint8 (H, W) values to {0, 128, 255}: <= 10 is background, >= 245 foreground, the rest unknown."""
    table = np.full(256, UNKNOWN, np.uint8)
    table[:11] = BACKGROUND
    table[245:] = FOREGROUND
    return cv2.LUT(values, table)


def trimap_notices(trimap: np.ndarray, name: str = "The trimap") -> Notices:
    """Say which of its three regions a trimap, uint8 (H, W), lacks, one sentence each."""
    remarks = {
        FOREGROUND: "has no foreground; the object is looked for in the unknown region alone",
        BACKGROUND: "has no background; the background is looked for in the unknown region alone",
        UNKNOWN: "has no unknown region; alpha is the trimap",
    }
    return tuple(f"{name} {remark}." for value, remark in remarks.items() if not (trimap == value).any())


def write_alpha(path: str | os.PathLike[str], alpha: np.ndarray) -> None:
    """Write alpha, floats (H, W) in [0, 1], as a 16-bit gray PNG, right to half a step of 1/65535.

    Raises:
        ValueError: If alpha has another shape, type or range.
    """
    if alpha.ndim != 2 or not np.issubdtype(alpha.dtype, np.floating) or not alpha.size:
        raise ValueError(f"alpha should be floats of shape (H, W), got {alpha.dtype} {alpha.shape}.")
    if not (alpha.min() >= 0 and alpha.max() <= 1):
        raise ValueError(f"alpha should lie in [0, 1], got {alpha.min():.4g} to {alpha.max():.4g}.")
    write_png(path, Image.fromarray(np.rint(alpha.astype(np.float64) * 65535).astype(np.uint16)))


def write_png(path: str | os.PathLike[str], image: np.ndarray | Image.Image) -> None:
    """Write a PIL picture or a uint8 array, (H, W), (H, W, 3) or (H, W, 4), as a PNG."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    # Written beside and renamed, so that an interrupted run leaves no half file that looks done.
    part = Path(path).with_name(Path(path).name + ".part")
    try:
        picture.save(part, format="PNG", compress_level=3)  # a third of the usual time, 8 % larger
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def to_tensor(image: np.ndarray) -> Tensor:
    """Turn a photo, uint8 (H, W, 3), into a float32 tensor (1, 3, H, W) in [0, 1]."""
    import torch

    return torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float32, order="C")).div_(255)


def pad_to_multiple(tensor: Tensor, multiple: int) -> Tensor:
    """Reflect (B, C, H, W) at the bottom and the right until both sides are multiples of `multiple`.

    Unlike torch's own padding it also works where the padding is longer than the side. `crop_to` undoes it.

    Raises:
        ValueError: If the multiple is smaller than 1.
    """
    import torch

    if multiple < 1:
        raise ValueError(f"The multiple should be at least 1, got {multiple}.")
    for axis in (2, 3):
        length = tensor.shape[axis]
        beyond = torch.arange(length, -(-length // multiple) * multiple, device=tensor.device)
        # A reflected signal repeats after twice the way from its first sample to its last.
        period = max(1, 2 * (length - 1))
        mirrored = (length - 1) - (beyond % period - (length - 1)).abs()
        if len(mirrored):
            tensor = torch.cat([tensor, tensor.index_select(axis, mirrored)], axis)
    return tensor


def crop_to(tensor: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut (B, C, H, W) back to `size` = (height, width), from the top left; undoes `pad_to_multiple`."""
    height, width = size
    return tensor[:, :, :height, :width]


def _read_values(source: Source, name: str) -> tuple[np.ndarray, Notices]:
    """Return the values of a mask or a trimap as they are, with alpha as the last of 2 or 4 channels."""
    if isinstance(source, np.ndarray):
        return checked(source, name), ()
    picture, notices = decode(source, name)
    if is_deep(picture):
        return deep_values(picture, name), notices
    if picture.has_transparency_data:
        return np.asarray(_with_alpha(picture)), notices
    if picture.mode == "LAB":
        return np.asarray(picture.getchannel("L")), notices
    return np.asarray(picture if picture.mode in ("1", "L", "RGB") else picture.convert("RGB")), notices


def _with_alpha(picture: Image.Image) -> Image.Image:
    """Convert any mode with transparency to RGBA; Pillow has no direct way from premultiplied gray."""
    return (picture.convert("LA") if picture.mode == "La" else picture).convert("RGBA")


def _check_aspect(given: tuple[int, int], size: tuple[int, int], name: str) -> None:
    ratio = (given[1] * size[0]) / (given[0] * size[1])
    if max(ratio, 1 / ratio) > 1 + MAX_ASPECT_ERROR:
        raise ValueError(
            f"{name} is {given[1]}x{given[0]} pixels, another shape than the photo's {size[1]}x{size[0]}; "
            "give one that covers the same picture."
        )


def _resized(name: str, given: tuple[int, int], size: tuple[int, int]) -> str:
    return f"{name} was resized from {given[1]}x{given[0]} to the photo's {size[1]}x{size[0]} pixels."
