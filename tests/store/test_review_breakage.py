import json
from pathlib import Path
from typing import Any

import pytest

import store.reference
from store.records import Deployment, Fact, UseCase, Version
from store.review.breakage import RULES, SOURCES, Risk, break_risks


def version(key: str, source: str = "litellm", **facts: Any) -> Version:
    facts = {"kind": "chat"} | facts
    return Version(key, key, facts={k: (Fact(v, source, "2026-11-12"),) for k, v in facts.items() if v is not None})


def found(before: Version, after: Version, **more: Any) -> dict[str, Risk]:
    risks = break_risks(before, after, **more)
    assert len({r.id for r in risks}) == len(risks)
    return {r.id: r for r in risks}


GPT4O = version("azure-openai/gpt-4o@2024-05-13", publisher="OpenAI", capabilities=["tools", "vision"],
                context_window=128_000, max_output_tokens=16_384, price_input=2.5,
                knowledge_cutoff="2023-10")  # fmt: skip
GPT5 = version("azure-openai/gpt-5.4@2026-03-05", publisher="OpenAI", capabilities=["reasoning", "tools", "vision"],
               context_window=400_000, max_output_tokens=128_000, price_input=1.25, knowledge_cutoff="2025-04",
               accepts_temperature=False)  # fmt: skip
OPUS = version("anthropic/claude-opus-4-5@20251101", publisher="Anthropic", capabilities=["reasoning", "tools"])
OPUS48 = version("anthropic/claude-opus-4-8", publisher="Anthropic", capabilities=["reasoning", "tools"])
GPT35 = version("azure-openai/gpt-35-turbo@0125", publisher="OpenAI", capabilities=["tools"])


def test_to_a_reasoning_model_by_facts_and_rules() -> None:
    risks = found(GPT4O, GPT5)
    assert set(risks) == {"temperature", "max-tokens", "logprobs", "stop", "roles", "reasoning-tokens"}
    assert [r.severity for r in break_risks(GPT4O, GPT5)] == ["breaks"] * 4 + ["check"] * 2
    assert (risks["temperature"].source, risks["temperature"].after, risks["temperature"].item) == (
        "litellm",
        "False",
        "T03",
    )
    assert (risks["max-tokens"].confidence, risks["max-tokens"].source) == ("documented", "MSREAS")


def test_the_sampling_rule_yields_to_a_fact_that_says_otherwise() -> None:
    unknown = version("openai/gpt-7", publisher="OpenAI", capabilities=["reasoning"])
    accepts = version("openai/gpt-7", publisher="OpenAI", capabilities=["reasoning"], accepts_temperature=True)
    assert "sampling" in found(GPT4O, unknown)
    assert not {"sampling", "temperature"} & set(found(GPT4O, accepts))


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("max-tokens", GPT4O, GPT5), ("logprobs", GPT4O, GPT5), ("stop", GPT4O, GPT5), ("roles", GPT4O, GPT5),
        ("reasoning-tokens", GPT4O, GPT5), ("tokenizer-o200k", GPT35, GPT4O), ("tokenizer-opus", OPUS, OPUS48),
        ("sampling-opus", OPUS, OPUS48),
        ("sampling", GPT35, version("openai/o9", publisher="OpenAI", capabilities=["reasoning"])),
    ],
)  # fmt: skip
def test_each_rule_holds_one_way_only(rule: str, before: Version, after: Version) -> None:
    assert rule in found(before, after)
    assert rule not in found(after, before)
    assert rule not in found(after, after)


def test_rules_are_complete_data() -> None:
    shipped = json.loads((Path(store.reference.__file__).parent / "checklist_sources.json").read_text())
    known = {source["id"] for source in shipped} | SOURCES.keys()
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.title
        assert rule.action
        assert rule.source in known
        assert rule.target_model or rule.becomes, "a rule without a condition on the target holds always"


