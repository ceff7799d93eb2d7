"""A photo that gives way to another one: what is still computed for it must not appear on the other."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from matting.app.parts.messages import Update
from matting.app.session.stages import Photo


def unless_gone(photo: Photo | None, work: Callable[[], Update]) -> Update:
    """Return what `work` on a photo returns, or nothing if another photo has come meanwhile."""
    update = work()
    return gr.skip() if photo is not None and photo.gone.is_set() else update
