"""The query language of the catalog: words, fields, comparisons; parsed leniently, printed back, never raising.

    stage:production retires<60d provider:azure price_in:<=1 has:upgrade not:gpt-4o (owner:ann or "exact words")

Terms stand side by side for "and"; `or` binds weaker, `-` and `not:` negate, parentheses group. `field:value`
contains (text), is (numbers), or falls into (a day, `2026-12`); `=` and `!=` are exact; `< <= > >=` compare, with or
without the colon; `a..b`, `..b` and `a..` are ranges that no shell touches; `field:a,b` is either. An unknown field
before a colon is a plain word. A comparison never holds for an unknown value, so neither `price_in<1` nor
`price_in!=1` finds a row without a price; `missing:price_in` does, and so does the negation `-price_in<1`.

While somebody types, most texts are incomplete: `parse` leaves out what it cannot read and says so in `Query.error`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import date
from functools import cached_property
from typing import TypeAlias

from store.fields import SPELLINGS, Field, literal, spelled
from store.values import dataclass

DEEPEST = 30
"""How deep parentheses may nest."""


@dataclass(frozen=True, slots=True)
class Word:
    """A plain word or phrase: contained, whatever the case, in the searched text of a row."""

    text: str


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value as typed; `op` is one of `: = != < <= > >=`."""

    field: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Has:
    """The field is known (a flag: true); `missing:` is its negation."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """What the node inside does not hold for."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the nodes; none of them is an And. Without nodes: everything."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the nodes; none of them is an Or."""

    nodes: tuple[Node, ...]


Node: TypeAlias = Word | Compare | Has | Not | And | Or


@dataclass(frozen=True, slots=True)
class QueryError:
    """What could not be read: the place in the text, one sentence, and what to write instead ("" if unknown).

    `fix` is what to put at the place where that is known, `at_end` that it belongs behind the whole text instead.
    """

    position: int
    length: int
    message: str
    suggestion: str = ""
    fix: str | None = None
    at_end: bool = False

    def fixed(self, text: str) -> str | None:
        """The text with the suggestion applied, None where there is none that can be."""
        if self.fix is None:
            return None
        if self.at_end:
            return text.rstrip() + self.fix
        return text[: self.position] + self.fix + text[self.position + self.length :]

    def __str__(self) -> str:
        return f"{self.message}; {self.suggestion}" if self.suggestion else self.message


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. `error` is the first thing left out; `hint` a likely slip that matters if nothing is found."""

    node: Node = And()
    error: QueryError | None = field(default=None, compare=False)
    hint: QueryError | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return _print(self.node, root=True)

    def narrows(self, wider: Query) -> bool:
        """True if every row that this query finds is certainly one that `wider` finds."""
        mine = conjuncts(self.node)
        return all(any(_implies(own, other) for own in mine) for other in conjuncts(wider.node))


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The nodes that must all hold."""
    return node.nodes if isinstance(node, And) else (node,)


def _implies(narrow: Node, wide: Node) -> bool:
    if isinstance(narrow, Word) and isinstance(wide, Word):
        return wide.text.casefold() in narrow.text.casefold()
    return narrow == wide


# ── printing ──────────────────────────────────────────────────────────────────────────────────────────────────────


class _Pattern:
    """A regular expression that is compiled when it is first used: a start asks nothing yet."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self.text, self._flags = text, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.text, self._flags)

    def match(self, text: str, position: int = 0) -> re.Match[str] | None:
        return self._compiled.match(text, position)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self._compiled.fullmatch(text)


_BARE_WORD = _Pattern(r"[\w.][\w./@%+-]*")
_BARE_VALUE = _Pattern(r"[\w$+-][\w./@%+$-]*")
_KEYWORDS = ("or", "and", "not")
_PREFIXES = ("has", "missing")


def quoted(text: str) -> str:
    """The text as a phrase of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def field_term(name: str, op: str, value: str) -> str:
    """The text of a comparison, quoted where it must be (filters pane, completion)."""
    return _print(Compare(name, op, value), root=True)


def _print(node: Node, root: bool = False) -> str:
    match node:
        case Word(text):
            return text if _BARE_WORD.fullmatch(text) and text.lower() not in _KEYWORDS else quoted(text)
        case Compare(name, op, value):
            plain = _BARE_VALUE.fullmatch(value) and ".." not in value
            return f"{field_name(name)}{op}{value if plain else quoted(value)}"
        case Has(name):
            return f"has:{field_name(name)}"
        case Not(Has(name)):
            return f"missing:{field_name(name)}"
        case Not(inner):
            return f"-{_print(inner)}"
        case And(nodes):
            text = " ".join(_print(n) for n in nodes)
        case Or(nodes):
            text = " or ".join(_print(n, root=isinstance(n, And)) for n in nodes)
    return text if root else f"({text})"


def field_name(name: str) -> str:
    """A field's name as a query writes it, quoted where it must be."""
    plain = _NAME.fullmatch(name) and not name.startswith("-") and name.lower() not in (*_KEYWORDS, *_PREFIXES)
    return name if plain else quoted(name)


