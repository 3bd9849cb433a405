"""Fact rows → version documents: claims, observations of dates, links and `same_as` (DECISIONS 1).

What becomes what:

- A date of the lifecycle becomes observations and no fact: the ledger alone decides which date counts. One for the
  fact, one for each source in its `also` (dated by the history where it names that source and value, else by the day
  of the source), one for each value in a history of kind `moved`, each once.
- Everything else becomes claims per field, the chosen one first, then the other current values, then earlier ones.
  The note of an earlier price says from when to when it held.
- What is derived is left out (status), except the kind read off a name and the publisher, which say so.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

Row = dict[str, Any]
Sources = Mapping[str, Row]

DERIVED = "derived"
"""Source of a kind that was read off a model's name, and of publishers. Its rank is the lowest."""

AS_OF = "2026-11-23"

DATE_FIELDS: Mapping[str, tuple[str, Row]] = {
    "retirement_date": ("retire", {}),
    "earliest_retirement": ("retire", {}),
    "retirement_date_standard_regional": ("retire", {"sku": "Standard"}),
    "deprecation_date": ("deprecate", {}),
    "auto_upgrade_not_before": ("auto_upgrade_start", {}),
    "default_upgrade_date": ("default_change", {}),
    "default_moved_to": ("default_change", {}),
    "fine_tune_training_retirement": ("fine_tune_retire", {"fine_tuned": True}),
    "fine_tune_deployment_retirement": ("fine_tune_retire", {"fine_tuned": True}),
}
"""Fields that become observations: their kind and what they hold for."""

FIELD_NOTES: Mapping[str, str] = {
    "fine_tune_training_retirement": "training stops",
    "fine_tune_deployment_retirement": "fine-tuned deployments stop",
}
"""What tells two fields of one kind apart: nothing that runs stops when training does (see `store.review.ledger`)."""

CLAIM_CONFLICTS = ("disagree-now", "static", "version-id-vs-announced", "older-source")
"""Kinds of conflict whose other values are claims about the same field."""


IN_EFFECT = "in effect"
"""How the note of an effective-dated price begins."""


def publisher_of(source: str) -> str:
    """Who speaks through a source (DECISIONS 1); empty for an inference, which is nobody's word."""
    for prefix, name in (("ms-", "Microsoft"), ("google-", "Google"), ("openai-", "OpenAI")):
        if source.startswith(prefix):
            return name
    if source.startswith(("absence-", DERIVED)):
        return ""
    return next((name for name in ("models.dev", "litellm") if source.startswith(name)), source)


def uid_of(*parts: object) -> str:
    """A short name that the same input always gets, so that loading twice changes nothing."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def may_ship(source: str, field: str, sources: Sources) -> bool:
    """NOTES 5: licensed sources, and of those without a licence only METR's single release dates."""
    if source == DERIVED:
        return field in ("kind", "publisher")
    flag = sources[source]["ship"]
    return flag in ("yes", "attribution") or (source == "metr" and field == "release_date")


def version_docs(rows: list[Row], conflicts: Iterable[Row], sources: Sources) -> list[Row]:
    """Every row as the document of a `store.records.Version`, in the order of the rows."""
    of_version: dict[str, list[Row]] = defaultdict(list)
    for conflict in conflicts:
        of_version[conflict["id"]].append(conflict)
    twins = same_snapshots(rows)
    docs = []
    for row in rows:
        facts, observations = _facts(row, of_version[row["id"]], sources), _observations(row, of_version, sources)
        doc: Row = {"uid": uid_of("version", row["id"]), "key": row["id"]}
        links = [{"rel": "lifecycle", "url": f["value"]} for k, f in row["facts"].items() if k == "lifecycle_page"]
        for name, value in (
            ("alias_of", row.get("alias_of")),
            ("same_as", twins.get(row["id"])),
            ("api_ids", row["api_ids"]),
            ("facts", facts),
            ("observations", observations),
            ("links", links),
            ("note", "\n".join(row.get("notes", ()))),
        ):
            if value:
                doc[name] = value
        docs.append(doc)
    return docs


# ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _facts(row: Row, conflicts: list[Row], sources: Sources) -> Row:
    claims: dict[str, list[Row]] = defaultdict(list)
    if row["publisher"]:
        claims["publisher"].append(_claim(row["publisher"], DERIVED, AS_OF, "who made the model"))
    for field, fact in row["facts"].items():
        if field in DATE_FIELDS or field == "lifecycle_page" or not may_ship(fact["source"], field, sources):
            continue
        claim = _claim(fact["value"], fact["source"], fact["as_of"], fact.get("note"))
        also = [s for s in fact.get("also", ()) if may_ship(s, field, sources)]
        claims[field].append(claim | {"also": also} if also else claim)
    for conflict in conflicts:
        field = conflict["field"]
        if conflict["kind"] in CLAIM_CONFLICTS and field in claims:
            for other in conflict["others"]:
                if may_ship(other["source"], field, sources):
                    claims[field].append(_claim(other["value"], other["source"], other["as_of"], other.get("note")))
        elif conflict["kind"] == "implausible":
            # The other value belongs to another field: a warning on the claim, never a claim of its own.
            other = conflict["others"][0]
            warning = f"implausible as published: {other['note']} ({other['value']})"
            claims[field][0]["note"] = "; ".join(filter(None, (claims[field][0].get("note"), warning)))
    for field, claim in _earlier(row):
        if field in claims and may_ship(claim["source"], field, sources):
            claims[field].append(claim)
    return {field: _once(found) for field, found in claims.items()}


def _claim(value: Any, source: str, as_of: str, note: str | None = None) -> Row:
    claim = {"value": value, "source": source, "as_of": as_of}
    return claim | {"note": note} if note else claim


def _once(claims: list[Row]) -> list[Row]:
    """Drop a claim that an earlier one already makes; the period of a price that still holds joins it as its note."""
    kept: list[Row] = []
    for claim in claims:
        note = claim.get("note", "")
        same = next((k for k in kept if all(k[f] == claim[f] for f in ("value", "source", "as_of"))), None)
        if same is None or (" until " in note and note != same.get("note")):
            kept.append(claim)
        elif note.startswith(IN_EFFECT) and "note" not in same:
            same["note"] = note
    return kept


def _earlier(row: Row) -> Iterable[tuple[str, Row]]:
    """Earlier values of a row, newest first: moved replacements, prices seen, and effective-dated prices."""
    for entry in row.get("history", ()):
        if entry["kind"] == "moved" and entry["field"] not in DATE_FIELDS:
            for value in sorted(entry["values"], key=lambda v: str(v["as_of"]), reverse=True):
                yield entry["field"], _claim(value["value"], value["source"], value["as_of"], value.get("note"))
        elif entry["kind"] == "price-observed":
            yield entry["field"], _claim(entry["value"], entry["source"], entry["as_of"], "observed price")
    prices = [e for e in row.get("history", ()) if e["kind"] == "price"]
    for source in dict.fromkeys(e["source"] for e in prices):
        dated = sorted((e for e in prices if e["source"] == source), key=lambda e: e["effective_from"] or "")
        for part in ("input", "output", "cached_input"):
            for claim in reversed(list(_periods(dated, part))):
                yield f"price_{part}", claim


def _periods(dated: list[Row], part: str) -> Iterable[Row]:
    """One claim for each stretch of time over which a source gives the same price, oldest first."""
    stretches = [list(same) for _, same in groupby(dated, key=lambda e: e[part])]
    for place, stretch in enumerate(stretches):
        first = stretch[0]
        since = first["effective_from"]
        until = stretches[place + 1][0]["effective_from"] if place + 1 < len(stretches) else None
        if first[part] is not None:
            note = IN_EFFECT + (f" from {since}" if since else "") + (f" until {until}" if until else "")
            yield _claim(first[part], first["source"], first["as_of"], note if since or until else None)


# ── observations ──────────────────────────────────────────────────────────────────────────────────────────────────


