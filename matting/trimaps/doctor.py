"""The trimap doctor: what is wrong with a trimap, in words and pixels, and a cure for each complaint.

A cured trimap no longer has that complaint; another one may show then, so cures are applied one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from matting.masks import connected_parts, nearest_parts
from matting.trimaps.algebra import BACKGROUND, FOREGROUND, UNKNOWN, check, distance_to, object_size, widen

Complaint = Literal["no foreground", "no background", "no unknown", "stray pixels", "thin band"]

STRAY = 0.015
"""A piece of a region is stray if its area is less than a square of this share of the object's size."""

LEAST_BAND = 0.006
"""Foreground and background should be at least this share of the object's size apart, and two pixels."""

THIN_SHARE = 0.05
"""A band is too thin if this share of the foreground's edge is closer than that to the background."""

CORE, RIM = 0.5, 0.9
"""The part of an unknown region that becomes known: deeper than this share of its greatest depth below the other
known region, or nearer than this to the photo's rim where there is no other."""

NEW_BAND = 0.025
"""Width of a band that is opened where there was none, as a share of the object's size."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One complaint about a trimap.

    Attributes:
        complaint: what it is; `cure` takes it.
        sentence: what is wrong, for people.
        remedy: what the cure does, in a few words: a button's label.
        where: booleans (H, W), the pixels it is about.
    """

    complaint: Complaint
    sentence: str
    remedy: str
    where: np.ndarray


def examine(trimap: np.ndarray) -> tuple[Finding, ...]:
    """Find what is wrong with a trimap, the gravest first; nothing for a sound one.

    Raises:
        ValueError: If it is not a trimap, uint8 (H, W) in {0, 128, 255}.
    """
    check(trimap)
    findings = [_missing(trimap, value) for value in (FOREGROUND, BACKGROUND, UNKNOWN)]
    stray, thin = _stray(trimap), _thin(trimap)
    if count := connected_parts(stray).max():
        sentence = f"{count} stray spot{'s' if count > 1 else ''} of a few pixels will show in the matte."
        findings.append(Finding("stray pixels", sentence, "Remove the spots", stray))
    if thin.any():
        sentence = "The unknown band is so thin in places that soft edges do not fit into it."
        findings.append(Finding("thin band", sentence, "Widen it there", thin))
    return tuple(finding for finding in findings if finding is not None)


def cure(trimap: np.ndarray, complaint: Complaint) -> np.ndarray:
    """Return a new trimap without a complaint; one that has not got it is returned as it is.

    Raises:
        ValueError: If it is not a trimap or the complaint is unknown.
    """
    check(trimap)
    if complaint not in get_args(Complaint):
        raise ValueError(f"A trimap's complaint is one of {', '.join(get_args(Complaint))}, got {complaint!r}.")
    if complaint == "stray pixels":
        return _without_stray(trimap)
    if complaint == "thin band":
        return np.where(_thin(trimap), np.uint8(UNKNOWN), trimap)
    value = {"no foreground": FOREGROUND, "no background": BACKGROUND, "no unknown": UNKNOWN}[complaint]
    if (trimap == value).any():
        return trimap.copy()
    if complaint == "no unknown":
        return _open_band(trimap)
    return _settle(trimap, value)


def _missing(trimap: np.ndarray, value: int) -> Finding | None:
    if (trimap == value).any():
        return None
    everywhere = np.ones(trimap.shape, bool)
    if value == FOREGROUND:
        sentence = "No pixel is marked as object, so its colours have to be guessed."
        return Finding("no foreground", sentence, "Mark the middle as object", everywhere)
    if value == BACKGROUND:
        sentence = "No pixel is marked as background, so its colours have to be guessed."
        return Finding("no background", sentence, "Mark the rim as background", everywhere)
    sentence = "No pixel is unsure, so the matte will have hard edges."
    return Finding("no unknown", sentence, "Open a band along the edge", everywhere)


