"""Checklist templates: the shipped ones and the user's own, which are TOML files in one directory.

A file that cannot be used is set aside with one sentence that says what is wrong in it and where; the others stay.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from store import reference, review
from store.engine import CommandError
from store.reference import STEPS, Template
from store.review.plan import PHASES, Durations
from store.values import dataclass

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
ITEM_ID = re.compile(r"[A-Z][A-Z0-9]{1,7}")
FIELDS: Mapping[str, type] = {
    "name": str, "title": str, "only": list, "omit": list,
    "context": dict, "durations": dict, "covers": dict, "extra": list,
}  # fmt: skip
ITEM_FIELDS: Mapping[str, type] = {
    "id": str, "phase": str, "title": str, "why": str, "verify": str, "wanted": str, "signer": str, "offset": int,
    "blocking": bool, "gate": str, "applies_when": str, "sources": list, "check": str, "after": list, "owner": str,
}  # fmt: skip
_KINDS = {str: "a text in quotes", list: "a list [ … ]", dict: "a table", int: "a whole number", bool: "true or false"}
MAX_BYTES = 1_000_000
MAX_DAYS = 3650


class TemplateError(CommandError):
    """A template that cannot be used, in one sentence: which file, where in it, what to do."""


@dataclass(frozen=True, slots=True)
class Library:
    """All templates that an upgrade may take, by name.

    `own` are the user's, with their files in `files`; one that has the name of a shipped template stands in for it.
    `broken` are the sentences about files that cannot be used.
    """

    found: Mapping[str, Template]
    own: Mapping[str, Template] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    broken: Mapping[Path, str] = field(default_factory=dict)

    def fitting(self, values: Mapping[str, Any]) -> Template:
        """The template that fits what is known of an upgrade."""
        return self.found[reference.template_for(values, self.own)]


Signature = tuple[tuple[str, int, int], ...]


def signature(directory: Path | None) -> Signature:
    """What changes whenever a file of the directory does; () where there is none."""
    if directory is None:
        return ()
    try:
        seen = [(path, path.stat()) for path in directory.glob("*.toml")]
    except OSError:
        return ()  # a directory that cannot be listed holds nothing that could be taken
    return tuple(sorted((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in seen))


def library(directory: Path | None) -> Library:
    """The shipped templates and those of a directory."""
    own: dict[str, Template] = {}
    files: dict[str, Path] = {}
    broken: dict[Path, str] = {}
    for name, *_ in signature(directory):
        path = Path(name)
        try:
            template = read(path)
            if template.name in own:
                raise TemplateError(f"{path}: {files[template.name].name} has the name '{template.name}' already")
        except TemplateError as error:
            broken[path] = str(error)
        else:
            own[template.name], files[template.name] = template, path
    found = MappingProxyType({**reference.templates(), **own})
    return Library(found, MappingProxyType(own), MappingProxyType(files), MappingProxyType(broken))


def read(path: Path) -> Template:
    """Read and check one file.

    Raises:
        TemplateError: it cannot be read, or something in it is wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    return check(raw, path)


