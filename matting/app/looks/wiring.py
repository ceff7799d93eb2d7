"""Which listener of the closer looks hears which component."""

from __future__ import annotations

from typing import Any

from matting.app.components import Page
from matting.app.looks.layout import ClosedLooks
from matting.app.looks.listeners import CloserLooks
from matting.app.parts.queues import HEAVY, QUICK


def connect_looks(page: Page, closer: CloserLooks) -> None:
    """Attach the accordions of the closer looks."""
    states, looks = page.states, page.result.looks
    matte = [states.photo, states.matte]
    looks.fringe_accordion.expand(closer.inspect, matte, [looks.fringe], **QUICK)
    page.result.alpha.select(closer.inspect_at, matte, [looks.fringe, looks.fringe_accordion], **QUICK)
    looks.look_accordion.expand(closer.offer_photo, [states.photo], [looks.asked_photo], **QUICK)
    looks.asked_photo.select(
        closer.look,
        [states.photo, states.trimap],
        [looks.asked_photo, looks.maps, looks.scale, looks.look_say],
        show_progress_on=looks.asked_photo,
        trigger_mode="always_last",
        **HEAVY,
    )
    looks.truth.upload(closer.score, [looks.truth, *matte], [looks.scores, looks.errors, looks.score_say], **QUICK)


def shown_for_one_matte(looks: ClosedLooks) -> list[Any]:
    """Return what belongs to one matte alone."""
    return [
        looks.fringe, looks.fringe_accordion, looks.maps, looks.scale, looks.asked_photo, looks.look_accordion,
        looks.look_say, looks.scores, looks.errors, looks.score_say,
    ]  # fmt: skip
