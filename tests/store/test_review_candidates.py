from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from store.records import Criteria, Deployment, Fact, Measurement, Metric, UseCase, Version
from store.review.candidates import Candidates, candidates, pareto, replacements, resolve_replacement
from store.review.costs import Cost

CUTOVER = date(2027, 1, 1)
OLD = "openai/gpt-4o@2024-05-13"
CASE = UseCase(
    "u", "support", tokens_in=10_000, tokens_out=1000, uses=("tools",), modalities=("text", "image"),
    criteria=Criteria(runway_days=180),
)  # fmt: skip
METRICS = {
    "accuracy": Metric("accuracy", "Accuracy", direction="up", kind="rate", column="quality", rank=1),
    "elo": Metric("elo", "Elo", direction="up", column="quality", rank=2),
    "latency_p50_ms": Metric("latency_p50_ms", "Latency", direction="down", kind="quantile", column="latency", rank=9),
}
GOOD = {
    "kind": "chat",
    "context_window": 128_000,
    "capabilities": ["tools", "vision"],
    "modalities_in": ["image", "text"],
}


def version(key: str, **facts: Any) -> Version:
    own = {name: facts.pop(name) for name in ("alias_of", "api_ids", "same_as") if name in facts}
    facts = GOOD | facts
    known = {k: (Fact(v, "litellm", "2026-11-12"),) for k, v in facts.items() if v is not None}
    return Version(key, key, facts=known, **own)


def m(key: str, metric: str, value: float, **more: Any) -> Measurement:
    return Measurement(f"{key}-{metric}", metric, value, key, measured_on=date(2026, 11, 1), **more)


def run(
    *versions: Version, measured: tuple[Measurement, ...] = (), runway: dict[str, int] | None = None, **more: Any
) -> Candidates:
    old = more.pop("old", version(OLD))
    figures: dict[str, list[Measurement]] = {}
    for one in measured:
        figures.setdefault(one.version, []).append(one)
    deadlines = {key: CUTOVER + timedelta(days=days) for key, days in (runway or {}).items()}
    return candidates(
        old, more.pop("case", CASE), [old, *versions], figures, METRICS, cutover=CUTOVER, deadlines=deadlines, **more
    )


# ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"alias_of": ("openai/x@1",)}, "an alias that moves, for openai/x@1"),
        ({"kind": "embedding"}, "kind is embedding, not chat"),
        ({"modalities_in": ["text"]}, "does not accept image"),
        ({"capabilities": ["vision"]}, "does not offer tools"),
        ({"context_window": 10_999}, "context window 10,999 tokens, 11,000 are used"),
        ({"max_output_tokens": 999}, "largest output 999 tokens, 1,000 are used"),
    ],
)
def test_each_exclusion_is_said_in_words(facts: dict[str, Any], reason: str) -> None:
    found = run(version("openai/new@1", **facts))
    assert [(e.key, e.reason) for e in found.excluded] == [("openai/new@1", reason)]
    assert found.candidates == ()


def test_a_target_that_retires_soon_or_already_has_is_out() -> None:
    new = version("openai/new@1")
    soon = run(new, runway={new.key: 143})
    assert soon.excluded[0].reason == "retires itself on 24 May 2027, 143 d after cut-over; the policy asks for 180 d"
    assert "20 d before cut-over" in run(new, runway={new.key: -20}).excluded[0].reason
    assert run(new, runway={new.key: 180}).candidates[0].runway == 180
    assert run(new, retired={new.key}).excluded[0].reason == "already retired"


def test_all_reasons_are_given() -> None:
    found = run(version("openai/new@1", kind="image", capabilities=[]))
    assert found.excluded[0].reasons == ("kind is image, not chat", "does not offer tools")


def test_the_unknown_is_kept_and_said() -> None:
    (one,) = run(
        version("openai/new@1", capabilities=None, modalities_in=None, context_window=None, kind=None)
    ).candidates
    assert one.unsure == ("retirement date", "kind", "modalities in", "capabilities", "context window")
    assert one.runway is None


def test_region_and_deployment_type_where_known() -> None:
    place = Deployment("d", "d", region="swedencentral", sku="GlobalProvisionedManaged")
    offered = version("azure-openai/a@1", regions=["SwedenCentral"], skus=["GlobalProvisionedManaged"])
    elsewhere = version("azure-openai/b@1", regions=["eastus"], skus=["Standard"])
    found = run(offered, elsewhere, version("azure-openai/c@1"), deployment=place)
    assert found.excluded[0].reasons == (
        "not offered in region swedencentral",
        "not offered in deployment type GlobalProvisionedManaged",
    )
    unsure = {c.key: c.unsure for c in found.candidates}
    assert unsure[offered.key] == ("retirement date",)
    assert "deployment type GlobalProvisionedManaged" in unsure["azure-openai/c@1"]


# ── front ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_front_over_quality_latency_cost_and_runway() -> None:
    keys = [f"openai/{name}@1" for name in ("best", "cheap", "worse", "unknown")]
    best, cheap, worse, unknown = keys
    measured = (
        m(OLD, "accuracy", 0.8), m(best, "accuracy", 0.95), m(cheap, "accuracy", 0.8), m(worse, "accuracy", 0.75),
        m(OLD, "latency_p50_ms", 800), m(best, "latency_p50_ms", 900), m(cheap, "latency_p50_ms", 400),
        m(worse, "latency_p50_ms", 500),
    )  # fmt: skip
    costs = {OLD: 100.0, best: 200.0, cheap: 50.0, worse: 60.0, unknown: 70.0}
    found = run(
        *(version(k) for k in keys), measured=measured, runway=dict.fromkeys(keys, 400),
        costs={k: Cost(v, v, v) for k, v in costs.items()},
    )  # fmt: skip
    assert [(c.key, c.front) for c in found.candidates] == [
        (best, True),
        (cheap, True),
        (worse, False),
        (unknown, False),
    ]
    assert [c.price_factor for c in found.candidates] == [2, 0.5, 0.6, 0.7]
    assert found.quality is not None
    assert (found.quality.metric, found.candidates[0].latency) == ("accuracy", 900)


