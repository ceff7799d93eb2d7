"""The gate for files: a path that comes from a browser or a program has to lie in the folder of uploads.

Gradio checks paths only where a value says of itself that it is a file, and not before listeners with
`preprocess=False`. Here every value of every call passes, whoever listens, before anything looks at it. A listener
may therefore read any path that it is given.

Whose upload a file is cannot be told: visitors are not known, and the same file sent twice is kept once. Its folder is
named by a salted hash of its content, so that nobody can guess where another one's picture lies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import utils

REFUSED = "Only files that were uploaded here can be used; upload this one and try again."
"""What is said of every file elsewhere, so that nobody learns whether there is one."""


class GatedBlocks(gr.Blocks):
    """A page whose calls, of the queue and direct ones, private endpoints or public ones, pass the gate."""

    async def process_api(
        self, block_fn: Any, inputs: list[Any], *rest: Any, event_data: Any = None, **named: Any
    ) -> Any:
        """Check inputs and event data for files, and go on as Gradio does."""
        check_files([inputs, getattr(event_data, "_data", None)])
        return await super().process_api(block_fn, inputs, *rest, event_data=event_data, **named)


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

    The disk is asked only about what by its name lies there: the time that a refusal takes tells nothing.
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
