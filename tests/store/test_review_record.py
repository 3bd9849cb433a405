"""The change record: complete, deterministic, and safe against what people write into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from store.records import (
    Assignment,
    Change,
    Criteria,
    Deployment,
    Event,
    Evidence,
    Item,
    Measurement,
    Metric,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
    Waiver,
    to_doc,
)
from store.review import items as steps
from store.review.comparison import compare
from store.review.record import change_record, text

TODAY = date(2026, 11, 23)
AT = "2026-11-20T09:00:00Z"
OLD, NEW = "azure-openai/gpt-4o@2024-05-13", "azure-openai/gpt-4.1@2025-04-14"


def version(key: str, retires: date) -> Version:
    seen = Observation("retire", retires, "planned", "ms-page", "Microsoft", "2026-11-12", source_url="https://a.b/c")
    return Version(key, key, observations=(seen,))


MEASURED = {
    OLD: [Measurement("m1", "f1", 0.81, OLD, use_case="support", n=400, measured_on=date(2026, 11, 1))],
    NEW: [Measurement("m2", "f1", 0.84, NEW, use_case="support", n=400, measured_on=date(2026, 11, 2))],
}
METRICS = {"f1": Metric("f1", "F1 score", direction="up", kind="other")}
RECORDS = Snapshot(
    versions={OLD: version(OLD, date(2026, 12, 9)), NEW: version(NEW, date(2028, 4, 14))},
    use_cases={"support": UseCase("u", "support", owner="service", criteria=Criteria(version=3, two_persons=True))},
    deployments={"ptu": Deployment("d", "ptu", platform="azure", sku="GlobalProvisionedManaged")},
    assignments=[Assignment("a", "support", OLD, deployment="ptu", since=date(2026, 1, 5))],
    measurements=MEASURED,
    metrics=METRICS,
    upgrades={},
)
ASSIGNED = Event("e1", "2026-01-05T08:00:00Z", "ada", f"assign {OLD}", "first release", changes=(
    Change("assignments", "a", f"support · {OLD}", "*", None, to_doc(RECORDS.assignments[0])),
))  # fmt: skip
STARTED = Event("e2", AT, "ada", "start upgrade of support", "retires in December", changes=(
    Change("upgrades", "up", f"support · {OLD}", "*", None, {}),
))  # fmt: skip
SCAN = Evidence("file", "scan.json", AT, "bob", hash="sha256:12ab", inputs={"target": "0ld"})
DONE = Item("D01", "Discover", "Register every use", state="done", evidence=(SCAN,))
UPGRADE = Upgrade(
    "up", "support", OLD, NEW, deployment="ptu", strategy="in_place", created=date(2026, 11, 20), author="ada",
    template_hash="abc123", verdict="INCONCLUSIVE", verdict_at=AT,
    waivers={"f1": Waiver("eve", "small loss", AT, date(2027, 1, 1))},
    items={
        item.id: item
        for item in (
            steps.sign(DONE, by="eve", at=AT),
            steps.waive(Item("A01", "Assess", "Read news"), by="eve", why="known", at=AT, until=date(2026, 12, 1)),
            steps.block(Item("V01", "Validate", "Score", due=date(2026, 11, 30)), "no data"),
            Item("X01", "Retire", "Delete", gate="close", applies="unknown"),
        )
    },
)  # fmt: skip


def record(upgrade: Upgrade = UPGRADE, records: Snapshot = RECORDS, **more: object) -> str:
    comparison = compare(list(RECORDS.versions.values()), MEASURED, METRICS, baseline=OLD)
    reasons = ("f1: 12 more items would decide",)
    return change_record(upgrade, records, [ASSIGNED, STARTED], TODAY, None, comparison, reasons)


def test_the_record_holds_every_part() -> None:
    written = record()
    headings = [line for line in written.splitlines() if line.startswith("#")]
    assert headings == [
        "# Change record: support", "## Dates", f"### {OLD}", f"### {NEW}", "## Plan", "## Verdict", "## Comparison",
        "## Checklist", "### Discover", "### Assess", "### Validate", "### Retire", "## Rollout", "## Waivers",
        "## Sign-offs",
        "## Way back", "## History",
    ]  # fmt: skip
    for fact in (
        f"{OLD} → {NEW}",
        "On the day: stops. Provisioned deployments are never upgraded",
        "| 2026-12-09 | planned | all types | ms-page <https://a.b/c> | 2026-11-12 | announced and plan for |",
        "Deadline 2026-12-09: retires 9 Dec 2026",
        "**INCONCLUSIVE**",
        "Policy version 3",
        "two persons required",
        "- f1: 12 more items would decide",
        "F1 score | 0.81 (n 400) | **0.84 (n 400, +0.03)** | higher is better",
        "1 of 4 items resolved.",
        "- [x] **D01** Register every use – stale: target changed (promote)",
        "hash `sha256:12ab`, rests on target `0ld`",
        "- [w] **A01** Read news – waived until 2026-12-01 by eve: known",
        "- [!] **V01** Score – blocked: no data (promote, due 2026-11-30)",
        "- [ ] **X01** Delete – to do (close, ? applies)",
        "| f1 | eve | small loss | 2026-11-20T09:00:00Z | 2027-01-01 |",
        "| D01 Register every use | eve | 2026-11-20T09:00:00Z |",
        "It is announced to answer until 2026-12-09.",
        f"| 2026-01-05 | now | {OLD} | Production | 100 % | ada | first release |",
        "start upgrade of support | retires in December |",
    ):
        assert fact in written, fact


def test_the_same_records_give_the_same_bytes() -> None:
    shuffled = replace(
        RECORDS, use_cases=dict(RECORDS.use_cases), versions={NEW: RECORDS.versions[NEW], OLD: RECORDS.versions[OLD]}
    )
    assert record() == record(records=shuffled)
    assert record().endswith("|\n")


def test_deleted_records_and_unknown_dates_are_said() -> None:
    bare = Snapshot({}, {}, {}, [], {}, {}, {})
    written = change_record(replace(UPGRADE, to_version="", waivers={}, items={}), bare, [], TODAY)
    for fact in ("no target yet", "No longer in the catalog.", "no longer in the catalog", "No deadline is known",
                 "0 of 0 items", "None.", "No recorded events."):  # fmt: skip
        assert fact in written, fact


def test_after_the_switch_the_way_back_is_read_from_the_events() -> None:
    run = Assignment("b", "support", NEW, deployment="ptu", since=TODAY)
    promoted = Event("e3", "2026-11-23T10:00:00Z", "ada", f"promote {NEW} in support", "gate passed", changes=(
        Change("assignments", "a", f"support · {OLD}", "stage", "Production", "Archived"),
        Change("assignments", "b", f"support · {NEW}", "*", None, to_doc(run)),
    ))  # fmt: skip
    moved = replace(UPGRADE, state="promoted", promoted_on=TODAY, forced=True)
    now = replace(RECORDS, assignments=[replace(RECORDS.assignments[0], stage="Archived"), run])
    written = change_record(moved, now, [ASSIGNED, STARTED, promoted], TODAY)
    assert f"{OLD}: in Production in support until 23 Nov 2026; retires on 9 Dec 2026, in 16 days." in written
    assert "2026-11-23 (forced past the gate)" in written


def test_text_of_people_stays_text() -> None:
    nasty = "# not a heading\n| a | b |\n<script>alert(1)</script> [x](javascript:y) `z`"
    written = record(replace(UPGRADE, note=nasty, lessons="- no list", outcome="1. no number"))
    assert "\n# not" not in written
    assert "<script>" not in written
    assert "[x](" not in written
    assert written.count("\n## ") == record().count("\n## ")
    assert text("- a | b") == "\\- a \\| b"
    assert [text(t) for t in ("1. a", "12) b", "0.84 (n 4)", "-0.03", "+ x", "===")] == [
        "1\\. a", "12\\) b", "0.84 (n 4)", "-0.03", "\\+ x", "\\===",
    ]  # fmt: skip
    assert text(" \n ") == "unknown"
    link = Item("D01", "Discover", "x", evidence=(Evidence("link", "javascript:alert(1)", AT, "bob"),))
    assert "<javascript" not in record(replace(UPGRADE, items={"D01": link}))
