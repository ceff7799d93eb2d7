"""The gate for addresses: a demo for this machine alone answers only requests that name this machine.

Another site may point its own name at 127.0.0.1 (DNS rebinding). The browser then takes the demo for a part of that
site and lets the site read it; the name in the Host header gives it away.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import gradio as gr
from gradio import utils
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

REFUSED = (
    "This demo answers only at localhost and 127.0.0.1. For another name set GRADIO_SERVER_NAME; "
    "behind a proxy set GRADIO_ROOT_PATH to the demo's address.\n"
)


class LocalHosts:
    """ASGI middleware that refuses other Host headers where `is_for_this_machine` holds, on every route."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with status 400."""
        answer = self.app
        if scope["type"] in ("http", "websocket") and is_for_this_machine(scope["app"].get_blocks()):
            if not names_this_machine(Headers(scope=scope).get("host", "")):
                answer = PlainTextResponse(REFUSED, status_code=400)
        await answer(scope, receive, send)


def is_for_this_machine(page: gr.Blocks) -> bool:
    """Tell whether a launched page is meant for this machine alone, which is the default.

    It is not if it is shared, runs on a Space or in a hosted notebook, has another server name, or has a root path,
    which says that it is behind a proxy.
    """
    hosted = page.space_id or utils.colab_check() or utils.is_hosted_notebook()
    # While it starts, a page has no server name yet.
    return not (page.share or page.root_path or hosted) and names_this_machine(
        getattr(page, "server_name", "localhost")
    )


def names_this_machine(host: str) -> bool:
    """Tell whether "name" or "name:port" is localhost or a loopback address."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
