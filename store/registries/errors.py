"""What can go wrong with a remote, as one sentence that is safe to show."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "unreachable", "certificate", "not_found", "unauthorized", "forbidden", "refused", "not_an_api", "throttled",
    "broken", "too_large", "too_slow", "offline", "settings", "secret", "cancelled",
]  # fmt: skip


MAX_SENTENCE = 500


class RemoteError(Exception):
    """A remote that cannot be used: `kind` for code, the message for people, with secrets masked.

    Attributes:
        kind: what sort of trouble it is.
        status: the HTTP status where there was one, else 0.
        code: the remote's own word for it (MLflow's `error_code`, Azure's `error.code`), "" where it gave none.
        said: the remote's message, cut, masked; may hold names of its users or objects, so show it only where it helps.
    """

    def __init__(self, kind: Kind, message: str, *, status: int = 0, code: str = "", said: str = "") -> None:
        self.kind: Kind = kind
        self.status = status
        self.code = code
        self.said = said
        super().__init__(_sentence(message))


def _sentence(text: str) -> str:
    """On one line, printable and cut, whatever a remote or a file put into it."""
    plain = "".join(" " if c.isspace() else c for c in text[: MAX_SENTENCE * 2] if c.isspace() or c.isprintable())
    return plain if len(plain) <= MAX_SENTENCE else f"{plain[: MAX_SENTENCE - 1]}…"
