"""The edited trimap: brush strokes become exact values, and every step can be undone.

The editor shows the tinted photo as its background and an empty layer to paint on. Only that layer is read,
RGBA at the shown size; its brush is anti-aliased, so each pixel takes the value of the nearest brush colour.
"""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from matting.app.parts.drawing import shrink
from matting.app.session.stages import Selection, new_stamp
from matting.images import drop_transparent
from matting.trimaps.algebra import (
    PALETTE,
    from_probabilities,
    merge_strokes,
    to_one_hot,
)
from matting.trimaps.editing import keep_promises, uncertainty

EditorValue = dict[str, Any] | None
"""What gr.ImageEditor sends: its background, its layers and both together."""

KEPT_UNDO_STEPS = 30


def painted_layer(value: EditorValue) -> np.ndarray | None:
    """Return the layer that was painted on, RGBA uint8 (h, w, 4), or None if there is none."""
    return value["layers"][0] if value and value["layers"] else None


def is_painted(value: EditorValue) -> bool:
    """Tell whether strokes wait in the editor."""
    layer = painted_layer(value)
    return layer is not None and bool((layer[:, :, 3] >= 128).any())


def read_strokes(layer: np.ndarray | None, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Turn the editor's layer into strokes at the photo's size.

    Args:
        layer: RGBA, uint8 (h, w, 4), or None for nothing. Under alpha 128 a pixel counts as empty.
        size: Height and width of the photo.

    Returns:
        The painted values, uint8 (H, W) in {0, 128, 255}, and booleans (H, W), true where painted.

    Raises:
        ValueError: If the layer has not the photo's proportions.
    """
    if layer is None:
        return np.zeros(size, np.uint8), np.zeros(size, bool)
    height, width = layer.shape[:2]
    if abs(height * size[1] - width * size[0]) > max(*size, height, width):
        raise ValueError(
            f"The strokes are {width}x{height} pixels and do not fit the photo of {size[1]}x{size[0]}; "
            "reload the page and paint again."
        )
    painted = layer[:, :, 3] >= 128
    names = np.array(list(PALETTE), np.uint8)
    colours = np.array(list(PALETTE.values()), np.int32)
    distance = ((layer[painted][:, None, :3].astype(np.int32) - colours) ** 2).sum(axis=2)
    strokes = np.zeros((height, width), np.uint8)
    strokes[painted] = names[distance.argmin(axis=1)]
    enlarge = (size[1], size[0])
    return (
        cv2.resize(strokes, enlarge, interpolation=cv2.INTER_NEAREST),
        cv2.resize(painted.astype(np.uint8), enlarge, interpolation=cv2.INTER_NEAREST).astype(bool),
    )


@dataclass(frozen=True, eq=False)
class TrimapEdit:
    """A trimap at the photo's size, uint8 (H, W), its original, and the steps to undo and redo.

    `selection` is what TGN made it from, or None for the visitor's own trimap. `painted` marks what was painted by
    hand, which no fusion may change. `uncertain` is TGN's uncertainty, uint8 at the size that is shown, if it made the
    trimap; `past` and `ahead` are what undo and redo bring back, and `times` tells when a visitor made these edits,
    oldest first; earlier trimaps of the past have none. `brushed` is the number of the last stroke with the brush on
    the cutout, 0 where there was none; such a trimap's matte follows by itself.
    """

    values: np.ndarray
    original: np.ndarray
    painted: np.ndarray
    selection: Selection | None
    uncertain: np.ndarray | None = None
    past: tuple[bytes, ...] = ()
    ahead: tuple[bytes, ...] = ()
    stamp: str = field(default_factory=new_stamp)
    times: tuple[float, ...] = ()
    brushed: int = 0

    @classmethod
    def of_network(
        cls,
        values: np.ndarray,
        selection: Selection,
        before: TrimapEdit | None,
        uncertain: np.ndarray | None = None,
    ) -> TrimapEdit:
        """Begin with TGN's trimap of a selection; the trimap before stays reachable by undo."""
        nothing, past = np.zeros(values.shape, bool), _past_of(before, values.shape)
        return cls(values, values, nothing, selection, uncertain, past)

    @classmethod
    def of_probabilities(cls, probabilities: np.ndarray, selection: Selection, before: TrimapEdit | None) -> TrimapEdit:
        """Begin with the most probable trimap of TGN's probabilities, float32 (H, W, 3), held to the clicks.

        What the clicks change is an edit: undo takes it back, and recipes tell it.
        """
        unsure = np.rint(shrink(uncertainty(probabilities)) * 255).astype(np.uint8)
        edit = cls.of_network(from_probabilities(probabilities), selection, before, unsure)
        if selection.asked is None:
            return edit
        clicks, _ = selection.asked
        kept = keep_promises(edit.values, selection.mask, clicks.points, clicks.box, probabilities)
        changed = kept != edit.values
        return replace(edit.paint(kept, changed), times=()) if changed.any() else edit

    def without(self, opacity: np.ndarray | None) -> TrimapEdit:
        """Drop what is wholly transparent, by the photo's opacity, uint8 (H, W); an edit as that of clicks is."""
        kept = drop_transparent(self.values, opacity)
        changed = kept != self.values
        return replace(self.paint(kept, changed), times=()) if changed.any() else self

    @classmethod
    def own(cls, values: np.ndarray, before: TrimapEdit | None) -> TrimapEdit:
        """Begin with the visitor's own trimap."""
        past = _past_of(before, values.shape)
        times = (time.monotonic(),) if past else ()
        return cls(values, values, np.ones(values.shape, bool), None, past=past, times=times)

    def paint(self, strokes: np.ndarray, painted: np.ndarray) -> TrimapEdit:
        """Merge strokes, uint8 (H, W), where `painted` holds."""
        return self._step(merge_strokes(self.values, strokes, painted), self.painted | painted)

    def mend(self, value: int, covers: np.ndarray, number: int) -> TrimapEdit:
        """Take a stroke on the cutout: one value where `covers`, booleans (H, W), holds."""
        return replace(self.paint(np.full(covers.shape, value, np.uint8), covers), brushed=number)

    def change(self, values: np.ndarray) -> TrimapEdit:
        """Take a changed trimap, widened or narrowed."""
        return self._step(values, self.painted)

    def reset(self) -> TrimapEdit:
        """Go back to how the trimap began; undo brings the edits back."""
        return self._step(self.original, np.full_like(self.painted, self.selection is None))

    def undo(self) -> TrimapEdit:
        """Undo the last step; without any the trimap stays as it is."""
        if not self.past:
            return self
        ahead = (*self.ahead, _pack(self.values, self.painted))
        return self._unpacked(self.past[-1], self.past[:-1], ahead)

    def redo(self) -> TrimapEdit:
        """Redo the last undone step; without any the trimap stays as it is."""
        if not self.ahead:
            return self
        past = (*self.past, _pack(self.values, self.painted))
        return self._unpacked(self.ahead[-1], past, self.ahead[:-1])

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Return TGN's probabilities, (H, W, 3), with everything that a person decided as one-hot rows."""
        decided = self.painted | (self.values != self.original)
        return np.where(decided[:, :, None], to_one_hot(self.values), probabilities)

    def _step(self, values: np.ndarray, painted: np.ndarray) -> TrimapEdit:
        past = (*self.past, _pack(self.values, self.painted))[-KEPT_UNDO_STEPS:]
        times = (*self._made, time.monotonic())
        return replace(self, values=values, painted=painted, past=past, ahead=(), stamp=new_stamp(), times=times)

    @property
    def edited(self) -> float | None:
        """When the last edit was made that undo takes back; None if a visitor made none."""
        return self._made[-1] if self._made and self.past else None

    @property
    def undone(self) -> float | None:
        """When the edit was made that redo brings back; None if there is none."""
        left = len(self.times) - len(self.ahead)
        return self.times[left] if self.ahead and left >= 0 else None

    @property
    def _made(self) -> tuple[float, ...]:
        return self.times[: max(0, len(self.times) - len(self.ahead))]

    def _unpacked(self, packed: bytes, past: tuple[bytes, ...], ahead: tuple[bytes, ...]) -> TrimapEdit:
        values, painted = _unpack(packed, self.values.shape)
        return replace(self, values=values, painted=painted, past=past, ahead=ahead, stamp=new_stamp())


def _past_of(before: TrimapEdit | None, shape: tuple[int, ...]) -> tuple[bytes, ...]:
    if before is None or before.values.shape != shape:
        return ()
    return (*before.past, _pack(before.values, before.painted))[-KEPT_UNDO_STEPS:]


def _pack(values: np.ndarray, painted: np.ndarray) -> bytes:
    """Squeeze a trimap and its painted mask into the lowest bit; 0, 128 and 254 tell the regions apart."""
    return zlib.compress(((values & 0xFE) | painted).tobytes(), level=1)


def _unpack(packed: bytes, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    codes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)
    values = codes & 0xFE
    return np.where(values == 254, 255, values).astype(np.uint8), (codes & 1).astype(bool)
