"""The segmenters that the page offers, and the one that is chosen when it opens.

Whoever starts the page may add some with their own weights; visitors can choose only among these.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from matting.coarse import DEFAULT, SEGMENTERS, WITH_SOURCE, needs_prompts
from matting.coarse.sam import CHECKPOINTS

OFFLINE = "grabcut"
"""The segmenter that needs no weights, so that clicking works everywhere, and where others fail."""

PREFERRED = "sam2.1-tiny"
WEIGHTS = "model.safetensors"

SHORT = {
    "clicks": "ClickNet: works offline",
    "grabcut": "GrabCut: no network at all",
    "sam2.1-tiny": "SAM 2.1 tiny: 156 MB",
    "sam-vit-b": "SAM ViT-B: 375 MB",
    "sam-vit-l": "SAM ViT-L: 1.2 GB",
    "sam-vit-h": "SAM ViT-H: 2.6 GB",
    "u2netp": "U2NetP, no click: offline",
    "u2net": "U2Net, no click: 176 MB",
}
"""Short names for the menu; a segmenter without one is shown by its own name."""


ADDED = "TRIMATTE_COARSE"
"""Name of the environment variable that adds segmenters, each NAME:SOURCE, separated by semicolons."""


def choices(added: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Return (shown, name) of every segmenter that needs no file of one's own, and of the added ones."""
    shown = {SHORT.get(name, name): name for name in SEGMENTERS}
    for name in added:
        short = _short(name)
        shown[name if short in shown else short] = name
    return list(shown.items())


def read_added(arguments: list[str]) -> tuple[str, ...]:
    """Return the segmenters that the command line, then the environment, adds; ends with a sentence if one is none."""
    parser = argparse.ArgumentParser(prog="demo_app.py", description="Start the demo.")
    written = ", ".join(WITH_SOURCE)
    parser.add_argument(
        "--coarse",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME:SOURCE",
        help=f"offer more segmenters: {written}, u2net:FILE; also by {ADDED}, separated by semicolons",
    )
    names = parser.parse_args(arguments).coarse
    names += [name.strip() for name in os.environ.get(ADDED, "").split(";") if name.strip()]
    for name in names:
        try:
            _check(name)
        except ValueError as error:
            parser.error(str(error))
    return tuple(dict.fromkeys(names))


def _check(name: str) -> None:
    needs_prompts(name)
    if not name.partition(":")[2]:
        raise ValueError(f"An added segmenter is written NAME:SOURCE, got {name}; the others are offered anyway.")


def _short(name: str) -> str:
    """Return how a menu shows NAME:SOURCE: its labels or name, and the end of the source."""
    kind, _, source = name.partition(":")
    place, _, labels = source.partition("#")
    return f"{labels or kind}: {place.rstrip('/').rpartition('/')[2]}"


def first_segmenter() -> str:
    """Return SAM 2.1 tiny if its weights are already on this machine, else ours: no first click starts a download."""
    from huggingface_hub import try_to_load_from_cache

    here = try_to_load_from_cache(CHECKPOINTS[PREFERRED], WEIGHTS)
    return PREFERRED if isinstance(here, str) else DEFAULT
