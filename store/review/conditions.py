"""When a checklist item applies: a small language of conditions with three answers (DECISIONS 9).

    platform == azure and not fine_tuned
    to.max_input_tokens < from.max_input_tokens or deployment_type == provisioned
    use_case.modalities contains image

`or`, `and`, `not`, parentheses, `== != < >`, `in (a, b)`, `contains`, a name alone as a yes or no, and `always`.
The left side of a comparison is a name. The right side is a name with a dot (`to.kind`), a number, `true`, `false`, a
word or a "quoted text"; a name without a dot is a word there, so that `risk == regulated` says what it seems to say.
A condition on something unknown answers None, unless the rest already decides.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal, TypeAlias

from store.records import Json
from store.values import dataclass

Operator = Literal["==", "!=", "<", ">", "contains"]
Scalar: TypeAlias = bool | int | float | str

MAX_DEPTH = 40
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "always", "true", "false"})

VERSION_FIELDS = (
    "provider", "publisher", "model", "version", "platform", "kind", "own", "reasoning", "tools", "structured_output",
    "capabilities", "modalities_in", "modalities_out", "context_window", "max_input_tokens", "max_output_tokens",
    "knowledge_cutoff", "accepts_temperature", "embedding_dimensions", "open_weights",
)  # fmt: skip
USE_CASE_FIELDS = (
    "criticality", "uses", "tools", "structured_output", "modalities", "languages", "caching", "batch", "priority_tier",
)  # fmt: skip
NAMES: frozenset[str] = frozenset(
    {
        "platform", "deployment_type", "deployment_strategy", "kind", "own", "fine_tuned", "regulated", "risk",
        "user_facing", "budgeted", "retirement",
        *(f"from.{name}" for name in VERSION_FIELDS),
        *(f"to.{name}" for name in VERSION_FIELDS),
        *(f"use_case.{name}" for name in USE_CASE_FIELDS),
    }
)  # fmt: skip
"""What a condition may speak of; `store.review.context` fills in the values."""


class ConditionError(ValueError):
    """A condition that cannot be read: says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Always:
    """Unconditional."""


@dataclass(frozen=True, slots=True)
class Name:
    """Something known by name; alone it is a yes or no."""

    path: str


@dataclass(frozen=True, slots=True)
class Value:
    """A value written in the condition."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`."""

    left: Name
    operator: Operator
    right: Name | Value