def test_a_figure_that_the_baseline_lacks_does_not_lead_and_staying_with_the_provider_comes_first() -> None:
    near, far, tried = "openai/near@1", "xai/far@1", "openai/tried@1"
    measured = (m(far, "accuracy", 0.9), m(near, "elo", 1200))
    found = run(version(near), version(far), measured=measured)
    assert [c.key for c in found.candidates] == [near, far], "what far scored cannot be held against the old version"
    published = (m(OLD, "accuracy", 0.8), m(far, "accuracy", 0.9), m(tried, "accuracy", 0.7))
    found = run(version(near), version(far), version(tried), measured=published)
    assert [c.key for c in found.candidates] == [tried, near, far]
    ours = tuple(replace(one, use_case="support") for one in published)
    found = run(version(near), version(far), version(tried), measured=ours)
    assert [c.key for c in found.candidates] == [tried, far, near], "what the use case tried itself"


def test_pareto_is_an_order_free_property() -> None:
    points = [(1.0, 1.0), (2.0, None), (1.0, 1.0), (0.0, 5.0), (0.0, 0.0), (None, None)]
    assert pareto(points) == {0, 1, 2, 3}
    flipped = points[::-1]
    assert {flipped[i] for i in pareto(flipped)} == {points[i] for i in pareto(points)}
    assert pareto([]) == frozenset()


def test_quality_is_one_series_with_the_twins_figures() -> None:
    a = version("azure-openai/a@1", same_as=("openai/a@1",))
    b = version("openai/b@1")
    measured = (
        m(OLD, "accuracy", 0.8, use_case="support"), m(OLD, "elo", 1200), m("openai/a@1", "elo", 1300),
        m("openai/b@1", "elo", 1250, dataset="other"), m("openai/b@1", "accuracy", 0.1, use_case="hr"),
    )  # fmt: skip
    found = run(a, b, measured=measured)
    got = {c.key: (c.quality, c.borrowed) for c in found.candidates}
    assert got == {a.key: (1300, True), b.key: (None, False)}


# ── the vendor's suggestion ───────────────────────────────────────────────────────────────────────────────────────

CATALOG = [
    Version(str(i), key, alias_of=alias, api_ids=ids)
    for i, (key, alias, ids) in enumerate((
        ("azure-openai/gpt-4o@2024-08-06", (), ()), ("azure-openai/gpt-4o@2024-11-20", (), ("gpt-4o-2024-11-20",)),
        ("azure-openai/gpt-5.1@2025-11-13", (), ()), ("azure-openai/gpt-35-turbo@0125", (), ()),
        ("azure-openai/gpt-35-turbo@0613", (), ()), ("openai/gpt-5.6-sol", (), ()),
        ("openai/gpt-4o", ("openai/gpt-4o@1", "openai/gpt-4o@2"), ()), ("openai/gpt-4o@1", (), ()),
        ("openai/gpt-4o@2", (), ()), ("openai/o9", ("openai/o9@1",), ()), ("openai/o9@1", (), ()),
    ))
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "provider", "model", "key"),
    [
        ("gpt-4o (2024-11-20)", "azure-openai", None, "azure-openai/gpt-4o@2024-11-20"),
        ("gpt-4o (2025-01-01)", "azure-openai", None, None),
        ("gpt-5.6-sol", "openai", None, "openai/gpt-5.6-sol"),
        ("gpt-5.6-sol", "azure-openai", None, None),
        ("gpt-5.1", "azure-openai", None, "azure-openai/gpt-5.1@2025-11-13"),
        ("GPT-5.1", "azure-openai", None, "azure-openai/gpt-5.1@2025-11-13"),
        ("gpt-4o-2024-11-20", "azure-openai", None, "azure-openai/gpt-4o@2024-11-20"),
        ("0125", "azure-openai", "gpt-35-turbo", "azure-openai/gpt-35-turbo@0125"),
        ("0125", "azure-openai", None, None),
        ("gpt-4o", "azure-openai", None, None),
        ("gpt-4o", "openai", None, None),
        ("o9", "openai", None, "openai/o9@1"),
        ("openai/o9@1", "openai", None, "openai/o9@1"),
        ("the GA models", "google", None, None),
        ("", "openai", None, None),
    ],
)
def test_a_replacement_in_words(text: str, provider: str, model: str | None, key: str | None) -> None:
    assert resolve_replacement(text, provider, CATALOG, model=model) == key
    assert resolve_replacement(text, provider, CATALOG[::-1], model=model) == key


def test_the_suggestion_is_marked_with_its_price_factor_even_where_excluded() -> None:
    old = version(
        OLD, replacement=["new", "gone", {"text": "bad", "key": "openai/bad@1"}], price_input=2, price_output=10
    )
    new = version("openai/new@1", price_input=4, price_output=20)
    found = run(new, version("openai/bad@1", kind="image"), version("openai/dear@1"), old=old)
    assert [(c.key, c.vendor, c.price_factor) for c in found.candidates] == [
        ("openai/new@1", True, 2), ("openai/dear@1", False, None),
    ]  # fmt: skip
    assert found.excluded[0].vendor
    assert found.vendor_text == ("gone",)
    assert replacements(old, [old, new]) == (("new", new.key), ("gone", None), ("bad", "openai/bad@1"))
    assert replacements(version(OLD), []) == replacements(version(OLD, replacement=[]), []) == ()
