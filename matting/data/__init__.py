"""Training data; what one needs first is at hand here, see `matting.data.sets`.

>>> from matting.data import batch, composed, draw_foregrounds, read_photos
>>> photos = read_photos("assets/backgrounds", max_side=512)  # doctest: +SKIP
>>> data = composed(draw_foregrounds(24, photos), photos, crop=128)  # doctest: +SKIP
>>> batch(data, "spamattnet")["alpha"].shape  # doctest: +SKIP
torch.Size([8, 1, 128, 128])
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "batch",
    "composed",
    "draw_foregrounds",
    "foregrounds_in",
    "photos_with_mattes",
    "photos_without_mattes",
    "read_photos",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("matting.data.sets"), name)
