"""A value of `store.values` behaves as one of the standard decorator, whatever is asked of it first."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from pydantic import TypeAdapter

from store.values import dataclass

STANDARD = dataclasses.dataclass(frozen=True, slots=True)


MUTABLE = dataclasses.dataclass(slots=True)


def classes() -> list[Any]:
    """The same class by our decorator and by the standard one, with no method compiled yet."""
    made = []
    for decorate in (dataclass(frozen=True, slots=True), STANDARD):

        class Money:
            """An amount."""

            value: float
            currency: str = "USD"
            notes: tuple[str, ...] = dataclasses.field(default_factory=tuple)

            def __str__(self) -> str:
                return f"{self.value:g} {self.currency}"

        Money.__qualname__ = "Money"
        made.append(decorate(Money))
    return made


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "repr": lambda kind: repr(kind(1.5, notes=("a",))),
    "str": lambda kind: str(kind(2)),
    "equal": lambda kind: (kind(1) == kind(1), kind(1) == kind(2), kind(1) == 1, kind(1) != kind(1)),
    "hash": lambda kind: hash(kind(1, "EUR")),
    "match": lambda kind: kind.__match_args__,
    "replace": lambda kind: dataclasses.asdict(dataclasses.replace(kind(1), currency="EUR")),
    "fields": lambda kind: [(f.name, f.default) for f in dataclasses.fields(kind)],
    "copy": lambda kind: (copy.copy(kind(3)) == kind(3), copy.deepcopy(kind(3)) == kind(3)),
    "msgspec": lambda kind: repr(msgspec.json.decode(b'{"value":3}', type=kind)),
    "encoded": lambda kind: msgspec.json.encode(kind(3)),
    "pydantic": lambda kind: repr(TypeAdapter(kind).validate_python({"value": "4", "notes": ["x"]})),
    "slots": lambda kind: (kind.__slots__, hasattr(kind(1), "__dict__")),
    "frozen": lambda kind: kind.__dataclass_params__.frozen,
    "doc": lambda kind: kind.__doc__,
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_the_standard_one(question: str) -> None:
    ours, standard = classes()
    assert QUESTIONS[question](ours) == QUESTIONS[question](standard)


@pytest.mark.parametrize("arguments", [((), {}), ((1, "a", (), 4), {}), ((1,), {"colour": 1}), ((1,), {"value": 2})])
def test_wrong_arguments_are_refused(arguments: tuple[Any, dict[str, Any]]) -> None:
    for made in classes():
        with pytest.raises(TypeError):
            made(*arguments[0], **arguments[1])


def test_it_cannot_be_changed() -> None:
    for made in classes():
        value = made(1)
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'value'"):
            value.value = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'value'"):
            del value.value
        assert value == made(1)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value with words of its own."""

    name: str

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spoken) and other.name.lower() == self.name.lower()

    def __hash__(self) -> int:
        return hash(self.name.lower())


def test_what_a_class_says_itself_stays() -> None:
    assert repr(Spoken("A")) == "<A>"
    assert {Spoken("A")} == {Spoken("a")}


def test_it_goes_through_pickle() -> None:
    assert repr(pickle.loads(pickle.dumps(Spoken("A")))) == "<A>"


def counters() -> list[Any]:
    """The same changeable class by our decorator and by the standard one."""
    made = []
    for decorate in (dataclass(slots=True), MUTABLE):

        class Counter:
            """Counts."""

            name: str = dataclasses.field(compare=False)
            seen: list[str] = dataclasses.field(default_factory=list)
            count: int = dataclasses.field(default=0, kw_only=True, repr=False)

        Counter.__qualname__ = "Counter"
        made.append(decorate(Counter))
    return made


def test_one_that_changes_answers_as_the_standard_one() -> None:
    told = []
    for kind in counters():
        one, other = kind("a"), kind("b", count=0)
        one.seen.append("x")
        one.count += 1
        told.append((repr(one), one == kind("c", ["x"], count=1), other == kind("d"), one == other, other.seen))
        with pytest.raises(TypeError):
            hash(one)
        with pytest.raises(TypeError):
            kind("a", [], 1)
        with pytest.raises(AttributeError):
            one.other = 1
    assert told[0] == told[1]


def test_one_without_comparison_is_only_the_same_as_itself() -> None:
    @dataclass(frozen=True, slots=True, eq=False, repr=False)
    class View:
        name: str

    one = View("a")
    assert one == one
    assert one != View("a")
    assert len({one, View("a")}) == 2
    assert repr(one).startswith("<")


def test_other_arguments_give_the_standard_decorator() -> None:
    @dataclass(slots=True, order=True)
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    assert Counter() < counter
