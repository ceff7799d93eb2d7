"""A reload, or the way back to the page, brings the work back; every tab has its own."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import gradio as gr

from matting.app.backend.lines import client_of
from matting.app.components import Page
from matting.app.parts.messages import Update
from matting.app.parts.queues import QUICK
from matting.app.result.wiring import chosen_background
from matting.app.session.kept import KeptWork, new_key
from matting.app.session.stages import Clicks, Photo
from matting.app.step_back import StepBack, Work, shown_with_a_photo

RECALL = "(key, ...rest) => [sessionStorage.getItem('trimatte') ?? '', ...rest]"
REMEMBER = "(key) => { sessionStorage.setItem('trimatte', key); }"


class Reload:
    """The listeners that keep the work and find it again."""

    def __init__(self, page: Page, step_back: StepBack) -> None:
        """Bind the listeners to the one that shows a photo with all work on it."""
        self.states, self.key, self.step_back = page.states, page.key, step_back
        self.kept: KeptWork[Work] = KeptWork()

    def keep(self, request: gr.Request | None, key: str | None, freed: bool, photo: Photo | None, *made: Any) -> None:
        """Keep the work as it is now."""
        if key:
            self.kept.keep(key, None if photo is None else Work(freed, photo, *made), _client(request))

    def recall(self, request: gr.Request | None, key: str, select_by: str, freed: bool, *chosen: Any) -> Update:
        """Show the work that a tab's key finds; the tab gets a new key, since a copy of it has the same."""
        found, fresh = self.kept.find(key), new_key()
        given = {self.states.key: fresh, self.key: fresh}
        if found is None:
            return given
        self.kept.keep(fresh, found, _client(request))
        here = replace(found, photo=replace(found.photo, gone=Event()))
        nothing = None, Clicks(), None, None, None
        return self.step_back.bring_back(here, select_by, freed, None, *nothing, *chosen) | given


def _client(request: gr.Request | None) -> str:
    return client_of(request.request.app.get_blocks(), request.request) if request else ""


def connect_reload(page: Page, reload: Reload) -> Any:
    """Keep the work after every change; return the event after which it may be there again."""
    states = page.states
    gr.on(
        [state.change for state in states.made],
        reload.keep,
        [states.key, page.result.freed, *states.made],
        None,
        trigger_mode="always_last",
        **QUICK,
    )
    found = gr.context.Context.root_block.load(
        reload.recall,
        [page.key, page.pick.select_by, page.result.freed, *chosen_background(page)],
        [states.key, page.key, *shown_with_a_photo(page)],
        js=RECALL,
        **QUICK,
    )
    found.then(None, [page.key], None, js=REMEMBER, **QUICK)
    return found
