"""`template list | show | check | new`: the checklist templates, shipped ones and one's own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from store.review.checklist import order
from tui.commands import Command, given, shapes
from tui.exits import BAD_INPUT, DONE, UsageError
from tui.session import Options
from tui.text import Cell, Styled

if TYPE_CHECKING:
    from store.reference import Template
    from store.templates import Library
    from tui.output import Output


def _directory(options: Options) -> Path:
    return options.config_path.parent / "templates"


def _library(options: Options) -> Library:
    from store.templates import library

    return library(_directory(options))


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def _list(_args: argparse.Namespace, options: Options, out: Output) -> int:
    known = _library(options)
    if options.json:
        out.json({
            "templates": [_shape(t, known) for t in known.found.values()],
            "broken": [{"file": str(path), "message": why} for path, why in known.broken.items()],
        })  # fmt: skip
    else:
        rows: list[list[Cell]] = [
            [Styled(t.name, "key"), t.title, str(len(t.items())), _origin(t, known)] for t in known.found.values()
        ]
        out.table(("name", "title", "items", "from"), rows, keys=(0,))
        for why in known.broken.values():
            out.line(Styled(why, "bad"))
    return BAD_INPUT if known.broken else DONE


def _origin(template: Template, known: Library) -> str:
    path = known.files.get(template.name)
    return "shipped" if path is None else str(path)


def _shape(template: Template, known: Library) -> shapes.Shape:
    path = known.files.get(template.name)
    return {
        "name": template.name,
        "title": template.title,
        "hash": template.hash,
        "file": None if path is None else str(path),
        "context": {name: list(values) for name, values in template.context.items()},
        "durations": asdict(template.durations),
        "covers": {step: list(names) for step, names in template.covers.items()},
        "items": [item.id for item in order(template.items())],
    }


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the template")


def _show(args: argparse.Namespace, options: Options, out: Output) -> int:
    known = _library(options)
    template = _one(known, args.name)
    if options.json:
        out.json(_shape(template, known))
        return DONE
    out.line(Styled(template.name, "strong"), f"  {template.title}  {template.hash}  {_origin(template, known)}")
    for name, values in template.context.items():
        out.line(f"  for {name} {', '.join(str(value) for value in values)}")
    out.line("  days: " + ", ".join(f"{step} {days}" for step, days in asdict(template.durations).items()))
    own = {item.id for item in template.extra}
    steps = {name: step for step, names in template.covers.items() for name in names}
    rows: list[list[Cell]] = [
        [item.phase, Styled(item.id, "key"), item.title, item.gate, "own" if item.id in own else "",
         steps.get(item.id, "").replace("_", " ")]
        for item in order(template.items())
    ]  # fmt: skip
    out.table(("phase", "item", "", "before", "", "covers"), rows, keys=(1,), least={2: 30})
    return DONE


def _one(known: Library, name: str) -> Template:
    from store.templates import TemplateError

    for path, why in known.broken.items():
        if path.stem == name:
            raise TemplateError(why)
    if name not in known.found:
        raise UsageError(f"there is no template '{name}'; there are {', '.join(sorted(known.found))}")
    return known.found[name]


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME|FILE", help="own templates or files (all own templates)")


def _check(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store.templates import TemplateError, read, uncovered

    known = _library(options)
    paths = [_path(name, known) for name in args.names] or [*known.files.values(), *known.broken]
    answers: list[shapes.Shape] = []
    for path in paths:
        try:
            template = read(path)
        except TemplateError as error:
            answers.append({"file": str(path), "valid": False, "message": str(error), "missing": []})
        else:
            answers.append({"file": str(path), "valid": True, "message": None, "missing": uncovered(template)})
    if options.json:
        out.json({"checked": answers})
    for answer in answers if not options.json else ():
        if answer["valid"]:
            missing = f"; no item covers: {', '.join(answer['missing'])}" if answer["missing"] else ""
            out.line(f"{answer['file']} is in order{missing}.")
        else:
            out.line(Styled(answer["message"], "bad"))
    if not answers and not options.json:
        out.line(f"There is no template of your own in {_directory(options)}.")
        out.line("Begin one with: modeltui template new NAME")
    return DONE if all(answer["valid"] for answer in answers) else BAD_INPUT


def _path(name: str, known: Library) -> Path:
    broken = {path.stem: path for path in known.broken}
    return known.files.get(name) or broken.get(name) or Path(name)


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what it is called")
    parser.add_argument("--from", dest="origin", default="short", metavar="T", help="the template it begins as (short)")


def _new(args: argparse.Namespace, options: Options, out: Output) -> int:
    from store import reference
    from store.templates import draft

    known = _library(options)
    origin = _one(known, args.origin)
    file = known.files.get(origin.name)
    source = reference.template_source(origin.name) if file is None else given.read_text(str(file))
    text = draft(args.name, origin, source)
    path = _directory(options) / f"{args.name}.toml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already; edit it, or choose another name") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {(error.strerror or str(error)).lower()}") from error
    if options.json:
        out.json({"file": str(path), "name": args.name, "from": origin.name})
    else:
        out.line(f"{path} begins as {origin.name}; edit it, then: modeltui template check {args.name}")
    return DONE


COMMANDS: Mapping[str, Command] = {
    "template list": Command(_no_arguments, _list),
    "template show": Command(_show_arguments, _show),
    "template check": Command(_check_arguments, _check),
    "template new": Command(_new_arguments, _new),
}
