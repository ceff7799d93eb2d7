"""A cache folder for the alphas of slow methods and the scores of each photo of a run.

Both are kept by all that they depend on, the pixels included, so that nothing in the folder is ever out of date.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from matting.files import write_whole


def remember(
    folder: Path | None, method: str, image: np.ndarray, trimap: np.ndarray, matte: Callable[..., np.ndarray]
) -> np.ndarray:
    """Return `matte(image, trimap)`, float32 (H, W), from the folder if it is there; otherwise compute and store it.

    `method` names the method and its version. A damaged file is replaced; files are written whole or not at all, so
    several processes may share the folder. Without a folder nothing is stored.
    """
    if folder is None:
        return matte(image, trimap)
    path = folder / f"{_key(method, image, trimap)}.npz"
    alpha = _read(path, trimap.shape)
    if alpha is None:
        alpha = matte(image, trimap)
        _write(path, alpha)
    return alpha


def remember_scores(
    folder: Path | None, key: str, inputs: list[np.ndarray], score: Callable[[], dict[str, float]]
) -> dict[str, float]:
    """Return `score()`, numbers by name, from the folder if they are there; otherwise compute and store them.

    `key` describes how they are computed, `inputs` are all arrays that they depend on. Otherwise as `remember`.
    """
    found = recall_scores(folder, key, inputs)
    if found is None:
        found = score()
        keep_scores(folder, key, inputs, found)
    return found


def recall_scores(folder: Path | None, key: str, inputs: list[np.ndarray]) -> dict[str, float] | None:
    """Return the scores stored under this key and these arrays, or None."""
    if folder is None:
        return None
    try:
        found = json.loads((folder / f"{_key(key, *inputs)}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep_scores(folder: Path | None, key: str, inputs: list[np.ndarray], scores: dict[str, float]) -> None:
    """Store scores under a key in words and all arrays that they depend on; without a folder, do nothing."""
    if folder is not None:
        write_whole(folder / f"{_key(key, *inputs)}.json", json.dumps(scores).encode())


@lru_cache(maxsize=1)
def code_version() -> str:
    """Tell the code that makes and scores alphas from its other versions, released or not."""
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] not in ("app", "commands", "training"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _key(method: str, *inputs: np.ndarray) -> str:
    digest = hashlib.sha256(method.encode())
    for values in inputs:
        digest.update(f"|{values.dtype} {values.shape}|".encode())
        digest.update(np.ascontiguousarray(values))
    return digest.hexdigest()


def _read(path: Path, size: tuple[int, ...]) -> np.ndarray | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            alpha = file["alpha"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    return alpha if alpha.shape == size and alpha.dtype == np.float32 else None


def _write(path: Path, alpha: np.ndarray) -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, alpha=alpha)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, stream.getvalue())
