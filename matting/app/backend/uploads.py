"""The gate for files: a path that a browser or a program sends must lie in the upload folder.

Gradio checks a path only where its value declares itself a file, and not for listeners with `preprocess=False`. Every
value of every call passes this gate before any listener sees it, so a listener may read any path that it gets.

Nobody can tell whose upload a file is: visitors are anonymous, and a file that is sent twice is stored once. A salted
hash of its content names its folder, so nobody can guess where another visitor's picture lies.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import utils

REFUSED = "Only files that were uploaded here can be used; upload this one and try again."
"""The answer for every file outside, so that nobody learns whether it exists."""

SERVED = re.compile(r"https?://[^?#]*?/gradio_api/file=(.+)")
"""The address at which a demo serves an upload, and its path: MCP clients name their uploads so."""


class GatedBlocks(gr.Blocks):
    """A page whose calls, of the queue and direct ones, private endpoints or public ones, pass the gate."""

    async def process_api(
        self, block_fn: Any, inputs: list[Any], *rest: Any, event_data: Any = None, **named: Any
    ) -> Any:
        """Check inputs and event data for files, and go on as Gradio does."""
        if self.mcp_server:
            name_uploads_by_path(inputs)
        check_files([inputs, getattr(event_data, "_data", None)])
        return await super().process_api(block_fn, inputs, *rest, event_data=event_data, **named)


def name_uploads_by_path(values: Any) -> None:
    """Name an upload by its path where it is named by the address at which it is served; nothing is fetched from there.

    `values` is changed in place; every other address stays, and `check_files` refuses it.
    """
    for file in _objects(values):
        address = file.get("path") or file.get("url")
        served = SERVED.fullmatch(address) if isinstance(address, str) else None
        if served and lies_in_uploads(served[1]):
            file["path"], file["url"] = served[1], None


def check_files(values: Any) -> None:
    """Refuse JSON values that name a file outside the folder of uploads, at whatever depth.

    A file is an object with a `path`, or with nothing but a `url` to fetch it from.

    Raises:
        gr.Error: the sentence REFUSED, whatever lies there.
    """
    for file in _objects(values):
        path, url = file.get("path"), file.get("url")
        if not (url is None if path is None else lies_in_uploads(path)):
            raise gr.Error(REFUSED, title="That did not work", print_exception=False)


def lies_in_uploads(path: Any) -> bool:
    """Tell whether a path as it was sent, links followed, lies within the folder of uploads.

    The disk is asked only about paths whose names lie there, so the time of a refusal reveals nothing.
    """
    folder = Path(os.path.abspath(utils.get_upload_folder()))
    real = Path(os.path.realpath(folder))
    if not isinstance(path, str) or not {folder, real} & {*Path(os.path.abspath(path)).parents}:
        return False
    try:
        return real in Path(os.path.realpath(path)).parents
    except ValueError:  # no file has such a name: a NUL, half a character
        return False


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object within values, however deep they are nested."""
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
