"""Who waits where: every line of jobs has an end, each client has a share of it, and clients take turns.

A line is what Gradio calls a concurrency id: `gpu` for what runs the large networks, `clicks` for answers to clicks.
A line that is full leaves the others open, and one client who fills a share of it leaves the rest to the others.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import fastapi
import gradio as gr
from gradio.queueing import Event, EventQueue

from matting.app.backend.sessions import HeldBlocks
from matting.inference.progress import StoppedError

LONGEST = 32
"""Jobs that may wait in one line."""

SHARE = 8
"""Of these, jobs of one client."""

FULL = "Too many people are waiting here just now; try again in a minute."
YOURS = f"You have {SHARE} jobs waiting here already; wait for one of them, then go on."


def share_lines(page: HeldBlocks) -> HeldBlocks:
    """Let a page's queue keep to `LONGEST` and `SHARE`, and let each client's next job wait behind the others' next."""
    queue = page._queue
    push = queue.push

    async def push_fairly(body: Any, request: fastapi.Request, username: str | None) -> tuple[bool, Any, str]:
        client = client_of(page, request)
        page.owns(body.session_hash, client)
        listener = page.fns.get(body.fn_index)
        line = queue.event_queue_per_concurrency_id.get(listener.concurrency_id) if listener else None
        if refused := line and _refusal(clients_in(line), client):
            return False, refused, "queue_full"
        answer = await push(body, request, username)
        if line:
            line.queue[:] = in_turns(line.queue, clients_in(line))
        return answer

    def clients_in(line: EventQueue) -> list[str]:
        return [client_of(page, event.request) for event in line.queue]

    queue.push = push_fairly
    return page


def stop_if_left(page: gr.Blocks, request: gr.Request | None) -> None:
    """Stop the work for a request whose client has closed its connection since: Gradio lets what runs run on.

    Raises:
        StoppedError: If it has. One who never listened may still come, so their work goes on.
    """
    if request is not None and any(not job.alive and job.session_hash == request.session_hash for job in running(page)):
        raise StoppedError


def running(page: gr.Blocks) -> list[Event]:
    """Return the jobs that run just now."""
    return [job for jobs in page._queue.active_jobs for job in jobs or ()]


def client_of(page: gr.Blocks, request: fastapi.Request) -> str:
    """Name a client by its address: the one that the proxy in front saw, where there is one, as on a Space."""
    forwarded = request.headers.get("x-forwarded-for", "") if page.space_id or page.root_path else ""
    nearest = forwarded.rpartition(",")[2].strip()
    return nearest or (request.client.host if request.client else "")


def in_turns(jobs: list[Any], clients: list[str]) -> list[Any]:
    """Order jobs so that each client's first comes before anyone's second, and so on; else first come, first served."""
    before: Counter[str] = Counter()
    turns = []
    for client in clients:
        turns.append(before[client])
        before[client] += 1
    return [jobs[index] for index in sorted(range(len(jobs)), key=turns.__getitem__)]


def _refusal(clients: list[str], client: str) -> str | None:
    if clients.count(client) >= SHARE:
        return YOURS
    return FULL if len(clients) >= LONGEST else None
