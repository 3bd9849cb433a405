"""The commands of the command line: their names, what they do and where, without importing any of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tui.output import Output
    from tui.session import Options


class Entry(NamedTuple):
    """A command in the table: the module with its code, one line of help, one example."""

    module: str
    help: str
    example: str


class Command(NamedTuple):
    """A command's code: its arguments, and what it does with them (the answer is the exit code)."""

    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Options, Output], int]


COMMANDS: Mapping[str, Entry] = {
    "list": Entry(
        "read", "versions in use, or all that match a query", "modeltui list stage:production 'retires:<60d'"
    ),
    "show": Entry("read", "all that is known about one version", "modeltui show azure-openai/gpt-4o@2024-05-13"),
    "compare": Entry(
        "compare",
        "versions side by side, against a baseline",
        "modeltui compare openai/gpt-4o@2024-08-06 openai/gpt-4.1@2025-04-14",
    ),
    "check": Entry(
        "check",
        "what in use is stopped, late or stale, as an exit code too",
        "modeltui check stage:production --within 90d",
    ),
    "review": Entry(
        "review", "what to decide, by use case; minutes of the last review", "modeltui review --minutes review.md"
    ),
    "calendar": Entry("calendar", "all due days as iCalendar", "modeltui calendar modeltui.ics"),
    "gate": Entry(
        "gate",
        "the verdict on a move, as an exit code too",
        "modeltui gate --use-case support-assistant --to azure-openai/gpt-5.4@2026-03-05",
    ),
    "candidates": Entry("candidates", "what could follow what runs", "modeltui candidates support-assistant"),
    "next": Entry("read", "what to do next; --short fits a shell prompt", "modeltui next --short"),
    "digest": Entry("digest", "what happened since a day", "modeltui digest --since 2026-11-16"),
    "history": Entry("history", "who changed what, when and why", "modeltui history support-assistant --at 2026-05-03"),
    "use-case add": Entry("usecases", "add a use case", "modeltui use-case add support-assistant --owner support-lead"),
    "use-case edit": Entry(
        "usecases", "change a use case", "modeltui use-case edit support-assistant --calls-per-month 2.1M"
    ),
    "use-case list": Entry("usecases", "all use cases with what runs in them", "modeltui use-case list --json"),
    "use-case show": Entry("usecases", "one use case", "modeltui use-case show support-assistant"),
    "use-case remove": Entry("usecases", "remove a use case (undoable)", "modeltui use-case remove support-assistant"),
    "policy show": Entry("policy", "what a use case's gate asks for", "modeltui policy show support-assistant --toml"),
    "policy set": Entry(
        "policy", "set it from TOML (counts its version)", "modeltui policy set support-assistant policy.toml"
    ),
    "policy check": Entry(
        "policy", "say what is wrong with a policy", "modeltui policy check support-assistant policy.toml"
    ),
    "register": Entry(
        "edit",
        "add a version of an own model",
        "modeltui register mlflow/churn@8 --data customers@5f1c --metrics metrics.json",
    ),
    "measure": Entry(
        "measure",
        "add a measurement, or the results of a run",
        "modeltui measure mlflow/churn@8 accuracy 0.874 --n 400",
    ),
    "observe": Entry("edit", "record a retirement date that you know", "modeltui observe mlflow/churn@7 2027-03-31"),
    "assign": Entry(
        "edit",
        "set what runs in a use case",
        "modeltui assign support-assistant azure-openai/gpt-4o@2024-05-13 --stage Production",
    ),
    "revert": Entry("edit", "go back to the last good version", "modeltui revert churn --reason 'recall fell'"),
    "undo": Entry("edit", "take back your last command", "modeltui undo"),
    "redo": Entry("edit", "repeat what you took back last", "modeltui redo"),
    "upgrade new": Entry(
        "upgrade",
        "start an upgrade with its checklist",
        "modeltui upgrade new support-assistant --to azure-openai/gpt-4.1@2025-04-14",
    ),
    "upgrade target": Entry(
        "upgrade",
        "set or change what it moves to",
        "modeltui upgrade target support-assistant azure-openai/gpt-4.1@2025-04-14",
    ),
    "upgrade replan": Entry(
        "upgrade",
        "count the due dates back again",
        "modeltui upgrade replan support-assistant --reason 'the date moved'",
    ),
    "upgrade template": Entry(
        "upgrade", "take over a newer template, or another", "modeltui upgrade template support-assistant"
    ),
    "upgrade answer": Entry(
        "upgrade", "answer what decides which items apply", "modeltui upgrade answer support-assistant streaming=yes"
    ),
    "upgrade list": Entry("upgrade", "upgrades, running and past", "modeltui upgrade list --all"),
    "upgrade show": Entry("upgrade", "plan, checklist and what blocks", "modeltui upgrade show support-assistant"),
    "upgrade check": Entry("upgrade_items", "run the automatic checks", "modeltui upgrade check support-assistant"),
    "upgrade tick": Entry(
        "upgrade_items", "mark an item as done", "modeltui upgrade tick support-assistant D01 --note 'seven places'"
    ),
    "upgrade step": Entry(
        "upgrade_items", "set the state of an item", "modeltui upgrade step support-assistant P03 doing"
    ),
    "upgrade waive": Entry(
        "upgrade_items",
        "accept an open item",
        "modeltui upgrade waive support-assistant V02 --reason 'no users yet' --until 2026-12-31",
    ),
    "upgrade sign": Entry("upgrade_items", "sign a settled item", "modeltui upgrade sign support-assistant V06"),
    "upgrade comment": Entry(
        "upgrade_items", "remark on an item", "modeltui upgrade comment support-assistant P03 'asked Kai for the set'"
    ),
    "upgrade owner": Entry("upgrade_items", "say who does an item", "modeltui upgrade owner support-assistant P03 kai"),
    "upgrade next": Entry(
        "upgrade_next", "what each owner has to do next", "modeltui upgrade next --owner 'support platform'"
    ),
    "upgrade steps": Entry(
        "upgrade_moves",
        "the rollout steps and when to go back",
        "modeltui upgrade steps support-assistant shadow,5,25,100 --abort 'errors above 1 %'",
    ),
    "upgrade promote": Entry(
        "upgrade_moves", "put the target into Production", "modeltui upgrade promote support-assistant"
    ),
    "upgrade close": Entry("upgrade_moves", "close a finished upgrade", "modeltui upgrade close support-assistant"),
    "upgrade cancel": Entry(
        "upgrade_moves", "give an upgrade up", "modeltui upgrade cancel support-assistant --reason 'replaced'"
    ),
    "upgrade record": Entry(
        "upgrade_moves", "the change record: Markdown, HTML, JSON", "modeltui upgrade record support-assistant"
    ),
    "upgrade verify": Entry(
        "upgrade_moves", "compute the hashes of a change record again", "modeltui upgrade verify record.html"
    ),
    "plan": Entry("plan", "the days back from the deadline, with collisions", "modeltui plan support-assistant"),
    "template list": Entry("template", "the checklist templates, shipped and own", "modeltui template list"),
    "template show": Entry("template", "the items, days and context of a template", "modeltui template show short"),
    "template check": Entry("template", "say what is wrong in own templates", "modeltui template check"),
    "template new": Entry(
        "template", "begin a template of your own", "modeltui template new our-azure --from azure-standard"
    ),
    "scan": Entry(
        "scan",
        "where code and configuration name a known model",
        "modeltui scan src deploy --fail-on retired",
    ),
    "import": Entry(
        "files", "bring in tables, catalogs, exports; the plan first", "modeltui import deployments.json --dry-run"
    ),
    "export": Entry("export", "write a catalog, a report, a table, a calendar", "modeltui export report.html"),
    "registries add": Entry(
        "registries", "add a registry that is asked by sync", "modeltui registries add litellm litellm"
    ),
    "registries list": Entry("registries", "the registries with their last runs", "modeltui registries list --json"),
    "registries test": Entry("registries", "say in one line what works or what is wrong", "modeltui registries test"),
    "registries remove": Entry("registries", "stop asking a registry", "modeltui registries remove litellm"),
    "registries release": Entry(
        "registries",
        "give up your own value of a field for the registry's",
        "modeltui registries release ml/churn@7 changes",
    ),
    "sync": Entry("registries", "ask registries and show what would change", "modeltui sync --dry-run"),
    "publish": Entry("publish", "write what runs into a shared registry", "modeltui publish team --dry-run"),
    "doctor": Entry("care", "check that everything can be read and refers to something", "modeltui doctor"),
    "backup": Entry("care", "copy the catalog", "modeltui backup"),
    "restore": Entry("care", "put a backup in place", "modeltui restore catalog-2026-11-20.json"),
    "serve": Entry("serve", "the app in a browser", "modeltui serve --port 8000"),
    "completion": Entry("completion", "completions for bash, zsh or fish", "modeltui completion bash"),
    "help": Entry(
        "help", "what a command does; topics: query, exit-codes, files, kinds, prompt", "modeltui help query"
    ),
}
"""Every command, in the order of the help."""

GROUPS: Mapping[str, str] = {
    "use-case": "use cases: what depends on a model",
    "policy": "policies: what a use case's gate asks for",
    "upgrade": "upgrades: moving a use case to another version",
    "template": "checklist templates: what an upgrade asks for",
    "registries": "registries: where models and facts come from",
}
"""Commands of two words by their first one."""
