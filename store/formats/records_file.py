"""Files in our own form, for registries of whatever kind that can write one: JSON, or CSV with our column names.

JSON is an object with any of `versions`, `measurements`, `metrics`, `deployments` and `assignments`, each a list of
objects in the field names of the catalog (`store.records`). A fact may be a plain value:

    {"versions": [{"key": "ml/churn@7", "facts": {"framework": "xgboost"}, "lineage": {"commit": "5f1c"}}],
     "measurements": [{"metric": "accuracy", "value": 0.87, "version": "ml/churn@7", "n": 400}]}

CSV is what `modeltui import` reads (`docs/cli.md`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from store.delivery import Delivery
from store.formats.parsed import Fault
from store.formats.tables import parse_table
from store.records import Assignment, Deployment, Doc, Measurement, Metric, Version
from store.validation import Invalid, check

MAX_RECORDS = 200_000
MAX_FAULTS = 10_000
SAID_FAULTS = 20

_TABLES: Mapping[str, type[Any]] = {
    "versions": Version,
    "measurements": Measurement,
    "metrics": Metric,
    "deployments": Deployment,
    "assignments": Assignment,
}
_NOT_THEIRS = ("uid", "rev", "registry", "missing_since", "local", "items_hash", "seen", "forced")
"""Fields that only this catalog knows; a file does not set them."""


class RecordsFault(ValueError):
    """A file that cannot be used: everything that is wrong in it, of which the first places are its text."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        more = f"; and {len(faults) - SAID_FAULTS} more" if len(faults) > SAID_FAULTS else ""
        super().__init__("; ".join(map(str, faults[:SAID_FAULTS])) + more)

    @classmethod
    def whole(cls, reason: str) -> RecordsFault:
        """Something is wrong with the whole file."""
        return cls([Fault(0, "", "", reason)])


def parse_records(content: bytes, *, origin: str, today: date) -> Delivery:
    """Read a file, all or nothing.

    Args:
        content: JSON where it begins with `{`, else CSV.
        origin: the registry's name, under which facts are kept.
        today: the day of facts and measurements that name none.

    Raises:
        RecordsFault: something in it does not fit.
    """
    if not content.strip():
        raise RecordsFault.whole("it is empty")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return _table(content, origin, today)
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordsFault.whole(f"this is no JSON: {str(error)[:120]}") from error
    if not any(name in document for name in _TABLES):
        raise RecordsFault.whole(f"it has none of the tables {', '.join(_TABLES)}; docs/registries.md shows the form")
    faults: list[Fault] = []
    tables = {name: list(_records(name, document.get(name, []), origin, today, faults)) for name in _TABLES}
    if faults:
        raise RecordsFault(faults)
    return Delivery(
        tables["versions"], tables["measurements"], tables["metrics"], tables["deployments"], tables["assignments"]
    )


def _records(name: str, rows: Any, origin: str, today: date, faults: list[Fault]) -> Iterator[Any]:
    if not isinstance(rows, list) or len(rows) > MAX_RECORDS:
        faults.append(Fault(0, name, "", f"it is no list, or has more than {MAX_RECORDS:,} entries"))
        return
    for number, row in enumerate(rows, 1):
        if len(faults) >= MAX_FAULTS:
            return
        if not isinstance(row, dict):
            faults.append(Fault(number, name, "", "it is no object", "entry"))
            continue
        doc = {field: value for field, value in row.items() if field not in _NOT_THEIRS} | {"uid": ""}
        if name == "versions":
            _complete_version(doc, origin, today)
        elif name == "measurements":
            doc["origin"] = origin
            doc.setdefault("as_of", today.isoformat())
        try:
            made = check(_TABLES[name], doc)
        except Invalid as error:
            places = ((f"{name}.{column}" if column else name, reason) for column, reason in error.faults)
            faults += [Fault(number, place, "", reason, "entry") for place, reason in places]
            continue
        yield replace(made, uid=_identity(origin, made)) if isinstance(made, Measurement) else made


def _complete_version(doc: Doc, origin: str, today: date) -> None:
    """Plain values become claims; claims and dates belong to this source."""
    facts = doc.get("facts")
    if isinstance(facts, dict):
        doc["facts"] = {name: _claims(value, origin, today) for name, value in facts.items() if value is not None}
    seen = doc.get("observations")
    if isinstance(seen, list):
        base = {"kind": "retire", "certainty": "planned", "source": origin, "publisher": origin}
        day = {"observed_at": today.isoformat()}
        doc["observations"] = [base | day | o | {"origin": origin} if isinstance(o, dict) else o for o in seen]


def _claims(value: Any, origin: str, today: date) -> list[Doc]:
    if isinstance(value, dict) and "value" in value:
        value = [value]
    given = value if _are_claims(value) else [{"value": value}]
    base = {"source": origin, "as_of": today.isoformat()}
    return [base | claim | {"layer": "remote", "origin": origin} for claim in given]


def _are_claims(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(c, dict) and "value" in c for c in value)


def _identity(origin: str, m: Measurement) -> str:
    """The same for the same series, day and run, so that a value read again replaces itself."""
    parts = (origin, m.version, *(str(p) for p in _series(m)), str(m.measured_on), m.period, m.run)
    return "file-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _series(m: Measurement) -> tuple[str, ...]:
    return tuple(str(getattr(m.series, name)) for name in m.series.__slots__)


def _table(content: bytes, origin: str, today: date) -> Delivery:
    parsed = parse_table(content, {}, origin=origin, today=today)
    if parsed.faults:
        raise RecordsFault(sorted(parsed.faults))
    versions = [
        replace(v, facts={n: tuple(replace(c, layer="remote") for c in claims) for n, claims in v.facts.items()})
        for v in parsed.versions.values()
    ]
    entered = [name for name, _ in ((n, u) for n, u in parsed.use_cases.items() if u.owner or u.title)]
    note = (f"titles and owners of use cases are not taken from a registry ({', '.join(entered[:3])})",)
    return Delivery(
        versions=versions,
        measurements=[replace(m, as_of=m.as_of or today.isoformat()) for m in parsed.measurements],
        deployments=list(parsed.deployments.values()),
        assignments=parsed.assignments,
        notes=note if entered else (),
    )
