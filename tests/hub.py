"""A hub on this machine: the few HTTP calls of the Hugging Face hub that an upload and a download make."""

import base64
import hashlib
import http.server
import json
import threading
from contextlib import contextmanager

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answer for one repository, whose files the server object keeps."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep quiet."""

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, self.headers.get("Authorization")))
        if self.path == "/api/repos/create":
            self.server.created = json.loads(body)
            self.answer({"url": f"{self.server.address}/me/matte"})
        elif self.path.startswith("/api/models/me/matte/preupload/"):
            paths = [file["path"] for file in json.loads(body)["files"]]
            self.answer({"files": [{"path": p, "uploadMode": "regular", "shouldIgnore": False} for p in paths]})
        elif self.path.startswith("/api/models/me/matte/commit/"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            commit = {"commitUrl": f"{self.server.address}/me/matte/commit/{COMMIT}", "commitOid": COMMIT}
            self.answer(commit | {"success": True})
        else:
            self.answer({"error": "not found"}, status=404)

    def do_HEAD(self):  # noqa: N802
        self.do_GET()

    def do_GET(self):  # noqa: N802
        name = self.path.partition(f"/me/matte/resolve/{COMMIT}/")[2]
        if name in self.server.files:
            self.send(200, self.server.files[name], "application/octet-stream")
        elif self.path.startswith("/api/models/me/matte/revision/") and self.server.files:
            siblings = [{"rfilename": name} for name in self.server.files]
            self.answer({"id": "me/matte", "modelId": "me/matte", "sha": COMMIT, "siblings": siblings})
        elif self.path.startswith("/api/models/me/matte/tree/") and self.server.files:
            files = self.server.files.items()
            self.answer([{"type": "file", "path": n, "size": len(d), "oid": etag(d)} for n, d in files])
        else:
            self.answer({"error": "not found"}, status=404)

    def answer(self, value, status=200):
        self.send(status, json.dumps(value).encode(), "application/json")

    def send(self, status, data, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{etag(data)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def etag(data):
    return hashlib.sha1(data).hexdigest()


@contextmanager
def running():
    """Serve on a free port of the loopback interface; `address`, `calls`, `created` and `files` tell what came."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address, server.calls, server.created, server.files = f"http://127.0.0.1:{server.server_port}", [], None, {}
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
