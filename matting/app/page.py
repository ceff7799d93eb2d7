"""The page: three steps under each other, each with its picture and, beside it, what to do with it."""

from __future__ import annotations

import html
from collections.abc import Sequence

import gradio as gr

from matting.app.batch import lay_out_batch
from matting.app.components import Page
from matting.app.edges.layout import lay_out_edges
from matting.app.filmstrip import lay_out_filmstrip
from matting.app.parts.shortcuts import shortcuts
from matting.app.pick.layout import lay_out_pick
from matting.app.pick.segmenter_menu import choices
from matting.app.result.layout import lay_out_result
from matting.app.session.states import lay_out_states

TAGLINE = "Cut anything out of a photo, down to single hairs."


def lay_out(status: str, coarse: Sequence[str] = ()) -> Page:
    """Build the whole page inside the current gr.Blocks.

    `status` says where the networks run, `coarse` which segmenters are offered beside those with a name of their own.
    """
    segmenters = choices(coarse)
    gr.HTML(
        f'<header class="masthead"><div><h1>TriMatte</h1><p>{TAGLINE}</p></div>'
        f'<p id="device" class="device">{html.escape(status)}</p></header>'
    )
    states = lay_out_states()
    shortcuts()
    key = gr.Textbox(label="Key", elem_id="key", visible="hidden")
    with gr.Tabs() as tabs:
        with gr.Tab("One photo", id="one"):
            strip = lay_out_filmstrip()
            pick, edges, result = lay_out_pick(segmenters), lay_out_edges(), lay_out_result()
        with gr.Tab("Many photos", id="many"):
            batch = lay_out_batch(segmenters)
    return Page(states=states, strip=strip, pick=pick, edges=edges, result=result, tabs=tabs, batch=batch, key=key)
