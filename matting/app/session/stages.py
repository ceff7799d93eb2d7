"""A visitor's work so far, stage by stage, as frozen objects that live in gr.State.

Each stage has a state of its own, so that a slow computation that ends late cannot overwrite a newer click. A
`stamp` names a stage's content; the next stage remembers the stamp that it was made from, and is stale when
the two differ.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Literal

import numpy as np

from matting import masks
from matting.app.parts.drawing import shrink
from matting.coarse import Box, Prompts, knows_names
from matting.images import Along, Carried, carried

Kind = Literal["keep", "remove", "corner", "words"]
Tool = tuple[str, float]


def new_stamp() -> str:
    """Return a name that no other content has."""
    return uuid.uuid4().hex


@dataclass(frozen=True, eq=False)
class Photo:
    """The clean photo, uint8 (H, W, 3), and the copy that is shown; nothing is ever drawn on either.

    `name` is its file's name without the ending, `file` the whole name. `gone` is set while another photo is on the
    page; what is still computed for this one is of no use then. `source` is the file that it was read from, `opened`
    the time of that, `told` what that file says beside its pixels, as far as that goes `along`. `opacity`, uint8
    (H, W), is how opaque the file was, None where all of it was.
    """

    image: np.ndarray
    proxy: np.ndarray
    name: str
    file: str = "photo.jpg"
    stamp: str = field(default_factory=new_stamp)
    gone: Event = field(default_factory=Event, repr=False)
    source: str = ""
    opened: float = field(default_factory=time.monotonic)
    told: Carried = field(default_factory=Carried)
    along: Along = "all but the place"
    opacity: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        image: np.ndarray,
        name: str,
        file: str = "photo.jpg",
        source: str = "",
        opacity: np.ndarray | None = None,
    ) -> Photo:
        """Take a photo in, by its file's names."""
        photo = cls(image, shrink(image), name, file, source=source, opacity=opacity)
        return photo.telling(photo.along)

    def telling(self, along: Along) -> Photo:
        """Return it with what goes along; where its file is gone, it tells nothing beside its pixels."""
        told = carried(self.source, along) if Path(self.source).is_file() else Carried()
        return replace(self, along=along, told=told)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.image.shape[:2]

    def to_photo(self, x: float, y: float) -> tuple[float, float]:
        """Turn a pixel of the shown copy into the photo's coordinates, whose (0, 0) is a corner."""
        height, width = self.size
        shown_height, shown_width = self.proxy.shape[:2]
        return (x + 0.5) * width / shown_width, (y + 0.5) * height / shown_height

    def to_proxy(self, x: float, y: float) -> tuple[float, float]:
        """Turn the photo's coordinates into a pixel of the shown copy, its centre a whole number."""
        height, width = self.size
        shown_height, shown_width = self.proxy.shape[:2]
        return x * shown_width / width - 0.5, y * shown_height / height - 0.5


@dataclass(frozen=True)
class Click:
    """One click in the photo's coordinates, or words that say what is meant; these are nowhere."""

    x: float
    y: float
    kind: Kind
    drawn: bool = False
    """Whether it ends a box that was drawn in one go, and undo takes both of its corners back at once."""
    at: float = field(default_factory=time.monotonic, compare=False)
    """When it was made: of all that a visitor did, the newest is undone first."""
    words: str = ""


