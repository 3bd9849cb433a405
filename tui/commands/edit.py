"""`register`, `observe`, `assign`, `revert`, `undo`, `redo`."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tui.commands import Command, given
from tui.exits import DONE, UsageError
from tui.session import Options, day, open_catalog
from tui.text import Styled, percent
from tui.traffic import move, reminder

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Deployment, Event
    from tui.output import Output

TRAFFIC = "Recorded. Traffic has not moved: switch it where the model is served, then confirm it in the app."
"""What every promotion and revert ends with (DECISIONS 10)."""


def _reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


# ── register ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _register_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", help="provider/model@version, such as mlflow/churn@8")
    parser.add_argument("--date", type=day, metavar="DATE", help="released or created on")
    parser.add_argument("--changes", default="", metavar="TEXT", help="what is new, Markdown; @FILE reads a file")
    parser.add_argument("--repo", default="", metavar="URL", help="code repository")
    parser.add_argument("--branch", default="", metavar="NAME")
    parser.add_argument("--commit", default="", metavar="HASH")
    parser.add_argument("--data", default="", metavar="NAME@HASH", help="data it was made from")
    parser.add_argument("--env", default="", metavar="HASH", help="lock-file hash or image digest")
    parser.add_argument("--run", default="", metavar="ID", help="training run")
    parser.add_argument("--artifact", default="", metavar="URI", help="where the model itself lies")
    parser.add_argument("--seed", default="", metavar="N")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a training parameter")
    parser.add_argument("--metrics", default="", metavar="FILE", help="flat metrics as JSON, TOML or CSV")
    parser.add_argument("--use-case", default="", metavar="U", help="the use case the metrics were measured for")
    _reason(parser)


def _register(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.records import Lineage, Version
    from store.validation import check

    data, at, data_hash = args.data.rpartition("@")
    lineage = {
        "data": data if at else args.data,
        "data_hash": data_hash if at else "",
        "repository": args.repo,
        "branch": args.branch,
        "commit": args.commit,
        "run": args.run,
        "parameters": dict(_parameter(text) for text in args.param),
        "seed": args.seed,
        "environment": args.env,
        "artifact": args.artifact,
    }
    changes = given.read_text(args.changes[1:]) if args.changes.startswith("@") else args.changes
    checked = check(Version, {"uid": "-", "key": args.key, "changes": changes, "lineage": lineage})
    with open_catalog(options) as catalog:
        if args.use_case:
            catalog.use_case(args.use_case)
        metrics = _metrics(catalog, args.metrics) if args.metrics else {}
        event = catalog.register(
            args.key,
            released=args.date,
            changes=checked.changes,
            lineage=checked.lineage if checked.lineage != Lineage() else None,
            metrics=metrics,
            use_case=args.use_case,
            why=args.reason,
        )
        count = f" with {len(metrics)} metric{'s' if len(metrics) > 1 else ''}" if metrics else ""
        return given.done(out, options, event, f"{args.key} is registered{count}.")


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--param {text} is no parameter; write NAME=VALUE")
    if re.fullmatch(r"-?\d{1,15}", value):
        return name, int(value)
    return name, float(value) if re.fullmatch(r"-?\d+\.\d+(e-?\d{1,3})?", value) else value


def _metrics(catalog: Catalog, path: str) -> dict[str, float]:
    from store.formats.metrics import MetricsFault, parse_metrics

    try:
        metrics = parse_metrics(given.read_bytes(path), path)
    except MetricsFault as fault:
        raise UsageError(f"{path}: {fault}") from fault
    for name, value in metrics.items():
        definition = catalog.metrics.get(name)
        if definition is not None and definition.kind == "rate" and not 0 <= value <= 1:
            raise UsageError(f"{path}: {name} is {value:g}, but a rate lies between 0 and 1; write 0.87 for 87 %")
    return metrics


# ── observe ───────────────────────────────────────────────────────────────────────────────────────────────────────


_KINDS = ("retire", "deprecate", "auto_upgrade_start", "default_change", "fine_tune_retire")


def _observe_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", help="the version")
    parser.add_argument("date", type=day, nargs="?", metavar="DATE", help="the date, such as 2026-12-09")
    parser.add_argument("--none", action="store_true", help="you looked and none is published; holds for 90 days")
    parser.add_argument("--kind", choices=_KINDS, default="retire", help="what happens then (retire)")
    parser.add_argument("--source", default="own", metavar="TEXT", help="where you saw it")
    parser.add_argument("--url", default="", metavar="URL", help="the page that says so")
    parser.add_argument("--sku", metavar="S", help="only for this deployment type")
    parser.add_argument("--region", metavar="R", help="only in this region")
    _reason(parser)


def _observe(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.records import Scope

    if (args.date is None) == (not args.none):
        raise UsageError("give either a date or --none; see: modeltui observe --help")
    with open_catalog(options) as catalog:
        event = catalog.observe(
            args.key,
            args.date,
            kind=args.kind,
            source=args.source,
            url=args.url,
            scope=Scope(args.sku, args.region),
            why=args.reason,
        )
        said = f"{args.key}: {args.kind.replace('_', ' ')} on {args.date} is recorded as your own date."
        if args.none:
            said = f"{args.key}: no date is published as of {catalog.today}; look again in 90 days."
        return given.done(out, options, event, said)


# ── assign and revert ─────────────────────────────────────────────────────────────────────────────────────────────


_OPTIONS = ("OnceNewDefaultVersionAvailable", "OnceCurrentVersionExpired", "NoAutoUpgrade")


def _upgrade_option(text: str) -> str:
    known = {option.casefold(): option for option in (*_OPTIONS, "absent")}
    if text.casefold() not in known:
        raise argparse.ArgumentTypeError(f"'{text}' is none of {', '.join(_OPTIONS)} or absent")
    return known[text.casefold()]


def _assign_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", help="the use case")
    parser.add_argument("key", metavar="KEY", help="the version")
    parser.add_argument("--stage", default="Production", metavar="S", help="Staging, Production, Archived or your own")
    parser.add_argument("--share", type=given.traffic, default=100, metavar="N", help="percent of the traffic (100)")
    parser.add_argument("--since", type=day, metavar="DATE", help="runs there since")
    parser.add_argument("--deployment", default="", metavar="N", help="where it is served")
    parser.add_argument("--platform", default="", metavar="P", help="azure, openai, …")
    parser.add_argument("--region", default="", metavar="R")
    parser.add_argument("--sku", default="", metavar="S", help="deployment type, such as ProvisionedManaged")
    parser.add_argument("--units", type=given.amount, metavar="N", help="provisioned units")
    parser.add_argument("--unit-hour", type=given.amount, metavar="USD", help="what a provisioned unit costs an hour")
    parser.add_argument("--unit-month", type=given.amount, metavar="USD", help="what it costs reserved, a month")
    parser.add_argument("--upgrade-option", type=_upgrade_option, metavar="O", help=f"{', '.join(_OPTIONS)}, or absent")
    parser.add_argument("--fine-tuned", action=argparse.BooleanOptionalAction)
    parser.add_argument("--seen", action="store_true", help="you saw the traffic run there")
    parser.add_argument("--force", action="store_true", help="past the gate of an open upgrade; stays visible")
    _reason(parser)


def _assign(args: argparse.Namespace, options: Options, out: Output) -> int:
    if args.force and not args.reason.strip():
        raise UsageError("--force needs a reason, which stays visible: give --reason TEXT")
    share = args.share
    with open_catalog(options) as catalog:
        stage = _stage(catalog, args.stage)
        place = _place(args)
        before = {a.uid for a in catalog.runs_in(args.use_case) if a.stage == "Production"}
        event = catalog.assign(
            args.use_case,
            args.key,
            stage=stage,
            share=share,
            deployment=place.name if place else args.deployment or "default",
            since=args.since,
            place=place,
            seen=args.seen,
            why=args.reason,
            force=args.force,
        )
        archived = [a.version for a in catalog.runs_in(args.use_case) if a.uid in before and a.stage == "Archived"]
        said = f"{args.use_case}: {args.key} is in {stage}, {percent(share / 100).text} of the traffic"
        said += f" on {place.name}" if place else ""
        said += f"; archived: {', '.join(archived)}" if archived else ""
        code = given.done(out, options, event, said)
        if event is not None and stage == "Production" and not args.seen and not options.json:
            out.line(TRAFFIC)
        if event is not None and stage == "Production" and not options.json:
            _warn_of_the_end(catalog, args.key, out)
        return code


def _warn_of_the_end(catalog: Catalog, key: str, out: Output) -> None:
    """What is recorded may be so; that it cannot answer is said all the same."""
    from store.review.lifecycle import lifecycle

    ended = lifecycle(catalog.version(key), catalog.today)
    if ended.status == "retired":
        out.line(Styled(f"{key} cannot be called: {ended.reason}", "warn"))


def _stage(catalog: Catalog, text: str) -> str:
    known = catalog.stage_names()
    same = [name for name in known if name.casefold() == text.strip().casefold()]
    near = difflib.get_close_matches(text, known, 1, 0.75)
    if not same and near:
        raise UsageError(f"there is no stage '{text}'; did you mean {near[0]}? A stage of your own needs another name")
    return same[0] if same else text.strip()


def _place(args: argparse.Namespace) -> Deployment | None:
    from store.records import Deployment, Key
    from store.validation import check

    described = {
        "region": args.region,
        "sku": args.sku,
        "units": args.units,
        "unit_hour": args.unit_hour,
        "unit_month": args.unit_month,
        "fine_tuned": args.fine_tuned,
        "platform": args.platform,
        "upgrade_option": None if args.upgrade_option == "absent" else args.upgrade_option,
        "upgrade_option_known": args.upgrade_option is not None,
    }
    if not any(value not in (None, "", False) for value in described.values()):
        return None
    provider = Key.parse(args.key).provider if "/" in args.key else ""
    described["platform"] = args.platform or ("azure" if provider.startswith("azure") else provider)
    # a place of its own: what is said here must not hold for all that stands on "default"
    name = args.deployment if args.deployment not in ("", "default") else args.use_case
    return check(Deployment, {"uid": "", "name": name, **described})


def _revert_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("use_case", metavar="U", help="the use case")
    parser.add_argument("--deployment", default="", metavar="N", help="where several deployments run it")
    _reason(parser)


def _revert(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        deployment = args.deployment or _only_deployment(catalog, args.use_case)
        target = catalog.revert_target(args.use_case, deployment)
        if target.key and not args.reason.strip():
            raise UsageError(f"{args.use_case} would go back to {target.key}; say why with --reason TEXT to do it")
        event = catalog.revert(args.use_case, args.reason, deployment)
        code = given.done(out, options, event, f"{args.use_case} is back on {target.key}.")
        if not options.json:
            for reason in target.reasons:
                out.line(f"  {reason}")
            version = catalog.versions.get(target.key or "")
            if version is not None:
                for line in reminder(move(version, catalog.deployments.get(deployment), args.use_case)).splitlines():
                    out.line(line)
        return code


def _only_deployment(catalog: Catalog, use_case: str) -> str:
    """Where the use case is in Production, if that is one place."""
    places = sorted({a.deployment for a in catalog.runs_in(use_case) if a.stage == "Production"})
    if len(places) > 1:
        raise UsageError(f"{use_case} is in Production on {', '.join(places)}; say which with --deployment NAME")
    return places[0] if places else "default"


# ── undo and redo ─────────────────────────────────────────────────────────────────────────────────────────────────


def _back_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--keep", action="store_true", help="leave what others changed since, take back the rest")
    what.add_argument("--force", action="store_true", help="take back also what others changed since")


def _undo(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        event = _taken_back(catalog, catalog.undo, args)
        if event is None and not options.json:
            out.line("Nothing to undo: you changed nothing here.")
            return DONE
        return given.done(out, options, event, f"{_done(event)}; modeltui redo repeats it.")


def _redo(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        event = _taken_back(catalog, catalog.redo, args)
        if event is None and not options.json:
            out.line("Nothing to redo: your last command was no undo.")
            return DONE
        return given.done(out, options, event, f"{_done(event)}.")


def _done(event: Event | None) -> str:
    if event is None:
        return "Done"
    return f"Done: {event.command}" if event.changes else f"Left as it is, and passed over: {event.command}"


def _taken_back(catalog: Catalog, step: Callable[[], Event | None], args: argparse.Namespace) -> Event | None:
    from store.changes import NotTakenBack, Settled

    try:
        return step()
    except NotTakenBack as error:
        if args.keep or (args.force and error.clashes):
            with catalog.settling(Settled(error.clashes, args.force)):
                return step()
        ways = "--keep leaves what was changed since and takes back the rest"
        force = ", --force takes back all of it" if error.clashes else ""
        raise UsageError(f"{error}; {ways}{force}") from error


COMMANDS: Mapping[str, Command] = {
    "register": Command(_register_arguments, _register),
    "observe": Command(_observe_arguments, _observe),
    "assign": Command(_assign_arguments, _assign),
    "revert": Command(_revert_arguments, _revert),
    "undo": Command(_back_arguments, _undo),
    "redo": Command(_back_arguments, _redo),
}