def check(raw: bytes, path: Path) -> Template:
    """The template in the bytes of a file.

    Raises:
        TemplateError: with the first thing that is wrong.
    """
    if len(raw) > MAX_BYTES:
        raise TemplateError(f"{path} has more than {MAX_BYTES // 1_000_000} MB: that is no template")
    import tomllib

    try:
        data = tomllib.loads(raw.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise TemplateError(f"{path} is not UTF-8 text; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise TemplateError(f"{path} is no valid TOML: {error}") from error
    try:
        _check_fields(data, FIELDS, "the template")
        _check_head(data, path.stem)
        for number, item in enumerate(data.get("extra", ()), start=1):
            _check_item(item, number)
        _check_names(data)
        template = reference.read_template(raw.removeprefix(b"\xef\xbb\xbf"), path.stem)
        review.checklist.order(template.items())
    except (_Wrong, review.checklist.ChecklistError, review.conditions.ConditionError) as error:
        raise TemplateError(f"{path}: {error}") from error
    return template


class _Wrong(ValueError):
    """Something is wrong; the caller knows in which file."""


def _check_fields(table: Mapping[str, Any], known: Mapping[str, type], where: str) -> None:
    value: Any
    for name, value in table.items():
        if name not in known:
            raise _Wrong(f"{where} has an unknown field '{name}'{_near(name, known)}")
        wanted = known[name]
        fits = isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
        if not fits:
            raise _Wrong(f"'{name}' of {where} is {value!r}: write {_KINDS[wanted]}")
        if wanted is list and name != "extra" and any(not isinstance(one, str) for one in table[name]):
            raise _Wrong(f"'{name}' of {where} must be a list of texts in quotes")


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, 1, 0.6)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; it may have {', '.join(names)}" if len(names) < 20 else ""


def _check_head(data: Mapping[str, Any], stem: str) -> None:
    name = data.get("name", stem)
    if not NAME.fullmatch(name):
        raise _Wrong(f"'{name}' is no name: use small letters, digits and -")
    for key, values in data.get("context", {}).items():
        names = review.conditions.NAMES
        if key not in names and key != "criticality":
            raise _Wrong(f"[context] has an unknown name '{key}'{_near(key, sorted(names))}")
        if not isinstance(values, list):
            raise _Wrong(f"'{key}' of [context] is {values!r}: write a list of values, such as [\"azure\"]")
    steps = [f.name for f in fields(Durations)]
    for key, days in data.get("durations", {}).items():
        if key not in steps:
            raise _Wrong(f"[durations] has an unknown step '{key}'{_near(key, steps)}")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_DAYS:
            raise _Wrong(f"'{key}' of [durations] is {days!r}: write days, 0 to {MAX_DAYS}")


def _check_item(item: Any, number: int) -> None:
    where = f"[[extra]] number {number}"
    if not isinstance(item, dict):
        raise _Wrong(f"{where} is {item!r}: write a table [[extra]]")
    where = f"the item {item['id']}" if isinstance(item.get("id"), str) else where
    _check_fields(item, ITEM_FIELDS, where)
    for name in ("id", "phase", "title"):
        if not str(item.get(name, "")).strip():
            raise _Wrong(f"{where} has no {name}")
    if not ITEM_ID.fullmatch(item["id"]):
        raise _Wrong(f"'{item['id']}' is no id of an item: write two to eight capitals and digits, such as MY1")
    if item["phase"] not in PHASES:
        raise _Wrong(f"{where}: there is no phase '{item['phase']}'; phases are {', '.join(PHASES)}")
    if item.get("gate", "promote") not in ("promote", "close"):
        raise _Wrong(f"{where}: there is no gate '{item['gate']}': write promote or close")
    if item.get("check", "") and item["check"] not in review.checks.CHECKS:
        raise _Wrong(f"{where} names an unknown check '{item['check']}'{_near(item['check'], review.checks.CHECKS)}")
    try:
        review.conditions.parse(str(item.get("applies_when", "always")))
    except review.conditions.ConditionError as error:
        raise _Wrong(f"applies_when of {where} cannot be read: {error}") from error


def _check_names(data: Mapping[str, Any]) -> None:
    """Every id that the file names is that of an item, and each item lives once."""
    shipped = {item.id for item in reference.checklist()}
    extra = [item["id"] for item in data.get("extra", ())]
    for name in extra:
        if name in shipped:
            raise _Wrong(f"{name} is an item of the shipped checklist already: choose another id")
        if extra.count(name) > 1:
            raise _Wrong(f"there are two items {name}")
    only: list[str] = data.get("only", [])
    omit: list[str] = data.get("omit", [])
    lists: tuple[tuple[str, list[str], set[str]], ...] = (("only", only, shipped | set(extra)), ("omit", omit, shipped))
    for title, names, among in lists:
        for name in names:
            if name not in among:
                raise _Wrong(f"'{title}' names an unknown item '{name}'{_near(name, among)}")
        if len(set(names)) < len(names):
            raise _Wrong(f"'{title}' names {next(n for n in names if names.count(n) > 1)} twice")
    if only and omit:
        raise _Wrong("it has both 'only' and 'omit': keep one")
    if only and (lost := [name for name in extra if name not in only]):
        raise _Wrong(f"{lost[0]} is described, but 'only' does not name it: add it there")
    _check_covers(data.get("covers", {}), set(only) or (shipped - set(omit)) | set(extra))


def _check_covers(covers: Mapping[str, Any], items: Collection[str]) -> None:
    for step, names in covers.items():
        if step not in STEPS:
            raise _Wrong(f"[covers] has an unknown step '{step}'{_near(step, STEPS)}")
        if not isinstance(names, list):
            raise _Wrong(f"'{step}' of [covers] is {names!r}: write a list of item ids")
        for name in names:
            if name not in items:
                raise _Wrong(f"'{step}' of [covers] names '{name}', which is no item of this template")


def uncovered(template: Template) -> list[str]:
    """Those of the four steps that every provider asks for which no item of the template covers."""
    return [step.replace("_", " ") for step in STEPS if not template.covers.get(step)]


# ── a new one ─────────────────────────────────────────────────────────────────────────────────────────────────────


def draft(name: str, origin: Template, source: str) -> str:
    """The text of a new template that begins as another one, whose file is `source`.

    Raises:
        TemplateError: the name is none.
    """
    if not NAME.fullmatch(name):
        raise TemplateError(f"'{name}' is no name of a template: use small letters, digits and -")
    lines = [
        f"# Began as {origin.name} {origin.hash}. Check it with: modeltui template check {name}",
        "# only / omit: ids of items (modeltui template show NAME lists them); [context]: which upgrades take it;",
        "# [durations]: days of assess, adapt, validate, approval, canary, rollback; [[extra]]: items of your own.",
        "",
    ]
    return "\n".join(lines) + source.replace(f'name = "{origin.name}"', f'name = "{name}"', 1)
