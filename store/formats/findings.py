"""What a check found, in the forms that pipelines read: GitHub annotations, JUnit XML, SARIF 2.1.0.

Pure: findings in, text out; the same findings give the same text. A finding that the baseline knows is skipped in JUnit
and suppressed in SARIF, so that it stays visible there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from store.values import dataclass

Level = Literal["error", "warning", "note"]

RULES: Mapping[str, str] = {
    "stopped": "The version has been retired; what answers now is not what was reviewed.",
    "late": "Work on the upgrade had to start before today to be done in time.",
    "drift": "The platform serves something else than is recorded.",
    "squeezed": "The target became usable too late for all steps; the rest is short.",
    "due": "Work on the upgrade must start within two weeks.",
    "retires": "The version retires within the span that was asked for.",
    "moved_earlier": "A published date moved to an earlier day.",
    "lapsed": "One source says that the version has stopped already.",
    "default_change": "The platform's default version changes, and this deployment follows it.",
    "unknown_model": "What is recorded as running is not in the catalog.",
    "no_date": "No retirement date is known.",
    "target_retires": "The target of a running upgrade retires within its runway.",
    "waiver_expired": "A waiver has ended.",
    "item_overdue": "A checklist item is overdue.",
    "unreachable": "The artifact of an own model cannot be reached.",
    "stale_evidence": "What a checklist item rests on has changed, or a measurement is too old.",
    "unmeasured": "It runs in Production and nobody measured it.",
    "review_past": "The day of the next review is over.",
    "stale_dates": "Nobody confirmed its retirement date for long.",
    "stale_prices": "Nobody confirmed its prices for long.",
    "newer_better": "A newer version beats what is in Production.",
    "newer_version": "A newer version of the model is out.",
    "no_lineage": "The data or code that an own model was made from is not recorded.",
    "no_owner": "Nobody is named as its owner.",
}
"""Every rule with one sentence of help."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of a check. `known` says why the baseline lets it pass, "" where it does not."""

    rule: str
    level: Level
    use_case: str
    key: str
    message: str
    known: str = ""

    @property
    def subject(self) -> str:
        """What it is about: the use case and the version."""
        return " · ".join(filter(None, (self.use_case, self.key)))

    @property
    def fingerprint(self) -> str:
        """The same for the same finding on another day, although its message counts days."""
        return hashlib.sha256("\n".join((self.rule, self.use_case, self.key)).encode(errors="replace")).hexdigest()


# ── GitHub ────────────────────────────────────────────────────────────────────────────────────────────────────────


def github(problems: Iterable[Problem]) -> str:
    """Workflow commands that GitHub Actions shows as annotations; what the baseline knows is left out."""
    lines = []
    for p in problems:
        if not p.known:
            title = f"{p.rule.replace('_', ' ')}: {p.use_case or p.key}"
            kind = "notice" if p.level == "note" else p.level
            lines.append(
                f"::{kind} title={_property(title)}::{_data(f'{p.key}: {p.message}' if p.key else p.message)}\n"
            )
    return "".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


# ── JUnit ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def junit(problems: Sequence[Problem], checked: Sequence[str], moment: datetime) -> str:
    """JUnit XML: a test case per finding, and a passing one for each subject without any.

    Args:
        problems: what was found; errors and warnings are failures, notes are passing cases with their text.
        checked: the subjects (as `Problem.subject`) that were looked at.
        moment: when.
    """
    from xml.etree import ElementTree

    found = {p.subject for p in problems}
    fine = [subject for subject in dict.fromkeys(checked) if subject not in found]
    counts = {
        "tests": str(len(problems) + len(fine)),
        "failures": str(sum(p.level != "note" and not p.known for p in problems)),
        "errors": "0",
        "skipped": str(sum(bool(p.known) for p in problems)),
        "time": "0",
    }
    over_all = {name: count for name, count in counts.items() if name != "skipped"}  # what readers' schemas allow there
    root = ElementTree.Element("testsuites", {"name": "modeltui check"} | over_all)
    stamp = moment.isoformat(timespec="seconds").removesuffix("+00:00")
    suite = ElementTree.SubElement(root, "testsuite", {"name": "modeltui check", **counts, "timestamp": stamp})
    for p in problems:
        name = f"{p.rule.replace('_', ' ')}: {_plain(p.key or p.use_case)}"
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": _plain(p.use_case or p.key), "name": name, "time": "0"}
        )
        if p.known:
            ElementTree.SubElement(case, "skipped", {"message": _plain(p.known)})
        elif p.level == "note":
            ElementTree.SubElement(case, "system-out").text = _plain(p.message)
        else:
            failure = {"message": _plain(p.message), "type": p.rule}
            ElementTree.SubElement(
                case, "failure", failure
            ).text = f"{p.level}: {_plain(p.subject)}\n{_plain(p.message)}"
    for subject in fine:
        ElementTree.SubElement(
            suite, "testcase", {"classname": _plain(subject.partition(" · ")[0]), "name": _plain(subject), "time": "0"}
        )
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _plain(text: str) -> str:
    """A text without the characters that no XML document may hold, halves of characters among them."""
    return "".join(c for c in text if c in "\t\n" or " " <= c < "\ud800" or "\udfff" < c < "\ufffe" or c > "\uffff")


# ── SARIF ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def sarif(problems: Sequence[Problem], *, file: str, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with one run. `file` names the catalog; findings have no line, so each stands at its first."""
    from urllib.parse import quote

    file = quote(file)  # a URI, not a path
    used = sorted({p.rule for p in problems})
    rules = [
        {
            "id": rule,
            "name": "".join(word.capitalize() for word in rule.split("_")),
            "shortDescription": {"text": RULES.get(rule, rule)},
        }
        for rule in used
    ]
    driver = {"name": "modeltui", "semanticVersion": version, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(p, used.index(p.rule), file) for p in problems]}],
    }


def _result(p: Problem, rule: int, file: str) -> dict[str, Any]:
    subject = _plain(p.subject)
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": 1}}
    result: dict[str, Any] = {
        "ruleId": p.rule,
        "ruleIndex": rule,
        "level": p.level,
        "message": {"text": f"{subject}: {_plain(p.message)}"},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": subject, "kind": "resource"}]}
        ],
        "partialFingerprints": {"modeltui/v1": p.fingerprint},
    }
    if p.known:
        result["suppressions"] = [{"kind": "external", "justification": _plain(p.known)}]
    return result
