"""`registries add|list|test|remove` and `sync`: which remotes are asked, and what they would change here."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.records import Registry
from store.registries.adapter import KINDS
from tui import remote
from tui.commands import Command, sync_answers
from tui.exits import BAD_INPUT, DONE, STORE, UsageError, worst
from tui.session import Options, open_catalog
from tui.text import Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.sync import Plan
    from store.sync_run import Run
    from tui.output import Output

_OURS = ("settings", "secret")
"""Kinds of trouble that are mended here, not at the remote."""


# ── registries ────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what you call it; the provider in keys of its models")
    parser.add_argument("kind", metavar="KIND", choices=list(KINDS), help=", ".join(KINDS))
    parser.add_argument("address", metavar="ADDRESS", nargs="?", default="", help="where it is; public catalogs know")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="a setting of this kind of registry")
    parser.add_argument(
        "--secret", action="append", default=[], metavar="K=env:VAR", help="where a secret stands, or K=keyring:ENTRY"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _add(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.registries.adapter import adapter

    kind = adapter(args.kind)
    settings = _pairs("--set", args.set, kind.settings)
    secrets = _pairs("--secret", args.secret, kind.secrets)
    registry = Registry(
        "", args.name, kind=args.kind, address=_absolute(args.address), settings=settings, secrets=secrets
    )
    with open_catalog(options) as catalog:
        catalog.add_registry(registry, args.reason)
    if options.json:
        out.json(sync_answers.registry(registry))
    else:
        out.line(f"Added {args.name}. Try it: modeltui registries test {args.name}")
    return DONE


def _absolute(address: str) -> str:
    """A file's whole path, for the next sync may run from elsewhere."""
    path = Path(address).expanduser()
    return str(path.resolve()) if address and "://" not in address and path.exists() else address


def _pairs(option: str, given: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    names = list(known)
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} wants NAME=VALUE; there are: {', '.join(names) or 'none for this kind'}")
        if name not in names:
            raise UsageError(
                f"there is no '{name}' for {option}; there are: {', '.join(names) or 'none for this kind'}"
                " (modeltui help kinds)"
            )
        found[name] = value
    return found


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    del parser  # no arguments of its own


def _list(args: argparse.Namespace, options: Options, out: Output) -> int:
    del args
    with open_catalog(options, writes=False) as catalog:
        registries = list(catalog.registries.records())
        if options.json:
            out.json({"registries": [sync_answers.registry(r) for r in registries]})
            return DONE
        rows = [sync_answers.registry_row(r, catalog.clock()) for r in registries]
    out.table(sync_answers.TITLES, rows, right=(3, 4))
    if len(registries) < 2:
        out.line("Add one: modeltui registries add NAME KIND [ADDRESS], such as: registries add litellm litellm")
    return DONE


def _test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="which ones (all)")


def _test(args: argparse.Namespace, options: Options, out: Output) -> int:
    import asyncio

    from store.registries.errors import RemoteError
    from store.sync_run import probe_all

    with open_catalog(options, writes=False) as catalog:
        chosen = _chosen(catalog, args.names)
        how = remote.connect(options, catalog)
    answers: list[dict[str, Any]] = []
    for registry, found in zip(chosen, asyncio.run(probe_all(chosen, how)), strict=True):
        said, kind = str(found), found.kind if isinstance(found, RemoteError) else ""
        answers.append({"name": registry.name, "works": not kind, "kind": kind or None, "message": said})
        if not options.json:
            mark = Styled("works   ", "good") if not kind else Styled("fails   ", "bad")
            out.line(mark, Styled(f"{registry.name}  ", "strong"), said)
    if options.json:
        out.json({"registries": answers})
    return worst(_code(str(a["kind"] or "")) for a in answers)


def _remove_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _remove(args: argparse.Namespace, options: Options, out: Output) -> int:
    with open_catalog(options) as catalog:
        catalog.remove_registry(args.name, args.reason)
    if options.json:
        out.json({"removed": args.name})
    else:
        out.line(f"Removed {args.name}; what it delivered stays. modeltui undo brings it back.")
    return DONE


