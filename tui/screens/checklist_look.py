"""How an upgrade reads: its head, its items as lines of a table, and all that is known about one item. No widget."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import date

from store import reference
from store.catalog import Catalog
from store.commands.items import LEFTOVERS, REGISTER
from store.records import Evidence, Item, Upgrade, first_day
from store.review import checklist, checks
from store.review.checklist import Progress, by_phase, standing
from store.review.items import resolved, stale, waiver_expired
from store.review.plan import Plan, outdated
from store.review.questions import Question
from store.review.rollout import share_of, unseen, window_end
from store.review.todo import RUNNING
from store.values import dataclass
from tui import text
from tui.state import View
from tui.text import Cell, Styled
from tui.widgets.table import Column, Section, measured
from tui.widgets.table_rows import Rows, Wide

ASK = "?questions"
"""The key of the line that leads to the open questions."""

COLUMNS = (
    Column("glyph", "", 1),
    Column("id", "Item", 16, 5),
    Column("title", "", 58, 32, grow=2),
    Column("state", "State", 30, 17, grow=3),
    Column("due", "Due", 11, drop=4),
    Column("gate", "Before", 7, drop=1),
    Column("owner", "Owner", 16, 8, drop=2),
    Column("evidence", "Evidence", 9, drop=3),
)
_GATES = {"promote": "promote", "close": "close"}
SCANNED = frozenset({*REGISTER, *LEFTOVERS})
"""The items that a scan is evidence for."""


@dataclass(frozen=True, slots=True)
class Look:
    """One upgrade as it stands on a day; `inputs` are the hashes that staleness is judged by."""

    upgrade: Upgrade
    today: date
    inputs: dict[str, str]
    progress: Progress
    plan: Plan | None
    blockers: tuple[str, ...]
    questions: tuple[Question, ...]
    share: float | None = None
    newer_template: str = ""
    promises: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    unseen: bool = False

    @property
    def running(self) -> bool:
        """Whether its items may still change."""
        return self.upgrade.state in RUNNING

    def judged_by(self, item: Item) -> Mapping[str, str] | None:
        """The inputs that an item is judged by: once promoted, what let the target in stays judged."""
        return checklist.judged_by(self.upgrade, item, self.inputs)


def look(catalog: Catalog, view: View, upgrade: Upgrade, *, ask: bool = True) -> Look:
    """Take one look at an upgrade; `ask` finds what a list does not show: open questions, promises, past plans."""
    if not ask and upgrade.state not in RUNNING:
        return Look(upgrade, view.today, {}, checklist.progress(upgrade.items, view.today), None, (), ())
    inputs = checks.inputs_now(upgrade, view.records, view.today)
    seen = inputs if upgrade.state == "open" else None
    promoted = upgrade.state == "promoted"
    blockers = (
        checklist.may_close(upgrade, view.today, inputs, view.records.assignments)
        if promoted
        else checklist.may_promote(upgrade, view.records, view.today, inputs)
    )
    asked = ask and upgrade.state == "open" and upgrade.use_case in view.records.use_cases
    return Look(
        upgrade,
        view.today,
        inputs,
        checklist.progress(upgrade.items, view.today, seen),
        catalog.plan_of(upgrade, view.today),
        tuple(blockers) if upgrade.state in RUNNING else (),
        tuple(catalog.questions(upgrade)) if asked else (),
        share_of(upgrade, view.records.assignments),
        _newer(catalog, upgrade),
        tuple(catalog.promises_of(upgrade)) if ask else (),
        tuple(f"{u.use_case} {u.verdict or 'no verdict'}" for u in catalog.companions(upgrade)) if ask else (),
        unseen(upgrade, view.records.assignments) is not None,
    )


def _newer(catalog: Catalog, upgrade: Upgrade) -> str:
    newer = catalog.newer_template(upgrade)
    return "" if newer is None else newer.name


# ── the head ──────────────────────────────────────────────────────────────────────────────────────────────────────


def route(upgrade: Upgrade, *, providers: bool = True) -> list[Styled]:
    """From which version to which: the second provider only where it differs, the first only if asked for."""
    provider, _, model = upgrade.from_version.partition("/")
    to_provider, _, to_model = upgrade.to_version.partition("/")
    said = [Styled(f"{provider}/", "dim")] if providers else []
    said += [Styled(model, "key"), Styled(" → ")]
    if not upgrade.to_version:
        return [*said, Styled("no target yet", "warn") if upgrade.state == "open" else Styled("no target", "dim")]
    return said + ([Styled(f"{to_provider}/", "dim")] if to_provider != provider else []) + [Styled(to_model, "key")]


def head(seen: Look) -> tuple[Cell, Cell]:
    """Two lines: what moves where, and how far it is."""
    upgrade = seen.upgrade
    where = Styled(f"on {upgrade.deployment}", "dim") if upgrade.deployment != "default" else ""
    strategy = Styled(upgrade.strategy.replace("_", " "), "dim")
    newer = Styled(f"newer template {seen.newer_template} (e)", "warn") if seen.newer_template and seen.running else ""
    with_it = Styled(f"with {', '.join(seen.together)}", "dim") if seen.together else ""
    first = text.joined([Styled(upgrade.use_case, "strong"), route(upgrade), where, strategy, with_it, newer])
    done = text.progress(seen.progress.done, seen.progress.applicable, len(seen.progress.overdue), width=8)
    return first, text.joined([done, *_state(seen)])


def _state(seen: Look) -> list[Cell]:
    upgrade, plan = seen.upgrade, seen.plan
    forced = Styled("forced", "bad") if upgrade.forced else ""
    if upgrade.state == "promoted":
        until = window_end(upgrade.promoted_on, plan.deadline if plan else None) if upgrade.promoted_on else None
        left = Styled(f"closing waits for {len(seen.blockers)}" if seen.blockers else "ready to close")
        way_back = f"way back until {text.day(until, seen.today).text}" if until else ""
        part = f" to {seen.share:g} %" if seen.share is not None and seen.share < 100 else ""
        said = f"✔ promoted{part} {text.day(upgrade.promoted_on, seen.today).text}"
        waits = Styled("recorded, not seen (D)", "warn") if seen.unseen else ""
        return [Styled(said, "good"), waits, left, Styled(way_back, "dim"), forced]
    if upgrade.state != "open":
        ended = text.day(upgrade.closed_on, seen.today).text if upgrade.closed_on else ""
        word = f"{upgrade.state.replace('_', ' ')} {ended}".strip()
        return [Styled(word, "good" if upgrade.state == "closed" else "warn"), Styled(upgrade.outcome, "dim"), forced]
    ready = Styled("✔ ready to promote", "good")
    blocked: Cell = Styled(f"■ blocked by {len(seen.blockers)}", "warn") if seen.blockers else ready
    verdict = text.verdict(upgrade.verdict) if upgrade.verdict else Styled("◌ no verdict", "dim")
    if seen.share == 0:
        blocked = text.joined([blocked, Styled("runs as shadow", "accent")])
    if plan is None:
        return [Styled("no date is known", "warn"), blocked, verdict]
    start = text.start_by(plan.shown["start_by"], plan.start_in, seen.today, squeezed=plan.squeezed)
    cut = f"rollback window cut to {plan.rollback_left} d" if plan.rollback_left < plan.durations.rollback else ""
    moved = outdated(upgrade.planned_for, plan)
    again = f"the date moved from {text.day(upgrade.planned_for).text}: D plans again" if moved else ""
    due: Cell = [Styled("start by ", "dim"), start]
    over = Styled(f"cut over by {text.day(plan.shown['cutover_by'], seen.today).text}", "dim")
    return [due, Styled(again, "warn"), blocked, verdict, Styled(cut, "warn"), over, forced]


# ── the items ─────────────────────────────────────────────────────────────────────────────────────────────────────


class ItemRows(Rows):
    """The lines of a checklist; the same object over time, so that the table keeps its cursor and what is folded."""

    def put(self, seen: Look) -> list[Section]:
        """Take in another look; the sections to show."""
        self._rows = []
        sections: list[Section] = []
        if seen.questions and seen.running:
            hanging = len({name for q in seen.questions for name in q.items})
            applies = "1 item applies" if hanging == 1 else f"{hanging} items apply"
            said = f"? {_count(len(seen.questions), 'question')} would decide whether {applies}"
            self._rows.append((ASK, Wide([Styled(said, "warn"), Styled(" · enter to answer", "dim")], selectable=True)))
            sections.append(Section((0,), "questions"))
        for phase, items in by_phase(seen.upgrade.items).items():
            first = len(self._rows)
            self._rows += [(item.id, cells(item, seen)) for item in items]
            sections.append(Section(range(first, len(self._rows)), phase, _phase(phase, items, seen)))
        return sections

    def fitting(self) -> list[Column]:
        """The columns, the ids no wider than they are: three letters, or the name of a break risk."""
        ids = [[said[1]] for _, said in self._rows if not isinstance(said, Wide)]
        narrow = measured([COLUMNS[1]], ids)[0]
        return [narrow if column.name == "id" else column for column in COLUMNS]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _phase(phase: str, items: Sequence[Item], seen: Look) -> Cell:
    counted = [item for item in items if item.state != "not_applicable"]
    done = sum(resolved(item, seen.today, seen.judged_by(item)) for item in counted)
    late = sum(item.id in seen.progress.overdue for item in items)
    said = [Styled(f"{phase:<9}"), Styled(f" {done}/{len(counted)}", "good" if done == len(counted) else "")]
    if late:
        said += [Styled(" · ", "dim"), Styled(f"{late} overdue", "bad")]
    if seen.progress.next in {item.id for item in items}:
        said += [Styled(" · next ", "dim"), Styled(seen.progress.next or "", "accent")]
    return said


def unfolded(seen: Look, lines: int) -> set[str]:
    """The phases to show open at first: that of the next item, those with something stale, and what else fits."""
    phases = by_phase(seen.upgrade.items)
    found = {
        phase
        for phase, items in phases.items()
        if any(item.id == seen.progress.next or _is_stale(item, seen) for item in items)
    }
    room = lines - len(phases) - 1 - sum(len(phases[phase]) for phase in found)
    at_hand = min((list(phases).index(phase) for phase in found), default=0)
    for phase in [*list(phases)[at_hand:], *list(phases)[:at_hand]]:
        if phase not in found:
            room -= len(phases[phase])
            if room < 0:
                break
            found.add(phase)
    return found


def _is_stale(item: Item, seen: Look) -> bool:
    inputs = seen.judged_by(item)
    return inputs is not None and stale(item, inputs) is not None


def cells(item: Item, seen: Look) -> list[Cell]:
    """One item as a line."""
    said, style = _words(item, seen)
    glyph = text.item_state(item.state, stale=_is_stale(item, seen))
    settled = resolved(item, seen.today, seen.judged_by(item))
    state: list[Styled] = [Styled(said, style)]
    if item.applies == "unknown" and not settled:
        state = (
            [*state[:1], Styled(" · ? applies", "warn")] if len(said) < 12 else [Styled("? applies · ", "warn"), *state]
        )
    return [
        Styled(glyph.text[0], style or glyph.style),
        Styled(item.id, "dim" if settled else "key"),
        Styled(item.title, "dim" if settled else ""),
        state,
        _due(item, seen, settled),
        Styled(_GATES[item.gate] if item.blocking else "", "dim"),
        Styled(item.owner, "dim") if item.owner else Styled("nobody", "warn"),
        _evidence(item, seen.today),
    ]


def _words(item: Item, seen: Look) -> Styled:
    """The state in words; what was done says by which evidence."""
    said = standing(item, seen.today, seen.judged_by(item))
    if _is_stale(item, seen):
        return Styled(said, "warn")
    if item.state == "waived":
        return Styled(said, "bad" if waiver_expired(item, seen.today) else "accent")
    if item.state == "done":
        shown = f" · {item.evidence[-1].text}" if item.evidence and item.evidence[-1].text != "done" else ""
        signed = f" · signed by {item.signed_by}" if item.signed_by else ""
        return Styled(f"done{signed}{shown}", "good")
    style = text.item_state(item.state).style
    return Styled(said, style)


def _due(item: Item, seen: Look, settled: bool) -> Cell:
    if settled:
        return text.NONE
    if item.due is None:
        return text.MISSING
    late = (seen.today - item.due).days
    if late > 0:
        return Styled(f"{late} d late", "bad")
    return Styled("today", "warn") if late == 0 else text.day(item.due, seen.today)


def _evidence(item: Item, today: date) -> Cell:
    if not item.evidence:
        return text.NONE
    return Styled(f"{len(item.evidence)} · {_age(item.evidence[-1], today)}", "dim")


def _age(given: Evidence, today: date) -> str:
    days = (today - first_day(given.at)).days
    return "today" if days <= 0 else f"{days} d"


# ── one item ──────────────────────────────────────────────────────────────────────────────────────────────────────

Line = tuple[str, Cell]
"""A label ("" goes on with the one before) and what it says."""


def about(item: Item, seen: Look) -> tuple[list[Line], list[Line]]:
    """All that is known about an item: what it asks for, and what there is."""
    asks: list[Line] = [("Why", item.why), ("Verify", item.verify), ("Wanted", item.wanted), ("Signs", item.signer)]
    asks += [("Sources" if not n else "", source) for n, source in enumerate(sources(item))]
    there: list[Line] = [("State", _words(item, seen)), ("Due", _due_said(item, seen))]
    if item.signed_by:
        there.append(("Signed", f"by {item.signed_by}, {item.signed_at[:10]}"))
    for n, given in enumerate(reversed(item.evidence)):
        there.append(("Evidence" if not n else "", _given(given, seen.today)))
    if not item.evidence:
        scan = "; i searches code" if item.id in SCANNED else ""
        there.append(("Evidence", Styled(f"none yet: m adds a note, a link or a file{scan}", "dim")))
    there += [("Remarks" if not n else "", _given(given, seen.today)) for n, given in enumerate(item.comments)]
    there.append(("Before", "promotion waits for it" if item.gate == "promote" else "only closing waits for it"))
    if item.after:
        there.append(("After", ", ".join(item.after)))
    if item.applies_when != "always":
        known = Styled(" · not decided", "warn") if item.applies == "unknown" else Styled("")
        there.append(("Applies", [Styled(f"when {item.applies_when}"), known]))
    return [line for line in asks if text.plain(line[1])], there


def sources(item: Item) -> list[str]:
    """The pages that an item cites, with their titles and addresses."""
    known = reference.checklist_sources()
    return [f"{known[s].title} · {known[s].url} · read {known[s].as_of}" if s in known else s for s in item.sources]


def links(item: Item) -> list[tuple[str, str]]:
    """The addresses of an item with their titles: evidence first, then what it cites."""
    known = reference.checklist_sources()
    given = [(e.text, e.text) for e in reversed(item.evidence) if e.kind == "link"]
    return given + [(known[s].url, known[s].title) for s in item.sources if s in known]


def _due_said(item: Item, seen: Look) -> Cell:
    owner = item.owner or "nobody"
    if item.due is None:
        return f"no date · {owner}"
    return f"{text.day(item.due).text} · {text.distance(item.due, seen.today).text} · {owner}"


def _given(given: Evidence, today: date) -> str:
    tail = f" · sha256 {given.hash[:12]}…" if given.hash else ""
    rests = f" · rests on {', '.join(given.inputs)}" if given.inputs else ""
    return f"{given.text} · {given.by} · {_age(given, today)}{tail}{rests}"


def why(item: Item | None, seen: Look) -> str:
    """Why an item stands there, when it is due, and what the upgrade waits for."""
    lines: list[str] = []
    if item is not None:
        lines += [f"{item.id}  {item.title}", "", item.why, ""]
        lines.append(f"It applies when: {item.applies_when}." + (" Not decided yet." if item.applies != "yes" else ""))
        lines.append(f"State: {standing(item, seen.today, seen.judged_by(item))}.")
        if seen.plan is not None and item.due is not None and item.phase in seen.plan.windows:
            window = seen.plan.windows[item.phase]
            span = f"{text.day(window.start).text} to {text.day(window.end).text}"
            lines.append(f"Due {text.day(item.due).text}: {item.phase} has {span}, spread evenly over its items.")
        if item.check:
            lines.append(f"Checked automatically: {item.check.replace('_', ' ')} (r runs the checks).")
        lines += ["", *(f"  {source}" for source in sources(item)), ""]
    lines += ["The plan", ""]
    lines += [seen.plan.why, *seen.plan.advice] if seen.plan else ["No date is known, so nothing can be counted back."]
    if seen.promises:
        lines += ["", "What the provider promises", "", *seen.promises]
    waits = "Promotion" if seen.upgrade.state == "open" else "Closing"
    if seen.running:
        lines += (
            ["", f"{waits} waits for {len(seen.blockers)}", ""] if seen.blockers else ["", f"{waits}: nothing waits."]
        )
        lines += [f"  {blocker}" for blocker in seen.blockers]
    return "\n".join(lines)


def summary(seen: Look, phase: str) -> str:
    """What the pane says on a heading: the phase's days, or the plan."""
    lines = []
    if seen.plan is not None and phase in seen.plan.windows:
        window = seen.plan.windows[phase]
        lines.append(f"{phase}: {text.day(window.start).text} to {text.day(window.end).text}")
    if seen.plan is not None:
        lines += [seen.plan.why, *seen.plan.advice]
    if seen.upgrade.note:
        lines.append(f"Note: {seen.upgrade.note}")
    if seen.upgrade.lessons:
        lines.append(f"Lessons: {seen.upgrade.lessons}")
    return "\n".join(text.clean(line) for line in lines)


def laid_out(lines: Sequence[Line], width: int) -> list[Cell]:
    """Label and text in two columns, wrapped to a width."""
    room, shown = max(width - 10, 20), []
    for label, said in lines:
        style = text.pieces(said)[0].style if len(text.pieces(said)) == 1 else ""
        for n, part in enumerate(textwrap.wrap(text.plain(said), room) or [""]):
            shown.append([Styled(f"{label if not n else '':<10}", "dim"), Styled(part, style)])
    return list(shown)
