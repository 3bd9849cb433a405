"""The shipped checklist, its templates, the providers and their policies."""

from __future__ import annotations

import pytest

from store import reference
from store.records import Key
from store.reference.load import read_template
from store.reference.pack_templates import PACKED, packed
from store.review.plan import PHASES


def test_checklist_follows_the_decisions():
    items = {item.id: item for item in reference.checklist()}
    assert {i.id: i.check for i in items.values() if i.check} == {
        "D02": "dates_fresh", "D03": "upgrade_option_known", "P04": "rollback_alive", "A06": "no_break_risk",
        "A08": "target_outlives_runway", "V01": "verdict", "V03": "verdict", "V06": "approver_not_author",
        "R06": "upgrade_option_set",
    }  # fmt: skip
    rollout = {i.id for i in items.values() if i.phase == "Roll out" and i.gate == "promote"}
    assert rollout == {"R01", "R04", "R05", "R06", "R07"}
    assert (items["D04"].gate, items["D05"].gate, items["X01"].gate) == ("close", "promote", "close")
    assert items["T11"].applies_when == "from.kind == embedding"
    assert items["T15"].applies_when.count("contains") == 3
    assert (items["T10"].applies_when, items["R09"].applies_when) == ("always", "always")
    assert {s for i in items.values() for s in i.sources} <= set(reference.checklist_sources())


def test_what_is_packed_is_what_the_templates_say():
    assert PACKED.read_text("utf-8") == packed(), "run: python -m store.reference.pack_templates"
    for name, template in reference.templates().items():
        assert template == read_template(reference.template_source(name).encode())


def test_short_template_is_nine_items_in_order():
    short = reference.templates()["short"]
    assert [i.id for i in short.items()] == list(short.only)
    assert len(short.only) == 9
    assert next(i.check for i in short.items() if i.id == "V01") == "verdict"


@pytest.mark.parametrize("name", sorted(reference.templates()))
def test_template(name):
    template = reference.templates()[name]
    items = {item.id for item in template.items()}
    known = {item.id for item in reference.checklist()}
    assert set(template.omit) <= known
    assert not {i.id for i in template.extra} & known
    assert set(template.covers) == set(reference.STEPS)
    assert all(ids and set(ids) <= items for ids in template.covers.values())
    assert {s for i in template.extra for s in i.sources} <= set(reference.checklist_sources())
    assert {i.phase for i in template.extra} <= set(PHASES)


def test_extra_items_are_named_once():
    names = [item.id for template in reference.templates().values() for item in template.extra]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"platform": "azure", "deployment_type": "provisioned"}, "azure-provisioned"),
        ({"platform": "azure", "deployment_type": "standard", "fine_tuned": True}, "fine-tuned"),
        ({"platform": "azure", "deployment_type": "standard", "kind": "embedding"}, "embeddings"),
        ({"platform": "anthropic", "kind": "chat"}, "vendor-api"),
        ({"platform": "anthropic", "use_case.criticality": "low"}, "short"),
        ({"platform": "azure", "deployment_type": None}, "short"),
        ({"own": True, "kind": "embedding"}, "short"),
    ],
)
def test_template_for(values, name):
    assert reference.template_for(values) == name


def test_policies_are_dated_and_cited():
    assert all(p.source in reference.policy_sources() and p.as_of for p in reference.policies())
    life = {
        p.since: p.value
        for p in reference.policies()
        if (p.provider, p.rule, p.scope) == ("azure-openai", "life", "GA")
    }
    assert life == {"2024-07": 12, "2025-07": 18, "2026-10": 18}
    day = {p.scope: p.value for p in reference.policies() if (p.provider, p.rule) == ("azure-openai", "on_the_day")}
    assert (day["Global Standard"], day["provisioned"], day["batch"]) == ("auto_upgrade", "stops", "stops")


def test_every_provider_has_a_page():
    assert {Key.parse(doc["key"]).provider for doc in reference.version_docs()} == set(reference.providers())
    assert all(
        p.links and all(link.url.startswith("https://") for link in p.links) for p in reference.providers().values()
    )