def _observations(row: Row, conflicts: Mapping[str, list[Row]], sources: Sources) -> list[Row]:
    found: list[Row] = []
    moved = {e["field"]: e["values"] for e in row.get("history", ()) if e["kind"] == "moved"}
    for field, fact in row["facts"].items():
        if field not in DATE_FIELDS:
            continue
        history = moved.get(field, [])
        for said in _said(fact, history, sources):
            found.append(_observation(field, said, sources))
        for said in sorted(history, key=lambda v: str(v["as_of"]), reverse=True):
            found.append(_observation(field, said, sources))
        for conflict in conflicts.get(row["id"], ()):
            if conflict["field"] == field and conflict["kind"] in ("disagree-now", "moved"):
                found += [_observation(field, other, sources) for other in conflict["others"]]
    return _distinct([seen for seen in found if seen["publisher"]])


def _distinct(observations: list[Row]) -> list[Row]:
    """Keep one of those that differ in nothing but the note."""
    kept: dict[tuple[str, ...], Row] = {}
    for seen in observations:
        identity = tuple(str(seen.get(k)) for k in ("kind", "value", "source", "observed_at", "scope"))
        kept.setdefault(identity, seen)
    return list(kept.values())


def _said(fact: Row, history: list[Row], sources: Sources) -> Iterable[Row]:
    """The fact itself and, as their own words, the sources that agree with it."""
    yield fact
    for source in fact.get("also", ()):
        own = [h for h in history if h["source"] == source and h["value"] == fact["value"]]
        if own:
            yield from own
        else:
            yield fact | {"source": source, "as_of": sources[source]["as_of"]}


def _observation(field: str, said: Row, sources: Sources) -> Row:
    kind, scope = DATE_FIELDS[field]
    note, value = said.get("note") or "", said["value"]
    if field == "default_moved_to":
        note, value = f"to {value}; {note}", said["as_of"]
    note = "; ".join(filter(None, (FIELD_NOTES.get(field), note)))
    not_before = (
        said.get("precision") == "not-before"
        or "no earlier than" in note
        or field in ("earliest_retirement", "auto_upgrade_not_before")
    )
    source = sources[said["source"]]
    doc = {
        "kind": kind,
        "value": value,
        "certainty": "not_before" if not_before else "planned",
        "source": said["source"],
        "publisher": publisher_of(said["source"]),
        "observed_at": said["as_of"],
        "rank": source["rank"],
    }
    if scope:
        doc["scope"] = scope
    if url := url_of(source):
        doc["source_url"] = url
    if note:
        doc["note"] = note
    return doc


def url_of(source: Row) -> str:
    """The page a source was read from: an address or a repository; packages have none here."""
    ref = str(source["ref"]).split(" ")[0]
    if ref.startswith("https://"):
        return ref
    if source["kind"] != "github":
        return ""
    repository, _, commit = ref.partition("@")
    return f"https://github.com/{repository}" + (f"/tree/{commit}" if commit else "")


# ── the same snapshot at several providers ────────────────────────────────────────────────────────────────────────

_BEDROCK = re.compile(r"^[a-z0-9]+\.(?P<name>.+?)(-v\d+:\d+)?$")
_DATED = re.compile(
    r"-(20\d\d-[01]\d-[0-3]\d|20\d\d[01]\d[0-3]\d"  # 2024-05-13, 20240307
    r"|(0[1-9]|1[0-2])[0-3]\d(-preview)?"  # 0613, 0125-preview
    r"|2[3-9](0[1-9]|1[0-2]))$"  # 2411
)


def snapshot_name(row: Row) -> str | None:
    """The name under which its publisher froze a snapshot, or None where the row names no dated one.

    It is model and version joined by a dash, in lower case; Bedrock's `publisher.` in front and `-v1:0` behind are
    its own and dropped. Only a name that ends in a date counts: a bare `gemini-2.5-pro` may differ between hosts.
    """
    if row["is_alias"] or not row["publisher"]:
        return None
    name = "-".join(filter(None, (row["model"], row["version"]))).lower()
    if row["provider"] == "aws-bedrock" and (match := _BEDROCK.match(name)):
        name = match["name"]
    return name if _DATED.search(name) else None


def same_snapshots(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Per row, the others with the same publisher and the same snapshot name at another provider."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if name := snapshot_name(row):
            groups[row["publisher"], name].append(row)
    return {
        row["id"]: twins
        for group in groups.values()
        for row in group
        if (twins := [other["id"] for other in group if other["provider"] != row["provider"]])
    }
