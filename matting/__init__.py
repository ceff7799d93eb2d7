"""TriMatte: natural image matting by Sampling Propagation Attention with a Trimap Generation Network.

>>> from matting import MattingPipeline
>>> pipeline = MattingPipeline.from_pretrained()  # doctest: +SKIP
>>> result = pipeline("photo.jpg", points=[(320, 240, 1)])  # doctest: +SKIP

Importing the package loads neither torch nor any other heavy library; the names below arrive on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matting.explanation import Explanation, explain
    from matting.pipeline import MattingPipeline
    from matting.result import MattingResult

__version__ = "0.1.1"
__all__ = ["Explanation", "MattingPipeline", "MattingResult", "__version__", "explain"]

_HOMES = {
    "Explanation": "matting.explanation",
    "MattingPipeline": "matting.pipeline",
    "MattingResult": "matting.result",
    "explain": "matting.explanation",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home when it is first asked for."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'matting' has no attribute {name!r}")
