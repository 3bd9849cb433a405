"""The line of `next --short`, kept until something changes: a shell prompt asks for it hundreds of times a day.

The line holds as long as the catalog's files, the day, the user's templates and this program are the same. Whoever
edits the catalog keeps the line anew (`tui.prompting`), so that the next prompt has not to work it out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from tui.figures import days

if TYPE_CHECKING:
    from store.review.attention import Finding
    from tui.session import Options


def line_of(findings: Sequence[Finding]) -> str:
    """The gravest finding in one line, and how many more there are; "" where nothing needs a decision."""
    if not findings:
        return ""
    more = f" +{len(findings) - 1}" if len(findings) > 1 else ""
    return f"{findings[0].use_case} {spoken(findings[0])}{more}"


def spoken(finding: Finding) -> str:
    """A finding in two or three words."""
    word = finding.kind.replace("_", " ")
    if finding.days is None:
        return word
    if finding.kind in ("late", "stopped"):
        return f"{word} {days(abs(finding.days)).text}" + (" ago" if finding.kind == "stopped" else "")
    return f"{word} in {days(finding.days).text}" if finding.days >= 0 else f"{word} {days(-finding.days).text} ago"


def kept_line(options: Options) -> str | None:
    """The line as it was said last; None where something may have changed since."""
    try:
        known, _, line = _place(options).read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None  # never asked before, or not readable: it is worked out again
    return line if known == state(options) else None


def keep_line(options: Options, line: str, seen: str) -> None:
    """Keep a line that was worked out when the state was `seen`; without room for it the next prompt takes longer."""
    place = _place(options)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(f"{seen}\n{line}", "utf-8")
        fresh.replace(place)
    except OSError:
        fresh.unlink(missing_ok=True)


def state(options: Options) -> str:
    """What the line depends on, in one line; ask for it before you read what the line is made from."""
    path = options.store_path
    files = (path, path.with_name(f"{path.name}.journal"), Path(__file__), *_templates(options))
    return " ".join([str(options.today or date.today()), *map(_seen, files)])


def _place(options: Options) -> Path:
    import hashlib

    import platformdirs

    name = hashlib.sha256(str(options.store_path.absolute()).encode(errors="replace")).hexdigest()[:16]
    return platformdirs.user_cache_path("modeltui", appauthor=False) / f"next-{name}.txt"


def _templates(options: Options) -> list[Path]:
    """The user's own templates, which say how long an upgrade takes."""
    try:
        return sorted((options.config_path.parent / "templates").iterdir())
    except OSError:
        return []


def _seen(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"
