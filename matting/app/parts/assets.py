"""Pictures that ship with the project: example photos and backgrounds, by name."""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[3] / "assets"


def captioned(folder: str) -> list[tuple[str, str]]:
    """Return (path, caption) of each photo in a folder of the assets, by name; empty where it was not installed."""
    return [(str(path), path.stem.replace("-", " ").capitalize()) for path in sorted((ASSETS / folder).glob("*.jpg"))]
