"""`upgrade new | target | replan | template | answer | list | show`: moving a use case from one version to another."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.records import Item, Upgrade
from store.review import checks, items
from store.review.checklist import by_phase, judged_by, progress
from store.review.plan import outdated
from store.review.questions import NAMES
from store.review.rollout import steps_of, unseen, window_end
from tui.commands import Command, given, shapes
from tui.exits import DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import MISSING, NONE, Cell, Styled, item_state, start_by
from tui.text import day as shown_day
from tui.text import progress as shown_progress

if TYPE_CHECKING:
    from store.catalog import Catalog
    from tui.output import Output


def named(parser: argparse.ArgumentParser) -> None:
    """Which upgrade."""
    parser.add_argument("upgrade", metavar="U", help="the use case, or the upgrade's id")


def one_item(parser: argparse.ArgumentParser) -> None:
    """Which item of which upgrade."""
    named(parser)
    parser.add_argument("item", type=str.upper, metavar="ITEM", help="the item, such as D01")


def reason_why(parser: argparse.ArgumentParser, about: str = "why, kept in the history") -> None:
    """Why."""
    parser.add_argument("--reason", default="", metavar="TEXT", help=about)


# ── start, target, answers ────────────────────────────────────────────────────────────────────────────────────────


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", nargs="?", default="", help="the use case (all of --deployment)")
    parser.add_argument("--to", default="", metavar="KEY", help="the target; may be set later with: upgrade target")
    parser.add_argument("--from", dest="from_key", default="", metavar="KEY", help="where several versions run")
    parser.add_argument("--deployment", default="", metavar="N", help="where; alone: all use cases on it")
    parser.add_argument("--template", default="", metavar="T", help="the checklist (by what fits)")
    parser.add_argument("--strategy", choices=("in_place", "side_by_side"), default="")
    reason_why(parser)


def _new(args: argparse.Namespace, options: Options, out: Output) -> int:
    if not args.use_case and not args.deployment:
        raise UsageError("which use case? modeltui upgrade new USE-CASE, or --deployment NAME for all that run there")
    with open_catalog(options) as catalog:
        if not args.use_case:
            return _new_together(catalog, args, options, out)
        event = catalog.start_upgrade(
            args.use_case,
            args.to,
            from_key=args.from_key,
            deployment=args.deployment,
            strategy=args.strategy,
            template=args.template,
            why=args.reason,
        )
        started = catalog.upgrade(args.use_case)
        code = given.done(out, options, event, f"The upgrade of {args.use_case} is open: {len(started.items)} items.")
        if not options.json:
            for question in catalog.questions(started):
                out.line(f"  {question.text}  modeltui upgrade answer {args.use_case} {question.name}=yes|no")
        return code


def _new_together(catalog: Catalog, args: argparse.Namespace, options: Options, out: Output) -> int:
    if args.from_key:
        raise UsageError("--from goes with one use case: name it, or leave --from out to upgrade all on the deployment")
    event = catalog.start_upgrades(
        args.deployment, args.to, strategy=args.strategy, template=args.template, why=args.reason
    )
    made = [catalog.upgrades[change.uid] for change in event.changes] if event is not None else []
    said = ", ".join(f"{u.use_case} ({len(u.items)} items)" for u in made)
    return given.done(out, options, event, f"{len(made)} linked upgrades on {args.deployment} are open: {said}.")


def _template_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("template", nargs="?", default="", metavar="T", help="another template (the newest of its own)")
    reason_why(parser)


def _template(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        before = catalog.upgrade(args.upgrade)
        event = catalog.set_template(before.uid, args.template, args.reason)
        after = catalog.upgrades[before.uid]
        joined, left = after.items.keys() - before.items.keys(), before.items.keys() - after.items.keys()
        said = f"{after.use_case} has {after.template} {after.template_hash}: {len(after.items)} items"
        said += f", joined: {', '.join(sorted(joined))}" if joined else ""
        said += f", left: {', '.join(sorted(left))}" if left else ""
        return given.done(out, options, event, said + ".")


def _replan_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    reason_why(parser)


def _replan(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        event = catalog.plan_again(uid, args.reason)
        after = catalog.upgrades[uid]
        return given.done(
            out, options, event, f"The due dates of {after.use_case} count back from {after.planned_for}."
        )


def _target_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("key", metavar="KEY", help="the version to move to")
    reason_why(parser)


def _target(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        event = catalog.set_target(catalog.upgrade(args.upgrade).uid, args.key, args.reason)
        return given.done(out, options, event, f"The target of {args.upgrade} is {args.key}.")


def _answer_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("answers", nargs="+", metavar="QUESTION=yes|no")


def _answer(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        names = [question.name for question in catalog.questions(upgrade)]
        answers = dict(_yes_or_no(text, names) for text in args.answers)
        event = catalog.answer(upgrade.uid, answers)
        return given.done(out, options, event, f"Answered for {upgrade.use_case}: {', '.join(answers)}.")


def _yes_or_no(text: str, names: list[str]) -> tuple[str, bool]:
    name, _, word = text.partition("=")
    if word not in ("yes", "no"):
        raise UsageError(f"'{text}' is no answer; write QUESTION=yes or QUESTION=no")
    if name not in NAMES:  # what was answered before may be answered anew
        asked = f"open are {', '.join(names)}" if names else f"there are {', '.join(NAMES)}"
        raise UsageError(f"there is no question '{name}'; {asked}")
    return name, word == "yes"


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="past ones too")


def _list(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        found = [u for u in catalog.upgrades.records() if args.all or u.state in ("open", "promoted")]
        if options.json:
            out.json({"upgrades": [shape(catalog, u, with_items=False) for u in found]})
        elif not found:
            out.line("No upgrade is running; start one with: modeltui upgrade new USE-CASE --to KEY")
        else:
            titles = ("use case", "from", "to", "state", "progress", "start by", "next", "waits for", "owner")
            out.table(titles, [_row(catalog, u) for u in found], keys=(1, 2), right=(7,), least={1: 20, 2: 20})
    return DONE


def _row(catalog: Catalog, upgrade: Upgrade) -> list[Cell]:
    plan, running = catalog.plan_of(upgrade), upgrade.state in ("open", "promoted")
    now = checks.inputs_now(upgrade, catalog.snapshot(), catalog.today)
    how_far = progress(upgrade.items, catalog.today, now if upgrade.state == "open" else None)
    use_case = catalog.use_cases.get(upgrade.use_case)
    start: Cell = NONE if upgrade.state != "open" else MISSING
    if upgrade.state == "open" and plan is not None:
        start = start_by(plan.shown["start_by"], plan.start_in, catalog.today, squeezed=plan.squeezed)
    waits = len(catalog.blockers(upgrade.uid, to_close=upgrade.state == "promoted")) if running else 0
    return [
        Styled(upgrade.use_case, "strong"),
        upgrade.from_version,
        upgrade.to_version or Styled("no target yet", "warn"),
        stands(upgrade),
        shown_progress(how_far.done, how_far.applicable, len(how_far.overdue)),
        start,
        (how_far.next or NONE) if running else Styled(upgrade.outcome, "dim"),
        (str(waits) if waits else Styled("nothing", "good")) if running else NONE,
        use_case.owner if use_case is not None else "",
    ]


def stands(upgrade: Upgrade) -> Cell:
    """The state with its day; that a gate was overridden shows for good."""
    day = upgrade.promoted_on if upgrade.state == "promoted" else upgrade.closed_on
    said = upgrade.state.replace("_", " ") + (f" {shown_day(day).text}" if day is not None else "")
    return [Styled(said), Styled(" forced", "bad")] if upgrade.forced else said


def shape(catalog: Catalog, upgrade: Upgrade, *, with_items: bool = True) -> shapes.Shape:
    """An upgrade as JSON; `blockers` are the items before the next gate, promotion or the close."""
    now = checks.inputs_now(upgrade, catalog.snapshot(), catalog.today)
    plan = catalog.plan_of(upgrade)
    how_far = progress(upgrade.items, catalog.today, now if upgrade.state == "open" else None)
    newer = catalog.newer_template(upgrade)
    answer: shapes.Shape = {
        "id": upgrade.uid,
        "use_case": upgrade.use_case,
        "from": upgrade.from_version,
        "to": shapes.known(upgrade.to_version),
        "deployment": upgrade.deployment,
        "state": upgrade.state,
        "strategy": shapes.known(upgrade.strategy),
        "template": upgrade.template,
        "template_hash": shapes.known(upgrade.template_hash),
        "template_newer": newer.hash if newer else None,
        "group": shapes.known(upgrade.group),
        "steps": list(steps_of(upgrade)),
        "share": catalog.share_of(upgrade),
        "abort": shapes.known(upgrade.abort),
        "outcome": shapes.known(upgrade.outcome),
        "lessons": shapes.known(upgrade.lessons),
        "created": upgrade.created,
        "author": shapes.known(upgrade.author),
        "promoted_on": upgrade.promoted_on,
        "closed_on": upgrade.closed_on,
        "forced": upgrade.forced,
        "deadline": plan.deadline if plan else None,
        "planned_for": upgrade.planned_for,
        "plan": shapes.plan(plan) if plan else None,
        "verdict": shapes.known(upgrade.verdict),
        "blockers": list(how_far.blockers_promote if upgrade.state == "open" else how_far.blockers_close),
        "progress": {"done": how_far.done, "applicable": how_far.applicable, "overdue": list(how_far.overdue)},
    }
    if with_items:
        answer["items"] = [_item(i, judged_by(upgrade, i, now)) for i in upgrade.items.values()]
    return answer


def _item(item: Item, now: Mapping[str, str] | None) -> shapes.Shape:
    return shapes.item(item, stale=None if now is None else items.stale(item, now))


def _show(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        if options.json:
            out.json(shape(catalog, upgrade))
        else:
            _say(out, catalog, upgrade)
    return DONE


def _say(out: Output, catalog: Catalog, upgrade: Upgrade) -> None:
    today = catalog.today
    now = checks.inputs_now(upgrade, catalog.snapshot(), today)
    plan = catalog.plan_of(upgrade)
    how_far = progress(upgrade.items, today, now if upgrade.state == "open" else None)
    to = upgrade.to_version or "no target yet"
    out.line(Styled(upgrade.use_case, "strong"), f"  {upgrade.from_version} → {to}  ", stands(upgrade))
    out.line("  ", *shown_progress(how_far.done, how_far.applicable, len(how_far.overdue)))
    if upgrade.promoted_on is not None and upgrade.state == "promoted":
        last = window_end(upgrade.promoted_on, plan.deadline if plan is not None else None)
        out.line(f"  the way back to {upgrade.from_version} is held open until {shown_day(last).text}")
    elif plan is not None and upgrade.state == "open":
        when = start_by(plan.shown["start_by"], plan.start_in, today, squeezed=plan.squeezed)
        out.line("  start by ", when, f", cut over by {plan.shown['cutover_by']}, deadline {plan.deadline}")
        for line in plan.advice:
            out.line(f"  {line}")
        if outdated(upgrade.planned_for, plan):
            said = f"due dates count back from {upgrade.planned_for}: modeltui upgrade replan {upgrade.use_case}"
            out.line("  ", Styled(said, "warn"))
    for line in _beside(catalog, upgrade):
        out.line(f"  {line}")
    for phase, found in by_phase(upgrade.items).items():
        out.line()
        done = sum(items.resolved(i, today, judged_by(upgrade, i, now)) for i in found)
        out.line(Styled(phase, "strong"), f"  {done}/{len(found)}")
        out.table(("",) * 5, [_item_row(i, judged_by(upgrade, i, now)) for i in found], least={2: 24})
    blockers = catalog.blockers(upgrade.uid, to_close=upgrade.state == "promoted")
    if upgrade.state in ("open", "promoted"):
        out.line()
        gate = "close" if upgrade.state == "promoted" else "promotion"
        out.line(
            f"{len(blockers)} things stand before the {gate}." if blockers else f"Nothing stands before the {gate}."
        )


def _beside(catalog: Catalog, upgrade: Upgrade) -> list[str]:
    """What else is to be known: linked upgrades, how far the rollout is, a newer template."""
    said = [
        f"together with {other.use_case}: {other.state.replace('_', ' ')}, {other.verdict or 'no verdict'}"
        for other in catalog.companions(upgrade)
    ]
    share, newer = catalog.share_of(upgrade), catalog.newer_template(upgrade)
    if share is not None and upgrade.state in ("open", "promoted"):
        steps = ", ".join(f"{step:g}" for step in steps_of(upgrade))
        seen = "recorded, not seen" if unseen(upgrade, catalog.runs_in(upgrade.use_case)) else "as recorded"
        said.append(f"{'shadow' if share == 0 else f'{share:g} % of the traffic'} {seen}; steps {steps}")
    if newer is not None:
        said.append(f"the template {newer.name} is newer now: modeltui upgrade template {upgrade.use_case}")
    return said


def _item_row(item: Item, now: Mapping[str, str] | None) -> list[Cell]:
    why = None if now is None else items.stale(item, now)
    settled = item.state in ("done", "waived", "not_applicable") and not why
    due = MISSING if item.due is None or settled else Styled(f"due {shown_day(item.due).text}")
    applies = [Styled(" ? applies", "warn")] if item.applies == "unknown" and not settled else []
    state = [item_state(item.state, stale=why is not None), *applies]
    return [f"  {item.id}", state, item.title, due, item.owner or Styled("nobody", "warn")]


COMMANDS: Mapping[str, Command] = {
    "upgrade new": Command(_new_arguments, _new),
    "upgrade replan": Command(_replan_arguments, _replan),
    "upgrade target": Command(_target_arguments, _target),
    "upgrade template": Command(_template_arguments, _template),
    "upgrade answer": Command(_answer_arguments, _answer),
    "upgrade list": Command(_list_arguments, _list),
    "upgrade show": Command(named, _show),
}
