"""A recipe: all that a person did to a photo, as JSON that is read strictly; `matting.replay.replaying` does it again.

It holds clicks, edits and settings, and names the weights and versions by which they became a matte; of the photo it
holds the size and a hash alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from matting.images.decoding import check_size
from matting.replay import run_length
from matting.replay.fields import CHECKS

FORMAT = 2
UNTOUCHED = 1
"""What the plane of trimap edits holds where nothing was edited; elsewhere it holds the trimap's value."""

PLANES = {"mask": range(256), "trimap": (0, 128, 255), "edits": (0, UNTOUCHED, 128, 255), "painted": (0, 1)}
"""The fields of run lengths and the values that each may hold."""


@dataclass(frozen=True)
class Recipe:
    """What was done to a photo, from the first click to the matte.

    Attributes:
        format: FORMAT, the recipe's own version.
        size: (height, width) of the photo.
        photo: SHA-256 of its pixels.
        segmenter: who understood the clicks, as `--coarse` takes it.
        points: (x, y, 1 on the object or 0 not).
        box: (x0, y0, x1, y1) or None.
        candidate: number of the segmenter's candidate that was chosen, from 0.
        mask: run lengths of a mask of one's own (8 bits) instead of all that, or None.
        mask_tools: (name of `masks.TOOLS`, pixels) in the order applied; pixels count for growing and shrinking.
        trimap: run lengths of a trimap of one's own instead of TGN's, or None.
        band: width in % of the object that the unknown band was set to, or None.
        edits: run lengths of what was changed in the trimap after that, UNTOUCHED elsewhere, or None.
        painted: run lengths, 1 where a person painted, which no fusion may change, or None.
        fusion: "hard" or "soft".
        method: what made alpha from photo and trimap, one of `recipe_fields.METHODS`.
        method_source: hub repository or folder of that method's own weights, or None.
        method_weights: tells those weights from others, or None for a method without any.
        weights: `MattingPipeline.fingerprint`.
        alpha: SHA-256 of the alpha that came out, or None.
        device, dtype, threads: where and how the networks ran.
        versions: of TriMatte, Python and the libraries that compute.
    """

    size: tuple[int, int]
    photo: str
    weights: str
    segmenter: str = "grabcut"
    points: tuple[tuple[float, float, int], ...] = ()
    box: tuple[float, float, float, float] | None = None
    candidate: int = 0
    mask: tuple[int, ...] | None = None
    mask_tools: tuple[tuple[str, float], ...] = ()
    trimap: tuple[int, ...] | None = None
    band: float | None = None
    edits: tuple[int, ...] | None = None
    painted: tuple[int, ...] | None = None
    fusion: str = "hard"
    method: str = "spamattnet"
    method_source: str | None = None
    method_weights: str | None = None
    alpha: str | None = None
    device: str = "cpu"
    dtype: str = "float32"
    threads: int = 1
    versions: tuple[tuple[str, str], ...] = ()
    format: int = FORMAT

    def to_json(self) -> str:
        """Write the recipe as one line of JSON for each field."""
        values = asdict(self) | {"versions": dict(self.versions)}
        lines = (f"  {json.dumps(name)}: {json.dumps(value, allow_nan=False)}" for name, value in values.items())
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read a recipe, strictly: every field, no other, each of its type and range.

        Raises:
            ValueError: in one sentence, if it is no recipe that this version can replay.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ValueError(f"The recipe is no JSON: {error}.") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ValueError(f"This is no recipe of format {FORMAT}; recipes of other releases cannot be replayed.")
        names = {field.name for field in fields(cls)}
        for words, found in (("lacks", names - values.keys()), ("has the unknown", values.keys() - names)):
            if found:
                raise ValueError(f"The recipe {words} field {', '.join(sorted(found))}.")
        for name, value in values.items():
            if not CHECKS[name](value):
                raise ValueError(f"The recipe's field {name} has a value that it cannot have.")
        recipe = cls(**{name: _frozen(value) for name, value in values.items()})
        check_size(recipe.size, "The recipe's photo")
        for name in PLANES:
            recipe.plane(name)
        return recipe

    def plane(self, name: str) -> np.ndarray | None:
        """Return a field of run lengths as uint8 (H, W); raises ValueError where they do not fit the photo."""
        runs = getattr(self, name)
        if runs is None:
            return None
        try:
            plane = run_length.decode(runs, self.size)
        except ValueError as error:
            raise ValueError(f"The recipe's field {name} does not fit: {error}") from error
        if strange := set(runs[::2]).difference(PLANES[name]):
            raise ValueError(f"The recipe's field {name} holds {min(strange)}, which is none of its values.")
        return plane


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe's file; raises ValueError, in one sentence, if there is none or it cannot be replayed."""
    try:
        return Recipe.from_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no recipe that can be read.") from error


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
