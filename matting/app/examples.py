"""The example photos that ship with the project, in the order in which they are offered."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "examples"


def captioned() -> list[tuple[str, str]]:
    """Return (path, caption) of each example photo by name; empty where the photos were not installed."""
    return [(str(path), path.stem.replace("-", " ").capitalize()) for path in sorted(FOLDER.glob("*.jpg"))]
