"""What we write about a version into a registry, and reading it back: the same words in MLflow's tags and in git's.

In MLflow a value is a tag `modeltui.USE-CASE.FIELD` of a version; in git it is a trailer `Modeltui-Field: value` of the
tag that assigns the stage. Nobody has to have modeltui to read them. What another modeltui published arrives as the
fact `published_USE-CASE` of the version and as the assignment that it stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields

from store.records import Assignment, UseCaseName
from store.values import dataclass

PREFIX = "modeltui."
FACT = "published_"
"""The facts under which a published state of a use case stands."""

_TRAILER = re.compile(r"Modeltui-([A-Za-z-]+): ?(.*)")
_STAGES = {"production": "Production", "staging": "Staging", "archived": "Archived"}


@dataclass(frozen=True, slots=True)
class Published:
    """A version in a use case, as it is published; the target of an upgrade may have no stage yet.

    `progress` is that of the upgrade's checklist, such as 7/12, `record` the hash of the upgrade as it was published.
    """

    use_case: str
    stage: str
    deployment: str = "default"
    share: str = "100"
    upgrade: str = ""
    verdict: str = ""
    progress: str = ""
    record: str = ""

    @property
    def text(self) -> str:
        """One line for people; the fact of a version."""
        where = "" if self.deployment == "default" else f" on {self.deployment}"
        share = "" if self.share == "100" else f" {self.share} %"
        stage = f"{self.stage}{share}{where}" if self.stage else "target of an upgrade"
        parts = [stage, self.verdict, f"checklist {self.progress}" if self.progress else ""]
        parts.append(f"record {self.record[:12]}" if self.record else "")
        return " · ".join(filter(None, parts))

    @property
    def fact(self) -> str:
        """The name of the fact that it becomes."""
        return FACT + self.use_case

    def values(self) -> dict[str, str]:
        """Field and value, without the use case and what is empty or usual."""
        usual = {"deployment": "default", "share": "100"}
        said = {f.name: str(getattr(self, f.name)) for f in fields(self) if f.name != "use_case"}
        return {name: value for name, value in said.items() if value and usual.get(name) != value}

    def assignment(self, key: str) -> Assignment:
        """The assignment that it stands for, of the version with this key."""
        try:
            share = min(max(float(self.share), 0.0), 100.0)
        except ValueError:
            share = 100.0
        return Assignment("", self.use_case, key, deployment=self.deployment, stage=self.stage, share=share)


def our_stage(word: str) -> str:
    """Our name of a stage that a registry spells otherwise; "" where it is none of the shipped ones."""
    return _STAGES.get(word.casefold(), "")


# ── MLflow ──


def tags(said: Published) -> dict[str, str]:
    """As tags of a version."""
    return {f"{PREFIX}{said.use_case}.{name}": value for name, value in said.values().items()}


def of_tags(found: Mapping[str, str]) -> list[Published]:
    """What the tags of a version say; what has no stage and no upgrade, or no use-case name, is passed over."""
    by_use_case: dict[str, dict[str, str]] = {}
    for key, value in found.items():
        if key.startswith(PREFIX):
            use_case, _, name = key.removeprefix(PREFIX).partition(".")
            by_use_case.setdefault(use_case, {})[name] = value
    return _made(by_use_case.items())


# ── git ──


def trailers(said: Published) -> str:
    """As the last paragraph of a tag's message."""
    lines = [f"Modeltui-Use-Case: {said.use_case}"]
    lines += [f"Modeltui-{name.capitalize()}: {value}" for name, value in said.values().items()]
    return "\n".join(lines)


def with_reason(message: str, why: str) -> str:
    """The message of a tag with the reason that a person gave, on a line of its own before our trailers."""
    if not why.strip():
        return message
    head, blank, rest = message.rstrip("\n").partition("\n\n")
    return f"{head}\n\nReason: {' '.join(why.split())}{blank}{rest}\n"


def of_message(message: str) -> tuple[str, list[Published]]:
    """The message of a tag without our trailers, and what they say; a second use case begins with its own line."""
    kept: list[str] = []
    found: list[tuple[str, dict[str, str]]] = []
    for line in message.splitlines():
        trailer = _TRAILER.fullmatch(line.rstrip())
        if trailer is None:
            kept.append(line)
        elif trailer[1].casefold() == "use-case":
            found.append((trailer[2].strip(), {}))
        elif found:
            found[-1][1][trailer[1].casefold()] = trailer[2].strip()
    return "\n".join(kept).strip(), _made(found)


def _made(found: Iterable[tuple[str, Mapping[str, str]]]) -> list[Published]:
    names = {f.name for f in fields(Published)} - {"use_case"}
    made = []
    for use_case, values in found:
        if UseCaseName.fullmatch(use_case) and (values.get("stage") or values.get("upgrade")):
            given = {"stage": ""} | {n: v[:200] for n, v in values.items() if n in names}
            made.append(Published(use_case, **given))
    return made