def _release_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help="the version, or the name of the deployment")
    parser.add_argument("field", metavar="FIELD", help="which of your own values to give up")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _release(args: argparse.Namespace, options: Options, out: Output) -> int:
    name = args.field.removeprefix("facts.")
    with open_catalog(options) as catalog:
        catalog.release(args.key, name, args.reason)
        version = catalog.versions.get(args.key)
        fact = version.fact(name) if version is not None and name in version.facts else None
    if options.json:
        now = None if fact is None else {"value": sync_answers.plain(fact.value), "source": fact.source}
        out.json({"released": {"key": args.key, "field": name}, "now": now})
    elif fact is not None:
        out.line(f"{name} of {args.key} is now {sync_answers.short(fact.value)}, as {fact.source} says.")
    else:
        out.line(f"{name} of {args.key} follows its registry again from the next sync on.")
    return DONE


# ── sync ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sync_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="which registries (all)")
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed with --json and without a terminal")
    parser.add_argument("--theirs", action="store_true", help="in conflicts, give up the local edit for the remote's")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _sync(args: argparse.Namespace, options: Options, out: Output) -> int:
    import asyncio

    from store.sync_run import read_all, record_runs

    with open_catalog(options) as catalog:
        chosen = _chosen(catalog, args.names)
        told = _Progress(out) if not options.json and sys.stderr.isatty() else None
        try:
            runs = asyncio.run(read_all(chosen, remote.connect(options, catalog), told))
        finally:
            if told is not None:
                told.done()
        plans = [(run, _plan(catalog, run, args.theirs)) for run in runs]
        if not args.dry_run:
            record_runs(catalog, runs, {w.origin: w.state for _, w in plans if w is not None and w.empty})
        if not options.json:
            for run, wanted in plans:
                sync_answers.say(out, run, wanted)
        news = any(wanted is not None and not wanted.empty for _, wanted in plans)
        go = not args.dry_run and news and (args.yes or (not options.json and _agreed()))
        done = [(run, wanted, go and _applied(catalog, run, wanted, args.reason)) for run, wanted in plans]
    if options.json:
        answers = [sync_answers.shape(run, wanted, applied) for run, wanted, applied in done]
        out.json({"applied": any(applied for *_, applied in done), "registries": answers})
    elif news:
        out.line("Applied; modeltui undo takes it back." if go else "Nothing was changed.")
    return worst(_code(run.kind) for run in runs)


def _plan(catalog: Catalog, run: Run, theirs: bool) -> Plan | None:
    from store import sync

    if run.delivery is None:
        return None
    wanted = sync.plan(catalog, run.registry.name, run.delivery)
    if theirs:
        wanted.take = {conflict.at for conflict in wanted.conflicts}
    return wanted


def _applied(catalog: Catalog, run: Run, wanted: Plan | None, why: str) -> bool:
    from store import sync

    if run.delivery is None or wanted is None:
        return False
    return sync.apply_anew(catalog, wanted, run.delivery, why=why) is not None


def _chosen(catalog: Catalog, names: Sequence[str]) -> list[Registry]:
    if names:
        return [catalog.registry(name) for name in dict.fromkeys(names)]
    found = [r for r in catalog.registries.records() if r.kind != "reference"]
    if not found:
        raise UsageError("no registry is set up; add one: modeltui registries add NAME KIND [ADDRESS]")
    return found


def _code(kind: str) -> int:
    if not kind:
        return DONE
    return BAD_INPUT if kind in _OURS else STORE


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask; look at the plan with --dry-run, and sync with --yes")
    sys.stderr.write("Apply this? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


class _Progress:
    """One line on the terminal that is written over while registries are read."""

    def __init__(self, out: Output) -> None:
        self._err = out.err
        self._said: dict[str, str] = {}
        self._pace = sync_answers.Pace()

    def __call__(self, registry: str, what: str, done: int, total: int | None) -> None:
        self._said[registry] = f"{registry}: {self._pace(registry, what, done, total)}"
        self._err.write("\r\x1b[K" + "   ".join(self._said.values())[:120])
        self._err.flush()

    def done(self) -> None:
        """Take the line away."""
        if self._said:
            self._err.write("\r\x1b[K")
            self._err.flush()


COMMANDS = {
    "registries add": Command(_add_arguments, _add),
    "registries list": Command(_list_arguments, _list),
    "registries test": Command(_test_arguments, _test),
    "registries remove": Command(_remove_arguments, _remove),
    "registries release": Command(_release_arguments, _release),
    "sync": Command(_sync_arguments, _sync),
}