@dataclass(frozen=True, slots=True)
class In:
    """`left in (a, b)`."""

    left: Name
    choices: tuple[Name | Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    terms: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more."""

    terms: tuple[Condition, ...]


Condition: TypeAlias = Always | Name | Compare | In | Not | And | Or


# ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────────

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<sign>==|!=|[<>(),])|(?P<word>[^\s()<>=!,"]+))', re.DOTALL)
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_COMPARISONS: Mapping[str, Operator] = {"==": "==", "!=": "!=", "<": "<", ">": ">", "contains": "contains"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


@functools.lru_cache(maxsize=1024)
def parse(text: str, names: AbstractSet[str] = NAMES) -> Condition:
    """Read a condition; `names` (a frozenset) are those it may use.

    Raises:
        ConditionError: with the place, what was expected and, for an unknown name, the nearest known ones.
    """
    reader = _Reader(text, names)
    condition = reader.disjunction(0)
    if reader.here.kind != "end":
        raise reader.error("'and', 'or' or the end")
    return condition


class _Reader:
    def __init__(self, text: str, names: AbstractSet[str]) -> None:
        self.text = text
        self.names = names
        self.namespaces = {name.partition(".")[0] for name in names if "." in name}
        self.tokens = list(self._split())
        self.at = 0

    def _split(self) -> Iterable[_Token]:
        place, end = 0, len(self.text.rstrip())
        while place < end:
            match = _TOKEN.match(self.text, place)
            if match is None or match.lastgroup is None:
                rest = self.text[place:]
                start = place + len(rest) - len(rest.lstrip())
                hint = "'=='" if self.text[start] == "=" else "'!='" if self.text[start] == "!" else "a closing quote"
                raise self._error(start, hint, self.text[start])
            yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
            place = match.end()
        yield _Token("end", "", len(self.text))

    @property
    def here(self) -> _Token:
        return self.tokens[self.at]

    def _error(self, place: int, expected: str, found: str) -> ConditionError:
        what = f"not '{found}'" if found else "but it ends"
        return ConditionError(f"condition '{self.text}': at character {place + 1} expected {expected}, {what}")

    def error(self, expected: str) -> ConditionError:
        return self._error(self.here.place, expected, self.here.text)

    def take(self, *texts: str) -> bool:
        if self.here.kind in ("sign", "word") and self.here.text in texts:
            self.at += 1
            return True
        return False

    def disjunction(self, depth: int) -> Condition:
        terms = [self.conjunction(depth)]
        while self.take("or"):
            terms.append(self.conjunction(depth))
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def conjunction(self, depth: int) -> Condition:
        terms = [self.negation(depth)]
        while self.take("and"):
            terms.append(self.negation(depth))
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def negation(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise self.error(f"at most {MAX_DEPTH} levels of 'not' and parentheses")
        if self.take("not"):
            return Not(self.negation(depth + 1))
        if self.take("("):
            inside = self.disjunction(depth + 1)
            if not self.take(")"):
                raise self.error("')'")
            return inside
        if self.take("always"):
            return Always()
        return self.comparison()

    def comparison(self) -> Condition:
        left = self.name()
        if self.take("in"):
            return In(left, self.choices())
        operator = _COMPARISONS.get(self.here.text) if self.here.kind in ("sign", "word") else None
        if operator is None:
            return left
        self.at += 1
        return Compare(left, operator, self.operand())

    def choices(self) -> tuple[Name | Value, ...]:
        if not self.take("("):
            raise self.error("'(' after 'in'")
        found = [self.operand()]
        while self.take(","):
            found.append(self.operand())
        if not self.take(")"):
            raise self.error("',' or ')'")
        return tuple(found)

    def name(self) -> Name:
        token = self.here
        if token.kind != "word" or token.text in KEYWORDS:
            raise self.error("a name, 'not', '(' or 'always'")
        if token.text not in self.names:
            raise self._unknown(token)
        self.at += 1
        return Name(token.text)

    def operand(self) -> Name | Value:
        token = self.here
        if token.kind == "quoted":
            self.at += 1
            return Value(re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL))
        if token.kind != "word" or token.text in KEYWORDS - {"true", "false"}:
            raise self.error("a value or a name")
        head, dot, _ = token.text.partition(".")
        named = bool(dot) and token.text in self.names
        if dot and not named and head in self.namespaces:
            raise self._unknown(token)
        self.at += 1
        return Name(token.text) if named else Value(_literal(token.text))

    def _unknown(self, token: _Token) -> ConditionError:
        near = difflib.get_close_matches(token.text, sorted(self.names), n=3, cutoff=0.5)
        hint = f"; nearest: {', '.join(near)}" if near else f"; known are {', '.join(sorted(self.names)[:4])}, …"
        return ConditionError(
            f"condition '{self.text}': at character {token.place + 1} '{token.text}' is not a known name{hint}"
        )


def _literal(word: str) -> Scalar:
    if word in ("true", "false"):
        return word == "true"
    if not _NUMBER.fullmatch(word):
        return word
    number = float(word)
    if not math.isfinite(number):
        return word
    return number if re.search("[.eE]", word) else int(word)


# ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────


def show(condition: Condition) -> str:
    """Write a condition so that `parse` reads the same one."""
    match condition:
        case Always():
            return "always"
        case Name(path):
            return path
        case Compare(left, operator, right):
            return f"{left.path} {operator} {_show_operand(right)}"
        case In(left, choices):
            return f"{left.path} in ({', '.join(_show_operand(choice) for choice in choices)})"
        case Not(term):
            return f"not {_inside(term, (And, Or))}"
        case And(terms):
            return " and ".join(_inside(term, (And, Or)) for term in terms)
        case Or(terms):
            return " or ".join(_inside(term, (Or,)) for term in terms)


def _inside(term: Condition, loose: tuple[type, ...]) -> str:
    return f"({show(term)})" if isinstance(term, loose) else show(term)


def _show_operand(operand: Name | Value) -> str:
    if isinstance(operand, Name):
        return operand.path
    if isinstance(operand.value, bool):
        return "true" if operand.value else "false"
    if not isinstance(operand.value, str):
        return repr(operand.value)
    word = operand.value
    plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", word) and word not in KEYWORDS and _literal(word) == word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return word if plain else f'"{escaped}"'


# ── deciding ──────────────────────────────────────────────────────────────────────────────────────────────────────


def evaluate(condition: Condition, values: Mapping[str, Json]) -> bool | None:
    """Decide a condition over `values`; a name that is missing or None there is unknown.

    Values of different kinds (a text and a number) cannot be compared and leave the condition undecided.
    """
    match condition:
        case Always():
            return True
        case Name(path):
            value = values.get(path)
            return value if isinstance(value, bool) else None
        case Compare(left, operator, right):
            return _compare(values.get(left.path), operator, _read(right, values))
        case In(left, choices):
            return _any(_compare(values.get(left.path), "==", _read(choice, values)) for choice in choices)
        case Not(term):
            return _opposite(evaluate(term, values))
        case And(terms):
            return _opposite(_any(_opposite(evaluate(term, values)) for term in terms))
        case Or(terms):
            return _any(evaluate(term, values) for term in terms)


def names_in(condition: Condition) -> frozenset[str]:
    """Every name that a condition speaks of."""
    match condition:
        case Always():
            return frozenset()
        case Name(path):
            return frozenset({path})
        case Compare(left, _, right):
            return frozenset({part.path for part in (left, right) if isinstance(part, Name)})
        case In(left, choices):
            return frozenset({part.path for part in (left, *choices) if isinstance(part, Name)})
        case Not(term):
            return names_in(term)
        case And(terms) | Or(terms):
            return frozenset().union(*(names_in(term) for term in terms))


def _read(operand: Name | Value, values: Mapping[str, Json]) -> Json:
    return values.get(operand.path) if isinstance(operand, Name) else operand.value


def _opposite(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _any(answers: Iterable[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def _compare(left: Json, operator: Operator, right: Json) -> bool | None:
    if operator == "contains":
        if not isinstance(left, (list, tuple)):
            return None
        return _any(_compare(part, "==", right) for part in left)
    if left is None or right is None or _kind(left) != _kind(right):
        return None
    match operator:
        case "==":
            return bool(left == right)
        case "!=":
            return bool(left != right)
        case _ if _kind(left) not in ("number", "text"):
            return None
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)


def _kind(value: Json) -> str:
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__
