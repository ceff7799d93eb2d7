"""The page's closed accordions: what a newcomer need not see, each under a name that says what it is for."""

from __future__ import annotations

import gradio as gr

from matting.app.page import MaskTools

MASK_TOOLS = {
    "grow": "Grow",
    "shrink": "Shrink",
    "keep largest": "Largest part only",
    "fill holes": "Fill holes",
    "invert": "Swap in and out",
}
"""What the buttons say, by the tools' names in `masks.TOOLS`."""


def lay_out_mask_tools() -> MaskTools:
    """Lay out stage 1's tools for a mask that was found."""
    with gr.Accordion("Change this mask", open=False, elem_id="mask-tools"):
        percent = gr.Slider(
            0.5, 10, value=2, step=0.5, label="Grow or shrink by % of it", elem_id="mask-percent", buttons=[]
        )
        buttons = {}
        for pair in (("shrink", "grow"), ("keep largest", "fill holes"), ("invert",)):
            with gr.Row(elem_classes="pair"):
                for name in pair:
                    elem_id = f"mask-{name.replace(' ', '-')}"
                    buttons[name] = gr.Button(MASK_TOOLS[name], elem_id=elem_id, size="sm", min_width=90)
    return MaskTools(percent, buttons)
