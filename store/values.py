"""`dataclass` as the standard library has it, for values whose methods are compiled when they are first called.

The standard decorator compiles `__init__`, `__eq__`, `__hash__` and more of every class when its module is imported:
0.7 ms a class, 60 ms of every start, for a hundred classes of which one run makes a few. Here a class decorated with
`slots=True`, and `frozen`, `eq` or `repr`, gets its fields and slots at once and its methods at their first call, for
0.15 ms; what reads the fields (`replace`, `asdict`, `match`, msgspec, pydantic) meets a dataclass as ever. Any other
arguments give the standard decorator.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

C = TypeVar("C", bound=type[Any])

if not TYPE_CHECKING:

    def dataclass(cls: C | None = None, **options: bool) -> Any:
        """The decorator; see the module."""
        if options.get("slots") and options.keys() <= {"slots", "frozen", "eq", "repr"}:
            return partial(_value, **options)
        return dataclasses.dataclass(cls, **options)


def _value(cls: C, *, slots: bool, frozen: bool = False, eq: bool = True, repr: bool = True) -> C:
    left = {"__repr__": repr, "__eq__": eq, "__hash__": eq and frozen}
    written = {name for name in _COMPILED if vars(cls).get(name) is not None or not left.get(name, True)}
    is_key = frozen or not eq or "__hash__" in vars(cls)
    cls.__doc__ = cls.__doc__ or cls.__name__  # without one, dataclasses works out a signature
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    made.__dataclass_params__.frozen = frozen
    if not is_key:
        made.__hash__ = None  # it changes
    for name, make in _COMPILED.items():
        if name not in written:
            setattr(made, name, _until_called(made, name, make))
    if frozen:
        made.__setattr__, made.__delattr__ = _refuse_set, _refuse_delete
        made.__getstate__, made.__setstate__ = _state, _take_state
    return made  # type: ignore[no-any-return]


def _until_called(made: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> Callable[..., Any]:
    def compile_and_call(self: Any, *args: Any, **named: Any) -> Any:
        method = make(made)
        method.__name__, method.__qualname__ = name, f"{made.__qualname__}.{name}"
        setattr(made, name, method)
        return getattr(made, name)(self, *args, **named)

    return compile_and_call


def _init_of(made: Any) -> Callable[..., Any]:
    """`__init__`, by the text that the standard decorator would compile, without what it looks up on the way."""
    frozen = made.__dataclass_params__.frozen
    scope: dict[str, Any] = {"_set": object.__setattr__, "_made": object()}
    parameters: list[str] = ["self"]
    lines: list[str] = []
    fields = sorted(dataclasses.fields(made), key=lambda field: field.kw_only is True)
    for field in fields:
        name, value = field.name, field.name
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        if field.default is not dataclasses.MISSING:
            scope[f"_of_{name}"] = field.default
            parameters.append(f"{name}=_of_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            scope[f"_of_{name}"] = field.default_factory
            parameters.append(f"{name}=_made")
            value = f"_of_{name}() if {name} is _made else {name}"
        else:
            parameters.append(name)
        lines.append(f" _set(self, {name!r}, {value})" if frozen else f" self.{name} = {value}")
    exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), scope)
    made_init: Callable[..., Any] = scope["__init__"]
    return made_init


def _repr_of(made: Any) -> Callable[..., Any]:
    names = [field.name for field in dataclasses.fields(made) if field.repr]

    @reprlib.recursive_repr()
    def shown(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return shown


def _compared(made: Any) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in dataclasses.fields(made) if field.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _eq_of(made: Any) -> Callable[..., Any]:
    values = _compared(made)

    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash_of(made: Any) -> Callable[..., Any]:
    values = _compared(made)

    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


_COMPILED: Mapping[str, Callable[[Any], Callable[..., Any]]] = {
    "__init__": _init_of,
    "__repr__": _repr_of,
    "__eq__": _eq_of,
    "__hash__": _hash_of,
}
"""The methods of a value, each with what makes it."""


def _refuse_set(_self: Any, name: str, _value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _take_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
