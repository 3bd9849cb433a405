"""The change record of an upgrade: everything about it as Markdown, the same bytes for the same records.

Nothing here asks for the time or formats by locale; lists are in the order of the records. Text of people is escaped,
so that nobody's note can pretend to be a heading or a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from store.records import Event, Evidence, Item, Observation, Snapshot, Upgrade
from store.review.checklist import by_phase, progress, standing
from store.review.checks import inputs_now
from store.review.comparison import Cell, Comparison, Row
from store.review.ledger import ledger
from store.review.lifecycle import on_the_day
from store.review.plan import Plan, deadline, plan
from store.review.rollback import revert_target, runs_history
from store.review.rollout import share_of, steps_of, unseen

UNKNOWN = "unknown"
_MARKS = {"done": "x", "waived": "w", "not_applicable": "-", "blocked": "!", "doing": "~", "todo": " "}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_LEADING = re.compile(r"^([0-9]*)([-+=](?=[-+=\s]|$)|(?<=[0-9])[.)](?=\s|$))")


def change_record(
    upgrade: Upgrade,
    records: Snapshot,
    events: Sequence[Event],
    today: date,
    verdict: str | None = None,
    comparison: Comparison | None = None,
    reasons: Sequence[str] = (),
    way: Plan | None = None,
    promises: Sequence[str] = (),
) -> str:
    """The record as Markdown, ending with a line break.

    `verdict` is the gate's word with its `reasons` (the upgrade's own where None), `way` the plan that is worked to
    (counted back with the standard durations where None), `promises` the rules of the provider that is left, in words.
    Where a version or the use case was deleted meanwhile, its
    part says so.
    """
    parts = [
        _head(upgrade, records, today),
        _dates(upgrade, records, today, promises),
        _plan(upgrade, records, today, way),
        _verdict(upgrade, records, verdict, reasons),
        _comparison(comparison),
        _checklist(upgrade, records, today),
        _rollout(upgrade, records),
        _waivers(upgrade),
        _signatures(upgrade),
        _way_back(upgrade, records, events, today),
        _history(upgrade, events),
    ]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part))) + "\n"


def text(value: str) -> str:
    """One line of somebody's text that Markdown takes literally."""
    line = " ".join(value.split())
    return _LEADING.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", line)) or UNKNOWN


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table of cells that are escaped already."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def _head(upgrade: Upgrade, records: Snapshot, today: date) -> Iterator[str]:
    use_case = records.use_cases.get(upgrade.use_case)
    target = upgrade.to_version or "no target yet"
    yield f"# Change record: {text(upgrade.use_case)}"
    yield ""
    yield f"{text(upgrade.from_version)} → {text(target)}"
    yield ""
    facts = {
        "Use case": upgrade.use_case + (f", {use_case.title}" if use_case and use_case.title else ""),
        "Owner": (use_case.owner if use_case else "the use case is no longer in the catalog"),
        "Criticality": use_case.criticality or "" if use_case else "",
        "Deployment": upgrade.deployment,
        "Strategy": upgrade.strategy.replace("_", " "),
        "State": upgrade.state.replace("_", " "),
        "Started": f"{upgrade.created or UNKNOWN} by {upgrade.author or UNKNOWN}",
        "Promoted": _day(upgrade.promoted_on) + (" (forced past the gate)" if upgrade.forced else ""),
        "Ended": _day(upgrade.closed_on) + (f": {upgrade.outcome}" if upgrade.outcome else ""),
        "Template": f"{upgrade.template} {upgrade.template_hash}".strip(),
        "Together with": _companions(upgrade, records),
        "As of": today.isoformat(),
    }
    told = {name: value for name, value in facts.items() if value or name != "Together with"}
    yield from table(("", ""), ((f"**{name}**", text(value)) for name, value in told.items()))
    for title, written in (("Note", upgrade.note), ("Lessons", upgrade.lessons)):
        if written:
            yield from ("", f"{title}: {text(written)}")


def _companions(upgrade: Upgrade, records: Snapshot) -> str:
    """The use cases that move from the same deployment at the same time, each with a verdict of its own."""
    others = [u for u in records.upgrades.values() if upgrade.group and u.group == upgrade.group]
    return ", ".join(f"{u.use_case} ({u.verdict or 'no verdict'})" for u in others if u.uid != upgrade.uid)


def _day(day: date | None) -> str:
    return "not yet" if day is None else day.isoformat()


def _dates(upgrade: Upgrade, records: Snapshot, today: date, promises: Sequence[str]) -> Iterator[str]:
    yield "## Dates"
    place = records.deployments.get(upgrade.deployment)
    for key in filter(None, (upgrade.from_version, upgrade.to_version)):
        version = records.versions.get(key)
        yield from ("", f"### {text(key)}", "")
        if version is None:
            yield "No longer in the catalog."
            continue
        outcome = on_the_day(version, place, today)
        yield f"On the day: {outcome.kind.replace('_', ' ')}. {text(outcome.why)}"
        known = ledger(version, today, place)
        if known.observations:
            yield ""
            rows = (_observed(seen, seen == known.effective, seen == known.risk) for seen in known.standing)
            yield from table(("retires", "certainty", "for", "source", "seen", "counts as"), rows)
    if promises:
        yield from ("", "What the provider promises:", "")
        yield from (f"- {text(said)}" for said in promises)


