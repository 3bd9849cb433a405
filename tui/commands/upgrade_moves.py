"""`upgrade promote | steps | close | cancel | record | verify`: to Production, to the end, and what remains of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from store.review.rollout import next_step, steps_of
from tui.commands import Command, given
from tui.commands.upgrade import named, reason_why
from tui.exits import DONE, FINDING, UsageError
from tui.session import Options, open_catalog
from tui.text import Styled
from tui.traffic import move, reminder

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Upgrade
    from store.review.record_seal import Form
    from tui.output import Output


def _promote_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    reason_why(parser)
    shares = parser.add_mutually_exclusive_group()
    shares.add_argument("--share", type=share, metavar="N", help="percent of the traffic, 0 or shadow for none (100)")
    shares.add_argument("--next", action="store_true", help="the next of the rollout steps")
    parser.add_argument("--force", action="store_true", help="past what blocks; stays visible for good")


def _promote(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        wanted = _wanted(catalog, upgrade, args)
        event = catalog.promote(upgrade.uid, args.reason, share=wanted, force=args.force)
        part = "as shadow" if wanted == 0 else f"with {wanted:g} % of the traffic" if wanted < 100 else ""
        said = f"{upgrade.use_case} is promoted to {upgrade.to_version} {part}".rstrip()
        code = given.done(out, options, event, f"{said}.")
        if not options.json and event is not None:
            _remind(out, catalog, catalog.upgrades[upgrade.uid])
        return code


def share(text: str) -> float:
    """A share of the traffic in percent; 0 and "shadow" are none of it."""
    if text.strip().casefold() in ("shadow", "0", "0%"):
        return 0
    return given.traffic(text)


def _wanted(catalog: Catalog, upgrade: Upgrade, args: argparse.Namespace) -> float:
    if not args.next:
        return 100 if args.share is None else float(args.share)
    step = next_step(upgrade, catalog.share_of(upgrade))
    if step is None:
        raise UsageError(f"{upgrade.to_version} has all of the traffic of {upgrade.use_case} already")
    return step


def _remind(out: Output, catalog: Catalog, upgrade: Upgrade) -> None:
    """Traffic has not moved; how to move it, when to go back, which step is next."""
    version = catalog.versions.get(upgrade.to_version)
    if version is not None:
        place = catalog.deployments.get(upgrade.deployment)
        out.line()
        for line in reminder(move(version, place, upgrade.use_case, catalog.share_of(upgrade))).splitlines():
            out.line(line)
    step = next_step(upgrade, catalog.share_of(upgrade))
    if step is not None:
        out.line(f"Next step: {step:g} %, with modeltui upgrade promote {upgrade.use_case} --next --reason TEXT")
        out.line(f"Go back when: {upgrade.abort}" if upgrade.abort else "No abort rules are written down.")


def _steps_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("steps", nargs="?", metavar="N,N,…", help="percent, rising to 100; shadow is 0 (as they are)")
    parser.add_argument("--abort", metavar="TEXT", help="when to go back")


def _steps(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        steps = upgrade.steps if args.steps is None else tuple(_step(word) for word in args.steps.split(","))
        abort = upgrade.abort if args.abort is None else args.abort.strip()
        event = catalog.edit_upgrade(replace(upgrade, steps=steps, abort=abort), upgrade)
        told = ", ".join("shadow" if step == 0 else f"{step:g} %" for step in steps_of(catalog.upgrades[upgrade.uid]))
        return given.done(out, options, event, f"{upgrade.use_case} rolls out in steps: {told}.")


def _step(word: str) -> float:
    try:
        return share(word)
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{error}; a list of steps reads shadow,1,5,25,50,100") from error


def _close_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("--outcome", default="", metavar="TEXT", help="how it went")
    parser.add_argument("--lessons", default="", metavar="TEXT", help="what to do differently")
    parser.add_argument("--force", action="store_true", help="past what blocks")


def _close(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.close_upgrade(upgrade.uid, args.outcome, args.lessons, force=args.force)
        return given.done(out, options, event, f"The upgrade of {upgrade.use_case} is closed.")


def _cancel_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    reason_why(parser, "why; the next person reads it")


def _cancel(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        upgrade = catalog.upgrade(args.upgrade)
        event = catalog.cancel_upgrade(upgrade.uid, args.reason)
        return given.done(out, options, event, f"The upgrade of {upgrade.use_case} is cancelled.")


# ── the change record ─────────────────────────────────────────────────────────────────────────────────────────────

_FORMS: Mapping[str, Form] = {"md": "md", "html": "html", "json": "json"}


def _record_arguments(parser: argparse.ArgumentParser) -> None:
    named(parser)
    parser.add_argument("--output", default="-", metavar="FILE", help="write it to a file")
    parser.add_argument("--format", choices=list(_FORMS), help="md, html or json (by the file's ending, else md)")


def _record(args: argparse.Namespace, options: Options, out: Output) -> int:
    ending = Path(args.output).suffix.lstrip(".").lower()
    form = _FORMS[args.format or ("json" if options.json else ending if ending in _FORMS else "md")]
    with open_catalog(options, writes=False) as catalog:
        text = catalog.change_record(catalog.upgrade(args.upgrade).uid, form)
    if args.output == "-":
        out.text(text)
    else:
        given.write_text(args.output, text)
        out.remark(f"The record is in {args.output}.")
    return DONE


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a change record: Markdown, HTML or JSON")
    parser.add_argument("--files", default="", metavar="DIR", help="where its evidence files lie (as they were named)")


def _verify(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.review.record_seal import RecordError, verify

    try:
        found = verify(given.read_text(args.file))
    except RecordError as error:
        raise UsageError(f"{args.file}: {error}") from error
    evidence = {path: _state(path, hashed, args.files) for path, hashed in found.evidence.items()}
    good = found.intact and "changed" not in evidence.values()
    if options.json:
        out.json({
            "intact": found.intact, "format": found.form, "sha256": found.sealed, "computed": found.found,
            "evidence": [{"file": path, "sha256": found.evidence[path], "state": evidence[path]} for path in evidence],
        })  # fmt: skip
    else:
        word = (
            Styled("is as it was sealed", "good") if found.intact else Styled("was changed after it was sealed", "bad")
        )
        out.line(f"{args.file} ", word, f", sha256 {found.sealed[:12]}…")
        out.table(("", ""), [[state, path] for path, state in evidence.items()])
    return DONE if good else FINDING


def _state(path: str, sealed: str, directory: str) -> str:
    """Whether an evidence file is `unchanged`, `changed` or `not here`."""
    where = Path(directory) / path if directory else Path(path)
    if not where.is_file():
        return "not here"
    return "unchanged" if given.digest(given.read_bytes(str(where))) == sealed else "changed"


COMMANDS: Mapping[str, Command] = {
    "upgrade steps": Command(_steps_arguments, _steps),
    "upgrade promote": Command(_promote_arguments, _promote),
    "upgrade close": Command(_close_arguments, _close),
    "upgrade cancel": Command(_cancel_arguments, _cancel),
    "upgrade record": Command(_record_arguments, _record),
    "upgrade verify": Command(_verify_arguments, _verify),
}
