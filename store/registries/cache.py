"""Answers of public catalogs, kept by their ETag, so that an unchanged one costs a few bytes.

A copy that cannot be read is forgotten together with its ETag; a cache that cannot be written is no cache, nothing
else. Only public addresses are kept here, never an answer that needed credentials.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zlib
from pathlib import Path

from store.values import dataclass

MAX_BYTES = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept answer."""

    etag: str
    body: bytes


class AnswerCache:
    """Kept answers in one directory, one file an address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self, url: str) -> Kept | None:
        """The kept answer of an address; None where there is none or it is damaged."""
        path = self._path(url)
        try:
            head, _, packed = path.read_bytes().partition(b"\n")
            said = json.loads(head)
            body = zlib.decompressobj().decompress(packed, MAX_BYTES)
            if said["url"] == url and said["sha256"] == hashlib.sha256(body).hexdigest():
                return Kept(str(said["etag"]), body)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            pass  # damaged, whatever way: forgotten below, so that it is fetched whole
        self.drop(url)
        return None

    def keep(self, url: str, etag: str, body: bytes) -> bool:
        """Keep an answer; False where the cache cannot be written."""
        head = json.dumps({"url": url, "etag": etag, "sha256": hashlib.sha256(body).hexdigest()}).encode()
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._directory, suffix=".new")
            with os.fdopen(handle, "wb") as file:
                file.write(head + b"\n" + zlib.compress(body, 3))
            Path(name).replace(self._path(url))
        except OSError:
            return False
        return True

    def drop(self, url: str) -> None:
        """Forget an address."""
        try:
            self._path(url).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, url: str) -> Path:
        return self._directory / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.answer"