def _observed(seen: Observation, announced: bool, planned: bool) -> tuple[str, ...]:
    scope = [seen.scope.sku, seen.scope.region, "fine-tuned" if seen.scope.fine_tuned else None]
    source = f"{text(seen.source)} <{seen.source_url}>" if _is_link(seen.source_url) else text(seen.source)
    role = " and ".join(name for name, holds in (("announced", announced), ("plan for", planned)) if holds)
    where = text(", ".join(part for part in scope if part) or "all types")
    return (str(seen.value), seen.certainty.replace("_", " "), where, source, text(seen.observed_at), role)


def _is_link(url: str) -> bool:
    return bool(re.fullmatch(r"https?://[^\s<>|]+", url))


def _plan(upgrade: Upgrade, records: Snapshot, today: date, way: Plan | None) -> Iterator[str]:
    yield from ("## Plan", "")
    old = records.versions.get(upgrade.from_version)
    last = None if old is None else deadline(old, records.deployments.get(upgrade.deployment), today)
    use_case = records.use_cases.get(upgrade.use_case)
    if way is None and last is not None:
        criticality, freeze = (use_case.criticality, use_case.freeze) if use_case else (None, ())
        way = plan(last.day, today, criticality=criticality, freeze=freeze)
    if way is None:
        yield "No deadline is known, so nothing is planned back from one."
        return
    why = text(last.why) if last is not None and last.day == way.deadline else "as planned"
    yield f"Deadline {way.deadline}: {why}."
    yield ""
    yield from table(("step", "day"), ((name.replace("_", " "), str(day)) for name, day in way.shown.items()))
    for advice in way.advice:
        yield from ("", text(advice))


def _verdict(upgrade: Upgrade, records: Snapshot, verdict: str | None, reasons: Sequence[str]) -> Iterator[str]:
    word = upgrade.verdict if verdict is None else verdict
    use_case = records.use_cases.get(upgrade.use_case)
    yield from ("## Verdict", "")
    when = f" ({text(upgrade.verdict_at)})" if upgrade.verdict_at and verdict is None else ""
    yield (f"**{text(word)}**{when}" if word else "There is no verdict.")
    if use_case is not None:
        policy = (upgrade.criteria if verdict is None else None) or use_case.criteria
        yield ""
        yield (
            f"Policy version {policy.version}: unproven results {policy.unproven}, evidence not older than "
            f"{policy.max_evidence_age_days} days, two persons {'required' if policy.two_persons else 'not required'}."
        )
    if reasons:
        yield ""
        yield from (f"- {text(reason)}" for reason in reasons)


