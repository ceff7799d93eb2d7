"""Files, bytes, PIL pictures and arrays of any mode become checked photos, masks and trimaps.

What cannot be used raises ValueError with one sentence. What was changed on the way in (transparency filled,
a mask resized, a trimap cleaned) comes back as notices, one sentence each. Sizes are (height, width) in
pixels; sentences say them as people do, width x height.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from matting.images import labels
from matting.images.decoding import Notices, decode, to_srgb
from matting.images.sources import Plain, Source, name_source, plain
from matting.images.values import checked, deep_values, is_deep, to_bytes, to_unit
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, clean

MAX_ASPECT_ERROR = 0.02


def read_photo(source: Source) -> tuple[np.ndarray, Notices]:
    """Read a photo.

    EXIF orientation is applied, colour profiles are converted to sRGB, transparency is filled with white, and
    16-bit and float values are scaled to 8 bits. Of an animation the first picture is taken.

    Args:
        source: A path, a file's bytes, an open file, a PIL picture, a tensor (H, W) or (C, H, W), or an array (H, W)
            or (H, W, C) (1: gray, 2: gray + alpha, 3: RGB, 4: RGBA; channels may come first). Arrays and tensors are
            bool, float in [0, 1], uint8, uint16, or any other integers, whose scale is that of 8 bits if none is above
            255 and else that of 16.

    Returns:
        The photo, RGB uint8 (H, W, 3), and notices.

    Raises:
        ValueError: If the source is no picture, damaged, above MAX_PIXELS or MAX_SIDE, or below MIN_SIDE
            (MissingFileError, which is one: no such file).
    """
    image, opacity, notices = read_cutout(source)
    if opacity is None:
        return image, notices
    filled = f"{name_source(source, 'photo')} has transparent parts; they were filled with white."
    return on_white(image, opacity), (*notices, filled)


def on_white(image: np.ndarray, opacity: np.ndarray) -> np.ndarray:
    """Lay a cutout, uint8 (H, W, 3) and (H, W), on white; uint8 (H, W, 3)."""
    page = Image.new("RGB", image.shape[1::-1], "white")
    page.paste(Image.fromarray(image), mask=Image.fromarray(opacity))
    return np.array(page)


def read_cutout(source: Source) -> tuple[np.ndarray, np.ndarray | None, Notices]:
    """Read a photo with what is transparent in it: its colours are kept where nothing shows.

    Args:
        source: As for `read_photo`.

    Returns:
        The colours, RGB uint8 (H, W, 3); the opacity, uint8 (H, W), or None where all is opaque; and notices.

    Raises:
        ValueError: As for `read_photo`.
    """
    name = name_source(source, "photo")
    source = plain(source, name)
    if isinstance(source, np.ndarray):
        array, notices = labels.sixteen_bits(checked(source, name), name)
        array = to_bytes(array, name)
        picture = Image.fromarray(array[:, :, 0] if array.shape[2:] == (1,) else array)
    else:
        picture, notices = decode(source, name)
    if is_deep(picture):
        values, more = labels.sixteen_bits(deep_values(picture, name), name)
        notices += more
        gray = Image.fromarray(to_bytes(values, name))
        gray.info = {key: picture.info[key] for key in picture.info.keys() & {"icc_profile"}}
        picture = gray
    opacity = None
    if picture.has_transparency_data:
        with_alpha = _with_alpha(picture)
        opacity, picture = np.array(with_alpha.getchannel("A")), with_alpha.convert("RGB")
    image, more = to_srgb(picture, name)
    shown = opacity is None or opacity.min() == 255
    return np.array(image), None if shown else opacity, notices + more


def read_mask(source: Source, size: tuple[int, int]) -> tuple[np.ndarray, Notices]:
    """Read a mask for a photo of `size` = (height, width).

    The alpha channel is the mask where there is one that varies, otherwise the brightness. Integers 0 and 1 are taken
    as false and true, one label or one colour on black as the object. A mask of another size is resized.

    Args:
        source: As for `read_photo`.
        size: The photo's height and width.

    Returns:
        The mask, float32 (H, W) in [0, 1], and notices.

    Raises:
        ValueError: As for `read_photo`, if the mask holds several labels, and if its aspect differs from the photo's by
            more than 2 %.
    """
    name = name_source(source, "mask")
    values, notices = _of_opacity(*_read_values(plain(source, name), name), name)
    gray, more = labels.of_mask(values, name)
    mask, resized = _fitted(to_unit(gray, name), size, name)
    notices += more + resized
    if mask.max() < 0.5:
        notices += (f"{name} marks no object.",)
    return mask, notices


def read_alpha(source: Source, size: tuple[int, int]) -> tuple[np.ndarray, Notices]:
    """Read an alpha for a photo of `size` = (height, width), as `read_mask`, but without guesses about labels.

    Whatever is neither 0 and 1 nor of 16 bits is on a scale of 8 bits, and an alpha of nothing but zeros is one.
    """
    name = name_source(source, "alpha")
    values, notices = _of_opacity(*_read_values(plain(source, name), name), name)
    gray, more = labels.of_alpha(values, name)
    alpha, resized = _fitted(to_unit(gray, name), size, name)
    return alpha, notices + more + resized


def read_trimap(source: Source, size: tuple[int, int]) -> tuple[np.ndarray, Notices]:
    """Read a trimap for a photo of `size` = (height, width).

    Values are cleaned (see `algebra.clean`), labels 0, 1 and 2 are background, unknown and foreground, and transparent
    parts count as background unless the transparency alone says anything. A trimap of another size is resized by
    nearest neighbour. One without foreground, background or unknown goes on with a notice.

    Args:
        source: As for `read_photo`.
        size: The photo's height and width.

    Returns:
        The trimap, uint8 (H, W) in {0, 128, 255}, and notices.

    Raises:
        ValueError: As for `read_mask`, and if its values are labels of another kind or shades of a picture.
    """
    name = name_source(source, "trimap")
    values, notices = _read_values(plain(source, name), name, keep_numbers=True)
    gray, more = labels.of_trimap(values, name)
    given = to_bytes(gray, name)
    notices += more
    if values.ndim == 3 and values.shape[2] in (2, 4) and not labels.only_opacity_varies(values):
        transparent = to_unit(values[:, :, -1], name) < 0.5
        if transparent.any():
            given = np.where(transparent, np.uint8(BACKGROUND), given)
            notices += (f"{name} has transparent parts; they count as background.",)
    trimap = clean(given)
    changed = 100 * np.count_nonzero(trimap != given) / given.size
    if changed:
        notices += (f"{name} had other values than 0, 128 and 255 in {_percent(changed)} of it; it was cleaned.",)
    _check_aspect(trimap.shape, size, name)
    if trimap.shape != tuple(size):
        notices += (_resized(name, trimap.shape, size),)
        trimap = cv2.resize(trimap, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    return trimap, notices + trimap_notices(trimap, name)


def trimap_notices(trimap: np.ndarray, name: str = "The trimap") -> Notices:
    """Say which of its three regions a trimap, uint8 (H, W), lacks, one sentence each."""
    remarks = {
        FOREGROUND: "has no foreground; the object is looked for in the unknown region alone",
        BACKGROUND: "has no background; the background is looked for in the unknown region alone",
        UNKNOWN: "has no unknown region; alpha is the trimap",
    }
    return tuple(f"{name} {remark}." for value, remark in remarks.items() if not (trimap == value).any())


def _percent(share: float) -> str:
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


def _read_values(source: Plain, name: str, *, keep_numbers: bool = False) -> tuple[np.ndarray, Notices]:
    """Return the values of a mask or a trimap as they are, with alpha as the last of 2 or 4 channels.

    `keep_numbers` takes a palette's numbers 0, 1 and 2 for labels where its colours are no grays.
    """
    if isinstance(source, np.ndarray):
        return checked(source, name), ()
    picture, notices = decode(source, name)
    if is_deep(picture):
        return deep_values(picture, name), notices
    if picture.has_transparency_data:
        return np.asarray(_with_alpha(picture)), notices
    if picture.mode == "LAB":
        return np.asarray(picture.getchannel("L")), notices
    if keep_numbers and picture.mode == "P" and (numbers := np.asarray(picture)).max() <= 2 and not _is_gray(picture):
        return numbers, notices
    return np.asarray(picture if picture.mode in ("1", "L", "RGB") else picture.convert("RGB")), notices


def _is_gray(picture: Image.Image) -> bool:
    """Tell whether a palette's first three colours are grays."""
    palette = np.array(picture.getpalette()[:9]).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def _of_opacity(values: np.ndarray, notices: Notices, name: str) -> tuple[np.ndarray, Notices]:
    """Take the alpha channel of a cutout for its values, if it varies."""
    if values.ndim == 3 and values.shape[2] in (2, 4) and values[:, :, -1].min() != values[:, :, -1].max():
        return values[:, :, -1], (*notices, f"{name} is a cutout; its alpha channel is used.")
    return values, notices


def _fitted(plane: np.ndarray, size: tuple[int, int], name: str) -> tuple[np.ndarray, Notices]:
    """Resize a mask or an alpha, float32 (H, W) in [0, 1], to the photo's size, and say so."""
    _check_aspect(plane.shape, size, name)
    if plane.shape == tuple(size):
        return plane, ()
    method = cv2.INTER_AREA if plane.size > size[0] * size[1] else cv2.INTER_LINEAR
    return np.clip(cv2.resize(plane, size[::-1], interpolation=method), 0, 1), (_resized(name, plane.shape, size),)


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
