"""A demo for this machine alone answers nobody who calls it by another name; any other demo answers everybody."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import httpx
import pytest
from serving import JSON, SETTINGS, run_apart, served

from matting.app.backend.hosts import REFUSED, LocalHosts, is_for_this_machine, names_this_machine
from matting.commands.space import ROOT

ROUTES = (
    "/",
    "/config",
    "/gradio_api/info",
    "/gradio_api/queue/data?session_hash=a",
    "/gradio_api/heartbeat/a",
    "/none",
)
STRANGERS = ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.7", "")


@pytest.fixture(scope="module")
def demo(pipeline, tmp_path_factory):
    """The address of a demo that is started without any choice of its own."""
    with served(pipeline, tmp_path_factory.mktemp("uploads")) as (_, address):
        yield address


def test_another_name_is_refused_on_every_route(demo):
    for stranger in STRANGERS:
        for route in ROUTES:
            answer = httpx.get(demo + route, headers={"Host": stranger})
            assert (answer.status_code, answer.text) == (400, REFUSED), (stranger, route)
            assert "access-control-allow-origin" not in answer.headers


def test_a_rebound_page_cannot_join_the_queue_or_upload(demo):
    rebound = {"Host": "evil.example:7860", "Origin": "http://evil.example:7860"}
    body = json.dumps({"fn_index": 0, "data": [], "session_hash": "a"})
    assert httpx.post(f"{demo}/gradio_api/queue/join", content=body, headers=rebound | JSON).text == REFUSED
    assert httpx.post(f"{demo}/gradio_api/run/predict", content=body, headers=rebound | JSON).text == REFUSED
    assert httpx.post(f"{demo}/gradio_api/upload", files={"files": ("a.png", b"a")}, headers=rebound).text == REFUSED


def test_this_machine_is_answered_by_each_of_its_names(demo):
    port = httpx.URL(demo).port
    for name in ("127.0.0.1", f"127.0.0.1:{port}", "localhost", f"LOCALHOST:{port}", "127.0.0.2", f"[::1]:{port}"):
        assert httpx.get(f"{demo}/config", headers={"Host": name}).status_code == 200, name


@pytest.mark.parametrize(
    "chosen",
    [
        {"server_name": "0.0.0.0"},
        {"root_path": "/matte"},
        {"environment": {"GRADIO_ROOT_PATH": "https://demo.example"}},
    ],
    ids=str,
)
def test_a_demo_for_others_answers_by_every_name(pipeline, tmp_path, chosen):
    with served(pipeline, tmp_path, **chosen) as (_, address):
        assert httpx.get(f"{address}/config", headers={"Host": "demo.example"}).status_code == 200


@pytest.mark.long
@pytest.mark.parametrize(("environment", "status"), [({}, 400), ({"GRADIO_SERVER_NAME": "0.0.0.0"}, 200)])
def test_the_command_answers_by_other_names_only_where_the_environment_names_a_server(tmp_path, environment, status):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {name: value for name, value in os.environ.items() if name not in (*SETTINGS, "GRADIO_SERVER_NAME")}
    ours |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "demo_app.py"]
    demo = subprocess.Popen(command, cwd=ROOT, env=ours | environment, text=True, stdout=subprocess.PIPE)
    try:
        assert any("Running on local URL" in sentence for sentence in demo.stdout)
        address = f"http://127.0.0.1:{port}/config"
        assert httpx.get(address, headers={"Host": "demo.example"}).status_code == status
        assert httpx.get(address).status_code == 200
    finally:
        demo.terminate()
        demo.wait()


def test_a_server_name_that_is_this_machine_is_no_choice(pipeline, tmp_path):
    with served(pipeline, tmp_path, server_name="localhost") as (_, address):
        assert httpx.get(f"{address}/config", headers={"Host": "demo.example"}).status_code == 400


def test_a_shared_demo_a_space_and_a_hosted_notebook_answer_by_every_name(monkeypatch):
    page = SimpleNamespace(space_id=None, share=False, root_path="", server_name="127.0.0.1")
    assert is_for_this_machine(page)
    assert not is_for_this_machine(SimpleNamespace(**vars(page) | {"share": True}))
    assert not is_for_this_machine(SimpleNamespace(**vars(page) | {"space_id": "someone/trimatte"}))
    monkeypatch.setattr("gradio.utils.is_hosted_notebook", lambda: True)
    assert not is_for_this_machine(page)


def test_names_are_read_as_browsers_write_them():
    assert all(
        map(names_this_machine, ("localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:7860"))
    )
    wrong = (*STRANGERS, "localhost.", "[::1", "[::2]", "0.0.0.0", "xlocalhost", "127.0.0.1@evil.example", "2130706433")
    assert not any(map(names_this_machine, wrong))


def test_a_web_socket_is_refused_too():
    page = SimpleNamespace(space_id=None, share=False, root_path="", server_name="127.0.0.1")
    sent, passed = [], []

    async def send(message):
        sent.append(message)

    async def application(scope, receive, send):
        passed.append(scope["type"])

    def call(kind, host):
        scope = {"type": kind, "headers": [(b"host", host)], "app": SimpleNamespace(get_blocks=lambda: page)}
        run_apart(LocalHosts(application)(scope, None, send))

    call("websocket", b"evil.example")
    assert not passed
    assert sent[0] | {"headers": None} == {"type": "websocket.http.response.start", "status": 400, "headers": None}
    call("websocket", b"localhost:7860")
    call("lifespan", b"")
    assert passed == ["websocket", "lifespan"]
