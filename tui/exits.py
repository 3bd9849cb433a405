"""What a command's exit code says (DECISIONS 12), in the one place that knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DONE: Final = 0
FINDING: Final = 1
BAD_INPUT: Final = 2
INCONCLUSIVE: Final = 3
STALE: Final = 4
STORE: Final = 5
FAULT: Final = 70
INTERRUPTED: Final = 130

_WORST_FIRST = (FAULT, STORE, BAD_INPUT, FINDING, STALE, INCONCLUSIVE, DONE)

_VERDICTS = {
    "PASS": DONE,
    "PASS_UNPROVEN": DONE,
    "WARN": DONE,
    "WAIVED": DONE,
    "FAIL": FINDING,
    "ERROR": BAD_INPUT,
    "INCONCLUSIVE": INCONCLUSIVE,
    "STALE": STALE,
    "UNKNOWN": STALE,
}


class UsageError(Exception):
    """A command line that cannot be carried out as it was typed, in one sentence."""


def worst(codes: Iterable[int]) -> int:
    """The code of several outcomes at once: 70 > 5 > 2 > 1 > 4 > 3 > 0."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), DONE)


def of_verdict(word: str) -> int:
    """The code of a verdict; a word that is none is our own fault."""
    return _VERDICTS.get(word, FAULT)


def of_error(error: BaseException) -> int:
    """The code of an error that ended a command."""
    from store.catalog import CommandError, StoreError
    from store.changes import Conflict

    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, UsageError | CommandError | Conflict):
        return BAD_INPUT
    if isinstance(error, StoreError):
        return STORE
    from store.validation import Invalid

    return BAD_INPUT if isinstance(error, Invalid) else FAULT
