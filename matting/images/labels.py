"""What integers mean: labels of objects or regions, 8 bits kept in 16, colours on black.

A file says how many bits it has, not what its values mean. What can be told is told with a notice; what cannot is asked
for in a ValueError, never guessed.
"""

from __future__ import annotations

import numpy as np

from matting.images.decoding import Notices
from matting.images.values import to_gray
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN

MOST_LABELS = 32
"""More different values than these are shades, not labels."""

CLOSE = 32
"""Levels of 8 bits by which a trimap's shades, smoothed or compressed, may differ from its three values..."""

PICTURE = 0.25
"""... in all but this share of it; else it is some other picture."""

TWELVE_BITS = 4096
"""Values of cameras and scanners that are kept in 16 bits are below this."""

SAMPLE = 65_536
"""Pixels among which different colours and shades are counted."""


def of_mask(values: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Reduce a mask's values, (H, W) or (H, W, C), to one plane in which the object is bright.

    Integers 0 and 1 are false and true; one label, or one colour on black, is the object.

    Raises:
        ValueError: If there are several labels or colours, so that the object must be said.
    """
    if (marked := _one_colour(values, name)) is not None:
        return marked, (f"{name} has one colour on black; it is read as the object.",)
    gray, notices = to_gray(values, name)
    if notices:  # shades of a picture in colour are no labels
        return gray, notices
    gray, notices = eight_bits(gray, name)
    if not np.issubdtype(gray.dtype, np.integer) or gray.max() > np.iinfo(gray.dtype).max // 2:
        return gray, notices
    labels = np.unique(gray[gray > 0]).tolist()
    if not labels or len(labels) > MOST_LABELS:
        return gray, notices
    if len(labels) > 1:
        raise ValueError(
            f"{name} holds the labels {_listed(labels)}; which one is the object? Save that one as white on black."
        )
    if labels != [1]:
        notices += (f"{name} holds the label {labels[0]} alone; it is read as the object.",)
    return gray > 0, notices


def of_alpha(values: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Reduce an alpha's values to one plane; integers 0 and 1 are false and true, nothing else is a label."""
    gray, notices = to_gray(values, name)
    if np.issubdtype(gray.dtype, np.integer) and gray.max() <= 1:
        return gray.astype(bool), notices
    gray, more = eight_bits(gray, name)
    return gray, notices + more


def of_trimap(values: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Reduce a trimap's values to one plane; labels 0, 1, 2 become 0, 128, 255, and 0 and 1 false and true.

    Where there are no colours but one and the alpha channel varies, the alpha channel is the trimap.

    Raises:
        ValueError: If they are labels of another kind, all of which would count as background, or shades of a picture.
    """
    if only_opacity_varies(values):
        gray, notices = values[:, :, -1], (f"{name} is of one colour; its alpha channel is used.",)
    else:
        gray, notices = to_gray(values, name)
    gray, more = eight_bits(gray, name)
    notices += more
    if not np.issubdtype(gray.dtype, np.integer):
        return gray, notices
    highest = int(gray.max())
    if highest <= 1:
        return gray.astype(bool), notices
    if highest == 2:
        regions = np.array([BACKGROUND, UNKNOWN, FOREGROUND], np.uint8)[gray]
        return regions, (*notices, f"{name} holds labels; 0, 1, 2 are read as background, unknown, foreground.")
    if highest <= 10:
        raise ValueError(
            f"{name} has values from {gray.min()} to {highest}; which region is which? "
            "Save background, unknown and foreground as 0, 128 and 255."
        )
    other = 100 * _share_of_other_shades(gray, values)
    if other > 100 * PICTURE and len(np.unique(_sample(gray))) > MOST_LABELS:
        raise ValueError(
            f"{name} is another picture: {other:.0f} % of it is neither black (background), gray (unknown) "
            "nor white (foreground); give one of these three."
        )
    return gray, notices


def only_opacity_varies(values: np.ndarray) -> bool:
    """Tell whether a picture with an alpha channel, (H, W, 2 or 4), says everything by it."""
    if values.ndim < 3 or values.shape[2] not in (2, 4):
        return False
    *colours, opacity = (values[:, :, channel] for channel in range(values.shape[2]))
    return all(colour.min() == colour.max() for colour in colours) and bool(opacity.min() != opacity.max())


def _share_of_other_shades(gray: np.ndarray, values: np.ndarray) -> float:
    """The share of a trimap's pixels, (H, W) of integers, that is not `CLOSE` to any of its three grays."""
    step = np.iinfo(gray.dtype).max / 255
    gray, values = _sample(gray), _sample(values)
    away = np.min([np.abs(gray / step - value) for value in (BACKGROUND, UNKNOWN, FOREGROUND)], axis=0)
    if values.ndim == 2 and values.shape[1] > 2:
        away = np.maximum(away, np.ptp(values[:, :3], axis=1) / step)
    return float((away > CLOSE).mean())


def eight_bits(gray: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Take 16 bits none of which is above 255 as the 8 that they were; 0 and 1 need no word."""
    if gray.dtype != np.uint16 or gray.max() > 255:
        return gray, ()
    small = gray.astype(np.uint8)
    remark = f"{name} has 16 bits, but no value above 255; it is read as one of 8 bits."
    return small, () if small.max() <= 2 else (remark,)


def sixteen_bits(values: np.ndarray, name: str) -> tuple[np.ndarray, Notices]:
    """Read a photo's 16 bits as they are, or as `eight_bits` does; where they leave it dark, say so."""
    values, notices = eight_bits(values, name)
    if values.dtype == np.uint16 and values.max() < TWELVE_BITS:
        remark = f"{name} has 16 bits, but no value above {values.max()}, which is nearly black; if it has fewer bits"
        notices += (f"{remark}, multiply its values first.",)
    return values, notices


def _one_colour(values: np.ndarray, name: str) -> np.ndarray | None:
    """Return where a colour lies on black, booleans (H, W), if it is one; None for gray and for pictures in colour."""
    if values.ndim < 3 or values.shape[2] < 3 or not np.issubdtype(values.dtype, np.integer):
        return None
    colours = values[:, :, :3]
    inside = colours.any(axis=2)
    if inside.all() or not inside.any():
        return None
    first = colours[inside][0]
    if len(set(first.tolist())) > 1 and (colours[inside] == first).all():
        return inside
    sample = np.unique(_sample(colours), axis=0)
    coloured = (sample != sample[:, :1]).any()
    if coloured and 2 < len(sample) <= MOST_LABELS:
        raise ValueError(
            f"{name} has objects in {len(sample) - 1} colours; which one is meant? Save that one as white on black."
        )
    return None


def _sample(values: np.ndarray) -> np.ndarray:
    """Some `SAMPLE` pixels of (H, W) or (H, W, C), evenly spread: (N,) or (N, C)."""
    every = values.reshape(-1, *values.shape[2:])
    return every[:: max(1, len(every) // SAMPLE)]


def _listed(labels: list[int]) -> str:
    shown = ", ".join(map(str, labels[:6]))
    return f"{shown}, ..." if len(labels) > 6 else shown
