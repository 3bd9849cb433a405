"""`dataclass` as the standard library has it, for values whose methods are compiled when they are first called.

The standard decorator compiles `__init__`, `__eq__`, `__hash__` and more of every class when its module is imported:
0.7 ms a class, 60 ms of every start, for a hundred classes of which one run makes a few. Here a class decorated with
`@dataclass(frozen=True, slots=True)` gets its fields and slots at once and its methods at their first call; what
reads the fields (`replace`, `asdict`, `match`, msgspec, pydantic) meets a dataclass as ever. Any other arguments give
the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

C = TypeVar("C", bound=type[Any])

_COMPARING = ("__eq__", "__hash__")
_COMPILED = ("__init__", "__repr__", *_COMPARING)

if not TYPE_CHECKING:

    def dataclass(cls: C | None = None, **options: bool) -> Any:
        """The decorator; see the module."""
        if options == {"frozen": True, "slots": True}:
            return _value
        return dataclasses.dataclass(cls, **options)


def _value(cls: C) -> C:
    written = {name for name in _COMPILED if vars(cls).get(name) is not None}
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__dataclass_params__.frozen = True
    for name in _COMPILED:
        if name not in written:
            setattr(made, name, _until_called(made, name, written))
    made.__setattr__, made.__delattr__ = _refuse_set, _refuse_delete
    made.__getstate__, made.__setstate__ = _state, _take_state
    return made  # type: ignore[no-any-return]


def _until_called(made: Any, name: str, written: set[str]) -> Callable[..., Any]:
    def compile_and_call(self: Any, *args: Any, **named: Any) -> Any:
        full = dataclasses.make_dataclass(
            made.__name__,
            [(field.name, field.type, field) for field in dataclasses.fields(made)],
            init=name == "__init__",
            repr=name == "__repr__",
            eq=name in _COMPARING,
            frozen=True,
            namespace={"__doc__": made.__doc__ or " "},  # without one, dataclasses works out a signature
        )
        for each in _COMPARING if name in _COMPARING else (name,):
            if each not in written:
                setattr(made, each, vars(full)[each])
        return getattr(made, name)(self, *args, **named)

    return compile_and_call


def _refuse_set(_self: Any, name: str, _value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _take_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
