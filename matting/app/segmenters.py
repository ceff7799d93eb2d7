"""Which segmenter understands the clicks when the page opens."""

from __future__ import annotations

from matting.coarse.sam import CHECKPOINTS

OFFLINE = "grabcut"
"""The segmenter that needs no weights, so that clicking works everywhere."""

PREFERRED = "sam2.1-tiny"
WEIGHTS = "model.safetensors"


def first_segmenter() -> str:
    """Return SAM 2.1 tiny if its weights are on this machine already, else GrabCut: nobody's first click downloads."""
    from huggingface_hub import try_to_load_from_cache

    here = try_to_load_from_cache(CHECKPOINTS[PREFERRED], WEIGHTS)
    return PREFERRED if isinstance(here, str) else OFFLINE