# ── parsing ───────────────────────────────────────────────────────────────────────────────────────────────────────

_OPERATOR = r":?(?:<=|>=|≤|≥|!=|==|[<>=])|:"
_NAME = _Pattern(r'[^\s()"<>=!:≤≥]+')
_FIELD = _Pattern(rf"({_NAME.text})({_OPERATOR})")
_AFTER_PHRASE = _Pattern(_OPERATOR)
_PHRASE = _Pattern(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_BARE = _Pattern(r'[^\s()"]+')
_KEYWORD = _Pattern(r"(or|and|not|OR|AND|NOT)(?=[\s()]|$)")
_NEGATION = _Pattern(r"-|[nN][oO][tT]:|(?:not|NOT)(?=[\s()]|$)\s*")
_CANONICAL = {"≤": "<=", "≥": ">=", "==": "="}
_ANY_DAY = date(2000, 1, 1)


def parse(text: str, fields: Mapping[str, Field] = SPELLINGS) -> Query:
    """Read a query; never raises.

    Args:
        text: what was typed.
        fields: the fields that exist, by every spelling (`store.fields.spellings`).

    Returns:
        What could be read, with the first error.
    """
    if not text:
        return Query()
    parser = _Parser(text, fields)
    node = parser.alternatives(0)
    return Query(node or And(), parser.error, parser.hint)


def _and(parts: list[Node | None]) -> Node | None:
    nodes: dict[Node, None] = {}
    for part in parts:
        if part is not None:
            nodes.update(dict.fromkeys(conjuncts(part)))
    return (next(iter(nodes)) if len(nodes) == 1 else And(tuple(nodes))) if nodes else None


def _or(parts: list[Node | None]) -> Node | None:
    nodes: dict[Node, None] = {}
    for part in parts:
        if part is not None:
            nodes.update(dict.fromkeys(part.nodes if isinstance(part, Or) else (part,)))
    return (next(iter(nodes)) if len(nodes) == 1 else Or(tuple(nodes))) if nodes else None


def _not(node: Node) -> Node:
    return node.node if isinstance(node, Not) else Not(node)


class _Parser:
    """One pass over the text. A method returns None where it left everything out."""

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self.text, self.fields = text, fields
        self.pos = 0
        self.error: QueryError | None = None
        self.hint: QueryError | None = None

    def fail(
        self, position: int, length: int, message: str, suggestion: str = "", fix: str | None = None,
        at_end: bool = False,
    ) -> None:  # fmt: skip
        if self.error is None:
            self.error = QueryError(position, length, message, suggestion, fix, at_end)

    def at_end(self) -> bool:
        while self.pos < len(self.text) and self.text[self.pos].isspace():
            self.pos += 1
        return self.pos >= len(self.text)

    def take(self, symbol: str) -> bool:
        if not self.text.startswith(symbol, self.pos):
            return False
        self.pos += len(symbol)
        return True

    def keyword(self) -> str:
        found = _KEYWORD.match(self.text, self.pos)
        return found[1].lower() if found else ""

    def alternatives(self, depth: int) -> Node | None:
        parts = [self.conjunction(depth)]
        while self.keyword() == "or":
            start = self.pos
            self.pos += 2
            parts.append(self.conjunction(depth))
            if parts[-1] is None or parts[-2] is None:
                self.fail(start, 2, "'or' needs something on both sides", 'to search for the word, write "or"', '"or"')
        return _or(parts)

    def conjunction(self, depth: int) -> Node | None:
        parts: list[Node | None] = []
        while not self.at_end():
            if self.text[self.pos] == ")":
                if depth:
                    break
                self.fail(self.pos, 1, "this parenthesis closes nothing", "take it out, or quote it", "")
                self.pos += 1
                continue
            word = self.keyword()
            if word == "or":
                break
            if word == "and":
                self.pos += 3
                continue
            parts.append(self.term(depth))
        return _and(parts)

    def term(self, depth: int) -> Node | None:
        start, negate = self.pos, False
        while negation := _NEGATION.match(self.text, self.pos):
            self.pos = negation.end()
            negate = not negate
        if self.pos > start and (self.text[self.pos : self.pos + 1] in ("", ")") or self.blocked()):
            self.fail(start, self.pos - start, "nothing follows to leave out", "write not:word or -field:value")
            return None
        node = self.group(depth) if self.text[self.pos] == "(" else self.single(depth)
        return _not(node) if negate and node is not None else node

    def blocked(self) -> bool:
        """No term can start here: white space, or a word that joins terms."""
        return self.text[self.pos].isspace() or self.keyword() in ("or", "and")

    def group(self, depth: int) -> Node | None:
        start = self.pos
        self.pos += 1
        if depth >= DEEPEST:
            self.fail(start, 1, f"parentheses nest deeper than {DEEPEST}", "take some out")
            return None
        node = self.alternatives(depth + 1)
        if not self.take(")"):
            self.fail(start, 1, "this parenthesis is never closed", "close it with )", ")", at_end=True)
        elif node is None:
            self.fail(start, self.pos - start, "nothing stands between the parentheses")
        return node

    def single(self, depth: int) -> Node | None:
        start = self.pos
        if self.text[start] == '"':
            phrase = self.phrase()
            op = _AFTER_PHRASE.match(self.text, self.pos)
            known = self.fields.get(spelled(phrase)) if op else None
            if op and known:
                self.pos = op.end()
                return self.comparison(start, known, op[0], depth)
            return Word(phrase) if phrase else None
        found = _FIELD.match(self.text, start)
        if found:
            name, op_text = found[1], found[2]
            if op_text == ":" and name.lower() in _PREFIXES:
                self.pos = found.end()
                return self.known(start, name.lower() == "missing")
            field_ = self.fields.get(spelled(name))
            if field_ is not None:
                self.pos = found.end()
                return self.comparison(start, field_, op_text, depth)
        bare = _BARE.match(self.text, start)
        if bare is None:
            raise AssertionError(f"no term at {start} of {self.text!r}")
        self.pos = bare.end()
        if found and self.hint is None and (close := _closest(found[1], self.fields)):
            said = f"{found[1]} is no field, so '{bare[0]}' was searched as a word"
            self.hint = QueryError(start, len(found[1]), said, f"did you mean {close}{found[2]}?", field_name(close))
        return Word(bare[0])

    def phrase(self) -> str:
        found = _PHRASE.match(self.text, self.pos)
        if found is None:
            raise AssertionError(f"no phrase at {self.pos} of {self.text!r}")
        if not found[2]:
            self.fail(self.pos, 1, "this quotation mark is never closed", 'close it with "', '"', at_end=True)
        inner = found[1] + ("" if found[2] else self.text[found.end() :])
        self.pos = found.end() if found[2] else len(self.text)
        return re.sub(r'\\(["\\])', r"\1", inner)

    def known(self, start: int, missing: bool) -> Node | None:
        at = self.pos
        if self.text.startswith('"', at):
            name = self.phrase()
        else:
            bare = _BARE.match(self.text, at)
            name = bare[0] if bare else ""
            self.pos = at + len(name)
        field_ = self.fields.get(spelled(name))
        if field_ is None:
            close = _closest(name, self.fields)
            message = f"'{name}' is no field" if name else f"{self.text[start:at]} needs a field"
            said = f"did you mean {close}?" if close else "write has:owner or missing:price_in"
            self.fail(at, len(name), message, said, field_name(close) if close else None)
            return None
        return Not(Has(field_.name)) if missing else Has(field_.name)

    def comparison(self, start: int, field_: Field, op: str, depth: int) -> Node | None:
        op = op.removeprefix(":") or ":"
        op = _CANONICAL.get(op, op)
        at = self.pos
        if self.text.startswith('"', at):
            return self.checked(at, Compare(field_.name, op, self.phrase()), field_)
        bare = _BARE.match(self.text, at)
        value = bare[0] if bare else ""
        self.pos = at + len(value)
        if not value:
            self.fail(start, at - start, f"{field_.name} needs a value right behind the sign")
            return None
        if op == ":" and depth < DEEPEST:
            if field_.ordered and ".." in value and value != "..":
                low, _, high = value.partition("..")
                ends = [(sign, end) for sign, end in ((">=", low), ("<=", high)) if end]
                return _and([self.checked(at, Compare(field_.name, sign, end), field_) for sign, end in ends])
            if field_.kind in ("text", "set") and "," in value:
                return _or([Compare(field_.name, op, part) for part in value.split(",") if part])
        return self.checked(at, Compare(field_.name, op, value), field_)

    def checked(self, at: int, compare: Compare, field_: Field) -> Compare | None:
        length = self.pos - at
        if not compare.value:
            said = f"for unknown ones write missing:{field_.name}"
            self.fail(at, length, f"{field_.name} needs a value", said)
            return None
        try:
            literal(field_, compare.value, _ANY_DAY)
        except ValueError as error:
            message, _, remedy = str(error).partition(": ")
            self.fail(at, length, message, remedy)
            return None
        return compare


def _closest(name: str, fields: Mapping[str, Field]) -> str:
    import difflib

    found = difflib.get_close_matches(spelled(name)[:40], fields, n=1, cutoff=0.75) if name else []
    return fields[found[0]].name if found else ""
