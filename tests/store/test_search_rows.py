"""What a row answers: values of the right type, unknown where nothing is known, the JSON of `list`."""

from dataclasses import replace
from datetime import date

import pytest
from search_samples import SMALL, TODAY, VERSIONS, claim, found, snapshot

from store.fields import FIELDS
from store.records import Assignment, Deployment, Measurement, UseCase, Version, from_doc
from store.reference import load
from store.row_values import GETTERS
from store.search import Index, row_json


def test_rows_are_assignments_in_use_then_versions_without_one():
    index = Index(SMALL, TODAY)
    assert {row.id for row in index.rows_in_use()} == {"a1", "a2", "a3"}
    extra = [row.id for row in index.rows_all(include_retired=True) if row.assignment is None]
    assert extra == ["v:mlflow/a%40b@1", "v:openai/gpt-3.5@0301", "v:openai/gpt-5@2026-08-01"]
    assert "v:openai/gpt-3.5@0301" not in {row.id for row in index.rows_all()}
    assert found(index, "lifecycle=retired") == ["v:openai/gpt-3.5@0301"]


def test_every_field_has_a_getter_and_every_value_the_type_of_its_kind():
    types = {"text": str, "number": float, "money": float, "days": float, "date": date, "flag": bool, "set": tuple}
    versions = [from_doc(Version, {"uid": doc["key"], **doc}) for doc in load.version_docs()]
    index = Index(replace(SMALL, versions={v.key: v for v in (*VERSIONS, *versions)}), TODAY)
    assert set(GETTERS) == set(FIELDS)
    seen = set()
    for row in index.rows:
        for field in index.fields.values():
            value = row.get(field.name)
            if value is not None:
                assert type(value) is types[field.kind], (row.key, field.name, value)
                assert value not in ("", ())
                seen.add(field.name)
    assert {"price_in", "retires", "replacement", "latency", "upgrade", "capability", "open_weights"} <= seen


def test_a_version_that_lives_by_its_head_has_not_retired():
    versions = [from_doc(Version, {"uid": doc["key"], **doc}) for doc in load.version_docs()]
    index = Index(snapshot(versions), TODAY)
    living = {r.key for r in index.rows if not r.head.lives_to or r.head.lives_to > index.today.isoformat()}
    assert 0 < len(living) < len(versions)
    assert not {row.key for row in index.rows if row.get("lifecycle") == "retired"} & living


def test_values_of_a_row():
    row = Index(SMALL, TODAY).select("support", "in_use")[0]
    assert row.get("accuracy") == 0.874  # its own use case's before a newer general one
    assert row.get("upgrade") == row.get("target") == "openai/gpt-5@2026-08-01"
    assert row.get("tag") == ("eu", "chat")
    assert row.get("days") == 16
    assert row.get("price_out") == 15
    assert row.get("data") is None
    churn = Index(SMALL, TODAY).select("mlflow/churn@2", "in_use")[0]
    assert churn.get("accuracy") == 0.8  # the newest
    assert churn.get("latency_p95_ms") is None  # not a number is not known
    assert churn.get("reproducible") == 2
    assert churn.get("on_the_day") == "own"


def test_monthly_cost_is_known_only_where_every_part_is():
    priced = Version("1", "p/m", facts={"price_input": claim(2), "price_output": claim(8)})
    volume = UseCase(
        "u", "chat", calls_per_month=1e6, tokens_in=1000, tokens_out=100, cached_share=0.5, retry_share=0.1
    )

    def cost(version, use_case, sku="", measurements=()):
        place = Deployment("d", "default", sku=sku)
        used = snapshot([version], [use_case], [place], [Assignment("a", "chat", version.key)], measurements)
        return Index(used, TODAY).rows[0].get("cost")

    assert cost(priced, volume) == pytest.approx((500 * 2 + 500 * 1 + 100 * 8) * 1.1)  # no cached price: 0 to 2
    cached = replace(priced, facts={**priced.facts, "price_cached_input": claim(0)})
    assert cost(cached, volume) == pytest.approx((500 * 2 + 100 * 8) * 1.1)
    assert cost(priced, replace(volume, retry_share=None)) is None
    assert cost(priced, volume, sku="GlobalProvisionedManaged") is None
    unpriced = replace(priced, facts={"price_input": claim(2)})
    assert cost(unpriced, volume) is None
    assert cost(unpriced, replace(volume, tokens_out=0)) == pytest.approx(1650)
    own = [
        Measurement("1", "infrastructure_cost_month", 40, "p/m"),
        Measurement("2", "maintenance_cost_month", 2, "p/m"),
    ]
    assert cost(replace(priced, own=True), volume, measurements=own) == 42
    assert cost(replace(priced, own=True), volume, measurements=own[:1]) is None


def test_json_of_a_row():
    index = Index(SMALL, TODAY)
    assert row_json(index.select("support")[0]) == {
        "key": "openai/gpt-4o@2024-05-13", "provider": "openai", "model": "gpt-4o", "version": "2024-05-13",
        "assignment": "a1", "use_case": "support", "stage": "Production", "share": 100.0, "deployment": "swe",
        "lifecycle": "ga", "released": "2024-05-13",
        "retires": {"effective": "2026-12-09", "risk": "2026-12-09", "certainty": "planned"}, "days": 16,
        "on_the_day": "unknown", "deadline": "2026-12-09", "start_by": "2026-08-27", "start_in": -88,
        "price_in": 5.0, "price_out": 15.0, "headline": {"metric": "accuracy", "value": 0.874}, "owner": "Ann",
    }  # fmt: skip
    bare = row_json(index.select("a@b", "all")[0])
    assert bare["model"] == "a@b"
    assert bare["retires"] == {"effective": None, "risk": None, "certainty": None}
    assert all(bare[name] is None for name in ("assignment", "use_case", "share", "days", "start_in", "headline"))


def test_an_assignment_to_a_version_that_nobody_knows_has_a_row():
    index = Index(snapshot(assignments=[Assignment("a", "x", "openai/nope")]), TODAY)
    row = index.select("nope")[0]
    assert row.get("finding") is not None
    assert "unknown_model" in row.get("finding")
    assert row.get("retires") is None
    assert row_json(row)["price_in"] is None
