"""What the pipeline answers: the matte, and everything that led to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from matting import compositing


@dataclass(frozen=True, eq=False)
class MattingResult:
    """A matte at the photo's own size.

    Attributes:
        image: the photo, uint8 (H, W, 3) RGB.
        alpha: float32 (H, W) in [0, 1].
        trimap: uint8 (H, W) in {0, 128, 255}.
        trimap_probabilities: float32 (H, W, 3) for background, unknown, foreground, where TGN made the trimap.
        coarse_mask: float32 (H, W) in [0, 1], where there was one.
        notices: what was done to the input on the way, one sentence each.
    """

    image: np.ndarray
    alpha: np.ndarray
    trimap: np.ndarray
    trimap_probabilities: np.ndarray | None = None
    coarse_mask: np.ndarray | None = None
    notices: tuple[str, ...] = field(default=())

    @cached_property
    def foreground(self) -> np.ndarray:
        """Estimated colours of the object alone, uint8 (H, W, 3): no fringe of the old background."""
        return compositing.estimate_foreground(self.image, self.alpha)

    @cached_property
    def cutout(self) -> Image.Image:
        """The object on transparency, RGBA; where nothing shows there are no colours, so that files are small."""
        shown = np.rint(self.alpha * 255) > 0
        return compositing.cutout(self.foreground * shown[..., None].astype(np.uint8), self.alpha)
