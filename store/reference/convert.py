"""Make the shipped reference from a directory of fact files: `python -m store.reference.convert SOURCE_DIR`.

Reads versions.json, conflicts.json, metrics.json, checklist.json and sources.json and writes, one record a line so
that differences stay readable: versions.json, measurements.json, metrics.json, checklist.json, sources.json,
CREDITS.md and stamp.json. policies.json, providers.json and templates/ are written by hand.

Left out on purpose: whatever may not be bundled, rows without a shipped version, statuses (computed for today), the
event list (it follows from the observations), daily latency (metrics.json has the weekly medians) and the classical
models of versions_ml.json, which nobody upgrades through a provider.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from store.reference.convert_metrics import measurement_docs, metric_docs
from store.reference.convert_versions import AS_OF, DERIVED, Row, publisher_of, url_of, version_docs

HERE = Path(__file__).parent

STAMPED = (
    "versions.json",
    "measurements.json",
    "metrics.json",
    "checklist.json",
    "checklist_sources.json",
    "sources.json",
    "policies.json",
    "providers.json",
)
"""Files whose content makes the stamp, in this order; the templates follow."""

DERIVED_SOURCE: Row = {
    "title": "modeltui: read off the model's name or its maker",
    "kind": "derivation",
    "ref": "-",
    "as_of": AS_OF,
    "licence": "MIT",
    "ship": "yes",
    "rank": 0,
    "note": "no published value: kinds read off names, and who made a model",
}

CHECKS = {
    "D02": "dates_fresh",
    "D03": "upgrade_option_known",
    "A06": "no_break_risk",
    "A08": "target_outlives_runway",
    "P04": "rollback_alive",
    "V01": "verdict",
    "V03": "verdict",
    "V06": "approver_not_author",
    "R06": "upgrade_option_set",
}
"""Item → its automatic check (DECISIONS 9)."""

CONDITIONS = {
    "T05": "from.publisher != to.publisher or from.reasoning != to.reasoning",
    "T10": "always",
    "R09": "always",
    "T11": "from.kind == embedding",
    "T15": " or ".join(f"use_case.modalities contains {kind}" for kind in ("image", "audio", "file")),
}
"""Conditions rewritten where the grammar cannot say what the facts meant (DECISIONS 9)."""

PROMOTE_PHASES = ("Discover", "Prepare", "Assess", "Adapt", "Validate")
PROMOTE_ITEMS = ("R01", "R04", "R05", "R06", "R07")


def checklist_items(items: Iterable[Row]) -> list[Row]:
    """The items as documents of `store.records.Item`, with check, gate and conditions of DECISIONS 9."""
    docs = []
    for item in items:
        promote = (item["phase"] in PROMOTE_PHASES and item["blocking"]) or item["id"] in PROMOTE_ITEMS
        doc = {
            "id": item["id"],
            "phase": item["phase"],
            "title": item["title"],
            "why": item["why"],
            "verify": item["verify"],
            "wanted": item["evidence"],
            "signer": item["signer"],
            "offset": item["default_offset_days"],
            "blocking": item["blocking"],
            "gate": "promote" if promote else "close",
            "applies_when": CONDITIONS.get(item["id"], item["applies_when"]),
            "sources": item["sources"],
        }
        docs.append(doc | ({"check": CHECKS[item["id"]]} if item["id"] in CHECKS else {}))
    return docs


def source_docs(sources: dict[str, Row], used: set[str]) -> list[Row]:
    """The sources that shipped records name, with the publisher and the page each one stands for."""
    docs = []
    for name in sorted(used):
        source = sources[name]
        doc = {"id": name, "title": source["title"], "kind": source["kind"], "ref": source["ref"]}
        doc |= {"url": url_of(source), "publisher": publisher_of(name)}
        doc |= {field: source[field] for field in ("as_of", "licence", "ship", "rank")}
        docs.append(doc | ({"note": source["note"]} if source["note"] else {}))
    return docs


def used_sources(versions: Iterable[Row], measurements: Iterable[Row]) -> set[str]:
    """Every source id that a shipped record names."""
    used = {m["source"] for m in measurements}
    for version in versions:
        used.update(o["source"] for o in version.get("observations", ()))
        for claims in version.get("facts", {}).values():
            used.update(c["source"] for c in claims)
            used.update(s for c in claims for s in c.get("also", ()))
    return used


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def lines(records: Iterable[Row]) -> str:
    """A JSON array with one record a line."""
    body = ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in records)
    return f"[\n{body}\n]\n"


def content_hash(directory: Path) -> str:
    """Twelve hex digits over the shipped data; they change when any of it does."""
    digest = hashlib.sha256()
    for path in [*(directory / name for name in STAMPED), *sorted((directory / "templates").glob("*.toml"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]


def credits(sources: Iterable[Row]) -> str:
    """CREDITS.md: who published what under which licence."""
    return "\n".join(_credit_lines(list(sources))) + "\n"


def _credit_lines(sources: list[Row]) -> Iterator[str]:
    yield "# Credits of the shipped facts"
    yield ""
    yield f"Values as of {AS_OF}, each kept with its source and date. Made by `python -m store.reference.convert`."
    yield "Facts and figures were taken, in a structure of our own; no text was copied. Values are unchanged except for"
    yield "units: shares in percent are kept as 0 to 1, seconds to the first token as milliseconds."
    groups = (
        ("CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", ("CC-BY-4.0",)),
        ("Apache License 2.0 (https://www.apache.org/licenses/LICENSE-2.0)", ("Apache-2.0",)),
        ("MIT License (https://opensource.org/license/mit)", ("MIT",)),
    )
    listed = {licence for _, licences in groups for licence in licences}
    for title, licences in groups:
        yield from ("", f"## {title}", "")
        yield from (_credit(s) for s in sources if s["licence"] in licences)
    yield from ("", "## Single facts from pages without a free licence, and inferences", "")
    yield from (_credit(s) for s in sources if s["licence"] not in listed)
    yield ""
    yield "The CC BY 4.0 pages are © Microsoft Corporation (Microsoft Learn) and © Google LLC (Google AI for"
    yield "Developers); both are credited here as their licence asks, and neither endorses this program. Product names"
    yield "belong to their owners. Pages that the checklist and the policies cite stand in checklist_sources.json and"
    yield "policies.json with title, address and date."


def _credit(source: Row) -> str:
    where = source["url"] or source["ref"]
    who = f"{source['publisher']}: " if source["publisher"] in ("Microsoft", "Google", "OpenAI") else ""
    return f"- {who}{source['title']} – {where}, as of {source['as_of']} (`{source['id']}`)"


def convert(source: Path, target: Path) -> dict[str, int]:
    """Read the fact files in `source`, write the reference to `target`, and answer the number of records.

    Raises:
        OSError: a file is missing or cannot be written.
        KeyError: a fact file lacks a field, or a row names a source that is not in sources.json.
    """

    def read(name: str) -> Any:
        return json.loads((source / name).read_text(encoding="utf-8"))

    sources = read("sources.json")["sources"] | {DERIVED: DERIVED_SOURCE}
    metrics, checklist, rows = read("metrics.json"), read("checklist.json"), read("versions.json")["versions"]
    versions = version_docs(rows, read("conflicts.json")["conflicts"], sources)
    definitions = metric_docs(metrics["metric_definitions"])
    measured = measurement_docs(metrics["metrics"], definitions, {r["id"] for r in rows}, sources)
    credited = source_docs(sources, used_sources(versions, measured))
    items = checklist_items(checklist["items"])
    cited = [{"id": name, **page} for name, page in checklist["sources"].items()]
    written = {
        "versions.json": versions,
        "measurements.json": measured,
        "metrics.json": definitions,
        "checklist.json": items,
        "checklist_sources.json": cited,
        "sources.json": credited,
    }
    for name, records in written.items():
        (target / name).write_text(lines(records), encoding="utf-8", newline="\n")
    (target / "CREDITS.md").write_text(credits(credited), encoding="utf-8", newline="\n")
    _write_stamp(target)
    return {name: len(records) for name, records in written.items()}


def _write_stamp(target: Path) -> None:
    """Write stamp.json; its revision grows whenever the content of the same day changes, so that stamps sort."""
    path, made = target / "stamp.json", content_hash(target)
    last = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    revision = last.get("revision", 0) if last.get("as_of") == AS_OF else 0
    stamp = {"as_of": AS_OF, "revision": revision + (made != last.get("hash")), "hash": made}
    path.write_text(json.dumps(stamp) + "\n", encoding="utf-8", newline="\n")


def main() -> int:
    """Run the conversion from the command line."""
    parser = argparse.ArgumentParser(prog="python -m store.reference.convert", description=__doc__)
    parser.add_argument("source", type=Path, help="directory with the fact files")
    for name, count in convert(parser.parse_args().source, HERE).items():
        print(f"{name}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
