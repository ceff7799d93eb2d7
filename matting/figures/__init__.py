"""Figures for notebooks: pictures side by side, a batch of samples, curves; one palette for them and the page.

Each function draws with pyplot, so a notebook shows its figure at the end of the cell and a script saves or shows it.
Matplotlib is loaded when the first figure is drawn.
"""

from matting.figures.attention import show_attention, show_shares
from matting.figures.curves import draw_curve, show_curves
from matting.figures.errors import show_errors
from matting.figures.palette import COLOURS, HEAT, SIGNED, beside_even, coloured_trimap, heat_map
from matting.figures.picking import pick_place
from matting.figures.pictures import picture_of, show, show_batch, show_rows

__all__ = [
    "COLOURS",
    "HEAT",
    "SIGNED",
    "beside_even",
    "coloured_trimap",
    "draw_curve",
    "heat_map",
    "pick_place",
    "picture_of",
    "show",
    "show_attention",
    "show_batch",
    "show_curves",
    "show_errors",
    "show_rows",
    "show_shares",
]
