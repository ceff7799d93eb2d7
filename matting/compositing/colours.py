"""The foreground's own colours, without the old background's share in them."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from matting.compositing.layers import check_layer
from matting.files import own_folder

PATIENCE = 5.0
"""Seconds after which loading PyMatting is worth a word."""

COMPILING = "The estimation of colours is being compiled: about a minute, once after an installation."

FORKED = (
    "Colours cannot be estimated in a process that was forked after its parent estimated some: OpenMP would end it; "
    'start processes by "spawn", or estimate none before.'
)
_loaded_by: int | None = None
"""The process that has loaded PyMatting."""

_log = logging.getLogger(__name__)


def estimate_foreground(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Estimate the foreground's own colours, by multi-level estimation (Germer et al., 2020; PyMatting).

    Pixels with alpha == 1 keep the photo's colour; elsewhere the old background's share is taken out, and
    where alpha is 0 the nearby foreground's colours go on.

    Args:
        image: RGB, uint8 (H, W, 3).
        alpha: Floats (H, W) in [0, 1].

    Returns:
        RGB, uint8 (H, W, 3).

    Raises:
        ValueError: If shapes or types are others.
        RuntimeError: In a process that was forked from one that has estimated colours.
    """
    check_layer(image, alpha, "photo")
    if _loaded_by not in (None, os.getpid()):
        raise RuntimeError(FORKED)
    with pymatting_prepared():
        colours = load_estimator()(image.astype(np.float32) / 255, alpha.astype(np.float32))
    foreground = np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
    opaque = alpha == 1
    foreground[opaque] = image[opaque]
    return foreground


def load_estimator() -> Callable[..., np.ndarray]:
    """Import PyMatting's estimator; where that takes longer than `PATIENCE`, a warning is logged that says why.

    Numba compiles it when it is imported and keeps that beside it: only the first time after an installation takes
    long. The demo calls this in the background at its start.
    """
    global _loaded_by
    _loaded_by = os.getpid()
    told = threading.Timer(PATIENCE, _log.warning, [COMPILING])
    told.daemon = True
    told.start()
    try:
        with pymatting_prepared():
            from pymatting import estimate_foreground_ml
    finally:
        told.cancel()
    return estimate_foreground_ml


def let_numba_cache() -> None:
    """Give Numba a folder for what it compiles where it finds none: nothing may be written beside PyMatting or at home.

    Numba would raise a RuntimeError on import instead. What lies there is run, so the folder has to be the user's own.
    """
    if "pymatting" in sys.modules:
        return
    numba = sys.modules.get("numba")
    beside = find_spec("pymatting").submodule_search_locations[0]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    there = next((folder for folder in (home, *home.parents) if folder.exists()), home)
    if "NUMBA_CACHE_DIR" in os.environ or os.access(Path(beside, "util"), os.W_OK) or os.access(there, os.W_OK):
        return
    folder = os.environ["NUMBA_CACHE_DIR"] = own_folder("trimatte-numba")
    if numba:  # which has read its environment already
        numba.config.CACHE_DIR = folder


@contextmanager
def pymatting_prepared() -> Iterator[None]:
    """Whatever imports PyMatting does it within this: Numba may keep what it compiles, and PyTorch keeps its threads.

    Numba, when first imported, sets OpenMP's number of threads, and sums round by it.
    """
    let_numba_cache()
    torch = sys.modules.get("torch")
    threads = torch and torch.get_num_threads()
    try:
        yield
    finally:
        if torch and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
