"""What a person gives as evidence, recognised as it was typed: a link, a file (its hash is kept), or a note."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from store.values import dataclass

HINT = "a note, a link, or a file (its hash is kept) · # begins a remark that proves nothing"


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed: `hash` is the SHA-256 of a file."""

    kind: Literal["note", "link", "file", "remark"]
    text: str
    hash: str = ""


def recognise(typed: str, folder: Path | None = None) -> Given:
    """Tell a link, a file or a remark from a note. Reads a file to its end: call it in a worker.

    Relative names are looked for in `folder` (default: where modeltui was started).

    Raises:
        ValueError: it reads like the name of a file, and there is none or it cannot be read.
    """
    said = typed.strip()
    if said.startswith("#"):
        return Given("remark", said.lstrip("# "))
    if said.casefold().startswith(("http://", "https://")) and " " not in said:
        return Given("link", said)
    path = Path(said.removeprefix("file://")).expanduser()
    path = path if folder is None else folder / path
    named = said.startswith(("/", "./", "../", "~/", "file://"))
    if not named and (" " in said or len(said) > 250 or not path.is_file()):
        return Given("note", said)
    try:
        with path.open("rb") as file:
            return Given("file", said, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise ValueError(
            f"{said} cannot be kept as evidence: {error.strerror or error}; give a file that is there"
        ) from error
