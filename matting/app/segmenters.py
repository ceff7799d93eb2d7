"""The segmenters as the page offers them, and which of them understands the clicks when it opens."""

from __future__ import annotations

from matting.coarse import SEGMENTERS
from matting.coarse.sam import CHECKPOINTS

OFFLINE = "grabcut"
"""The segmenter that needs no weights, so that clicking works everywhere."""

PREFERRED = "sam2.1-tiny"
WEIGHTS = "model.safetensors"

SHORT = {
    "grabcut": "GrabCut: works offline",
    "sam2.1-tiny": "SAM 2.1 tiny: 156 MB",
    "sam-vit-b": "SAM ViT-B: 375 MB",
    "sam-vit-l": "SAM ViT-L: 1.2 GB",
    "sam-vit-h": "SAM ViT-H: 2.6 GB",
    "u2netp": "U2NetP, no click: 5 MB",
    "u2net": "U2Net, no click: 176 MB",
}
"""Names short enough for a menu to show them whole; one that is missing here is shown by its own name."""


def choices() -> list[tuple[str, str]]:
    """Return (shown, name) of every segmenter that needs no file of one's own."""
    return [(SHORT.get(name, name), name) for name in SEGMENTERS]


def first_segmenter() -> str:
    """Return SAM 2.1 tiny if its weights are on this machine already, else GrabCut: nobody's first click downloads."""
    from huggingface_hub import try_to_load_from_cache

    here = try_to_load_from_cache(CHECKPOINTS[PREFERRED], WEIGHTS)
    return PREFERRED if isinstance(here, str) else OFFLINE
