"""What can go wrong with a remote, as one sentence that is safe to show."""

from __future__ import annotations

from typing import Literal

Kind = Literal[
    "unreachable", "certificate", "not_found", "unauthorized", "forbidden", "refused", "not_an_api", "throttled",
    "broken", "too_large", "too_slow", "offline", "settings", "secret", "cancelled",
]  # fmt: skip


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
        super().__init__(message)
