"""Where methods are wrong: error maps of several methods on one scale."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from matting.figures.palette import HEAT
from matting.figures.pictures import draw_picture

if TYPE_CHECKING:
    from matting.evaluation.comparison import Comparison

Cut = tuple[slice, slice]
WHOLE: Cut = (slice(None), slice(None))


def show_errors(results: Comparison, photo: str, part: Cut = WHOLE, width: float = 1.9) -> None:
    """Show a photo and its true alpha, and below them each method's alpha and error, black for 0 and bright for 1.

    Args:
        results: what `evaluate` found.
        photo: the photo's name.
        part: rows and columns to show; by default all.
        width: of one picture, in inches.
    """
    import matplotlib.pyplot as plt

    shown = results.photos[photo]
    methods = [method for method in results.scores if photo in results.scores[method]]
    ratio = np.divide(*shown.truth[part].shape)
    size = (width * (1 + len(methods)), 2 * (width * ratio + 0.25))
    above, below = plt.subplots(2, 1 + len(methods), figsize=size, squeeze=False, layout="constrained")[1]
    draw_picture(above[0], shown.image[part], photo)
    draw_picture(below[0], shown.truth[part], "true alpha")
    for first, second, method in zip(above[1:], below[1:], methods, strict=True):
        draw_picture(first, results.alpha(method, photo)[part], method)
        sad = results.scores[method][photo].sad
        draw_picture(second, results.error(method, photo)[part], f"error, SAD {sad:.2f}", scale=HEAT)
