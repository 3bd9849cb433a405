"""What `registries` and `sync` answer: the JSON of DESIGN 4, and the same for people."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from store.records import Deployment, Registry, Version
from tui.commands import shapes
from tui.figures import Cell
from tui.text import Styled

if TYPE_CHECKING:
    from store.sync import FieldChange, Plan
    from store.sync_run import Run
    from tui.output import Output

SHOWN = 40
"""Changes of one kind that are listed for people; the JSON has all."""
TITLES = ("name", "kind", "last run", "requests", "seconds", "address", "trouble")


def registry(r: Registry) -> dict[str, Any]:
    """A registry; secrets are the names of where they stand."""
    return {
        "name": r.name,
        "kind": r.kind,
        "address": shapes.known(r.address),
        "settings": dict(r.settings),
        "secrets": dict(r.secrets),
        "last_run": shapes.known(r.last_run),
        "last_published": shapes.known(r.last_published),
        "error": shapes.known(r.last_error),
        "requests": r.requests if r.last_run or r.last_error else None,
        "seconds": r.seconds if r.last_run or r.last_error else None,
    }


def registry_row(r: Registry, now: datetime) -> Sequence[Cell]:
    """A registry as a line."""
    asked = bool(r.last_run or r.last_error)
    return (
        Styled(r.name, "strong"),
        r.kind,
        since(r.last_run, now),
        f"{r.requests:,}" if asked else "—",
        f"{r.seconds:.1f}" if asked else "—",
        r.address or "—",
        Styled(r.last_error or "—", "bad" if r.last_error else "dim"),
    )


def since(moment: str, now: datetime) -> Styled:
    """How long ago a run was: `never`, `12 min ago`, `3 d ago`."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return Styled("never", "dim")
    minutes = int((now.astimezone(UTC) - at.astimezone(UTC)).total_seconds() // 60)
    if minutes < 60:
        return Styled(f"{max(minutes, 0)} min ago")
    if minutes < 48 * 60:
        return Styled(f"{minutes // 60} h ago")
    days = minutes // 1440
    return Styled(f"{days} d ago", "warn" if days > 30 else "")


def name_of(record: Any) -> str:
    """What a person calls a record of a plan."""
    if hasattr(record, "use_case") and hasattr(record, "version"):
        metric = getattr(record, "metric", "")
        return f"{metric or record.use_case} · {record.version}"
    return str(getattr(record, "key", "") or getattr(record, "name", ""))


def kind_of(record: Any) -> str:
    """What a record is, in a word."""
    return type(record).__name__.lower().replace("usecase", "use case")


def shape(run: Run, wanted: Plan | None, applied: bool) -> dict[str, Any]:
    """One registry of `sync --json`; counts first, then what they count."""
    found: dict[str, Any] = {"name": run.registry.name, "kind": run.registry.kind, "applied": applied}
    lists: dict[str, list[Any]] = {
        "added": [] if wanted is None else [name_of(r) for r in wanted.added],
        "changed": [] if wanted is None else [_change(c) for c in wanted.updates],
        "removed": [] if wanted is None else [name_of(r) for r in wanted.missing],
        "conflicts": [] if wanted is None else [_change(c) for c in wanted.conflicts],
        "drift": [] if wanted is None else [_drift(d) for d in wanted.drift],
    }
    return {
        **found,
        **{name: None if wanted is None else len(rows) for name, rows in lists.items()},
        "requests": run.requests,
        "seconds": run.seconds,
        "error": shapes.known(run.error),
        "details": lists,
        "inbox": [] if wanted is None else [shapes.deployment(d) for d in wanted.inbox],
        "not_known_here": None if wanted is None else len(wanted.unmatched),
        "notes": [] if wanted is None else list(wanted.notes),
    }


def _change(c: FieldChange) -> dict[str, Any]:
    fields = {"table": c.table, "key": c.key, "field": c.field, "source": c.source}
    return fields | {"before": plain(c.before), "after": plain(c.after)}


def plain(value: Any) -> Any:
    """A value of a change as JSON."""
    from store.records import to_doc

    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    if hasattr(value, "__dataclass_fields__"):
        return to_doc(value)
    return value if value is None or isinstance(value, bool | int | float | str | dict) else str(value)


def _drift(d: Any) -> dict[str, Any]:
    names = ("use_case", "deployment", "field", "recorded", "remote", "seen_at")
    return {name: getattr(d, name) for name in names} | {"cause": shapes.known(d.cause)}


# ── for people ──


class Pace:
    """How far registries are read, and how fast, in words; `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[tuple[str, str], float] = {}
        self._last: dict[str, float] = {}
        self._first = clock()

    def __call__(self, registry: str, what: str, done: int, total: int | None) -> str:
        """`3,000 of 5,000 runs · 850/s`; what is read next begins when the last of what came before is there."""
        now = self._clock()
        begun = self._begun.setdefault((registry, what), self._last.get(registry, self._first))
        self._last[registry] = now
        of = f" of {total:,}" if total is not None else ""
        rate = done / (now - begun) if now > begun else 0.0
        return f"{done:,}{of} {what}" + (f" · {rate:,.0f}/s" if rate >= 1 else "")


def short(value: Any) -> str:
    """A value in a line: `—` for nothing, cut."""
    found = plain(value)
    text = (
        "—" if found is None or found == "" else ", ".join(map(str, found)) if isinstance(found, list) else str(found)
    )
    return text if len(text) <= 60 else f"{text[:59]}…"


def say(out: Output, run: Run, wanted: Plan | None) -> None:
    """What one registry would change."""
    took = f"{run.requests} request{'s' if run.requests != 1 else ''}, {run.seconds:.1f} s"
    if wanted is None:
        out.line(Styled(run.registry.name, "strong"), ": ", Styled(run.error, "bad"))
        return
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (len(wanted.added), "new"),
            (len(wanted.updates), "changed fields"),
            (len(wanted.missing), "gone"),
            (len(wanted.conflicts), "conflicts"),
            (len(wanted.drift), "drifting"),
        )
        if count
    ]
    nothing = "nothing new" if wanted.empty else "newer confirmations"
    out.line(Styled(run.registry.name, "strong"), f": {', '.join(parts) or nothing} ({took})")
    _lines(out, "+", [name_of(r) if isinstance(r, Version) else f"{kind_of(r)} {name_of(r)}" for r in wanted.added])
    _lines(
        out, "~", [f"{c.key}  {c.field}: {short(c.before)} → {short(c.after)}  ({c.source})" for c in wanted.updates]
    )
    _lines(out, "−", [f"{name_of(r)} is no longer listed there; it is flagged, not deleted" for r in wanted.missing])
    kept = "theirs is taken" if wanted.take else "ours stays"
    conflicts = [
        f"{c.key}  {c.field}: ours {short(c.before)}, theirs {short(c.after)}: {kept}" for c in wanted.conflicts
    ]
    _lines(out, "!", conflicts)
    _lines(out, "≠", [f"{drift_line(d)}. {d.cause}".rstrip(". ") for d in wanted.drift])
    _lines(out, "?", [_to_assign(d) for d in wanted.inbox])
    if wanted.unmatched:
        out.line(f"  {len(wanted.unmatched):,} of its models are not known here and are left out")
    for note in wanted.notes:
        out.line(Styled("  ! ", "warn"), note)


def drift_line(d: Any) -> str:
    """One sentence about what runs otherwise than recorded."""
    if d.field == "stage":
        return f"{d.use_case}: recorded is {d.recorded}, its registry says {d.remote}"
    return f"{d.use_case}: {d.deployment} serves {d.remote}, recorded is {d.recorded}"


def _to_assign(d: Deployment) -> str:
    name = f"'{d.name}'" if " " in d.name else d.name
    return f"{d.name} waits to be assigned: modeltui assign USE-CASE {d.remote_version} --deployment {name}"


def _lines(out: Output, mark: str, lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        out.line(f"  {mark} {line}")
    if len(lines) > SHOWN:
        out.line(f"  {mark} and {len(lines) - SHOWN:,} more")
