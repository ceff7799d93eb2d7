"""What a coarse mask promises to the trimap that TGN makes of it: nothing far from it, nothing open deep inside it."""

from __future__ import annotations

import numpy as np

from matting.masks import connected_parts
from matting.trimaps.algebra import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    band_width,
    distance_to,
    from_probabilities,
    object_size,
)
from matting.trimaps.editing import SEE_THROUGH

HELD = 0.5
"""Where the mask is at least so, it holds the object."""

SURE = 0.95
"""Where the mask is at least so, it is sure of the object."""

TOUCHING = 0.05
"""The mask's surroundings: so far around it, as a share of the object's size; pieces that miss them are background."""

FAR = 0.1
"""Farther from the mask than this share of the object's size, and the width of the mask's own unsure rim, everything is
background."""

DEEP = 0.03
"""Farther inside the mask than this share of the object's size, and the width of its rim, it is foreground."""

DOUBT = 2.0
"""TGN may contradict the mask outright only so many widths of its rim away from its outline."""

EDGE = 2.0
"""So many pixels farther it is unknown what stands, and beyond them the mask does."""

SOFT = 0.025
"""A mask whose rim is at least so wide, as a share of the object's size, is a soft one; without a rim it is sharp."""

UNKNOWN_ODDS = (0.6, 1.0)
"""What unknown's odds are multiplied by for a sharp mask, which is mostly right, and for a soft one, which errs."""


def keep_to_mask(probabilities: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Hold TGN's probabilities to the mask that they were made from.

    The object is where the mask is `HELD` or more; its size is the square root of its area. First the odds of unknown
    are weighed by how sharp the mask is, `UNKNOWN_ODDS`, in between by its rim (`SOFT`). Then

    - what lies farther than `FAR` sizes and the mask's rim from the object is background, and so is each connected
      piece of likely unknown and foreground that comes nowhere closer than `TOUCHING` sizes to it;
    - what lies deeper than `DEEP` sizes and the rim inside the object is foreground, unless the mask is less than
      `SURE` there, or TGN is surer of unknown than `editing.SEE_THROUGH`: then the object is see-through;
    - where TGN contradicts the mask outright, foreground outside or background inside, farther than `DOUBT` rims from
      the outline, the mask stands, but for `EDGE` pixels, which are unknown.

    The mask's rim is the mean width of the band where it is neither `SURE` of the object nor of its absence: a blurred
    mask promises less than a sharp one. The photo's border is no edge of the object. A mask without an object
    promises nothing.

    Args:
        probabilities: TGN's of background, unknown and foreground, floats (H, W, 3) that sum to one.
        mask: floats (H, W) in [0, 1].

    Returns:
        A new array; what the mask decides is one-hot, all else as it was.

    Raises:
        ValueError: If the sizes differ.
    """
    if probabilities.shape != (*mask.shape, 3):
        raise ValueError(f"The probabilities should have the shape {(*mask.shape, 3)}, got {probabilities.shape}.")
    held = mask >= HELD
    size = object_size(held)
    if not size:
        return probabilities.copy()
    outside, inside = distance_to(held), distance_to(~held)
    rim = rim_width(mask)
    kept = _weighed(probabilities, min(1.0, rim / (SOFT * size)))
    said = from_probabilities(kept)
    for distance, contradicted, mask_says in ((outside, FOREGROUND, (1, 0, 0)), (inside, BACKGROUND, (0, 0, 1))):
        against = said == contradicted
        _decide(kept, against & (distance > DOUBT * rim), (0, 1, 0))
        _decide(kept, against & (distance > DOUBT * rim + EDGE), mask_says)
    reached = outside <= max(FAR * size + rim, 1)
    reached &= _pieces_touching(reached & (from_probabilities(kept) != BACKGROUND), outside <= max(TOUCHING * size, 1))
    _decide(kept, ~reached, (1, 0, 0))
    sure = (inside > max(DEEP * size + rim, 1)) & (mask >= SURE) & (probabilities[..., 1] <= SEE_THROUGH)
    _decide(kept, sure, (0, 0, 1))
    return kept


def rim_width(mask: np.ndarray) -> float:
    """Mean width in pixels of the band where a mask, floats (H, W) in [0, 1], is unsure; 0 of a sharp one."""
    certain = np.select([mask >= SURE, mask <= 1 - SURE], [FOREGROUND, BACKGROUND], UNKNOWN)
    return band_width(certain.astype(np.uint8))


def _weighed(probabilities: np.ndarray, softness: float) -> np.ndarray:
    """A copy with the odds of unknown for a mask of a softness in [0, 1], between the two `UNKNOWN_ODDS`."""
    sharp, soft = UNKNOWN_ODDS
    weighed = probabilities.copy()
    weighed[..., 1] *= sharp ** (1 - softness) * soft**softness
    weighed /= (weighed[..., 0] + weighed[..., 1] + weighed[..., 2])[..., None]
    return weighed


def _decide(probabilities: np.ndarray, where: np.ndarray, certain: tuple[int, int, int]) -> None:
    """Write one-hot probabilities into (H, W, 3) where booleans (H, W) say, a plane at a time, which is quickest."""
    for plane, value in zip(np.moveaxis(probabilities, 2, 0), certain, strict=True):
        np.copyto(plane, value, where=where)


def _pieces_touching(present: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Booleans (H, W): the connected pieces of `present` that meet `place`, and all that is not present."""
    pieces = connected_parts(present)
    return ~present | np.isin(pieces, pieces[present & place])