def _comparison(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None or not comparison.rows:
        return
    yield from ("## Comparison", "", f"Baseline {text(comparison.baseline)}.", "")
    head = ("", *(text(key) for key in comparison.versions), "direction", "note")
    yield from table(head, (_compared(row, comparison.versions) for row in comparison.rows))


def _compared(row: Row, versions: Sequence[str]) -> tuple[str, ...]:
    direction = {"up": "higher is better", "down": "lower is better"}.get(row.direction, "")
    title = row.title + (f" ({row.unit})" if row.unit else "")
    note = text(row.reason) if row.reason else ""
    return (text(title), *(_cell(row, row.cells.get(key)) for key in versions), direction, note)


def _cell(row: Row, cell: Cell | None) -> str:
    if cell is None:
        return "–"
    shown = _number(cell.value, row.scale)
    extra = [f"n {cell.n}"] if cell.n is not None else []
    if cell.delta is not None:
        extra.append(_plain(cell.delta * row.scale, 4, "+"))
    if cell.borrowed_from:
        extra.append(f"measured at {cell.borrowed_from}")
    tail = f" ({', '.join(extra)})" if extra else ""
    return text(shown + tail) if not cell.best else f"**{text(shown + tail)}**"


def _number(value: object, scale: float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and scale == 1:
        return str(value)
    return _plain(value * scale, 6) if isinstance(value, (int, float)) else str(value)


def _plain(value: float, digits: int, sign: str = "") -> str:
    """Some significant digits, written out: a limit of a million tokens is no 1e+06."""
    said = f"{value:{sign}.{digits}g}"
    return f"{value:{sign}.0f}" if "e+" in said else said


def _checklist(upgrade: Upgrade, records: Snapshot, today: date) -> Iterator[str]:
    now = inputs_now(upgrade, records, today) if upgrade.state == "open" else None
    state = progress(upgrade.items, today, now)
    yield from ("## Checklist", "", f"{state.done} of {state.applicable} items resolved.")
    for phase, items in by_phase(upgrade.items).items():
        yield from ("", f"### {phase}", "")
        for item in items:
            yield from _item(item, standing(item, today, now))


def _item(item: Item, state: str) -> Iterator[str]:
    marks = [item.gate, "" if item.applies == "yes" else "? applies", f"due {item.due}" if item.due else ""]
    marks += [f"owner {text(item.owner)}" if item.owner else ""]
    about = ", ".join(mark for mark in marks if mark)
    yield f"- [{_MARKS[item.state]}] **{text(item.id)}** {text(item.title)} – {text(state)} ({about})"
    for kind, entries in (("evidence", item.evidence), ("comment", item.comments)):
        yield from (f"  - {kind}: {_evidence(entry)}" for entry in entries)


def _evidence(shown: Evidence) -> str:
    link = shown.kind == "link" and _is_link(shown.text)
    said = f"<{shown.text}>" if link else text(shown.text)
    tail = f", hash `{re.sub('[^0-9A-Za-z:._-]', '', shown.hash)}`" if shown.hash else ""
    rests = ", ".join(f"{text(name)} `{value}`" for name, value in sorted(shown.inputs.items()))
    return f"{said} – {text(shown.by)}, {text(shown.at)}{tail}" + (f", rests on {rests}" if rests else "")


def _rollout(upgrade: Upgrade, records: Snapshot) -> Iterator[str]:
    yield from ("## Rollout", "")
    share = share_of(upgrade, records.assignments)
    steps = ", ".join("shadow" if step == 0 else f"{step:g} %" for step in steps_of(upgrade))
    has = "no traffic" if share is None else "a copy of the traffic (shadow)" if share == 0 else f"{share:g} %"
    waits = unseen(upgrade, records.assignments) is not None
    seen = " Recorded, not seen: nobody has confirmed yet that the traffic moved." if waits else ""
    yield f"Steps: {steps}. The target has {has} now.{seen}"
    yield ""
    yield f"Go back when: {text(upgrade.abort)}" if upgrade.abort else "No abort rules are written down."


def _waivers(upgrade: Upgrade) -> Iterator[str]:
    given = {item.id: item.waiver for item in upgrade.items.values() if item.state == "waived" and item.waiver}
    given |= upgrade.waivers
    yield from ("## Waivers", "")
    if not given:
        yield "None."
        return
    rows = (
        (text(name), text(waiver.by), text(waiver.why), text(waiver.at), str(waiver.until or "no expiry"))
        for name, waiver in given.items()
    )
    yield from table(("what", "by", "why", "given", "until"), rows)


def _signatures(upgrade: Upgrade) -> Iterator[str]:
    signed = [item for item in upgrade.items.values() if item.signed_by]
    yield from ("## Sign-offs", "")
    if not signed:
        yield "None."
        return
    rows = ((f"{text(i.id)} {text(i.title)}", text(i.signed_by), text(i.signed_at)) for i in signed)
    yield from table(("item", "by", "at"), rows)


def _way_back(upgrade: Upgrade, records: Snapshot, events: Sequence[Event], today: date) -> Iterator[str]:
    yield from ("## Way back", "")
    if upgrade.state == "open":
        yield f"Until the switch nothing has moved; afterwards the way back is {text(upgrade.from_version)}."
        yield from ("", _answers_until(upgrade, records, today))
        return
    place = records.deployments.get(upgrade.deployment)
    found = revert_target(
        upgrade.use_case, records.assignments, events, records.versions, today,
        deployment=upgrade.deployment, place=place,
    )  # fmt: skip
    yield f"{text(found.key)}: {text('; '.join(found.reasons))}." if found.key else "There is no way back."
    if found.others:
        yield ""
        yield from (f"- not {text(key)}: {text(why)}" for key, why in found.others)


def _answers_until(upgrade: Upgrade, records: Snapshot, today: date) -> str:
    version = records.versions.get(upgrade.from_version)
    if version is None:
        return "It is no longer in the catalog."
    if version.own:
        return f"We host it; artifact: {text(version.lineage.artifact or 'not recorded')}."
    ends = ledger(version, today, records.deployments.get(upgrade.deployment)).effective
    return "No retirement date is known." if ends is None else f"It is announced to answer until {ends.value}."


def _history(upgrade: Upgrade, events: Sequence[Event]) -> Iterator[str]:
    yield from ("## History", "")
    stints = runs_history(upgrade.use_case, events)
    if stints:
        rows = (
            (
                str(s.since), str(s.until or "now"), text(s.version), text(s.stage), f"{s.share:g} %",
                text(s.by), text(s.why) if s.why else "",
            )
            for s in stints
        )  # fmt: skip
        yield from table(("from", "until", "version", "stage", "share", "by", "why"), rows)
        yield ""
    touching = [event for event in events if any(c.uid == upgrade.uid for c in event.changes)]
    if touching:
        told = ((text(e.at), text(e.actor), text(e.command), text(e.why) if e.why else "") for e in touching)
        yield from table(("at", "by", "command", "why"), told)
    else:
        yield "No recorded events."
