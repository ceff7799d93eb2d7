"""One photo of a benchmark, read from its files at its own size: nothing is ever resized to fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from matting.data.layouts import Example
from matting.data.planes import read_sized_alpha, read_sized_mask, read_sized_trimap
from matting.images import read_cutout, read_photo


@dataclass(frozen=True)
class Photo:
    """A photo and what its data set provides with it, else None.

    Attributes:
        name: the example's name.
        image: RGB uint8 (H, W, 3).
        truth: true alpha, float32 (H, W) in [0, 1].
        trimap: the data set's, uint8 (H, W) in {0, 128, 255}.
        coarse_mask: the data set's, float32 (H, W) in [0, 1].
        details: where hair is scored apart, boolean (H, W).
        type: AIM-500's type.
    """

    name: str
    image: np.ndarray
    truth: np.ndarray | None = None
    trimap: np.ndarray | None = None
    coarse_mask: np.ndarray | None = None
    details: np.ndarray | None = None
    type: str | None = None


def load(example: Example, trimap: str | None = None) -> Photo:
    """Read an example's files, or compose its foreground with its background.

    Args:
        example: what a reader of `matting.data.layouts` found.
        trimap: which of its trimaps where there are several; by default its `trimap`.

    Raises:
        ValueError: where a file is missing, damaged or of another size than the photo; it is named.
    """
    if trimap is not None and trimap not in example.trimaps:
        known = ", ".join(example.trimaps) or "none by name"
        raise ValueError(f"{example.name} has the trimaps {known}, but {trimap} was asked for.")
    regions = example.trimaps[trimap] if trimap is not None else example.trimap
    image = read_photo(example.image)[0] if example.image else _compose(example)
    size = image.shape[:2]
    details = None if example.detail is None else read_sized_alpha(example.detail, size)
    return Photo(
        name=example.name,
        image=image,
        truth=None if example.alpha is None else read_sized_alpha(example.alpha, size),
        trimap=None if regions is None else read_sized_trimap(regions, size),
        coarse_mask=None if example.coarse_mask is None else read_sized_mask(example.coarse_mask, size),
        details=None if details is None else details > 0,
        type=example.type,
    )


def place_behind(foreground: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Compose as the test set of Composition-1k is made (Xu et al., 2017); uint8 (H, W, 3).

    A background that is too small is enlarged until it covers the foreground; its upper left part is taken.
    `foreground` (H, W, 3) and `background` are uint8, `alpha` is (H, W) in [0, 1].
    """
    height, width = alpha.shape
    scale = max(height / background.shape[0], width / background.shape[1])
    if scale > 1:
        size = math.ceil(background.shape[1] * scale), math.ceil(background.shape[0] * scale)
        background = cv2.resize(background, size, interpolation=cv2.INTER_CUBIC)
    share = alpha[..., None].astype(np.float64)
    return np.rint(share * foreground + (1 - share) * background[:height, :width]).astype(np.uint8)


def _compose(example: Example) -> np.ndarray:
    if not (example.foreground and example.background and example.alpha):
        raise ValueError(f"{example.name} has no photo, and no foreground, alpha and background to make one of.")
    # Colours are kept where the file's own alpha channel is 0: the data set's alpha says what shows.
    foreground, _, _ = read_cutout(example.foreground)
    alpha = read_sized_alpha(example.alpha, foreground.shape[:2])
    return place_behind(foreground, alpha, read_photo(example.background)[0])
