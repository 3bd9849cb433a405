"""A double of Azure for tests: resource manager, data plane, tokens and retail prices over a folder of captures.

It was checked with Microsoft's own client. Faults: header `X-Fault: 401|403|429|503|truncate`, or `double.faults`.
By hand: python azure_double.py --data tests/fixtures/azure --port 5901
"""

from __future__ import annotations

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse


class AzureDouble(ThreadingHTTPServer):
    """Serves the captures; `faults` are given to the next requests in turn, `asked` holds the paths asked for."""

    def __init__(self, data: Path, port: int = 0, token: str = "test-token", key: str = "test-key") -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.data, self.token, self.key = data, token, key
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.forms: list[str] = []
        self._defaults: dict[str, str] = {}
        self._upgraded: dict[str, tuple[str, str]] = {}
        self._deleted: set[str] = set()
        self._tuned: dict[str, dict[str, Any]] = {}

    def capture(self, name: str) -> Any:
        return json.loads((self.data / f"{name}.json").read_text())

    def new_default(self, model: str, version: str) -> None:
        """A version comes out and is the model's default from now on."""
        self._defaults[model] = version

    def auto_upgrade(self, deployment: str, version: str, at: str) -> None:
        """Azure moves a deployment to another version of its model at a moment."""
        self._upgraded[deployment] = (version, at)

    def delete(self, deployment: str) -> None:
        """Somebody deletes a deployment."""
        self._deleted.add(deployment)

    def fine_tune(self, deployment: str, name: str, version: str, base: dict[str, str]) -> None:
        """Somebody trains a model of their own on another one and deploys it."""
        self._tuned[deployment] = {"format": base["format"], "name": name, "version": version, "baseModel": base}

    def account_models(self) -> Any:
        """What the account can deploy, with what was trained in it."""
        page = self.capture("account_models")
        page["value"] += self._tuned.values()
        return page

    def models(self, name: str) -> Any:
        """A page of models of the location, with the versions that came out since it was captured."""
        page = self.capture(name)
        for row in list(page["value"]):
            newest = self._defaults.get(row["model"]["name"])
            if newest is not None and row["model"].get("isDefaultVersion"):
                born = {"version": newest, "isDefaultVersion": True}
                page["value"].append({**row, "model": {**row["model"], **born}})
                row["model"]["isDefaultVersion"] = False
        return page

    def deployments(self) -> Any:
        """What is deployed now."""
        page = self.capture("deployments")
        page["value"] = [row for row in page["value"] if row["name"] not in self._deleted]
        for row in page["value"]:
            if row["name"] in self._tuned:
                tuned = self._tuned[row["name"]]
                row["properties"]["model"] = {name: tuned[name] for name in ("format", "name", "version")}
            if row["name"] in self._upgraded:
                row["properties"]["model"]["version"], row["systemData"]["lastModifiedAt"] = self._upgraded[row["name"]]
        return page


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: AzureDouble

    def log_message(self, format: str, *args: Any) -> None:
        return

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def error(self, name: str) -> None:
        said = self.server.capture(name)
        self.answer(said["status"], said["body"], {k.title(): v for k, v in said["headers"].items()})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        path = urlparse(self.path).path
        self.server.asked.append(path)
        if path.endswith("/oauth2/v2.0/token"):
            self.server.forms.append(body)
            self.answer(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": self.server.token})
        else:
            self.answer(404, {"error": {"code": "NotFound", "message": path}})

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {name.lower(): values[-1] for name, values in parse_qs(url.query).items()}
        self.server.asked.append(self.path)
        fault = self.headers.get("X-Fault") or (self.server.faults.pop(0) if self.server.faults else "")
        if fault:
            self.fail(fault)
        elif url.path == "/api/retail/prices":
            self.prices(query)
        elif url.path == "/openai/models":
            known = self.headers.get("api-key") == self.server.key
            if known:
                self.answer(200, self.server.capture("data_plane_models"))
            else:
                self.error("err_data_plane_401")
        elif self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.error("err_401")
        else:
            self.manage(url.path, query)

    def fail(self, fault: str) -> None:
        if fault == "truncate":
            raw = json.dumps(self.server.capture("location_models_page1")).encode()[:500]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw) + 5000))
            self.end_headers()
            self.wfile.write(raw)
            self.close_connection = True
        else:
            self.error("err_503_html" if fault == "503" else f"err_{fault}")

    def prices(self, query: dict[str, str]) -> None:
        page = self.server.capture("retail_prices_page2" if query.get("$skip") else "retail_prices_page1")
        if page["NextPageLink"]:
            page["NextPageLink"] = f"{self.origin}/api/retail/prices?$skip=1000"
        self.answer(200, page)

    @property
    def origin(self) -> str:
        """Where the asker believes to be: a test may lead Azure's own names here."""
        host = self.headers["Host"]
        return self.server.base if self.server.base.endswith(f"/{host}") else f"https://{host}"

    def manage(self, path: str, query: dict[str, str]) -> None:
        config, low = self.server.capture("config"), path.lower()
        if "api-version" not in query:
            said = "The api-version query parameter (?api-version=) is required for all requests."
            self.answer(400, {"error": {"code": "MissingApiVersionParameter", "message": said}})
        elif query["api-version"].startswith("2030"):
            self.error("err_400_api_version")
        elif not low.startswith(f"/subscriptions/{config['subscription']}".lower()):
            self.error("err_404_subscription")
        elif low.endswith(f"/locations/{config['location']}/models"):
            page = self.server.models("location_models_page2" if query.get("$skiptoken") else "location_models_page1")
            if page.get("nextLink"):
                version = query["api-version"]
                page["nextLink"] = f"{self.origin}{path}?api-version={version}&$skiptoken=cGFnZTI%3D"
            self.answer(200, page)
        elif low.endswith("/models") and "/locations/" in low:
            self.answer(200, self.server.capture("location_models_empty"))
        elif low.endswith("/providers/microsoft.cognitiveservices/accounts"):
            self.answer(200, self.server.capture("accounts"))
        elif f"/accounts/{config['account']}" not in low:
            self.error("err_404_account")
        elif low.endswith("/models"):
            self.answer(200, self.server.account_models())
        elif low.endswith("/deployments"):
            self.answer(200, self.server.deployments())
        else:
            self.answer(404, {"error": {"code": "NotFound", "message": path}})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--port", type=int, default=5901)
    given = parser.parse_args()
    AzureDouble(given.data, given.port).serve_forever()
