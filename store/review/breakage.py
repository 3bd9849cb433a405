"""What may break on the way from one version to another: differences of facts, and known rules (DECISIONS 8).

Each risk can become an item of the checklist in Adapt: `title` says what changes, `action` what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Literal

from store.records import Deployment, Fact, Item, UseCase, Version
from store.review.figures import finite
from store.review.lifecycle import deployment_type
from store.values import dataclass

Severity = Literal["breaks", "check", "unknown"]
Confidence = Literal["tested", "documented", "inferred"]
SEVERITIES: tuple[Severity, ...] = ("breaks", "unknown", "check")


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may break. `breaks`: what is used today no longer works; `unknown`: it cannot be told.

    `source` is a source id of the facts or of the checklist; `confidence` says how well it is known. `item` names the
    checklist item that covers it, empty where it needs one of its own.
    """

    id: str
    title: str
    action: str
    severity: Severity
    confidence: Confidence
    source: str
    before: str = ""
    after: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A known incompatibility, as data. It holds where every condition that is set does.

    `publisher` is who made the target, `source_model`/`target_model` are patterns of the whole model name in lower
    case (the target's matches, the source's does not match `unless_model`), `becomes` a capability that only the
    target has, `target_kind` the kind of the target.
    """

    id: str
    title: str
    action: str
    severity: Severity
    confidence: Confidence
    source: str
    item: str = ""
    publisher: str = ""
    source_model: str = ""
    target_model: str = ""
    unless_model: str = ""
    becomes: str = ""
    target_kind: str = ""


_OLD_TOKENS = r"gpt-4(-.*)?|gpt-35-turbo.*|gpt-3\.5-turbo.*"
_NEW_TOKENS = r"gpt-4o.*|gpt-4\.[15].*|gpt-[5-9].*|o\d.*|chatgpt-4o.*"
_OPUS = r"(.*\.)?claude-opus-(4-[789]|[5-9]).*"
_REASONING = r"o\d.*|gpt-[5-9].*"

RULES: tuple[Rule, ...] = (
    Rule(
        "max-tokens", "max_tokens is refused, max_completion_tokens takes its place",
        "rename the parameter and leave room for reasoning tokens in its value", "breaks", "documented", "MSREAS",
        item="T02", publisher="OpenAI", target_model=_REASONING, unless_model=_REASONING, target_kind="chat",
    ),
    Rule(
        "sampling", "temperature, top_p and the penalties are refused by reasoning models",
        "remove the sampling parameters, and control the output by effort and prompt instead", "breaks", "documented",
        "MSREAS", item="T03", publisher="OpenAI", becomes="reasoning", target_kind="chat",
    ),
    Rule(
        "logprobs", "logprobs and logit_bias are refused by reasoning models",
        "replace what reads token probabilities, such as confidence scores", "breaks", "documented", "MSREAS",
        item="T03", publisher="OpenAI", becomes="reasoning", target_kind="chat",
    ),
    Rule(
        "stop", "stop sequences are refused by o3 and later reasoning models",
        "cut the answer after it arrives, or ask for structured output", "breaks", "inferred", "MSREAS",
        item="T03", publisher="OpenAI", target_model=r"o[3-9].*|gpt-[5-9].*", unless_model=r"o[3-9].*|gpt-[5-9].*",
        target_kind="chat",
    ),
    Rule(
        "roles", "system messages become developer messages in reasoning models",
        "send one of the two, never both, and test that instructions still hold", "check", "documented", "MSREAS",
        item="T05", publisher="OpenAI", becomes="reasoning", target_kind="chat",
    ),
    Rule(
        "reasoning-tokens", "hidden reasoning tokens are paid as output, count against its limit and take time",
        "set the effort on purpose; raise output limit and time-outs; measure cost and latency again", "check",
        "documented", "MSREAS", item="T04", becomes="reasoning", target_kind="chat",
    ),
    Rule(
        "tokenizer-o200k", "another tokenizer (cl100k → o200k): the same text has another number of tokens",
        "count your own prompts again: cost, limits, chunk sizes and truncation", "check", "documented", "OAITOK",
        item="T10", publisher="OpenAI", source_model=_OLD_TOKENS, target_model=_NEW_TOKENS,
    ),
    Rule(
        "tokenizer-opus", "Claude Opus 4.7 and later count the same text as more tokens",
        "count your own prompts again: cost, limits, chunk sizes and truncation", "check", "documented", "OPUS47T",
        item="T10", publisher="Anthropic", target_model=_OPUS,
        unless_model=_OPUS,
    ),
    Rule(
        "sampling-opus", "Claude Opus 4.7 and later refuse other than default temperature, top_p and top_k",
        "remove the sampling parameters", "breaks", "documented", "OR47", item="T03", publisher="Anthropic",
        target_model=_OPUS, unless_model=_OPUS,
    ),
)  # fmt: skip
"""Rules with their source: an id of the checklist's sources, or of `SOURCES`."""

SOURCES = {
    "OAITOK": ("OpenAI Cookbook: how to count tokens with tiktoken", "https://github.com/openai/openai-cookbook")
}
"""Title and address of the sources that only rules use."""


