"""Weights of segmenters from this machine's hub cache or from the hub; if neither works, one sentence says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matting.coarse.prompts import SegmenterUnavailable

HUB_TIMEOUT = 4.0
"""Seconds to wait for the hub's first answer; a machine without network shall say so at once."""


def fetch(name: str, source: str, files: Sequence[str], weights: Sequence[str]) -> Path:
    """Return the local folder of a hub repository, downloading what is not there yet.

    Args:
        name: The segmenter, for the sentence.
        source: The repository's id.
        files: Patterns of the files that are needed.
        weights: Those that a finished download has and one with the configuration alone lacks.

    Raises:
        SegmenterUnavailable: If the repository is neither in the cache nor can be downloaded.
    """
    from huggingface_hub import HfApi, snapshot_download

    try:
        if (folder := _cached(source, weights)) is not None:
            return folder
        HfApi().model_info(source, timeout=HUB_TIMEOUT)
        return Path(snapshot_download(source, allow_patterns=list(files), etag_timeout=HUB_TIMEOUT))
    except Exception as error:  # no network, no such repository, no room on the disk, a name that is none
        raise SegmenterUnavailable(
            f"{name} is not on this machine and {source} cannot be downloaded; "
            "choose GrabCut, or give a local folder that holds its weights."
        ) from error


def cannot_be_loaded(name: str, source: object, error: Exception) -> SegmenterUnavailable:
    """Make the error for weights that are there but cannot be used."""
    reason = str(error).strip().split("\n")[0].split(". ")[0].rstrip(". ")
    return SegmenterUnavailable(
        f"{name} cannot be loaded from {source} ({type(error).__name__}: {reason}); "
        "choose GrabCut, or give another folder."
    )


def _cached(source: str, weights: Sequence[str]) -> Path | None:
    """Return a hub repository's folder in this machine's cache, if its weights are there."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(source, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if any(path for pattern in weights for path in folder.glob(pattern)) else None
