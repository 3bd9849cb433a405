"""`policy show | set | check`: what a use case's gate asks for, as TOML."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from tui.commands import Command, given, shapes
from tui.exits import BAD_INPUT, DONE, UsageError
from tui.session import Options, open_catalog
from tui.text import NONE, Cell, Styled

if TYPE_CHECKING:
    from store.catalog import Catalog
    from store.records import Criteria, Criterion, UseCase
    from tui.output import Output


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="U", help="the use case")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("--toml", action="store_true", help="as the TOML that policy set reads")


def _show(args: argparse.Namespace, options: Options, out: Output) -> int:
    from tui.forms.policy import as_toml

    with open_catalog(options, writes=False) as catalog:
        use_case = catalog.use_case(args.name)
        criteria, defaults = _in_force(catalog, use_case)
        if options.json:
            out.json(shape(use_case, criteria, defaults=defaults))
        elif args.toml:
            out.text(as_toml(use_case, criteria, defaults=defaults))
        else:
            _print(out, use_case, criteria, defaults=defaults)
    return DONE


def _in_force(catalog: Catalog, use_case: UseCase) -> tuple[Criteria, bool]:
    from tui.forms.policy import in_force

    return in_force(use_case, catalog.snapshot())


def shape(use_case: UseCase, criteria: Criteria, *, defaults: bool) -> shapes.Shape:
    """The answer of `policy show --json`; amounts in the metric's own unit, `relative` a share of the baseline."""
    plain = {f.name: getattr(criteria, f.name) for f in fields(criteria) if f.name != "metrics"}
    metrics = [
        {"metric": name, **{f.name: getattr(c, f.name) for f in fields(c)}} for name, c in criteria.metrics.items()
    ]
    return {"default_criteria": defaults, "use_case": use_case.name, **plain, "metrics": metrics}


def _print(out: Output, use_case: UseCase, criteria: Criteria, *, defaults: bool) -> None:
    what = "the defaults of its metrics: nothing is set" if defaults else f"version {criteria.version}"
    out.line(Styled(f"policy of {use_case.name}", "strong"), f"  {what}")
    evidence = f"evidence holds {criteria.max_evidence_age_days} d · unproven figures: {criteria.unproven}"
    persons = "two persons sign" if criteria.two_persons else "one person signs"
    out.line(f"  {evidence} · {persons} · a target must outlive the switch by {criteria.runway_days} d")
    rows = [_row(name, criterion) for name, criterion in criteria.metrics.items()]
    if rows:
        out.table(("metric", "role", "may lose", "floor", "ceiling", "least n"), rows)
    else:
        out.line("  nothing was measured here, so nothing is judged yet")


def _row(name: str, c: Criterion) -> list[Cell]:
    lose: Cell = "default" if c.role in ("critical", "warn") else NONE
    if c.relative is not None:
        lose = f"{c.relative * 100:g} % of the baseline"
    elif c.margin is not None:
        lose = f"{c.margin:g}"
    bounds: list[Cell] = [NONE if value is None else f"{value:g}" for value in (c.floor, c.ceiling, c.min_n)]
    return [name, c.role.replace("_", " "), lose, *bounds]


def _set_arguments(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("file", metavar="FILE", help="TOML, such as policy show --toml writes; - for standard input")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why, kept in the history")


def _set(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.formats.policy import PolicyFault, parse_policy

    text = given.read_text(args.file)
    with open_catalog(options) as catalog:
        base = catalog.use_case(args.name)
        try:
            criteria = parse_policy(text, catalog.metrics)
        except PolicyFault as fault:
            raise UsageError(_refusal(args.file, fault.sentences)) from fault
        edited = replace(base, criteria=replace(criteria, version=base.criteria.version))
        event = catalog.edit_use_case(edited, base, args.reason)
        version = catalog.use_case(args.name).criteria.version
        return given.done(out, options, event, f"The policy of {args.name} is version {version} now")


def _refusal(file: str, sentences: tuple[str, ...]) -> str:
    if len(sentences) == 1:
        return f"{file}: {sentences[0]}; nothing was changed"
    return f"nothing was changed, {len(sentences)} things are wrong in {file}:\n  " + "\n  ".join(sentences)


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    _name(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="TOML to check (what is set now); - for standard input")


def _check(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.formats.policy import PolicyFault, parse_policy, write_policy

    with open_catalog(options, writes=False) as catalog:
        use_case = catalog.use_case(args.name)
        text = given.read_text(args.file) if args.file else write_policy(use_case.criteria)
        said: tuple[str, ...] = ()
        judged = len(use_case.criteria.metrics)
        try:
            judged = len(parse_policy(text, catalog.metrics).metrics)
        except PolicyFault as fault:
            said = fault.sentences
    if options.json:
        out.json({"policy_of": args.name, "holds": not said, "faults": list(said)})
    elif not said:
        rules = f"{judged} metrics are judged" if judged else "the defaults of its metrics judge"
        out.line(f"{args.file or f'The policy of {args.name}'} can be used: {rules}.")
    if said and not options.json:
        raise UsageError("\n  ".join((f"{args.file or f'the policy of {args.name}'} cannot be used:", *said)))
    return BAD_INPUT if said else DONE


COMMANDS: Mapping[str, Command] = {
    "policy show": Command(_show_arguments, _show),
    "policy set": Command(_set_arguments, _set),
    "policy check": Command(_check_arguments, _check),
}
