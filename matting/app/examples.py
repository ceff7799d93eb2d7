"""The example photos that ship with the project, in the order in which they are offered."""

from __future__ import annotations

from pathlib import Path

from matting.app.session import Click, Clicks

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "examples"

STARTS = {
    "osprey": (
        Click(468, 178, "corner"),
        Click(732, 762, "corner"),
        Click(640, 214, "keep"),
        Click(528, 716, "keep"),
    ),
}
"""What is clicked already, in pixels, where a newcomer's one click would find something else."""


def captioned() -> list[tuple[str, str]]:
    """Return (path, caption) of each example photo by name; empty where the photos were not installed."""
    return [(str(path), path.stem.replace("-", " ").capitalize()) for path in sorted(FOLDER.glob("*.jpg"))]


def first_clicks(name: str) -> Clicks:
    """Return what is clicked already when an example opens."""
    return Clicks(STARTS.get(name, ()))
