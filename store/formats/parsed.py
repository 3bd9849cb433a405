"""What a parser makes of a file: validated records, and faults with their place."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.records import Assignment, Deployment, Measurement, UseCase, Version


def cut(text: str) -> str:
    """A text of a file as a sentence about it shows it: its first 40 characters."""
    return text if len(text) <= 40 else f"{text[:39]}…"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong at one place: the line (0: the whole file), the column, the value there, the reason.

    `unit` is what the place is counted in: line, or entry of a list.
    """

    line: int
    column: str
    value: str
    reason: str
    unit: str = "line"

    def __str__(self) -> str:
        place = [f"{self.unit} {self.line}"] if self.line else []
        place += [f"column {cut(self.column)}"] if self.column else []
        shown = cut(self.value)
        return f"{', '.join(place) or 'the file'}: {self.reason}" + (f" (it has '{shown}')" if shown else "")


@dataclass(slots=True)
class Parsed:
    """The records of a file, found by their natural keys; only what the file says is filled in.

    `given` names, for each key or name, the plain fields that the file sets, so that nothing else is touched.
    """

    versions: dict[str, Version] = field(default_factory=dict)
    use_cases: dict[str, UseCase] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    given: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
