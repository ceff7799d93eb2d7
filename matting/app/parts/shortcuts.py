"""Keys for what the page's buttons do."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

SCRIPT = Path(__file__).with_suffix(".js")


def shortcuts() -> gr.HTML:
    """Return the component, seen by nobody, that hears the keys."""
    return gr.HTML(js_on_load=SCRIPT.read_text(encoding="utf-8"), elem_id="shortcuts", visible="hidden")
