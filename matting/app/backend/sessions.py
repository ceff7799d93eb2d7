"""Whose work the server holds: kept by bytes and by client, so that nobody's many visits push out the others' work."""

from __future__ import annotations

from typing import Any

from gradio.state_holder import StateHolder

from matting.app.backend.held import Ledger, memory_for_work, size_of
from matting.app.backend.uploads import GatedBlocks

SESSIONS = 96
"""Visits that are remembered; of more than that, those without work are forgotten first."""

MOST_OWNERS = 10_000
NOBODY = "past the queue"


class HeldBlocks(GatedBlocks):
    """A page whose visitors' states give way by bytes and by client instead of by number."""

    def __init__(self, *given: Any, **options: Any) -> None:
        """Build a page as `gr.Blocks` does."""
        self.owners: dict[str, str] = {}  # the client of each session, as `share_lines` has seen it
        super().__init__(*given, **options)

    @property
    def state_holder(self) -> StateHolder:
        """Gradio's holder of the visitors' states, which comes when the page is served."""
        return self._holder

    @state_holder.setter
    def state_holder(self, holder: StateHolder) -> None:
        self._holder = holder
        ledger = Ledger(memory_for_work(), SESSIONS)

        def update(session: str) -> None:
            with holder.lock:
                if state := holder.session_data.get(session):
                    ledger.use(session, self.owners.get(session, NOBODY), size_of(*list(state.state_data.values())))
                for gone in ledger.excess():
                    holder.session_data.pop(gone, None)
                    holder.time_last_used.pop(gone, None)
                    self.owners.pop(gone, None)

        holder.update = update

    def owns(self, session: str | None, client: str) -> None:
        """Note whose a session is."""
        if session:
            self.owners[session] = client
            while len(self.owners) > MOST_OWNERS:
                self.owners.pop(next(iter(self.owners)))
