"""What each field of a recipe may hold: a check on its JSON value, one for each field."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from matting.images.decoding import MAX_SIDE
from matting.masks import TOOLS

Check = Callable[[Any], bool]
METHODS = ("spamattnet", "closed-form", "vitmatte")
"""What may have made the matte; the names are those of `evaluation.methods`."""

DTYPES = ("float32", "float16", "bfloat16")


def _text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) < 1000


def _digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and not set(value) - set("0123456789abcdef")


def _integer(value: Any, least: int = 0, most: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _number(value: Any, least: float = -math.inf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= least


def _row(*checks: Check) -> Check:
    """Check lists of as many items as there are checks, each by its own."""
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(checks)
        and all(check(item) for check, item in zip(checks, value, strict=True))
    )


def _rows(check: Check) -> Check:
    """Check lists of any length, every item by the same."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _side(value: Any) -> bool:
    return _integer(value, 1, MAX_SIDE)


_runs = _optional(_rows(_integer))

CHECKS: dict[str, Check] = {
    "format": _integer,
    "size": _row(_side, _side),
    "photo": _digest,
    "weights": _digest,
    "segmenter": _text,
    "points": _rows(_row(_number, _number, lambda value: _integer(value, 0, 1))),
    "box": _optional(_row(*[_number] * 4)),
    "candidate": _integer,
    "mask": _runs,
    "mask_tools": _rows(_row(lambda value: _text(value) and value in TOOLS, lambda value: _number(value, 0))),
    "trimap": _runs,
    "band": _optional(lambda value: _number(value, 0)),
    "edits": _runs,
    "painted": _runs,
    "fusion": lambda value: _text(value) and value in ("hard", "soft"),
    "method": lambda value: _text(value) and value in METHODS,
    "method_source": _optional(_text),
    "method_weights": _optional(_text),
    "alpha": _optional(_digest),
    "device": _text,
    "dtype": lambda value: _text(value) and value in DTYPES,
    "threads": lambda value: _integer(value, 1, 4096),
    "versions": lambda value: isinstance(value, dict) and all(map(_text, value.values())),
}
"""By field: whether a value that JSON gave can be this field's."""
