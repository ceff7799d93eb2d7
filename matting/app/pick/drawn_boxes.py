"""A box drawn over the photo by a drag."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from matting.app.parts.drags import FOLLOW_DRAGS, KEEP_PICTURES, MOVE_POINTS

SCRIPTS = "".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("keyboard.js", "zoom.js", "in_view.js")
)
"""JavaScript that clicks on the photo by keyboard, zooms in it, and brings the cutout into view after a click."""

DRAW_BOXES = """
let drawn = false;
const boxIsChosen = () => document.querySelector("#click-kind input:checked")?.value === "corner";
followDrags({
  pictureAt: (target) => target.closest?.("#photo .image-frame img"),
  host: "#photo",
  framed: (touched) => !touched || boxIsChosen(),  // a finger scrolls unless it was told to draw
  released: ({ box, moved, touched }) => {
    drawn = moved >= (touched ? 16 : 8) && (!touched || boxIsChosen());  // less is the shake of a click
    if (drawn) trigger("select", { box });
  },
});
document.addEventListener("pointerdown", () => { drawn = false; }, true);
// A browser ends a drag with a click, which would be one of the photo's; a click by keyboard has no `detail`.
document.addEventListener("click", (event) => {
  if (drawn && event.detail) event.stopImmediatePropagation();
  drawn = false;
}, true);
"""


def drawn_boxes() -> gr.HTML:
    """Return the component, seen by nobody, that guards the page's pictures and lets boxes and keys pick in the photo.

    Its `select` event carries `box`, two corners as shares of the photo's width and height, which
    `drags.read_corners` reads.
    """
    return gr.HTML(
        js_on_load=FOLLOW_DRAGS + MOVE_POINTS + DRAW_BOXES + KEEP_PICTURES + SCRIPTS,
        elem_id="drawn-boxes",
        visible="hidden",
    )
