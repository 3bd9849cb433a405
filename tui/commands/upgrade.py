"""`upgrade new | list | show | tick | …`: moving a use case from one version to another."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.records import Item, Upgrade
from store.review import checks, items
from store.review.checklist import by_phase, progress
from tui.commands import Command, given, shapes
from tui.commands.edit import TRAFFIC
from tui.exits import DONE, UsageError
from tui.session import Options, day, open_catalog
from tui.text import MISSING, Cell, Styled, item_state, start_by
from tui.text import day as shown_day
from tui.text import progress as shown_progress

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Event
    from tui.output import Output


def _named(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("upgrade", metavar="U", help="the use case, or the upgrade's id")


def _item(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("item", type=str.upper, metavar="ITEM", help="the item, such as D01")


def _reason(parser: argparse.ArgumentParser, about: str = "why, kept in the history") -> None:
    parser.add_argument("--reason", default="", metavar="TEXT", help=about)


# ── start, target, answers ────────────────────────────────────────────────────────────────────────────────────────


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", help="the use case")
    parser.add_argument("--to", default="", metavar="KEY", help="the target; may be set later with: upgrade target")
    parser.add_argument("--from", dest="from_key", default="", metavar="KEY", help="where several versions run")
    parser.add_argument("--deployment", default="", metavar="N", help="where several deployments run")
    parser.add_argument("--template", default="", metavar="T", help="the checklist (by what fits)")
    parser.add_argument("--strategy", choices=("in_place", "side_by_side"), default="")
    _reason(parser)


def _new(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
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


def _target_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("key", metavar="KEY", help="the version to move to")
    _reason(parser)


def _target(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        event = catalog.set_target(catalog.upgrade(args.upgrade).uid, args.key, args.reason)
        return given.done(out, options, event, f"The target of {args.upgrade} is {args.key}.")


def _answer_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("answers", nargs="+", metavar="QUESTION=yes|no")


def _answer(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        names = [question.name for question in catalog.questions(upgrade)]
        answers = dict(_yes_or_no(text, [*names, *upgrade.answers]) for text in args.answers)
        event = catalog.answer(upgrade.uid, answers)
        return given.done(out, options, event, f"Answered for {upgrade.use_case}: {', '.join(answers)}.")


def _yes_or_no(text: str, names: list[str]) -> tuple[str, bool]:
    name, _, word = text.partition("=")
    if word not in ("yes", "no"):
        raise UsageError(f"'{text}' is no answer; write QUESTION=yes or QUESTION=no")
    if name not in names:
        raise UsageError(f"'{name}' is not asked here; the open questions are: {', '.join(names) or 'none'}")
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
            titles = ("use case", "from", "to", "state", "progress", "start by")
            out.table(titles, [_row(catalog, u) for u in found], keys=(1, 2), least={1: 20, 2: 20})
    return DONE


def _row(catalog: Catalog, upgrade: Upgrade) -> list[Cell]:
    plan = catalog.plan_of(upgrade)
    how_far = progress(upgrade.items, catalog.today)
    return [
        Styled(upgrade.use_case, "strong"),
        upgrade.from_version,
        upgrade.to_version or Styled("no target yet", "warn"),
        upgrade.state.replace("_", " "),
        shown_progress(how_far.done, how_far.applicable, len(how_far.overdue)),
        start_by(plan.start_by, plan.start_in, catalog.today, squeezed=plan.squeezed) if plan else MISSING,
    ]


def shape(catalog: Catalog, upgrade: Upgrade, *, with_items: bool = True) -> shapes.Shape:
    """An upgrade as JSON; `blockers` are the items before the next gate, promotion or the close."""
    now = checks.inputs_now(upgrade, catalog.snapshot(), catalog.today)
    plan, how_far = catalog.plan_of(upgrade), progress(upgrade.items, catalog.today, now)
    dates = ("start_by", "validated_by", "rollout_start", "cutover_by", "start_in")
    answer: shapes.Shape = {
        "id": upgrade.uid,
        "use_case": upgrade.use_case,
        "from": upgrade.from_version,
        "to": shapes.known(upgrade.to_version),
        "deployment": upgrade.deployment,
        "state": upgrade.state,
        "strategy": shapes.known(upgrade.strategy),
        "template": upgrade.template,
        "created": upgrade.created,
        "author": shapes.known(upgrade.author),
        "promoted_on": upgrade.promoted_on,
        "closed_on": upgrade.closed_on,
        "forced": upgrade.forced,
        "deadline": plan.deadline if plan else None,
        "plan": {name: getattr(plan, name) for name in dates} if plan else None,
        "verdict": shapes.known(upgrade.verdict),
        "blockers": list(how_far.blockers_promote if upgrade.state == "open" else how_far.blockers_close),
        "progress": {"done": how_far.done, "applicable": how_far.applicable, "overdue": list(how_far.overdue)},
    }
    if with_items:
        answer["items"] = [shapes.item(i, stale=items.stale(i, now)) for i in upgrade.items.values()]
    return answer


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
    how_far, plan = progress(upgrade.items, today, now), catalog.plan_of(upgrade)
    to = upgrade.to_version or "no target yet"
    out.line(Styled(upgrade.use_case, "strong"), f"  {upgrade.from_version} → {to}  {upgrade.state.replace('_', ' ')}")
    out.line("  ", *shown_progress(how_far.done, how_far.applicable, len(how_far.overdue)))
    if plan is not None:
        when = start_by(plan.start_by, plan.start_in, today, squeezed=plan.squeezed)
        out.line("  start by ", when, f", cut over by {plan.cutover_by}, deadline {plan.deadline}")
        for line in plan.advice:
            out.line(f"  {line}")
    for phase, found in by_phase(upgrade.items).items():
        out.line()
        done = sum(items.resolved(i, today, now) for i in found)
        out.line(Styled(phase, "strong"), f"  {done}/{len(found)}")
        out.table(("",) * 5, [_item_row(i, now) for i in found], least={2: 24})
    blockers = catalog.blockers(upgrade.uid, to_close=upgrade.state == "promoted")
    if upgrade.state in ("open", "promoted"):
        out.line()
        gate = "close" if upgrade.state == "promoted" else "promotion"
        out.line(
            f"{len(blockers)} things stand before the {gate}." if blockers else f"Nothing stands before the {gate}."
        )


def _item_row(item: Item, now: Mapping[str, str]) -> list[Cell]:
    why = items.stale(item, now)
    settled = item.state in ("done", "waived", "not_applicable") and not why
    due = MISSING if item.due is None or settled else Styled(f"due {shown_day(item.due).text}")
    applies = "" if item.applies == "yes" else "? applies"
    return [f"  {item.id}", [item_state(item.state, stale=why is not None)], item.title, due, item.owner or applies]


def _record_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("--output", default="-", metavar="FILE", help="write it to a file")


def _record(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options, writes=False) as catalog:
        text = catalog.change_record(catalog.upgrade(args.upgrade).uid)
    if args.output == "-":
        out.text(text)
    else:
        given.write_text(args.output, text)
        out.remark(f"The record is in {args.output}.")
    return DONE


# ── items ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _done(out: Output, options: Options, catalog: Catalog, event: Event | None, uid: str, item: str) -> int:
    after = catalog.upgrades[uid]
    how_far = progress(after.items, catalog.today)
    state = item_state(after.items[item].state)
    done = f"  {how_far.done}/{how_far.applicable}"
    return given.done(out, options, event, f"{item} of {after.use_case} is ", state, done)


def _tick_arguments(parser: argparse.ArgumentParser) -> None:
    _item(parser)
    parser.add_argument("--note", default="", metavar="TEXT", help="what shows that it is done")
    parser.add_argument("--link", action="append", default=[], metavar="URL", help="a page that shows it")
    parser.add_argument("--file", action="append", default=[], metavar="FILE", help="a file; its hash is kept")


def _tick(args: argparse.Namespace, options: Options, out: Output) -> int:
    hashes = {path: given.digest(given.read_bytes(path)) for path in args.file}
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        for url in args.link:
            catalog.add_evidence(uid, args.item, "link", url)
        for path, found in hashes.items():
            catalog.add_evidence(uid, args.item, "file", path, found)
        event = catalog.tick_item(uid, args.item, args.note)
        return _done(out, options, catalog, event, uid, args.item)


_STATES = ("todo", "doing", "blocked", "not-applicable")


def _step_arguments(parser: argparse.ArgumentParser) -> None:
    _item(parser)
    parser.add_argument("state", choices=_STATES, help="blocked and not-applicable need a reason")
    _reason(parser)


def _step(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        if args.state == "todo":
            event = catalog.reopen_item(uid, args.item, args.reason)
        elif args.state == "doing":
            event = catalog.change_item(uid, args.item, items.start, "start", args.reason)
        elif args.state == "blocked":
            event = catalog.block_item(uid, args.item, args.reason)
        else:
            event = catalog.skip_item(uid, args.item, args.reason)
        return _done(out, options, catalog, event, uid, args.item)


def _waive_arguments(parser: argparse.ArgumentParser) -> None:
    _item(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why it may stay open")
    parser.add_argument("--until", type=day, required=True, metavar="DATE", help="the last day on which that holds")


def _waive(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        event = catalog.waive_item(uid, args.item, by=catalog.actor, why=args.reason, until=args.until)
        return _done(out, options, catalog, event, uid, args.item)


def _sign(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        return _done(out, options, catalog, catalog.sign_item(uid, args.item), uid, args.item)


def _check(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.run_checks(upgrade.uid)
        after = catalog.upgrades[upgrade.uid]
        code = given.done(out, options, event, f"The automatic checks of {upgrade.use_case} have run.")
        if not options.json:
            checked = [i for i in after.items.values() if i.check]
            out.table(("",) * 3, [[i.id, item_state(i.state), _found(i)] for i in checked])
        return code


def _found(item: Item) -> str:
    shown = [e.text for e in item.evidence if e.kind == "check"]
    return item.reason or (shown[-1] if shown else "")


# ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _promote_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    _reason(parser)
    parser.add_argument("--share", type=given.traffic, default=100, metavar="N", help="percent of the traffic (100)")
    parser.add_argument("--force", action="store_true", help="past what blocks; stays visible for good")


def _promote(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.promote(upgrade.uid, args.reason, share=args.share, force=args.force)
        code = given.done(out, options, event, f"{upgrade.use_case} is promoted to {upgrade.to_version}.")
        if not options.json:
            out.line(TRAFFIC)
        return code


def _close_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    parser.add_argument("--outcome", default="", metavar="TEXT", help="how it went")
    parser.add_argument("--lessons", default="", metavar="TEXT", help="what to do differently")
    parser.add_argument("--force", action="store_true", help="past what blocks")


def _close(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.close_upgrade(upgrade.uid, args.outcome, args.lessons, force=args.force)
        return given.done(out, options, event, f"The upgrade of {upgrade.use_case} is closed.")


def _cancel_arguments(parser: argparse.ArgumentParser) -> None:
    _named(parser)
    _reason(parser, "why; the next person reads it")


def _cancel(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.cancel_upgrade(upgrade.uid, args.reason)
        return given.done(out, options, event, f"The upgrade of {upgrade.use_case} is cancelled.")


COMMANDS: Mapping[str, Command] = {
    "upgrade new": Command(_new_arguments, _new),
    "upgrade target": Command(_target_arguments, _target),
    "upgrade answer": Command(_answer_arguments, _answer),
    "upgrade list": Command(_list_arguments, _list),
    "upgrade show": Command(_named, _show),
    "upgrade check": Command(_named, _check),
    "upgrade tick": Command(_tick_arguments, _tick),
    "upgrade step": Command(_step_arguments, _step),
    "upgrade waive": Command(_waive_arguments, _waive),
    "upgrade sign": Command(_item, _sign),
    "upgrade promote": Command(_promote_arguments, _promote),
    "upgrade close": Command(_close_arguments, _close),
    "upgrade cancel": Command(_cancel_arguments, _cancel),
    "upgrade record": Command(_record_arguments, _record),
}
