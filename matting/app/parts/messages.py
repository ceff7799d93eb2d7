"""How the page speaks: one friendly sentence for each refusal, a quiet line for the status."""

from __future__ import annotations

import functools
import html
import logging
from collections.abc import Callable, Iterable
from typing import Any

import gradio as gr

from matting.inference.progress import StoppedError

Update = dict[Any, Any]
"""What a listener returns: new values by component; components left out stay as they are."""

logger = logging.getLogger(__name__)

OUT_OF_MEMORY = "There is not enough memory for a photo of this size; try a smaller one. Your work so far is kept."
UNEXPECTED = "Something unexpected went wrong; your work so far is kept, so please try again."


def attempt(
    work: Callable[[], Update], otherwise: Callable[[], Update], stopped: Callable[[], Update] | None = None
) -> Update:
    """Return what `work` returns; if it is refused, say so in one sentence and return `otherwise`.

    A raised gr.Error would cover each output with the word "Error"; this way no work is lost. Whoever
    stopped the work needs no such sentence: then it returns `stopped`, or else `otherwise`.
    """
    try:
        return work()
    except StoppedError:
        return (stopped or otherwise)()
    except Exception as error:  # the last stop before the visitor: nothing may fall through as a traceback
        refuse(error)
        return otherwise()


def forgiving(listener: Callable[..., Update]) -> Callable[..., Update]:
    """Let a refused listener change nothing."""

    @functools.wraps(listener)
    def wrapped(*args: Any) -> Update:
        return attempt(lambda: listener(*args), gr.skip)

    return wrapped


def refuse(error: Exception) -> None:
    """Say on the page what is wrong; errors that were not written for people go to the log."""
    gr.Warning(html.escape(explain(error)), title="That did not work", duration=8)


def explain(error: Exception) -> str:
    """Return one sentence for an error: its own if it was written for people."""
    from matting.coarse import SegmenterUnavailable

    if isinstance(error, ValueError | SegmenterUnavailable):
        return str(error)
    logger.error("A step of the demo failed.", exc_info=error)
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return OUT_OF_MEMORY if out_of_memory else UNEXPECTED


def notify(notices: Iterable[str]) -> None:
    """Show remarks that stop nothing, one each."""
    for notice in notices:
        gr.Info(html.escape(notice), title="Note", duration=5)


def line(text: str, tone: str = "calm") -> str:
    """Return a stage's status line as HTML; screen readers read it out. `tone`: calm, busy or stale."""
    return f'<p class="say {tone}" role="status">{html.escape(text)}</p>'