def _stray(trimap: np.ndarray) -> np.ndarray:
    """Booleans (H, W): pieces of any region that are too small to mean something."""
    least = (STRAY * object_size(trimap)) ** 2
    stray = np.zeros(trimap.shape, bool)
    for value in (BACKGROUND, UNKNOWN, FOREGROUND):
        region = (trimap == value).astype(np.uint8)
        _, parts, statistics, _ = cv2.connectedComponentsWithStats(region, connectivity=8)
        small = statistics[:, cv2.CC_STAT_AREA] < least
        small[0] = False  # all that is not of this region
        if value == UNKNOWN:
            # What is left of a thin band between foreground and background is no stray spot in one of them.
            beside = [_touched(parts, trimap == other, len(small)) for other in (FOREGROUND, BACKGROUND)]
            small &= ~(beside[0] & beside[1])
        # The last piece of a region is not stray: without it the region would be missing.
        if len(small) > 1 and small[1:].all():
            small[1 + statistics[1:, cv2.CC_STAT_AREA].argmax()] = False
        stray |= small[parts]
    return stray


def _touched(parts: np.ndarray, region: np.ndarray, count: int) -> np.ndarray:
    """Booleans (count,): which numbered parts have a pixel of the region among their eight neighbours."""
    near = cv2.dilate(region.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.bincount(parts[near], minlength=count) > 0


def _without_stray(trimap: np.ndarray) -> np.ndarray:
    """Give stray pixels to the nearest region, again while the object's new size makes others stray."""
    while (stray := _stray(trimap)).any():
        kept = np.where(stray, 0, trimap.astype(np.int32) + 1)
        trimap = (nearest_parts(kept) - 1).astype(np.uint8)
    return trimap.copy()


def _thin(trimap: np.ndarray) -> np.ndarray:
    """Booleans (H, W): known pixels too close to the other known region; none where that is rare."""
    foreground, background = trimap == FOREGROUND, trimap == BACKGROUND
    if not (foreground.any() and background.any()):
        return np.zeros(trimap.shape, bool)
    least = max(2.0, LEAST_BAND * object_size(trimap))
    # Between pixels side by side lies no band at all, and their distance is 1.
    close = foreground & (distance_to(background) - 1 < least)
    edge = foreground & (distance_to(~foreground) < 1.5)
    if np.count_nonzero(close & edge) < THIN_SHARE * np.count_nonzero(edge):
        return np.zeros(trimap.shape, bool)
    return close | (background & (distance_to(foreground) - 1 < least))


def _settle(trimap: np.ndarray, value: int) -> np.ndarray:
    """Make the part of the unknown region known that lies deepest: farthest from the other known region.

    Without another one, the middle of the photo becomes foreground or its rim background. Where nothing is unknown,
    the rim or the middle of the whole photo does, with a band around it.
    """
    inward, unknown = value == FOREGROUND, trimap == UNKNOWN
    other = trimap == (BACKGROUND if inward else FOREGROUND)
    share, depth = CORE, distance_to(other)
    if not (other.any() and unknown.any()):
        share, depth = (CORE if inward else RIM), _depth_in_photo(trimap.shape, inward=inward)
    candidates = unknown if unknown.any() else np.ones(trimap.shape, bool)
    settled = np.where(candidates & (depth >= share * depth[candidates].max()), np.uint8(value), trimap)
    if unknown.any():
        return settled
    banded = _open_band(settled)
    return banded if (banded == value).any() else settled


def _open_band(trimap: np.ndarray) -> np.ndarray:
    band = widen(trimap, max(1.0, NEW_BAND / 2 * object_size(trimap)))
    if (band == UNKNOWN).any():
        return band
    return np.full_like(trimap, UNKNOWN)  # a single region has no edge to open


def _depth_in_photo(size: tuple[int, int], *, inward: bool) -> np.ndarray:
    """Depth of each pixel below the photo's rim, or, outward, its nearness to it; from 1, float32 (H, W)."""
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) + 1 for n in size)
    depth = np.minimum(rows[:, None], columns[None]).astype(np.float32)
    return depth if inward else depth.max() + 1 - depth
