"""A recipe: every step of an edit, as JSON that is read strictly; `matting.replay.replaying` repeats it.

It holds clicks, edits and settings, and names the weights and versions by which they became a matte; of the photo it
holds the size and a hash alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from matting.images.decoding import MAX_SIDE, check_size
from matting.masks import TOOLS
from matting.replay import run_length

FORMAT = 2
UNTOUCHED = 1
"""What the plane of trimap edits holds where nothing was edited; elsewhere it holds the trimap's value."""

PLANES = {"mask": range(256), "trimap": (0, 128, 255), "edits": (0, UNTOUCHED, 128, 255), "painted": (0, 1)}
"""The fields of run lengths and the values that each may hold."""


THREADS_ANYWHERE = 64
"""Threads that every machine can bear, and that a recipe of another machine may ask of it to round sums as that did."""

MOST_STEPS, MOST_THREADS = 1000, 1024
"""Points and uses of tools that a recipe may hold, so that one from outside keeps nobody's machine busy for hours."""


def _known_tool(name: str) -> str:
    if name not in TOOLS:
        raise ValueError(f"A mask tool is one of {', '.join(TOOLS)}, got {name}.")
    return name


Text = Annotated[str, Field(min_length=1, max_length=999)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Pixels = Annotated[float, Field(ge=0)]
Runs = tuple[Annotated[int, Field(ge=0)], ...]
Tool = Annotated[str, AfterValidator(_known_tool)]
Versions = Annotated[
    tuple[tuple[Text, Text], ...],
    BeforeValidator(lambda value: tuple(value.items()) if isinstance(value, dict) else value),
]


@dataclass(frozen=True)
class Recipe:
    """The steps from the first click to the matte; its JSON may hold no other types and ranges than these.

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
        method: what made alpha from photo and trimap, by the names of `evaluation.methods`.
        method_source: hub repository or folder of that method's own weights, or None.
        method_weights: tells those weights from others, or None for a method without any.
        weights: `MattingPipeline.fingerprint`.
        alpha: SHA-256 of the alpha that came out, or None.
        device, dtype, threads: where and how the networks ran.
        versions: of TriMatte, Python and the libraries that compute.
    """

    size: tuple[Side, Side]
    photo: Digest
    weights: Digest
    segmenter: Text = "grabcut"
    points: Annotated[tuple[tuple[float, float, Literal[0, 1]], ...], Field(max_length=MOST_STEPS)] = ()
    box: tuple[float, float, float, float] | None = None
    candidate: Annotated[int, Field(ge=0)] = 0
    mask: Runs | None = None
    mask_tools: Annotated[tuple[tuple[Tool, Pixels], ...], Field(max_length=MOST_STEPS)] = ()
    trimap: Runs | None = None
    band: Pixels | None = None
    edits: Runs | None = None
    painted: Runs | None = None
    fusion: Literal["hard", "soft"] = "hard"
    method: Literal["spamattnet", "closed-form", "vitmatte"] = "spamattnet"
    method_source: Text | None = None
    method_weights: Text | None = None
    alpha: Digest | None = None
    device: Text = "cpu"
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)] = 1
    versions: Versions = ()
    format: int = FORMAT

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)

    def threads_here(self) -> int:
        """Threads to replay with: the recipe's, unless they are far more than this machine could have a use for."""
        return min(self.threads, max(THREADS_ANYWHERE, os.cpu_count() or 1))

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
        except (ValueError, RecursionError) as error:
            raise ValueError(f"The recipe is no JSON: {error}.") from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ValueError(f"This is no recipe of format {FORMAT}; recipes of other releases cannot be replayed.")
        names = {field.name for field in fields(cls)}
        for words, found in (("lacks", names - values.keys()), ("has the unknown", values.keys() - names)):
            if found:
                raise ValueError(f"The recipe {words} field {', '.join(sorted(found))}.")
        try:
            recipe = TypeAdapter(cls).validate_json(text, strict=True)
        except ValidationError as error:
            name = error.errors()[0]["loc"][0]
            raise ValueError(f"The recipe's field {name} has a value that it cannot have.") from error
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
