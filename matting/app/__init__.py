"""The Gradio interface: photo, click, trimap, matte, download, on one page."""

from __future__ import annotations

from matting.app.backend import gpu  # first, since ZeroGPU has to be there before anything touches CUDA

# isort: split
from collections.abc import Sequence
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from matting.app.api import publish
from matting.app.backend.computations import Steps
from matting.app.backend.hosts import LocalHosts
from matting.app.backend.lines import share_lines
from matting.app.backend.sessions import HeldBlocks
from matting.app.backend.visitors_files import keep_to_own_folder
from matting.app.page import lay_out
from matting.app.parts.theme import STYLE_SHEET, calm_theme
from matting.app.pick.segmenter_menu import read_added
from matting.app.wiring import connect
from matting.pipeline import MattingPipeline

__all__ = ["build", "keep_to_own_folder", "launch_options", "read_added"]

CACHE_SECONDS = 7200
LARGEST_FILE = "100mb"


def build(pipeline: MattingPipeline, coarse: Sequence[str] = ()) -> gr.Blocks:
    """Build the page around one pipeline; launch it with `launch_options()`.

    `coarse` adds segmenters with weights of one's own to the menus, each NAME:SOURCE as in `matting.coarse`.
    """
    steps = Steps(pipeline)
    with HeldBlocks(
        title="TriMatte", analytics_enabled=False, delete_cache=(CACHE_SECONDS // 4, CACHE_SECONDS)
    ) as page:
        connect(lay_out(gpu.describe(pipeline.device), coarse), steps)
        publish(page, steps)
    return share_lines(page.queue())


def launch_options() -> dict[str, Any]:
    """Return what Gradio wants at launch rather than when the page is built: the look, the limits, the hosts."""
    return {
        "theme": calm_theme(),
        "css_paths": [STYLE_SHEET],
        "max_file_size": LARGEST_FILE,
        "footer_links": ["api"],
        "run_history": False,
        "app_kwargs": {"middleware": [Middleware(LocalHosts)]},
    }
