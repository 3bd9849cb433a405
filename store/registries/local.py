"""Files on this machine in the place of a remote: bounded, and without a socket."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

from store.registries.errors import RemoteError


def local_path(address: str) -> Path | None:
    """The file that an address names, None where it is an http address."""
    text = address.strip()
    if text.casefold().startswith(("http://", "https://")):
        return None
    if "://" in text and not text.casefold().startswith("file://"):
        raise RemoteError("settings", f"'{text[:60]}' is neither a file nor an http address")
    return Path(text.removeprefix("file://")).expanduser()


async def read_local(path: Path, max_bytes: int) -> tuple[bytes, date]:
    """The content of a file, and the day on which it was written.

    Raises:
        RemoteError: kind `not_found`, `forbidden` or `too_large`.
    """
    return await asyncio.to_thread(_read, path, max_bytes)


def _read(path: Path, max_bytes: int) -> tuple[bytes, date]:
    try:
        if not path.is_file():
            raise RemoteError("not_found", f"there is no file {path}; check the address")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    except OSError as error:
        raise RemoteError("forbidden", f"{path} cannot be read: {error.strerror}") from error
    if len(content) > max_bytes:
        raise RemoteError("too_large", f"{path} is larger than {max_bytes >> 20:,} MB")
    return content, written
