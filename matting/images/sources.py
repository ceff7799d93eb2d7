"""What callers hand over: open files, buffers and tensors become paths, bytes, PIL pictures or arrays."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from PIL import Image


class TensorLike(Protocol):
    """What the door needs of PyTorch's tensors, which it does not import."""

    def detach(self) -> TensorLike:
        """Return it without its gradient."""

    def cpu(self) -> TensorLike:
        """Return it in this machine's memory."""


Plain = str | os.PathLike[str] | bytes | Image.Image | np.ndarray
"""The sources that the rest of the door knows."""

Source = Plain | bytearray | memoryview | BinaryIO | TensorLike
"""A picture as it is given: a path, a file's bytes, an open binary file, a PIL picture, an array or a tensor."""


def name_source(source: Any, role: str) -> str:
    """Name a source at the start of a sentence: its role, and its file's name if it has one."""
    if isinstance(source, Image.Image):
        source = getattr(source, "filename", None)
    elif hasattr(source, "read"):
        source = getattr(source, "name", None)
    named = isinstance(source, str | os.PathLike) and Path(source).name
    return f"The {role} {named}" if named else f"The {role}"


def plain(source: Any, name: str) -> Plain:
    """Return a source as one of the kinds of `Plain`; an open file is read from its beginning and left where it was.

    A tensor is (H, W) or (C, H, W), channels first as everywhere in PyTorch, on any device.

    Raises:
        ValueError: If it is none of the kinds of `Source`, or a file opened as text.
    """
    if isinstance(source, str | os.PathLike | bytes | Image.Image | np.ndarray):
        return source
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if hasattr(source, "read"):
        return _read(source, name)
    if hasattr(source, "detach") and hasattr(source, "cpu"):
        return _array(source)
    if hasattr(source, "__array_interface__"):
        return np.asarray(source)
    kind = type(source).__name__
    raise ValueError(
        f"{name} should be a path, bytes, an open file, a PIL picture, a NumPy array or a tensor, got {kind}."
    )


def _read(stream: Any, name: str) -> bytes:
    try:
        place = stream.tell()
        stream.seek(0)
    except (AttributeError, OSError, ValueError):  # a pipe knows no places: it is read from where it is
        place = None
    try:
        content = stream.read()
    except (OSError, ValueError) as error:
        raise ValueError(f"{name} cannot be read: {str(error).rstrip('.')}.") from error
    if place is not None:
        stream.seek(place, io.SEEK_SET)
    if not isinstance(content, bytes):
        raise ValueError(f'{name} was opened as text; open it with mode "rb".')
    return content


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    array = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    return np.moveaxis(array, 0, -1) if array.ndim == 3 and array.shape[0] in (2, 3, 4) else array
