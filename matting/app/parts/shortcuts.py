"""Keys for what the page's buttons do, names for what screen readers would find without one, hold to compare."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

SCRIPTS = ("names.js", "shortcuts.js", "compare.js")


def shortcuts() -> gr.HTML:
    """Return the component, seen by nobody, that hears the keys and gives the names."""
    scripts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in SCRIPTS)
    return gr.HTML(js_on_load="\n".join(scripts), elem_id="shortcuts", visible="hidden")
