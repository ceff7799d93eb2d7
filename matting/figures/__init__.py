"""Figures for notebooks: pictures side by side, a batch of samples, curves; one palette for all of them.

Each function draws with pyplot, so a notebook shows its figure at the end of the cell and a script saves or shows it.
"""

from matting.figures.curves import draw_curve, show_curves
from matting.figures.palette import COLOURS, coloured_trimap
from matting.figures.pictures import picture_of, show, show_batch, show_rows

__all__ = ["COLOURS", "coloured_trimap", "draw_curve", "picture_of", "show", "show_batch", "show_curves", "show_rows"]
