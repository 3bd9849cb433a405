"""The index: what a query finds equals what a plain reading of the records finds, in the order promised."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.completion import complete
from store.fields import FIELDS
from store.query import And, Compare, Has, Not, Or, Word, parse
from store.records import (
    Assignment,
    Criteria,
    Decision,
    Deployment,
    Fact,
    Lineage,
    Measurement,
    Metric,
    Observation,
    Snapshot,
    Upgrade,
    UseCase,
    Version,
    from_doc,
)
from store.reference import load
from store.row_values import GETTERS
from store.rows import Head, head_of, heads_of
from store.search import Index, row_json
from store.views import VIEWS, parse_sort, print_sort

TODAY = date(2026, 11, 23)
OCTOBER = date(2026, 10, 1)


def claim(value):
    return (Fact(value, "litellm", "2026-11-12"),)


def retires(day, observed="2026-11-12"):
    return (Observation("retire", day, "planned", "litellm", "litellm", observed),)


def snapshot(versions=(), use_cases=(), deployments=(), assignments=(), measurements=(), metrics=(), upgrades=()):
    by_version: dict[str, list[Measurement]] = {}
    for m in measurements:
        by_version.setdefault(m.version, []).append(m)
    return Snapshot(
        {v.key: v for v in versions},
        {u.name: u for u in use_cases},
        {d.name: d for d in deployments},
        list(assignments),
        by_version,
        {m.name: m for m in metrics},
        {u.uid: u for u in upgrades},
    )


VERSIONS = (
    Version("1", "openai/gpt-4o@2024-05-13", tags=("eu",), observations=retires(date(2026, 12, 9)),
            facts={"price_input": claim(5), "price_output": claim(15), "release_date": claim("2024-05-13"),
                   "lifecycle_label": claim("GA"), "replacement": claim(["gpt-5"]), "capabilities": claim(["vision"])}),
    Version("2", "openai/gpt-5@2026-08-01", api_ids=("gpt-five",), facts={"price_input": claim(0.5)}),
    Version("3", "openai/gpt-3.5@0301", observations=retires(date(2025, 2, 13), "2024-11-12")),
    Version("4", "mlflow/churn@2", own=True, registry="mlflow", lineage=Lineage(data="crm", commit="abc")),
    Version("5", "mlflow/churn@10", own=True, registry="mlflow", note="after the incident"),
    Version("6", "mlflow/a%40b@1", own=True),
)  # fmt: skip
SMALL = snapshot(
    VERSIONS,
    (UseCase("u1", "support", title="Support assistant", owner="Ann", criticality="high", tags=("chat",)),
     UseCase("u2", "churn")),
    (Deployment("d1", "swe", platform="azure", region="swedencentral", sku="GlobalStandard"),),
    (Assignment("a1", "support", "openai/gpt-4o@2024-05-13", deployment="swe"),
     Assignment("a2", "churn", "mlflow/churn@2", share=70),
     Assignment("a3", "churn", "mlflow/churn@10", stage="Staging"),
     Assignment("a4", "churn", "openai/gpt-3.5@0301", stage="Archived")),
    (Measurement("m1", "accuracy", 0.874, "openai/gpt-4o@2024-05-13", use_case="support", measured_on=OCTOBER),
     Measurement("m2", "accuracy", 0.9, "openai/gpt-4o@2024-05-13", measured_on=date(2026, 11, 9)),
     Measurement("m3", "accuracy", 0.7, "mlflow/churn@2", measured_on=OCTOBER),
     Measurement("m4", "accuracy", 0.8, "mlflow/churn@2", measured_on=date(2026, 11, 1)),
     Measurement("m5", "latency_p95_ms", float("nan"), "mlflow/churn@2"),
     Measurement("m6", "latency_p95_ms", 820.0, "mlflow/churn@10")),
    (Metric("accuracy", "Accuracy", kind="rate", direction="up", rank=1, column="quality"),
     Metric("latency_p95_ms", "p95", kind="quantile", direction="down", rank=2, column="latency")),
    (Upgrade("g1", "support", "openai/gpt-4o@2024-05-13", "openai/gpt-5@2026-08-01", deployment="swe"),),
)  # fmt: skip


def found(index, query, scope="all", **more):
    return [index.rows[i].id for i in index.select(query, scope, **more).hits]


# ── rows and values ───────────────────────────────────────────────────────────────────────────────────────────────


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


def test_a_version_called_undated_can_not_have_retired():
    versions = [from_doc(Version, {"uid": doc["key"], **doc}) for doc in load.version_docs()]
    index = Index(snapshot(versions), TODAY)
    undated = {row.key for row in index.rows if row.head.undated}
    assert 0 < len(undated) < len(versions)
    assert not {row.key for row in index.rows if row.get("lifecycle") == "retired"} & undated


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

    assert cost(priced, volume) == pytest.approx((1000 * 2 + 100 * 8) * 1.1)  # no cached price: the price in
    cached = replace(priced, facts={**priced.facts, "price_cached_input": claim(0)})
    assert cost(cached, volume) == pytest.approx((500 * 2 + 100 * 8) * 1.1)
    assert cost(priced, replace(volume, retry_share=None)) is None
    assert cost(priced, volume, sku="GlobalProvisionedManaged") is None
    unpriced = replace(priced, facts={"price_input": claim(2)})
    assert cost(unpriced, volume) is None
    assert cost(unpriced, replace(volume, tokens_out=0)) == pytest.approx(2200)
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


# ── finding, against a plain reading of the records ───────────────────────────────────────────────────────────────

PRICES = (None, 0.5, 1, 1.5, 10)
DAYS = (None, "2025-01-31", "2026-02", "2026-11-23")
NAMED = ("a-1", "a-2", "b", "Straße", "x y", "[/b]", "\u202eevil")


@st.composite
def catalogs(draw):
    versions = {}
    for n in range(draw(st.integers(0, 8))):
        key = f"{draw(st.sampled_from(('openai', 'azure-openai', 'mlflow')))}/{draw(st.sampled_from(NAMED))}@{n}"
        price, day = draw(st.sampled_from(PRICES)), draw(st.sampled_from(DAYS))
        facts = {"price_input": claim(price)} if price is not None else {}
        facts |= {"release_date": claim(day)} if day else {}
        tags = tuple(draw(st.lists(st.sampled_from(("eu", "us", "Alpha")), unique=True, max_size=2)))
        versions[key] = Version(str(n), key, own=draw(st.booleans()), tags=tags, facts=facts)
    use_cases = [UseCase("u1", "support", owner="Ann"), UseCase("u2", "churn", owner="")]
    picked = draw(st.lists(st.sampled_from(sorted(versions)), max_size=4)) if versions else []
    stages = st.sampled_from(("Production", "Staging", "Archived"))
    assignments = [
        Assignment(f"a{n}", draw(st.sampled_from(("support", "churn"))), key, stage=draw(stages))
        for n, key in enumerate(picked)
    ]
    return snapshot(versions.values(), use_cases, assignments=assignments)


QUERIES = st.lists(
    st.sampled_from(
        ["a", "A-1", "STRASSE", "[/b]", "evil", '"x y"', "support", "ann", "production", "zz", "or", "-", "not:",
         "(", ")", "stage:prod", "stage=Staging", "-stage:arch", "stage:prod,stag", "provider:azure",
         "provider=openai", "model=b", "price_in<=1", "price_in:0.5", "price_in!=1", "price_in:1..5",
         "missing:price_in", "has:price_in", "-price_in>1", "released<2026", "released:2026-02", "released>=-1m",
         "tag:eu", "tag!=eu", "has:tag", "own:yes", "own:no", "has:own", "owner:ann", "missing:owner",
         "use_case:churn", "has:use_case", "version>3"]
    ),
    max_size=6,
).map(" ".join)  # fmt: skip


def read(catalog, key, assignment, name):
    """The value of a field, straight from the records."""
    version, use_case = catalog.versions[key], catalog.use_cases[assignment.use_case] if assignment else None
    provider, rest = key.split("/", 1)
    model, number = rest.rsplit("@", 1)
    released = version.value("release_date")
    return {
        "provider": provider,
        "model": model,
        "version": number,
        "price_in": version.value("price_input"),
        "released": date.fromisoformat((released + "-01")[:10]) if released else None,
        "tag": version.tags or None,
        "own": version.own,
        "stage": assignment.stage if assignment else None,
        "use_case": use_case.name if use_case else None,
        "owner": (use_case.owner or None) if use_case else None,
    }[name]


def holds(catalog, key, assignment, node):
    match node:
        case Word(text):
            words = [key, *catalog.versions[key].tags]
            if assignment:
                use_case = catalog.use_cases[assignment.use_case]
                words += [assignment.stage, use_case.name, use_case.owner, assignment.deployment]
            return any(text.casefold() in word.casefold() for word in words)
        case Not(inner):
            return not holds(catalog, key, assignment, inner)
        case And(nodes):
            return all(holds(catalog, key, assignment, n) for n in nodes)
        case Or(nodes):
            return any(holds(catalog, key, assignment, n) for n in nodes)
        case Has(name):
            return read(catalog, key, assignment, name) not in (None, False)
        case Compare(name, op, wanted):
            value = read(catalog, key, assignment, name)
            return value is not None and COMPARED[name, op, wanted](value)


COMPARED = {
    ("stage", ":", "prod"): lambda v: v == "Production",
    ("stage", ":", "stag"): lambda v: v == "Staging",
    ("stage", ":", "arch"): lambda v: v == "Archived",
    ("stage", "=", "Staging"): lambda v: v == "Staging",
    ("provider", ":", "azure"): lambda v: "azure" in v,
    ("provider", "=", "openai"): lambda v: v == "openai",
    ("model", "=", "b"): lambda v: v == "b",
    ("price_in", "<=", "1"): lambda v: v <= 1,
    ("price_in", ":", "0.5"): lambda v: v == 0.5,
    ("price_in", "!=", "1"): lambda v: v != 1,
    ("price_in", ">=", "1"): lambda v: v >= 1,
    ("price_in", "<=", "5"): lambda v: v <= 5,
    ("price_in", ">", "1"): lambda v: v > 1,
    ("released", "<", "2026"): lambda v: v.year < 2026,
    ("released", ":", "2026-02"): lambda v: (v.year, v.month) == (2026, 2),
    ("released", ">=", "-1m"): lambda v: v >= date(2026, 10, 23),
    ("tag", ":", "eu"): lambda v: "eu" in v,
    ("tag", "!=", "eu"): lambda v: "eu" not in v,
    ("own", ":", "yes"): lambda v: v,
    ("own", ":", "no"): lambda v: not v,
    ("owner", ":", "ann"): lambda v: v == "Ann",
    ("use_case", ":", "churn"): lambda v: v == "churn",
    ("version", ">", "3"): lambda v: int(v) > 3,
}


@settings(max_examples=300, deadline=None)
@given(catalogs(), st.lists(QUERIES, min_size=1, max_size=4))
def test_finds_what_a_plain_reading_finds(catalog, queries):
    index = Index(catalog, TODAY)
    rows = [(a.uid, a.version, a) for a in catalog.assignments if a.in_use]
    used = {key for _, key, _ in rows}
    rows += [("v:" + key, key, None) for key in catalog.versions if key not in used]
    for text in queries:  # one index, so that later queries may narrow what earlier ones found
        query = parse(text)
        expected = {uid for uid, key, a in rows if holds(catalog, key, a, query.node)}
        selection = index.select(text, "all", include_retired=True)
        assert selection.fuzzy == (bool(selection.hits) and not expected)
        if not selection.fuzzy:
            assert {index.rows[i].id for i in selection.hits} == expected, text


@settings(max_examples=60, deadline=None)
@given(catalogs(), QUERIES)
def test_typing_finds_what_the_whole_text_finds(catalog, text):
    typed = Index(catalog, TODAY)
    for end in range(len(text) + 1):
        letters = typed.select(text[:end], "all")
    assert found(Index(catalog, TODAY), text) == [typed.rows[i].id for i in letters.hits]


@settings(max_examples=100, deadline=None)
@given(catalogs(), catalogs(), st.booleans())
def test_following_a_change_equals_building_anew(before, after, ask_first):
    index = Index(before, TODAY)
    if ask_first:
        index.select("price_in>0 owner:ann", "all")
    changed = [("versions", k) for k in {*before.versions, *after.versions}]
    changed = [c for c in changed if before.versions.get(c[1]) != after.versions.get(c[1])]
    changed += [("assignments", a.uid) for a in (*before.assignments, *after.assignments)]
    index.update(after, changed)
    anew = Index(after, TODAY)
    for text in ("", "price_in>0", "owner:ann", "tag:eu", "stage:prod", "a"):
        assert found(index, text, include_retired=True) == found(anew, text, include_retired=True)


def test_an_update_keeps_what_other_rows_know_and_refreshes_what_it_touches():
    index = Index(SMALL, TODAY)
    ann, churn = index.select("support")[0], index.select("mlflow/churn@2")[0]
    assert (ann.get("owner"), churn.get("accuracy")) == ("Ann", 0.8)
    bob = replace(SMALL, use_cases={**SMALL.use_cases, "support": UseCase("u1", "support", owner="Bob")})
    index.update(bob, [("use_cases", "support")])
    assert found(index, "owner:bob", "in_use") == found(index, "bob", "in_use") == ["a1"]
    assert index.select("mlflow/churn@2")[0] is churn
    better = Measurement("m7", "accuracy", 0.99, "mlflow/churn@2", measured_on=TODAY)
    measured = replace(bob, measurements={**bob.measurements, "mlflow/churn@2": [better]})
    index.update(measured, [("measurements", "m7")])
    assert churn.get("accuracy") == 0.99
    index.update(replace(measured, upgrades={}), [("upgrades", "g1")])
    assert found(index, "has:upgrade") == []
    index.update(replace(measured, metrics={}), [("metric_definitions", "accuracy")])
    assert "accuracy" not in index.spellings


# ── laziness ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Counted(Mapping[str, Version]):
    """Versions that count how often one is decoded."""

    def __init__(self, versions: Mapping[str, Version]) -> None:
        self.versions, self.decoded = versions, 0

    def __getitem__(self, key: str) -> Version:
        found = self.versions[key]
        self.decoded += 1
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)


def test_words_and_cheap_fields_decode_nothing():
    versions = Counted({f"mlflow/m@{n}": Version(str(n), f"mlflow/m@{n}", own=True) for n in range(50)})
    index = Index(
        replace(snapshot(), versions=versions), TODAY, heads=[Head(key, own=True, undated=True) for key in versions]
    )
    index.select("m@4 provider:mlflow own:yes -tag:eu", "all", [("provider", True), ("key", False)])
    index.counts("provider", range(50))
    assert versions.decoded == 0
    assert len(index.select("m@4 missing:price_in", "all")) == 11
    assert versions.decoded == 11


def test_heads_from_raw_documents_equal_those_of_records():
    raw = [
        b'{"uid":"1","key":"a/b","tags":["eu"],"api_ids":["bb"],"own":true,"registry":"r","unheard_of":1}',
        b'{"uid":"2","key":"a/c","observations":[{"kind":"retire"}]}',
        b"not json",
        b'{"uid":"3"}',
    ]
    first = Version("1", "a/b", own=True, tags=("eu",), api_ids=("bb",), registry="r")
    assert list(heads_of(raw)) == [head_of(first), Head("a/c")]


# ── order, facets, fuzzy, hints, views, completion ────────────────────────────────────────────────────────────────


def test_first_order_is_what_needs_a_decision_then_the_day_to_start():
    def version(name, day):
        return Version(name, f"p/{name}", observations=retires(day) if day else ())

    use_cases = [UseCase(n, n, owner="x") for n in ("calm", "late", "later", "stopped", "none")]
    days = {
        "calm": date(2028, 1, 1),
        "late": date(2026, 12, 20),
        "later": date(2027, 1, 5),
        "stopped": date(2026, 11, 1),
    }
    versions = [version(u.name, days.get(u.name)) for u in use_cases]
    measured = [Measurement(f"m{v.uid}", "accuracy", 1, v.key, measured_on=TODAY) for v in versions]
    assignments = [Assignment(u.name, u.name, f"p/{u.name}", stage="Staging") for u in use_cases]
    index = Index(snapshot(versions, use_cases, (), assignments, measured), TODAY)
    assert found(index, "", "in_use") == ["stopped", "late", "later", "none", "calm"]
    assert found(index, "", "in_use", sort=[("start_in", False)]) == ["late", "later", "calm", "stopped", "none"]


def test_sorting_by_several_fields_keeps_the_unknown_last_both_ways():
    index = Index(SMALL, TODAY)
    assert found(index, "mlflow", sort=[("version", False)]) == ["v:mlflow/a%40b@1", "a2", "a3"]
    assert found(index, "mlflow", sort=[("key", True)]) == ["a3", "a2", "v:mlflow/a%40b@1"]
    for descending in (False, True):
        order = found(index, "", sort=[("price_in", descending)])
        assert sorted(order[:2]) == ["a1", "v:openai/gpt-5@2026-08-01"]
        assert (order[0] == "a1") is descending
    order = found(index, "has:use_case", sort=[("use_case", True), ("stage", False)])
    assert order == ["a1", "a3", "a2"]  # Staging stands before Production
    assert parse_sort("-price-in, date") == (("price_in", True), ("released", False))
    assert print_sort(parse_sort("-price-in,date")) == "-price_in,released"
    with pytest.raises(ValueError, match="'wrong' is no column"):
        parse_sort("wrong")


def test_counts_follow_the_hits():
    index = Index(SMALL, TODAY)
    everything = index.select("", "all", include_retired=True).hits
    assert index.counts("provider", everything) == [("mlflow", 3), ("openai", 3)]
    assert index.counts("provider", index.select("churn", "all").hits) == [("mlflow", 2)]
    assert index.counts("tag", everything) == [("chat", 1), ("eu", 1)]
    assert dict(index.counts("lifecycle", everything))["retired"] == 1
    assert index.counts("stage", everything) == [("Production", 2), ("Staging", 1)]


def test_nearly_matching_rows_come_only_when_nothing_matches_and_are_named_so():
    index = Index(SMALL, TODAY)
    near = index.select("gpt4o", "all")
    assert near.fuzzy
    assert [near[i].key for i in range(len(near))] == ["openai/gpt-4o@2024-05-13"]
    assert not index.select("gpt-4o", "all").fuzzy
    assert not index.select("gp4", "in_use").hits or index.select("gp4", "in_use").fuzzy
    assert len(index.select("gpt4o stage:staging", "all")) == 0
    assert len(index.select("qqq", "all")) == 0


def test_errors_never_blank_the_list_and_hints_come_when_nothing_is_found():
    index = Index(SMALL, TODAY)
    broken = index.select("churn retires:<", "in_use")
    assert len(broken) == 2
    assert broken.error is not None
    slip = index.select("stagee:production", "in_use")
    assert slip.error is not None
    assert slip.error.suggestion == "did you mean stage:?"


def test_shipped_views():
    index = Index(SMALL, TODAY)
    rows = {}
    for view in VIEWS:
        assert parse(view.query).error is None
        assert set(view.columns) <= set(FIELDS)
        rows[view.name] = found(index, view.query, view.scope, sort=view.sort)
    assert rows["late"] == ["a1"]
    assert rows["due in 90 days"] == ["a1"]
    assert rows["no owner"] == ["a2", "a3"]
    bare = Index(replace(SMALL, measurements={}), TODAY)
    assert set(found(bare, "finding=unmeasured", "in_use")) == {"a1", "a2"}


def test_a_decision_takes_the_row_off_late():
    stays = Decision("stay_until", "2026-11-20T08:00:00Z", "Ann", "a1", until=date(2026, 12, 1))
    support = replace(SMALL.use_cases["support"], decisions=(stays,), criteria=Criteria())
    index = Index(replace(SMALL, use_cases={**SMALL.use_cases, "support": support}), TODAY)
    assert found(index, "finding=late", "in_use") == []
    assert found(index, "decision:stay", "in_use") == ["a1"]


@pytest.mark.parametrize(
    ("text", "offered", "span"),
    [
        ("prov", "provider:", (0, 4)),
        ("x -prov", "provider:", (3, 7)),
        ("accu", "accuracy:", (0, 4)),
        ("stage:", "Production", (6, 6)),
        ("stage:Production,st", "Staging", (17, 19)),
        ("provider:ml", "mlflow", (9, 11)),
        ("has:pri", "price_in", (4, 7)),
        ("retires:", "<30d", (8, 8)),
        ("retires<", "30d", (8, 8)),
        ("own:", "yes", (4, 4)),
        ("owner:a", "Ann", (6, 7)),
        ("mis", "missing:", (0, 3)),
    ],
)
def test_completion(text, offered, span):
    offers = {c.text: (c.start, c.end) for c in complete(text, len(text), Index(SMALL, TODAY))}
    assert offers.get(offered) == span


@settings(max_examples=80, deadline=None)
@given(QUERIES | st.text(max_size=12), st.integers(0, 30))
def test_completion_never_fails(text, cursor):
    index = Index(SMALL, TODAY)
    for offer in complete(text, min(cursor, len(text)), index):
        assert 0 <= offer.start <= min(cursor, len(text)) <= offer.end <= len(text)
