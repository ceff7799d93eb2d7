"""The example photos that ship with the project, in the order in which they are offered."""

from __future__ import annotations

from matting.app.session import Click, Clicks

STARTS = {
    "osprey": (
        Click(468, 178, "corner"),
        Click(732, 762, "corner"),
        Click(640, 214, "keep"),
        Click(528, 716, "keep"),
    ),
}
"""What is clicked already, in pixels, where a newcomer's one click would find something else."""


def first_clicks(name: str) -> Clicks:
    """Return what is clicked already when an example opens."""
    return Clicks(STARTS.get(name, ()))
