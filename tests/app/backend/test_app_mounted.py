"""The demo inside somebody's FastAPI application."""

import json
import threading
import time

import fastapi
import gradio as gr
import httpx
import numpy as np
import pytest
import uvicorn
from pictures import disc, encoded
from PIL import Image
from serving import boxed

from matting.app import build, launch_options
from matting.app.parts.theme import STYLE_SHEET


@pytest.fixture(scope="module")
def address(pipeline, tmp_path_factory):
    """An application with a page of its own and the demo at /cut, on a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        application = fastapi.FastAPI()
        application.get("/")(lambda: "Mine")
        application = gr.mount_gradio_app(application, build(pipeline), path="/cut", **launch_options())
        server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until = time.monotonic() + 60
            while not server.started and time.monotonic() < until:
                time.sleep(0.05)
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)


def test_the_page_has_its_look_and_the_application_keeps_its_own(address):
    assert httpx.get(address).json() == "Mine"
    page = httpx.get(f"{address}/cut/", headers={"Host": "example.org"})
    assert page.status_code == 200 and "TriMatte" in page.text
    assert STYLE_SHEET.read_text() in httpx.get(f"{address}/cut/config").json()["css"]


def test_a_matte_is_made_there_by_the_same_limits(address):
    photo = encoded(
        Image.fromarray(np.rint(40 + 180 * disc((96, 128), 30)[..., None].repeat(3, 2)).astype(np.uint8)), "PNG"
    )
    api = f"{address}/cut/gradio_api"
    path = httpx.post(f"{api}/upload", files={"files": ("a.png", photo)}).json()[0]
    event = httpx.post(f"{api}/call/matte", json={"data": boxed(path)}).json()["event_id"]
    with httpx.stream("GET", f"{api}/call/matte/{event}", timeout=120) as stream:
        said = [line.removeprefix("data: ") for line in stream.iter_lines() if line.startswith("data: ")]
    alpha = json.loads(said[-1])[0]
    assert alpha["url"].startswith(f"{address}/cut/")
    assert httpx.get(alpha["url"]).content.startswith(b"\x89PNG")
    event = httpx.post(f"{api}/call/matte", json={"data": boxed("/etc/hostname")}).json()["event_id"]
    with httpx.stream("GET", f"{api}/call/matte/{event}", timeout=120) as stream:
        assert "event: error" in list(stream.iter_lines())