def test_the_same_version_breaks_nothing() -> None:
    for one in (GPT4O, GPT5, OPUS, GPT35):
        assert break_risks(one, one) == ()


def test_smaller_limits_break_what_is_used() -> None:
    case = UseCase("u", "support", tokens_in=100_000, tokens_out=20_000)
    quiet, used = found(GPT5, GPT4O), found(GPT5, GPT4O, use_case=case)
    assert {k: quiet[k].severity for k in ("context_window", "max_output_tokens")} == {
        "context_window": "check", "max_output_tokens": "check",
    }  # fmt: skip
    assert used["context_window"].severity == "check"
    assert used["max_output_tokens"].severity == "breaks"
    assert used["max_output_tokens"].title == "smaller largest output: 128,000 → 16,384 tokens, 20,000 are used"


def test_lost_capabilities_and_modalities() -> None:
    before = version("p/a", capabilities=["tools", "vision"], modalities_in=["text", "image"])
    after = version("p/b", capabilities=["tools"], modalities_in=["text"])
    case = UseCase("u", "c", uses=("vision", "structured_output"))
    plain, used = found(before, after), found(before, after, use_case=case)
    assert {k: r.severity for k, r in plain.items()} == {"capabilities:vision": "check", "modalities_in:image": "check"}
    assert used["capabilities:vision"].severity == used["capabilities:structured_output"].severity == "breaks"
    assert used["capabilities:vision"].title == "the target does not offer capability vision, which is used"


def test_what_is_not_known_of_the_target_is_said_where_it_is_used() -> None:
    before, after = version("p/a", capabilities=["tools"]), version("p/b")
    assert found(before, after) == {}
    risk = found(before, after, use_case=UseCase("u", "c", uses=("tools",)))["capabilities"]
    assert (risk.severity, risk.title) == ("unknown", "whether the target offers tools is not known")


def test_another_embedding_model_means_indexing_everything_again() -> None:
    ada = version("openai/text-embedding-ada-002", kind="embedding", embedding_dimensions=1536)
    small = version("openai/text-embedding-3-small", kind="embedding", embedding_dimensions=1536)
    large = version("openai/text-embedding-3-large", kind="embedding", embedding_dimensions=3072)
    same = found(ada, small)["embedding"]
    assert (same.severity, same.item) == ("breaks", "T11")
    assert found(ada, large)["embedding"].title.startswith("another vector size (1536 → 3072), and vectors")
    twin = Version("t", "azure-openai/text-embedding-ada-002@2", same_as=(ada.key,), facts=ada.facts)
    assert "embedding" not in found(ada, twin)


def test_prices_knowledge_kind_and_maker() -> None:
    before = version("p/a", publisher="X", price_input=1, price_output=2, knowledge_cutoff="2025-04")
    after = version("q/b", publisher="Y", price_input=1.25, price_output=1, knowledge_cutoff="2024-12-01", kind="image")
    risks = found(before, after)
    assert set(risks) == {"kind", "publisher", "knowledge_cutoff", "price_input"}
    assert risks["price_input"].title == "input costs more: $1 → $1.25 per million tokens"
    assert risks["kind"].severity == "breaks"
    derived = version("q/b", source="derived", publisher="Y")
    assert found(before, derived)["publisher"].confidence == "inferred"


def test_the_deployment_type() -> None:
    place = Deployment("d", "d", sku="GlobalProvisionedManaged")
    no_ptu, ptu = version("p/b"), version("p/b", ptu={"min_global": 15})
    standard_only = version("p/b", skus=["GlobalStandard"])
    before = version("p/a")
    assert found(before, no_ptu, deployment=place)["sku"].severity == "unknown"
    assert found(before, ptu, deployment=place) == {}
    assert found(before, standard_only, deployment=place)["sku"].title == "not offered as GlobalProvisionedManaged"
    assert found(before, no_ptu, deployment=Deployment("d", "d", sku="GlobalStandard")) == {}
