"""Visitors' files are gone when the demo is: each process has a folder for them, and clears those of dead ones.

Gradio's own schedule forgets what a killed process has left, and its folder may belong to another user of the machine.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path

from matting.files import clear_left_over, owned_name

PREFIX = "trimatte-visitors"


def keep_to_own_folder() -> Path:
    """Give uploads and results a new folder of this process, within $GRADIO_TEMP_DIR if that is set.

    Call it before `build`. The folder is removed at the end, at Ctrl-C and at SIGTERM, by which services and containers
    stop; what kill -9 leaves, the next start removes.
    """
    parent = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    clear_left_over(parent, f"{PREFIX}.*")
    folder = parent / f"{PREFIX}.{owned_name()}"
    folder.mkdir(mode=0o700)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    atexit.register(_remove, folder, os.getpid())
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # which Gradio heeds as it does Ctrl-C
    return folder


def _remove(folder: Path, process: int) -> None:
    """Remove the folder, unless this is a process that was forked from the folder's own."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
