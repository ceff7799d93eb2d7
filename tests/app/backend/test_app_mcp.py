"""An agent finds `/matte` as a tool by the Model Context Protocol, and gets the cutout of a photo that it uploaded."""

from __future__ import annotations

import io
import re

import httpx
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from PIL import Image
from serving import run_apart, served

from matting.app.backend.uploads import REFUSED


@pytest.fixture(scope="module")
def server(pipeline, tmp_path_factory):
    with served(pipeline, tmp_path_factory.mktemp("uploads"), {"GRADIO_MCP_SERVER": "True"}) as (_, address):
        yield address


async def ask(address: str, *calls: dict):
    """Return the tools, and the answers to calls of the first one."""
    async with streamablehttp_client(f"{address}/gradio_api/mcp/") as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            return tools, [await session.call_tool(tools[0].name, call) for call in calls]


def test_matte_is_the_one_tool_typed_and_takes_uploads_alone(server, tmp_path):
    photo = np.full((96, 128, 3), 40, np.uint8)
    photo[24:72, 40:90] = 220
    Image.fromarray(photo).save(tmp_path / "photo.png")
    files = {"files": ("photo.png", (tmp_path / "photo.png").read_bytes())}
    uploaded = httpx.post(f"{server}/gradio_api/upload", files=files).json()[0]
    asked = {"points": [[64, 48, 1]]}
    tools, answers = run_apart(
        ask(
            server,
            {"photo": f"{server}/gradio_api/file={uploaded}"} | asked,
            {"photo": f"{server}/gradio_api/file=/etc/passwd"} | asked,
            {"photo": "http://169.254.169.254/latest"} | asked,
        )
    )
    (tool,) = tools
    Draft202012Validator.check_schema(tool.inputSchema)
    assert set(tool.inputSchema["properties"]) == {"photo", "mask", "trimap", "points", "box", "fusion", "metadata"}
    assert tool.inputSchema["required"] == ["photo"]
    good, *refused = answers
    assert not good.isError, good.content
    said = "".join(getattr(content, "text", "") for content in good.content)
    address = re.search(r"http\S+?photo_cutout\.png", said)
    assert address, said
    cutout = Image.open(io.BytesIO(httpx.get(address[0]).content))
    assert (cutout.mode, cutout.size) == ("RGBA", (128, 96))
    for answer in refused:
        assert answer.isError and REFUSED in answer.content[0].text
