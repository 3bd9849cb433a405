"""Reading what was typed into a form, and writing a record's values into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from store.fields import Field, literal
from store.records import Json
from tui.screens.form import Faults

R = TypeVar("R")


class Given:
    """The values of a form, read one by one; what cannot be read is a fault at its field.

    `today` is the day that `+60d` counts from.
    """

    def __init__(self, values: Mapping[str, str], today: date = date.min) -> None:
        self._values = values
        self._today = today
        self.faults: dict[str, str] = {}

    def refuse(self, name: str, sentence: str) -> None:
        """Note a fault; the first one of a field stays."""
        self.faults.setdefault(name, sentence)

    def text(self, name: str) -> str:
        """The text of a field, "" where the form has no such field."""
        return self._values.get(name, "")

    def needed(self, name: str, what: str) -> str:
        """A text that must be there; `what` asks for it."""
        text = self.text(name)
        if not text:
            self.refuse(name, what)
        return text

    def number(self, name: str) -> float | None:
        """A number such as 400, 0.8, 80%, 5k or $2.1M; None for nothing."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = literal(Field(name, "", "number"), text, date.min)
        except ValueError:
            self.refuse(name, f"'{text}' is not a number; write 400, 0.8, 80%, 5k or 2.1M")
            return None
        if text.endswith("%") and text[:1] != "$":
            # a decimal division, so that 87.4% is exactly what 0.874 is
            return float(Decimal(text.rstrip("% ").replace(",", "").replace("_", "")) / 100)
        return float(found) if isinstance(found, (int, float)) else None

    def whole(self, name: str) -> int | None:
        """A whole number, zero or more; None for nothing."""
        found = self.number(name)
        if found is not None and (found < 0 or found != int(found)):
            self.refuse(name, f"'{self.text(name)}' is not a whole number; write 400 or 5k")
            return None
        return None if found is None else int(found)

    def day(self, name: str) -> date | None:
        """A day as 2026-12-09, today, or days from today as 60d; None for nothing."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = literal(Field(name, "", "date"), text.removeprefix("+"), self._today)
        except ValueError:
            found = ""
        if not isinstance(found, tuple) or found[0] != found[1]:
            self.refuse(name, f"'{text}' is not a day; write 2026-12-09 or +60d")
            return None
        return found[0]

    def yes_no(self, name: str) -> bool | None:
        """Yes, no, or None for nothing."""
        text = self.text(name).casefold()
        if text in ("", "yes", "y", "no", "n"):
            return text.startswith("y") if text else None
        self.refuse(name, f"'{self.text(name)}' is neither yes nor no; leave it empty if it is not known")
        return None

    def words(self, name: str) -> tuple[str, ...]:
        """Words between commas or on lines, each once."""
        parts = self.text(name).replace("\n", ",").split(",")
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def one_of(self, name: str, allowed: Iterable[str]) -> str:
        """One of the allowed words, however it is capitalised; "" for nothing."""
        text = self.text(name)
        known = list(allowed)
        found = next((word for word in known if word.casefold() == text.casefold()), None)
        if text and found is None:
            self.refuse(name, f"'{text}' is none of {', '.join(word for word in known if word)}")
        return found or ""

    def lines(self, name: str) -> list[str]:
        """The lines of a text that are not empty."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def pairs(self, name: str, example: str) -> dict[str, str]:
        """Lines of name=value; `example` shows one."""
        found: dict[str, str] = {}
        for line in self.lines(name):
            left, equals, right = line.partition("=")
            if not equals or not left.strip() or not right.strip():
                self.refuse(name, f"'{line[:60]}' is no name=value; write for example {example}")
            elif left.strip() in found:
                self.refuse(name, f"{left.strip()} stands there twice")
            else:
                found[left.strip()] = right.strip()
        return found

    def finish(self) -> None:
        """Raise what was found so far.

        Raises:
            Faults: if there is any.
        """
        if self.faults:
            raise Faults(self.faults)

    def make(self, kind: type[R], values: Mapping[str, Json], at: Mapping[str, str] | None = None) -> R:
        """A record of the values, checked.

        Args:
            kind: the record's class.
            values: its fields.
            at: the form's field for a record's field where they are called differently.

        Raises:
            Faults: with what was found before and what the validation says, each at its field.
        """
        from store.validation import Invalid, check

        record: R | None = None
        try:
            record = check(kind, values)
        except Invalid as error:
            for path, sentence in error.faults:
                name = (at or {}).get(path) or (at or {}).get(path.split(".")[0]) or path.split(".")[0]
                self.refuse(name, sentence)
        self.finish()
        assert record is not None
        return record


def written(value: Any) -> str:
    """A value as a form shows it: "" for None, yes and no, numbers in full, words with commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) >= 1e15 or value != int(value) else f"{int(value)}"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    return str(value)


def typed_value(text: str) -> int | float | str:
    """A parameter as typed: a whole number, a number with a point, else the text."""
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d+\.\d+(e-?\d{1,3})?", text) else text
