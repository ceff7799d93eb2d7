"""Stage 1's other ways to a mask: a file of one's own, paint over the photo, tools that change what was found."""

from __future__ import annotations

from collections.abc import Callable

from matting.app.parts.messages import Update, forgiving, line, notify
from matting.app.pick.listeners import Picks, what_to_do_next
from matting.app.pick.scribbles import clicks_of
from matting.app.session.stages import Clicks, Photo, Selection
from matting.app.session.trimap_edit import EditorValue, TrimapEdit, painted_layer, read_strokes
from matting.images import read_mask
from matting.trimaps.algebra import object_size

NOTHING_SCRIBBLED = "Nothing is scribbled yet; draw a line in green through what you want to keep first."
NOTHING_TO_CHANGE = "Nothing is picked yet; click on something first, and then change its mask."


class OwnMasks:
    """Listeners beside clicking; every method returns the components that change."""

    def __init__(self, picks: Picks) -> None:
        """Bind the listeners to stage 1."""
        self.picks, self.states, self.stage = picks, picks.states, picks.stage

    @forgiving
    def take_mask(self, path: str, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Take in a person's own mask file."""
        if photo is None:
            raise ValueError("Choose a photo first; a mask has to fit one.")
        mask, notices = read_mask(path, photo.size)
        notify(notices)
        return {self.states.clicks: Clicks()} | self.picks.show_selection(photo, Clicks(), Selection.own(mask), trimap)

    @forgiving
    def take_painted(self, value: EditorValue, photo: Photo | None, trimap: TrimapEdit | None) -> Update:
        """Take what was painted over the photo as the mask, and show it."""
        _, painted = read_strokes(painted_layer(value), photo.size if photo else (2, 2))
        if photo is None or not painted.any():
            raise ValueError("Nothing is painted yet; paint over what you want to keep first.")
        own = self.picks.show_selection(photo, Clicks(), Selection.own(painted), trimap)
        return {self.states.clicks: Clicks()} | self.picks.show_tools(None) | own

    @forgiving
    def take_scribbles(
        self, value: EditorValue, photo: Photo | None, clicks: Clicks, selection: Selection | None
    ) -> Update:
        """Take scribbles over the photo as clicks on what they lie on; `segment` follows."""
        found = clicks_of(*read_strokes(painted_layer(value), photo.size)) if photo else []
        if photo is None or not found:
            raise ValueError(NOTHING_SCRIBBLED)
        for click in found:
            clicks = clicks.add(click)
        return self.picks.show_tools(None) | self.picks.show_clicks(photo, clicks, selection)

    @forgiving
    def pick_by(self, select_by: str, photo: Photo | None, clicks: Clicks, selection: Selection | None) -> Update:
        """Change between clicking and painting."""
        tools = self.picks.show_tools(photo if select_by == "paint" else None)
        return {self.stage.say: line(what_to_do_next(photo, clicks, selection))} | tools

    def tool_listener(self, name: str) -> Callable[..., Update]:
        """Return the listener that applies one of `masks.TOOLS` to the chosen mask."""

        @forgiving
        def change_mask(
            percent: float,
            photo: Photo | None,
            clicks: Clicks,
            selection: Selection | None,
            trimap: TrimapEdit | None,
        ) -> Update:
            if photo is None or selection is None:
                raise ValueError(NOTHING_TO_CHANGE)
            pixels = max(1.0, percent / 100 * object_size(selection.mask)) if name in ("grow", "shrink") else 0.0
            return self.picks.show_selection(photo, clicks, selection.apply(name, pixels), trimap)

        return change_mask
