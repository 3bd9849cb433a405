"""A double of Verta's registry and of the open-source ModelDB for tests; its shapes were checked with their own client.

JSON as grpc-gateway writes it: numbers of 64 bits as text, what holds its default left out. `mode` oss has no
registry: the web page answers a GET with itself and a POST with 404. `auth` is (email, key), or a token.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

PAGE = '<!doctype html><html lang="en"><head><title>Verta.AI</title></head><body><div id="root"></div></body></html>'
CANNOT = '<!DOCTYPE html>\n<html lang="en"><body><pre>Cannot POST</pre></body></html>\n'


class ModeldbDouble(ThreadingHTTPServer):
    """Serves a state; `asked` holds the paths asked for."""

    def __init__(self, state: Path, mode: str = "registry", auth: tuple[str, str] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state: dict[str, Any] = json.loads(state.read_text())
        self.mode, self.auth = mode, auth
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []


def left_out(value: Any) -> Any:
    """JSON of proto3: no defaults."""
    if isinstance(value, dict):
        return {k: left_out(v) for k, v in value.items() if v not in (None, "", [], {}, False, "0")}
    return [left_out(v) for v in value] if isinstance(value, list) else value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ModeldbDouble

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _say(self, status: int, body: Any, kind: str = "application/json") -> None:
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _fail(self, status: int, code: int, said: str) -> None:
        self._say(status, {"error": said, "message": said, "code": code})

    def _handle(self) -> None:
        url = urlparse(self.path)
        self.server.asked.append(url.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given = json.loads(raw) if raw else {k: v[-1] for k, v in parse_qs(url.query).items()}
        told = self.headers.get("Grpc-Metadata-email"), self.headers.get("Grpc-Metadata-developer-key")
        token = self.headers.get("Grpc-Metadata-bearer-access-token")
        if self.server.auth not in (None, told, ("token", token)):
            self._fail(401, 16, "Could not authenticate: invalid email or developer key")
        elif url.path == "/api/v1/modeldb/project/getProjects":
            self._page("projects", self.server.state["projects"], given)
        elif url.path == "/api/v1/modeldb/experiment-run/findExperimentRuns":
            ids = given.get("experiment_run_ids", [])
            rows = self.server.state["experiment_runs"]
            rows = [r for r in rows if given.get("project_id", r["project_id"]) == r["project_id"]]
            self._page("experiment_runs", [r for r in rows if not ids or r["id"] in ids], given)
        elif url.path.startswith("/api/v1/modeldb/"):
            self._say(404, "Not Found\n", "text/plain; charset=utf-8")
        elif self.server.mode == "oss":
            self._say(*((404, CANNOT) if raw else (200, PAGE)), "text/html; charset=utf-8")
        else:
            self._registry(url.path, given)

    def _registry(self, path: str, given: dict[str, Any]) -> None:
        workspace = path.partition("/workspaces/")[2].partition("/")[0]
        if workspace and workspace != self.server.state["workspace"]:
            self._fail(404, 5, "Workspace not found")
            return
        for what in ("registered_models", "model_versions"):
            if path.endswith(f"/{what}/find"):
                self._page(what, self.server.state[what], given["pagination"])
                return
        self._say(404, "Not Found\n", "text/plain; charset=utf-8")

    def _page(self, what: str, rows: list[Any], given: dict[str, Any]) -> None:
        number, limit = int(given.get("page_number", 1)), int(given.get("page_limit", 10))
        page = rows[(number - 1) * limit : number * limit]
        self._say(200, left_out({what: page, "total_records": str(len(rows))}))