def break_risks(
    before: Version, after: Version, *, use_case: UseCase | None = None, deployment: Deployment | None = None
) -> tuple[Risk, ...]:
    """All that may break from one version to another, what breaks for sure first.

    With a use case a loss counts as `breaks` where it is used; a fact that is not known of the target is `unknown`
    where it is used. A rule is left out where the facts already say the same.
    """
    found = [
        *_kind(before, after),
        *_limits(before, after, use_case),
        *_lost(before, after, "capabilities", use_case.uses if use_case else None),
        *_lost(before, after, "modalities_in", use_case.modalities if use_case else None),
        *_lost(before, after, "modalities_out", None),
        *_embedding(before, after),
        *_temperature(before, after),
        *_publisher(before, after),
        *_knowledge(before, after),
        *_prices(before, after),
        *_place(after, deployment),
    ]
    said = {risk.id for risk in found}
    accepts = after.value("accepts_temperature")
    for rule in RULES:
        contradicted = rule.id.startswith("sampling") and ("temperature" in said or accepts is True)
        if _holds(rule, before, after) and not contradicted:
            found.append(
                Risk(rule.id, rule.title, rule.action, rule.severity, rule.confidence, rule.source, item=rule.item)
            )
    return tuple(sorted(found, key=lambda risk: SEVERITIES.index(risk.severity)))


RISK_ITEM = "BR-"
"""How the ids of checklist items begin that break risks ask for."""


def item_of(risk: Risk, items: Container[str]) -> str:
    """The id of the checklist item that settles a risk: the one that covers it where the list has it, else its own."""
    return risk.item if risk.item in items else RISK_ITEM + re.sub(r"[^A-Za-z0-9]+", "-", risk.id).strip("-")


def risk_items(risks: Sequence[Risk], covered: Container[str]) -> list[Item]:
    """An item in Adapt for every risk that no item of the checklist covers; what breaks, or may, blocks promotion."""
    found: dict[str, Item] = {}
    for risk in risks:
        if risk.item in covered:
            continue
        moved = f" ({risk.before or 'not known'} → {risk.after or 'not known'})" if risk.before or risk.after else ""
        own = item_of(risk, covered)
        found[own] = Item(
            own, "Adapt", risk.title[:1].upper() + risk.title[1:],
            why=f"Moving to the target changes this{moved}; {risk.confidence}.",
            verify=f"{risk.action[:1].upper()}{risk.action[1:]}.", wanted="What was changed and tested.",
            signer="Tech lead", offset=60, blocking=risk.severity != "check",
            sources=(risk.source,) if risk.source else (),
        )  # fmt: skip
    return list(found.values())


def _holds(rule: Rule, before: Version, after: Version) -> bool:
    old, new = before.model.lower(), after.model.lower()
    had, has = before.value("capabilities") or (), after.value("capabilities") or ()
    return (
        (not rule.publisher or after.value("publisher") == rule.publisher)
        and (not rule.target_kind or after.value("kind") == rule.target_kind)
        and (not rule.source_model or re.fullmatch(rule.source_model, old) is not None)
        and (not rule.target_model or re.fullmatch(rule.target_model, new) is not None)
        and (not rule.unless_model or re.fullmatch(rule.unless_model, old) is None)
        and (not rule.becomes or (rule.becomes in has and rule.becomes not in had))
    )


# ── differences of facts ──────────────────────────────────────────────────────────────────────────────────────────


def _both(before: Version, after: Version, name: str) -> tuple[Fact, Fact] | None:
    old, new = before.fact(name), after.fact(name)
    return None if old is None or new is None or old.value is None or new.value is None else (old, new)


def _confidence(*facts: Fact) -> Confidence:
    return "inferred" if any(f.source == "derived" or f.source.startswith("absence") for f in facts) else "documented"


def _risk(id: str, title: str, action: str, severity: Severity, facts: tuple[Fact, Fact], item: str = "") -> Risk:
    old, new = facts
    return Risk(id, title, action, severity, _confidence(old, new), new.source, _text(old), _text(new), item)


