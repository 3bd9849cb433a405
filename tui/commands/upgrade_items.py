"""`upgrade tick | step | waive | sign | check | comment | owner`: what may be done to the items of a checklist."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from store.records import Item
from store.review import items
from store.review.checklist import progress
from tui.commands import Command, given
from tui.commands.upgrade import named, one_item, reason_why
from tui.session import Options, day, open_catalog
from tui.text import item_state

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.commands.items import Shown
    from store.records import Event
    from tui.output import Output


def _done(out: Output, options: Options, catalog: Catalog, event: Event | None, uid: str, item: str) -> int:
    after = catalog.upgrades[uid]
    how_far = progress(after.items, catalog.today)
    state = item_state(after.items[item].state)
    done = f"  {how_far.done}/{how_far.applicable}"
    return given.done(out, options, event, f"{item} of {after.use_case} is ", state, done)


def _tick_arguments(parser: argparse.ArgumentParser) -> None:
    one_item(parser)
    parser.add_argument("--note", default="", metavar="TEXT", help="what shows that it is done")
    parser.add_argument("--link", action="append", default=[], metavar="URL", help="a page that shows it")
    parser.add_argument("--file", action="append", default=[], metavar="FILE", help="a file; its hash is kept")


def _tick(args: argparse.Namespace, options: Options, out: Output) -> int:
    shown: list[Shown] = [("link", url, "") for url in args.link]
    shown += [("file", path, given.digest(given.read_bytes(path))) for path in args.file]
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        event = catalog.tick_item(uid, args.item, args.note, shown)
        return _done(out, options, catalog, event, uid, args.item)


_STATES = ("todo", "doing", "blocked", "not-applicable")


def _step_arguments(parser: argparse.ArgumentParser) -> None:
    one_item(parser)
    parser.add_argument("state", choices=_STATES, help="blocked and not-applicable need a reason")
    reason_why(parser)


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
    one_item(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why it may stay open")
    parser.add_argument("--until", type=day, required=True, metavar="DATE", help="the last day on which that holds")


def _waive(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        event = catalog.waive_item(uid, args.item, by=catalog.actor, why=args.reason, until=args.until)
        return _done(out, options, catalog, event, uid, args.item)


def _sign_arguments(parser: argparse.ArgumentParser) -> None:
    one_item(parser)


def _sign(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        uid = catalog.upgrade(args.upgrade).uid
        return _done(out, options, catalog, catalog.sign_item(uid, args.item), uid, args.item)


def _comment_arguments(parser: argparse.ArgumentParser) -> None:
    one_item(parser)
    parser.add_argument("text", metavar="TEXT", help="a remark; it proves nothing")


def _comment(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.comment_item(upgrade.uid, args.item, args.text)
        return given.done(out, options, event, f"Remarked on {args.item} of {upgrade.use_case}.")


def _owner_arguments(parser: argparse.ArgumentParser) -> None:
    one_item(parser)
    parser.add_argument("owner", metavar="NAME", help='who does it; "" for nobody yet')


def _owner(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.give_item(upgrade.uid, args.item, args.owner)
        said = f"{args.item} of {upgrade.use_case} is for {args.owner or 'nobody yet'}."
        return given.done(out, options, event, said)


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


COMMANDS: Mapping[str, Command] = {
    "upgrade check": Command(named, _check),
    "upgrade tick": Command(_tick_arguments, _tick),
    "upgrade step": Command(_step_arguments, _step),
    "upgrade waive": Command(_waive_arguments, _waive),
    "upgrade sign": Command(_sign_arguments, _sign),
    "upgrade comment": Command(_comment_arguments, _comment),
    "upgrade owner": Command(_owner_arguments, _owner),
}
