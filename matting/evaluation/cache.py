"""A folder that remembers the alphas of slow methods, by their name, their version and all that they were given."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np


def remember(
    folder: Path | None, method: str, image: np.ndarray, trimap: np.ndarray, matte: Callable[..., np.ndarray]
) -> np.ndarray:
    """Return `matte(image, trimap)`, float32 (H, W), from the folder if it is there; otherwise make and keep it.

    `method` names the method and its version. A damaged file is made anew; files are written whole or not at all, so
    several processes may share the folder. Without a folder nothing is kept.
    """
    if folder is None:
        return matte(image, trimap)
    path = folder / f"{_key(method, image, trimap)}.npz"
    alpha = _read(path, trimap.shape)
    if alpha is None:
        alpha = matte(image, trimap)
        _write(path, alpha)
    return alpha


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
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez_compressed(file, alpha=alpha)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