@dataclass(frozen=True)
class Clicks:
    """All clicks in their order; of the box corners the last two count, and an odd one waits for its partner.

    Of words the last count.

    Undone clicks are kept for redo and do not count in comparisons. `example` names the example photo that they shipped
    with, until somebody clicks.
    """

    trail: tuple[Click, ...] = ()
    undone: tuple[Click, ...] = field(default=(), compare=False)
    example: str = field(default="", compare=False)

    def add(self, click: Click) -> Clicks:
        """Return the clicks with one more; undone clicks are forgotten.

        Shipped clicks give way to a visitor's first one, unless it only drops a part of the selection.
        """
        anew = self.example and click.kind != "remove"
        return Clicks((*(() if anew else self.trail), click))

    def draw(self, box: Box) -> Clicks:
        """Return the clicks with a box that was drawn in one go; a corner that waits for its partner is forgotten."""
        left, top, right, bottom = box
        trail = () if self.example else tuple(click for click in self.trail if click is not self.waiting)
        return Clicks((*trail, Click(left, top, "corner"), Click(right, bottom, "corner", drawn=True)))

    def undo(self) -> Clicks:
        """Return the clicks without the last one, or the last box that was drawn."""
        count = 2 if self.trail and self.trail[-1].drawn else 1
        return Clicks(self.trail[:-count], (*self.undone, *reversed(self.trail[-count:])))

    def redo(self) -> Clicks:
        """Return the clicks with the last undone one."""
        count = 2 if len(self.undone) > 1 and self.undone[-2].drawn else 1
        return Clicks((*self.trail, *reversed(self.undone[-count:])), self.undone[:-count])

    @property
    def points(self) -> tuple[tuple[float, float, int], ...]:
        """The points as (x, y, 1 = keep or 0 = remove)."""
        return tuple(
            (click.x, click.y, int(click.kind == "keep")) for click in self.trail if click.kind in ("keep", "remove")
        )

    @property
    def waiting(self) -> Click | None:
        """The box corner that has no partner yet."""
        corners = self._corners
        return corners[-1] if len(corners) % 2 else None

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """The last finished box as (x0, y0, x1, y1)."""
        corners = self._corners[: len(self._corners) // 2 * 2]
        if not corners:
            return None
        first, second = corners[-2:]
        return (
            min(first.x, second.x),
            min(first.y, second.y),
            max(first.x, second.x),
            max(first.y, second.y),
        )

    @property
    def prompts(self) -> Prompts | None:
        """The prompts for a segmenter, or None if there are none yet."""
        prompts = Prompts(self.points, self.box, self.words)
        return None if prompts == Prompts() else prompts

    @property
    def words(self) -> str:
        """What was said last; nothing if that was empty."""
        said = [click.words for click in self.trail if click.kind == "words"]
        return said[-1] if said else ""

    def prompts_for(self, segmenter: str) -> Prompts | None:
        """The prompts that a segmenter understands: without words where it knows no names."""
        if knows_names(segmenter) or not self.words:
            return self.prompts
        return Clicks(tuple(click for click in self.trail if click.kind != "words")).prompts

    @property
    def _corners(self) -> list[Click]:
        return [click for click in self.trail if click.kind == "corner"]


@dataclass(frozen=True, eq=False)
class Selection:
    """Candidate coarse masks, uint8 (N, H, W), with their scores, the chosen one, and the tools applied to it.

    `tools` holds (name of `masks.TOOLS`, pixels) in their order, as recipes do; `undone` is for redo. `proposed` says
    that nobody has picked it yet: it is what stands out. `times` tells of each tool, those undone included, when it was
    used.
    """

    masks: np.ndarray
    scores: tuple[float, ...] = (1.0,)
    chosen: int = 0
    asked: tuple[Clicks, str] | None = None
    tools: tuple[Tool, ...] = ()
    undone: tuple[Tool, ...] = ()
    stamp: str = field(default_factory=new_stamp)
    proposed: bool = False
    times: tuple[float, ...] = ()

    @classmethod
    def of_masks(cls, masks: np.ndarray, scores: np.ndarray, asked: tuple[Clicks, str]) -> Selection:
        """Keep a segmenter's masks, float (N, H, W) in [0, 1], with the clicks and segmenter they answer."""
        return cls(np.rint(masks * 255).astype(np.uint8), tuple(float(score) for score in scores), 0, asked)

    @classmethod
    def own(cls, mask: np.ndarray) -> Selection:
        """Keep the visitor's own mask, float (H, W) in [0, 1]."""
        return cls(np.rint(mask * 255).astype(np.uint8)[None])

    def propose(self) -> Selection:
        """Return it as what nobody has picked yet."""
        return replace(self, proposed=True)

    def accept(self) -> Selection:
        """Return it as picked."""
        return replace(self, proposed=False, stamp=new_stamp())

    def choose(self, index: int) -> Selection:
        """Choose another candidate, as it came."""
        if not 0 <= index < len(self.masks):
            raise ValueError(f"There are {len(self.masks)} candidates to choose from, got number {index + 1}.")
        return Selection(self.masks, self.scores, index, self.asked)

    def apply(self, name: str, pixels: float = 0.0) -> Selection:
        """Change the chosen mask by one of `masks.TOOLS`."""
        times = (*self.times[: len(self.tools)], time.monotonic())
        return Selection(self.masks, self.scores, self.chosen, self.asked, (*self.tools, (name, pixels)), times=times)

    def undo(self) -> Selection:
        """Undo the last tool."""
        undone = (*self.undone, *self.tools[-1:])
        return Selection(self.masks, self.scores, self.chosen, self.asked, self.tools[:-1], undone, times=self.times)

    def redo(self) -> Selection:
        """Redo the last undone tool."""
        tools = (*self.tools, *self.undone[-1:])
        return Selection(self.masks, self.scores, self.chosen, self.asked, tools, self.undone[:-1], times=self.times)

    @property
    def empty(self) -> bool:
        """Whether nothing is selected at all."""
        return not (self.shown >= 128).any()

    @property
    def mask(self) -> np.ndarray:
        """The chosen coarse mask after every tool, float32 (H, W) in [0, 1]."""
        return self.shown.astype(np.float32) / 255

    @cached_property
    def shown(self) -> np.ndarray:
        """The same as uint8 (H, W); between any two tools it is rounded to that, as in a replay."""
        mask = self.masks[self.chosen]
        for name, pixels in self.tools:
            mask = np.rint(masks.TOOLS[name](mask.astype(np.float32) / 255, pixels) * 255).astype(np.uint8)
        return mask


@dataclass(frozen=True, eq=False)
class Matte:
    """A finished matte: its files, and small layers for the views of the new background.

    `brushed` is that of its trimap, `along` the photo's, `own_file` the matte that a visitor brought, before the brush
    changed it. `shown` is the cutout's alpha: the matte's and, where it stands on its shadow, that of `shadow_file`.
    """

    alpha_file: str
    cutout_file: str
    trimap_file: str
    foreground_file: str
    recipe_file: str | None
    foreground: np.ndarray
    alpha: np.ndarray
    shown: np.ndarray
    made_from: str
    brushed: int = 0
    own_file: str | None = None
    shadow_file: str | None = None
    along: Along = "all but the place"