def _text(fact: Fact) -> str:
    value = fact.value
    if isinstance(value, (list, tuple)):
        return ", ".join(sorted(str(one) for one in value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _kind(before: Version, after: Version) -> Iterator[Risk]:
    facts = _both(before, after, "kind")
    if facts and facts[0].value != facts[1].value:
        title = f"another kind of model: {facts[0].value} → {facts[1].value}"
        yield _risk("kind", title, "check that the same API and the same task are meant", "breaks", facts, "T06")


def _limits(before: Version, after: Version, use_case: UseCase | None) -> Iterator[Risk]:
    into, back = (use_case.tokens_in, use_case.tokens_out) if use_case else (None, None)
    total = None if into is None or back is None else into + back
    for name, title, used in (
        ("context_window", "context window", total),
        ("max_input_tokens", "largest input", into),
        ("max_output_tokens", "largest output", back),
    ):
        facts = _both(before, after, name)
        old, new = (finite(fact.value) for fact in facts) if facts else (None, None)
        if facts and old is not None and new is not None and new < old:
            breaks = used is not None and used > new
            text = f"smaller {title}: {old:,.0f} → {new:,.0f} tokens" + (f", {used:,.0f} are used" if breaks else "")
            severity: Severity = "breaks" if breaks else "check"
            yield _risk(name, text, "check the longest requests, shorten or split them", severity, facts, "A06")


_NOUNS = {"capabilities": "capability", "modalities_in": "input", "modalities_out": "output"}


def _lost(before: Version, after: Version, name: str, used: Sequence[str] | None) -> Iterator[Risk]:
    old, new = before.fact(name), after.fact(name)
    noun = _NOUNS[name]
    if new is None or new.value is None:
        if used:
            what = ", ".join(used).replace("_", " ")
            source = old.source if old is not None else ""
            yield Risk(name, f"whether the target offers {what} is not known", "try each on the target", "unknown",
                       "inferred", source, _text(old) if old is not None else "", "", "A06")  # fmt: skip
        return
    had = set(old.value) if old is not None and old.value is not None else set()
    for lost in sorted((had | set(used or ())) - set(new.value)):
        breaks = lost in (used or ())
        word = lost.replace("_", " ")
        yield Risk(
            f"{name}:{lost}", f"the target does not offer {noun} {word}" + (", which is used" if breaks else ""),
            f"replace {word}, or choose a target that has it", "breaks" if breaks else "check",
            _confidence(*(fact for fact in (old, new) if fact is not None)), new.source,
            _text(old) if old is not None else "", _text(new),
        )  # fmt: skip


def _embedding(before: Version, after: Version) -> Iterator[Risk]:
    """Vectors of two embedding models do not mix, whatever their dimensions."""
    kinds = _both(before, after, "kind")
    if (
        kinds is None
        or "embedding" not in (kinds[0].value, kinds[1].value)
        or before.key in (after.key, *after.same_as)
    ):
        return
    sizes = _both(before, after, "embedding_dimensions")
    changed = sizes is not None and sizes[0].value != sizes[1].value
    title = "vectors of another model cannot be compared with the stored ones"
    if sizes is not None and changed:
        title = f"another vector size ({sizes[0].value} → {sizes[1].value}), and " + title
    yield Risk(
        "embedding", title, "embed everything again into a second index, test retrieval, then switch", "breaks",
        "documented", "MSMOD", _text(sizes[0]) if sizes else "", _text(sizes[1]) if sizes else "", "T11",
    )  # fmt: skip


def _temperature(before: Version, after: Version) -> Iterator[Risk]:
    old, new = before.fact("accepts_temperature"), after.fact("accepts_temperature")
    if new is not None and new.value is False and (old is None or old.value is not False):
        yield Risk(
            "temperature", "temperature and top_p are refused or fixed", "remove the sampling parameters", "breaks",
            _confidence(new), new.source, "" if old is None else _text(old), _text(new), "T03",
        )  # fmt: skip


def _publisher(before: Version, after: Version) -> Iterator[Risk]:
    facts = _both(before, after, "publisher")
    if facts and facts[0].value != facts[1].value:
        title = f"another maker ({facts[0].value} → {facts[1].value}): tokenizer, prompt habits and API differ"
        yield _risk("publisher", title, "adapt prompts and client, count tokens again", "check", facts, "T09")


def _knowledge(before: Version, after: Version) -> Iterator[Risk]:
    facts = _both(before, after, "knowledge_cutoff")
    if facts and str(facts[1].value)[:7] < str(facts[0].value)[:7]:
        title = f"older knowledge: until {facts[0].value} → {facts[1].value}"
        yield _risk("knowledge_cutoff", title, "test questions about the time between", "check", facts, "A07")


def _prices(before: Version, after: Version) -> Iterator[Risk]:
    for name, title in (("price_input", "input"), ("price_cached_input", "cached input"), ("price_output", "output")):
        facts = _both(before, after, name)
        old, new = (finite(fact.value) for fact in facts) if facts else (None, None)
        if facts and old is not None and new is not None and new > old:
            text = f"{title} costs more: ${old:g} → ${new:g} per million tokens"
            yield _risk(name, text, "project the cost on your own traffic", "check", facts, "A05")


def _place(after: Version, deployment: Deployment | None) -> Iterator[Risk]:
    if deployment is None or not deployment.sku:
        return
    offered = after.fact("skus")
    action = "choose another deployment type, or ask for access, before the rest of the work"
    if offered is not None and offered.value is not None:
        if deployment.sku.lower() not in [str(sku).lower() for sku in offered.value]:
            title, sure = f"not offered as {deployment.sku}", _confidence(offered)
            yield Risk("sku", title, action, "breaks", sure, offered.source, deployment.sku, _text(offered), "A02")
    elif deployment_type(deployment.sku) == "provisioned" and after.value("ptu") is None:
        yield Risk("sku", f"whether it is offered as {deployment.sku} is not known", action, "unknown", "inferred",
                   "MSPTU", deployment.sku, "", "A02")  # fmt: skip
