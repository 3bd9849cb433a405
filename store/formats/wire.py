"""Reading answers of remotes into their expected shape."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class WireFault(ValueError):
    """An answer that has not the shape it should have, in one sentence with the place; nothing of it is shown."""


def shaped(kind: type[T], answer: Any, what: str) -> T:
    """An answer as its shape; fields that nobody asks for are passed over.

    Args:
        kind: a msgspec structure.
        answer: decoded JSON.
        what: the name of the answer for the sentence, such as "model-versions/search of MLflow".

    Raises:
        WireFault: a field has another type than the system ever gives it, or nothing of it was asked for.
    """
    known: tuple[str, ...] = getattr(kind, "__struct_encode_fields__", ())
    if isinstance(answer, dict) and answer and not answer.keys() & set(known):  # empty lists are left out, so {} is one
        raise WireFault(f"{what} answered with JSON, but not with '{known[0]}'; nothing was taken over")
    try:
        return msgspec.convert(answer, kind, strict=False)
    except (msgspec.ValidationError, OverflowError, UnicodeEncodeError) as error:
        raise WireFault(f"{what} is not what that system answers ({error}); nothing was taken over") from error
