"""The photo to ask about: click on a pixel or drag over a patch, by mouse, pen or finger.

Gradio's image tells clicks alone; this one tells the two corners of a drag, as shares of the photo's width and height.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from matting.app.parts import served_files
from matting.app.parts.drags import FOLLOW_DRAGS, read_corners
from matting.app.parts.drawing import shrink
from matting.app.session.stages import Photo
from matting.coarse import Box

SHOWN_SIDE = 1024
MOST_PIXELS = 512 * 512
"""Pixels of the largest patch; the attention of each is computed."""

TEMPLATE = """
<div class="asked" role="img" aria-label="The photo to ask about: click on a pixel or drag over a patch.">
  ${value ? `<img src="${value}" alt="">` : ""}
</div>
"""

ASK = """
followDrags({
  pictureAt: (target) => element.contains(target) && target.closest(".asked img"),
  host: ".asked",
  framed: () => true,
  released: ({ box, end, moved }) => trigger("select", { box: moved < 4 ? [...end, ...end] : box }),
});
"""


def patch_picker(elem_id: str) -> gr.HTML:
    """Return the component; its `select` event carries `box`, which `read_box` reads."""
    return gr.HTML(html_template=TEMPLATE, js_on_load=FOLLOW_DRAGS + ASK, elem_id=elem_id)


def show(image: np.ndarray) -> str:
    """Return what the component shows of an RGB picture, uint8 (H, W, 3): an address that holds the picture itself."""
    return served_files.inline(shrink(image, side=SHOWN_SIDE))


def read_box(shares: Any, photo: Photo) -> Box:
    """Turn the two corners of a patch, as shares of width and height, into whole pixels of the photo, at least one.

    Raises:
        ValueError: where they are no such corners, or the patch is too large.
    """
    box = read_corners(shares, photo.size)
    if (box[2] - box[0]) * (box[3] - box[1]) > MOST_PIXELS:
        raise ValueError("This patch is too large to follow each of its pixels; drag over a smaller one.")
    return box
