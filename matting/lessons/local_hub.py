"""A hub on this machine, for practice: the real library uploads to it and downloads from it, and files lie in a folder.

    with local_hub(folder) as hub:
        pipeline.push_to_hub("me/my-matting", api=hub.api)
        hub.files("me/my-matting")

It answers the few HTTP calls that uploads and downloads of the Hugging Face hub make, on the loopback interface, while
the block runs; it knows no users and no history.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from huggingface_hub import HfApi

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_practice"  # noqa: S105 - no secret: nobody asks for it
KINDS = {"model": "models", "space": "spaces", "dataset": "datasets"}
NAME = r"(?P<name>[\w.-]+/[\w.-]+)"
ACTION = re.compile(rf"/api/(?P<kind>models|spaces|datasets)/{NAME}/(?P<action>\w+)(?:/.*)?")
FILE = re.compile(rf"/(?:(?P<kind>spaces|datasets)/)?{NAME}/resolve/{COMMIT}/(?P<path>[^?]+)")


class LocalHub:
    """The hub while it runs.

    Attributes:
        address: where it answers.
        folder: where its files lie, as models/someone/name/….
        calls: (path, Authorization) of every POST that came.
        created: what the last call asked to create.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.calls: list[tuple[str, str | None]] = []
        self.created: dict[str, Any] | None = None

    @property
    def api(self) -> HfApi:
        """A client of the real library that talks to this hub."""
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.address, token=TOKEN)

    def place(self, repository: str, kind: str = "model") -> Path:
        """The folder of a repository; a model's is one that `from_pretrained` reads."""
        return self.folder / KINDS[kind] / repository

    def files(self, repository: str, kind: str = "model") -> dict[str, int]:
        """The sizes of a repository's files in bytes, by path."""
        place = self.place(repository, kind)
        return {
            str(path.relative_to(place)): path.stat().st_size for path in sorted(place.rglob("*")) if path.is_file()
        }


@contextmanager
def local_hub(folder: Path | str) -> Iterator[LocalHub]:
    """Run a hub whose files lie in a folder, on a free port of the loopback interface."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = LocalHub(Path(folder), f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:  # noqa: N802
        hub, body = self.server.hub, self.rfile.read(int(self.headers["Content-Length"]))
        hub.calls.append((self.path, self.headers.get("Authorization")))
        if self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif self.path == "/api/repos/create":
            hub.created = json.loads(body)
            owner = hub.created.get("organization") or "me"
            kind = "" if hub.created.get("type", "model") == "model" else f"{KINDS[hub.created['type']]}/"
            self._answer({"url": f"{hub.address}/{kind}{owner}/{hub.created['name']}"})
        elif (asked := ACTION.fullmatch(self.path)) and asked["action"] == "preupload":
            paths = [file["path"] for file in json.loads(body)["files"]]
            self._answer({"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in paths]})
        elif asked and asked["action"] == "commit":
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self._store(asked, line["value"])
            url = f"{hub.address}/{asked['name']}/commit/{COMMIT}"
            self._answer({"commitUrl": url, "commitOid": COMMIT, "success": True})
        else:
            self._answer({"error": "not found"}, 404)

    def do_HEAD(self) -> None:  # noqa: N802
        self.do_GET()

    def do_GET(self) -> None:  # noqa: N802
        hub = self.server.hub
        if found := FILE.fullmatch(self.path):
            path = hub.folder / (found["kind"] or "models") / found["name"] / found["path"]
            if path.is_file():
                self._send(200, path.read_bytes(), "application/octet-stream")
                return
        asked = ACTION.fullmatch(self.path.partition("?")[0])
        place = asked and hub.folder / asked["kind"] / asked["name"]
        if place and place.is_dir() and asked["action"] in ("revision", "tree"):
            files = {str(p.relative_to(place)): p for p in sorted(place.rglob("*")) if p.is_file()}
            if asked["action"] == "tree":
                described = [(name, path.read_bytes()) for name, path in files.items()]
                self._answer([{"type": "file", "path": n, "size": len(d), "oid": _etag(d)} for n, d in described])
            else:
                siblings = [{"rfilename": name} for name in files]
                self._answer({"id": asked["name"], "modelId": asked["name"], "sha": COMMIT, "siblings": siblings})
        else:
            self._answer({"error": "not found"}, 404)

    def _store(self, asked: re.Match[str], file: dict[str, Any]) -> None:
        place = (self.server.hub.folder / asked["kind"] / asked["name"]).resolve()
        path = (place / file["path"]).resolve()
        if place not in path.parents:
            raise ValueError(f"{file['path']} leads out of the repository.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(file["content"]))

    def _answer(self, value: object, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{_etag(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _etag(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()
