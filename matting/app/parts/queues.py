"""How listeners wait, and how the page moves on while they do.

What runs a network waits in one line, `gpu`, for all visitors.
"""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from matting.app.parts.messages import line

STATE_SECONDS = 7200
"""How long the server keeps what a visitor made after the last event of theirs."""

QUICK: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
HEAVY: dict[str, Any] = {"api_visibility": "private", "concurrency_id": "gpu", "concurrency_limit": 1}
CLICKING: dict[str, Any] = QUICK | {"concurrency_id": "clicks", "concurrency_limit": 1}


def move_on(button: gr.Button, stage: str, say: gr.HTML, text: str, stop: gr.Button | None = None) -> None:
    """Scroll to the next stage at once and say there what is being done, without asking the server.

    Where the work can be stopped, the button for that appears and the one that began it rests. A page calls a button's
    listeners one after the other, so this one has to be attached before the slow one.
    """
    busy = json.dumps(line(text, "busy"))
    shown, resting = '{__type__: "update", visible: true}', '{__type__: "update", interactive: false}'
    changes = busy if stop is None else f"[{busy}, {shown}, {resting}]"
    button.click(
        None,
        None,
        [say] if stop is None else [say, stop, button],
        js=f"() => {{ {scroll_to(stage)} return {changes}; }}",
        api_visibility="private",
    )


def scroll_to(stage: str) -> str:
    """Return JavaScript that brings a stage to the top, without motion for those who asked for none."""
    return f"""
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        const card = document.getElementById("{stage}");
        requestAnimationFrame(() => card.scrollIntoView({{ behavior: still ? "auto" : "smooth" }}));
    """
