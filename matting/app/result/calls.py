"""The same cutout from a program: the call of `/matte` for what is on the page, in Python, JavaScript and for curl."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from matting.app.components import Page
from matting.app.parts.messages import Update, forgiving
from matting.app.parts.queues import QUICK
from matting.app.parts.widgets import ALONG
from matting.app.session.stages import Photo
from matting.app.session.trimap_edit import TrimapEdit
from matting.coarse import DEFAULT

AT_HOME = "http://127.0.0.1:7860"

PYTHON = """from gradio_client import Client, handle_file

client = Client("{address}")
alpha, cutout, trimap, notices = client.predict(
{arguments}    api_name="/matte",
)
"""
JAVASCRIPT = """// Node 18 or newer, as cutout.mjs
import {{ readFile, writeFile }} from "node:fs/promises";

const matte = "{address}/gradio_api/call/v2/matte";
const upload = async (name) => {{
  const body = new FormData();
  body.append("files", new Blob([await readFile(name)]), name);
  const [path] = await (await fetch("{address}/gradio_api/upload", {{ method: "POST", body }})).json();
  return {{ path, meta: {{ _type: "gradio.FileData" }} }};
}};
const body = JSON.stringify({{
{arguments}}});
const asked = await fetch(matte, {{ method: "POST", headers: {{ "Content-Type": "application/json" }}, body }});
const answer = await (await fetch(`${{matte}}/${{(await asked.json()).event_id}}`)).text();
const [alpha, cutout, trimap, notices] = JSON.parse(answer.match(/event: complete\\ndata: (.*)/)[1]);
await writeFile("cutout.png", Buffer.from(await (await fetch(cutout.url)).arrayBuffer()));
"""
SHELL = """HERE={address}/gradio_api
upload() {{
  curl -s -F "files=@\\"$1\\"" $HERE/upload |
    sed 's/^\\["\\(.*\\)"\\]$/{{"path": "\\1", "meta": {{"_type": "gradio.FileData"}}}}/'
}}
CALL=$(curl -s $HERE/call/v2/matte -H 'Content-Type: application/json' -d @- << END | sed 's/.*"\\(.*\\)".*/\\1/'
{{{arguments}}}
END
)
ANSWER=$(curl -sN $HERE/call/v2/matte/$CALL)
echo "$ANSWER"
curl -s -o cutout.png "$(echo "$ANSWER" | grep -o 'http[^"]*cutout.png')"
"""


@dataclass(frozen=True)
class File:
    """An argument that is a file beside the program."""

    name: str


def arguments_of(
    photo: str, trimap_file: str, trimap: TrimapEdit, fusion: str = "hard", along: str = ALONG[0][1]
) -> dict[str, Any]:
    """Return what `/matte` is asked for a trimap: the clicks where they alone lead to it, or else its file."""
    clicks = None if _by_more_than_clicks(trimap) else trimap.selection.asked[0]
    points = [[round(x, 1), round(y, 1), keep] for x, y, keep in clicks.points] if clicks else []
    box = [round(side, 1) for side in clicks.box] if clicks and clicks.box else []
    asked = {name: value for name, value in (("points", points), ("box", box)) if value}
    other = {"fusion": fusion} if fusion != "hard" else {}
    other |= {"metadata": along} if along != ALONG[0][1] else {}
    return {"photo": File(photo)} | (asked or {"trimap": File(trimap_file)}) | other


def _by_more_than_clicks(trimap: TrimapEdit) -> bool:
    """Tell whether a trimap needs more than the default segmenter's first answer to clicks: tools, strokes, files."""
    selection = trimap.selection
    if selection is None or selection.asked is None or selection.asked[1] != DEFAULT:
        return True
    edited = trimap.edited is not None and (trimap.values != trimap.original).any()
    return bool(selection.chosen or selection.tools or edited)


def python_call(arguments: dict[str, Any], address: str = AT_HOME) -> str:
    """Return the call with gradio_client."""
    lines = _written(arguments, "    {}={},\n", lambda name: f"handle_file({json.dumps(name)})")
    return PYTHON.format(address=address, arguments="".join(lines))


def javascript_call(arguments: dict[str, Any], address: str = AT_HOME) -> str:
    """Return the call for Node, which writes cutout.png."""
    lines = _written(arguments, "  {}: {},\n", lambda name: f"await upload({json.dumps(name)})")
    return JAVASCRIPT.format(address=address, arguments="".join(lines))


def shell_call(arguments: dict[str, Any], address: str = AT_HOME) -> str:
    """Return the call for a shell with curl, which writes cutout.png."""
    lines = _written(arguments, '"{}": {}', lambda name: f"$(upload {_quoted(name)})")
    return SHELL.format(address=address, arguments=", ".join(lines))


def _written(arguments: dict[str, Any], form: str, read: Callable[[str], str]) -> list[str]:
    return [
        form.format(name, read(value.name) if isinstance(value, File) else json.dumps(value))
        for name, value in arguments.items()
    ]


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "'\\''") + "'"


CALLS = {"python": python_call, "javascript": javascript_call, "shell": shell_call}


class Calls:
    """The listener that writes the calls."""

    def __init__(self, page: Page) -> None:
        """Bind the listener to the page's components."""
        self.codes = page.result.calls

    @forgiving
    def write(self, photo: Photo | None, trimap: TrimapEdit | None, fusion: str, request: gr.Request) -> Update:
        """Write the calls that make the current cutout."""
        if photo is None or trimap is None:
            return gr.skip()
        address = str(request.request.base_url).rstrip("/")
        arguments = arguments_of(photo.file, f"{photo.name}_trimap.png", trimap, fusion, photo.along)
        return {code: CALLS[language](arguments, address) for language, code in self.codes.items()}


def connect_calls(page: Page, calls: Calls) -> None:
    """Write the calls anew after every matte."""
    states = page.states
    states.matte.change(
        calls.write,
        [states.photo, states.trimap, page.edges.fusion],
        [*page.result.calls.values()],
        trigger_mode="always_last",
        **QUICK,
    )
