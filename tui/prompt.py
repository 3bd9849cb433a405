"""The line of `next --short`, kept until something changes: a shell prompt asks for it hundreds of times a day.

The line holds as long as the catalog's files, the day, the user's templates and this program are the same.
"""

from __future__ import annotations

import hashlib
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.session import Options


def kept_line(options: Options) -> str | None:
    """The line as it was said last; None where something may have changed since."""
    place, state = _place(options), _state(options)
    try:
        known, _, line = place.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None  # never asked before, or not readable: it is worked out again
    return line if known == state else None


def keep_line(options: Options, line: str) -> None:
    """Keep what was said just now; without room for it the next prompt only takes longer."""
    place = _place(options)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(f"{_state(options)}\n{line}", "utf-8")
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)


def _place(options: Options) -> Path:
    import platformdirs

    name = hashlib.sha256(str(options.store_path.absolute()).encode(errors="replace")).hexdigest()[:16]
    return platformdirs.user_cache_path("modeltui", appauthor=False) / f"next-{name}.txt"


def _state(options: Options) -> str:
    """What the line depends on, in one line."""
    path = options.store_path
    files = (path, path.with_name(f"{path.name}.journal"), options.config_path.parent / "templates", Path(__file__))
    return " ".join([str(options.today or date.today()), *map(_seen, files)])


def _seen(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
