"""Whether an artifact is where its version says, as far as this machine can see.

Only paths and file addresses are looked at: no network, and a place that this machine does not have at all says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

from store.records import Snapshot, Version

PATIENCE = 0.5
"""Seconds that a dead share may cost."""


def missing(records: Snapshot) -> list[str]:
    """The keys of own models in use whose artifact is gone."""
    used = dict.fromkeys(a.version for a in records.assignments if a.in_use)
    return gone(v for key in used if (v := records.versions.get(key)) is not None)


def gone(versions: Iterable[Version]) -> list[str]:
    """The keys of the own ones whose artifact is not there although the place around it is.

    What a share does not answer in `PATIENCE` is not known.
    """
    looked_for = [(v.key, path) for v in versions if v.own and (path := _local(v.lineage.artifact)) is not None]
    found: list[str] = []
    if looked_for:
        looking = Thread(target=lambda: found.extend(key for key, path in looked_for if _is_gone(path)), daemon=True)
        looking.start()
        looking.join(PATIENCE)
    return list(found)


def _is_gone(path: Path) -> bool:
    try:
        return not path.exists() and path.parent.parent.is_dir() and path.parent.parent != Path(path.anchor)
    except (OSError, ValueError):
        return False  # not to be looked at (rights, a name too long): nothing is known about it


def _local(artifact: str) -> Path | None:
    if artifact.startswith("file:"):
        try:
            address = urlsplit(artifact)
        except ValueError:
            return None
        artifact = unquote(address.path) if address.netloc in ("", "localhost") else ""
    path = Path(artifact)
    return path if artifact and path.is_absolute() else None
