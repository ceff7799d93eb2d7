"""Photos that are transparent in places: they lie on white to be looked at, and what did not show stays away."""

from __future__ import annotations

import numpy as np

from matting.images.decoding import Notices
from matting.images.reading import on_white, read_cutout
from matting.images.sources import Source, name_source
from matting.trimaps.algebra import BACKGROUND


def read_shown(source: Source) -> tuple[np.ndarray, np.ndarray | None, Notices]:
    """Read a photo as it is matted, and how opaque it was.

    Args:
        source: As for `read_photo`.

    Returns:
        The photo on white, RGB uint8 (H, W, 3); its opacity, uint8 (H, W), or None where all is opaque; and notices.

    Raises:
        ValueError: As for `read_photo`.
    """
    photo, opacity, notices = read_cutout(source)
    if opacity is None:
        return photo, None, notices
    stays = f"{name_source(source, 'photo')} has transparent parts; they stay transparent."
    return on_white(photo, opacity), opacity, (*notices, stays)


def drop_transparent(trimap: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """Return a trimap, uint8 (H, W), whose wholly transparent pixels are background."""
    return trimap if opacity is None else np.where(opacity == 0, np.uint8(BACKGROUND), trimap)


def hold_to(alpha: np.ndarray, opacity: np.ndarray | None) -> np.ndarray:
    """Return alpha, float32 (H, W) in [0, 1], nowhere opaquer than the photo was."""
    return alpha if opacity is None else np.minimum(alpha, opacity.astype(np.float32) / 255)
