"""At most eight yes-or-no questions that settle whether undecided items apply (DECISIONS 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from store.records import Item, Json, UseCase
from store.review.conditions import evaluate, names_in, parse
from store.values import dataclass

MAX_QUESTIONS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """A question by the name it settles, with the field that keeps the answer.

    `record` is where the field lives: the use case, or the deployment. `items` are the undecided items that hang on
    it. The answer goes into `Upgrade.answers` under `name`, and through `remember` into the use case.
    """

    name: str
    text: str
    record: str
    field: str
    settles: tuple[str, ...]
    items: tuple[str, ...] = ()


_ASKED = (
    Question("regulated", "Is it regulated: does a law, an audit or a certificate apply?", "use_case", "regulated",
             ("regulated", "risk")),
    Question("user_facing", "Do people see its answers directly?", "use_case", "user_facing", ("user_facing",)),
    Question("fine_tuned", "Is the model fine-tuned?", "deployment", "fine_tuned", ("fine_tuned",)),
    Question("use_case.tools", "Does it call tools or functions?", "use_case", "uses", ("use_case.tools",)),
    Question("use_case.structured_output", "Must its answers follow a schema?", "use_case", "uses",
             ("use_case.structured_output",)),
    Question("use_case.languages", "Does it serve more than one language?", "use_case", "languages",
             ("use_case.languages",)),
    Question("use_case.modalities", "Does it take in images, audio or files?", "use_case", "modalities",
             ("use_case.modalities",)),
    Question("use_case.caching", "Does it rely on prompt caching?", "use_case", "caching", ("use_case.caching",)),
    Question("use_case.batch", "Does it submit batch jobs?", "use_case", "batch", ("use_case.batch",)),
    Question("use_case.priority_tier", "Does it pay for a priority tier?", "use_case", "priority_tier",
             ("use_case.priority_tier",)),
    Question("budgeted", "Does it have a budget of its own?", "use_case", "budgeted", ("budgeted",)),
)  # fmt: skip
NAMES = tuple(question.name for question in _ASKED)
"""What may be answered, asked or not."""
_FLAGS = ("regulated", "user_facing", "budgeted")
_USE_CASE_FLAGS = ("caching", "batch", "priority_tier")
_USES = ("tools", "structured_output")


def open_questions(items: Mapping[str, Item], values: Mapping[str, Json]) -> list[Question]:
    """The questions worth asking, those on which most blocking items hang first.

    `values` is the context without what was answered since; only names that are unknown there are asked for.
    """
    found: list[tuple[int, int, Question]] = []
    undecided = [
        (item, names_in(condition))
        for item in items.values()
        if item.applies == "unknown" and evaluate(condition := parse(item.applies_when), values) is None
    ]
    for question in _ASKED:
        unknown = {name for name in question.settles if values.get(name) is None}
        hanging = [item for item, names in undecided if unknown & names]
        if hanging:
            asked = replace(question, items=tuple(item.id for item in hanging))
            found.append((sum(item.blocking for item in hanging), len(hanging), asked))
    found.sort(key=lambda entry: (-entry[0], -entry[1]))
    return [question for _, _, question in found[:MAX_QUESTIONS]]


def answered(values: Mapping[str, Json], answers: Mapping[str, bool]) -> dict[str, Json]:
    """The context with answers filled in where it knows nothing; other names are passed over."""
    result = dict(values)
    for name, yes in answers.items():
        for settled, value in _meaning(name, yes).items():
            if settled in result and result[settled] is None:
                result[settled] = value
    return result


def _meaning(name: str, yes: bool) -> dict[str, Json]:
    match name:
        case "use_case.languages":
            return {name: 2 if yes else 1}
        case "use_case.modalities":
            return {name: ["text", "image", "audio", "file"] if yes else ["text"]}
        case "regulated":
            return {name: yes, "risk": "regulated"} if yes else {name: yes}
        case _:
            return {name: yes}


def remember(use_case: UseCase, answers: Mapping[str, bool]) -> UseCase:
    """The use case with every answer that determines a field nobody filled in yet.

    Not determined, and kept by the upgrade alone: how many languages, which modalities, and what it uses while only
    one of tools and structured output is answered.
    """
    flags: dict[str, bool] = {}
    for name in _FLAGS:
        if name in answers and getattr(use_case, name) is None:
            flags[name] = answers[name]
    for name in _USE_CASE_FLAGS:
        if f"use_case.{name}" in answers and getattr(use_case, name) is None:
            flags[name] = answers[f"use_case.{name}"]
    uses, modalities, languages = use_case.uses, use_case.modalities, use_case.languages
    if uses is None and all(f"use_case.{name}" in answers for name in _USES):
        uses = tuple(name for name in _USES if answers[f"use_case.{name}"])
    if modalities is None and answers.get("use_case.modalities") is False:
        modalities = ("text",)
    if languages is None and answers.get("use_case.languages") is False:
        languages = 1
    return replace(
        use_case,
        regulated=flags.get("regulated", use_case.regulated),
        user_facing=flags.get("user_facing", use_case.user_facing),
        budgeted=flags.get("budgeted", use_case.budgeted),
        caching=flags.get("caching", use_case.caching),
        batch=flags.get("batch", use_case.batch),
        priority_tier=flags.get("priority_tier", use_case.priority_tier),
        uses=uses,
        modalities=modalities,
        languages=languages,
    )
