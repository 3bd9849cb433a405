"""The shipped facts against values copied by hand from their sources, and against themselves."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from store import reference
from store.records import Key, Measurement, Metric, Version, from_doc
from store.reference.convert import HERE, content_hash
from store.reference.convert_versions import publisher_of, snapshot_name

MOVES = json.loads((Path(__file__).parent / "reference_moves.json").read_text())
"""Every move of a retirement date in the source's own event list: version, before, after, source, day."""

GPT_4O = "azure-openai/gpt-4o@2024-05-13"
NANO = "azure-openai/gpt-4.1-nano@2025-04-14"


@pytest.fixture(scope="module")
def versions() -> dict[str, Version]:
    return {doc["key"]: from_doc(Version, doc) for doc in reference.version_docs()}


@pytest.fixture(scope="module")
def measurements() -> list[Measurement]:
    return [from_doc(Measurement, doc) for doc in reference.measurement_docs()]


@pytest.fixture(scope="module")
def metrics() -> dict[str, Metric]:
    return {doc["name"]: from_doc(Metric, doc) for doc in reference.metric_docs()}


def dates(version: Version, kind: str = "retire", publisher: str = "") -> list[tuple[str, str, str]]:
    return [
        (o.value.isoformat(), o.certainty, o.observed_at)
        for o in version.observations
        if o.kind == kind and o.scope.sku is None and publisher in ("", o.publisher)
    ]


# ── all of it is there ────────────────────────────────────────────────────────────────────────────────────────────


def test_counts(versions, measurements, metrics):
    assert (len(versions), len(measurements), len(metrics)) == (774, 2261, 78)
    assert len({v.uid for v in versions.values()}) == 774
    assert len({m.uid for m in measurements}) == 2261
    assert len(reference.checklist()) == 54
    assert sum(i.blocking for i in reference.checklist()) == 45


def test_keys_round_trip(versions):
    assert all(str(Key.parse(key)) == key for key in versions)
    assert sum(Key.parse(key).version is None for key in versions) == 423


def test_stamp_tells_the_content():
    assert reference.as_of() == date(2026, 11, 23)
    assert reference.stamp().startswith("2026-11-23.")
    assert reference.stamp().endswith(content_hash(HERE)), "convert again: a data file was changed by hand"


def test_every_source_is_known_and_may_ship(versions, measurements):
    used = {m.source for m in measurements}
    for version in versions.values():
        used |= {o.source for o in version.observations}
        used |= {s for claims in version.facts.values() for c in claims for s in (c.source, *c.also)}
    assert used == set(reference.sources())
    assert {s.id for s in reference.sources().values() if s.ship not in ("yes", "attribution")} == {"metr"}
    metr = {f for v in versions.values() for f, claims in v.facts.items() for c in claims if c.source == "metr"}
    assert metr == {"release_date"}
    credits = (HERE / "CREDITS.md").read_text()
    assert all(f"`{source}`" in credits for source in used)


def test_nothing_computed_is_shipped(versions):
    fields = {field for v in versions.values() for field in v.facts}
    assert not fields & {"status", "retirement_date", "deprecation_date", "earliest_retirement", "lifecycle_page"}
    derived = {f for v in versions.values() for f, claims in v.facts.items() for c in claims if c.source == "derived"}
    assert derived == {"kind", "publisher"}


def test_an_inference_is_no_observation(versions):
    assert all(o.publisher and not o.source.startswith("absence") for v in versions.values() for o in v.observations)
    label = versions["azure-openai/gpt-35-turbo@1106"].fact("lifecycle_label")
    assert label is not None
    assert (label.value, label.source) == ("Retired (inferred)", "absence-2025-12")


@pytest.mark.parametrize(
    ("source", "publisher"),
    [("ms-ptu-2026-03-20", "Microsoft"), ("google-dep-2026-03", "Google"), ("openai-dep-docs-late-2026", "OpenAI"),
     ("models.dev-removed", "models.dev"), ("litellm-1.60.0", "litellm"), ("llm-sunset", "llm-sunset"),
     ("absence-2025-12", "")],
)  # fmt: skip
def test_publisher(source, publisher):
    assert publisher_of(source) == publisher


# ── dates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_eight_dates_that_microsoft_published(versions):
    assert sorted(dates(versions[GPT_4O], publisher="Microsoft"), key=lambda d: d[2]) == [
        ("2025-05-20", "not_before", "2025-01-09"),
        ("2025-06-30", "not_before", "2025-04-15"),
        ("2025-09-15", "not_before", "2025-06-18"),
        ("2026-03-31", "planned", "2025-12-16"),
        ("2026-10-01", "planned", "2026-02"),
        ("2027-03-31", "planned", "2026-04-23"),
        ("2026-10-01", "planned", "2026-07-07"),
        ("2026-12-09", "planned", "2026-10-05"),
    ]
    newest = max((o for o in versions[GPT_4O].observations if o.kind == "retire"), key=lambda o: o.observed_at)
    assert (newest.value, newest.source, newest.rank) == (date(2026, 12, 9), "litellm", 60)


def test_scoped_and_other_kinds_of_dates(versions):
    (regional,) = [o for o in versions[GPT_4O].observations if o.scope.sku]
    assert (regional.scope.sku, regional.value, regional.observed_at) == ("Standard", date(2026, 3, 31), "2026-02-01")
    (default,) = [o for o in versions[GPT_4O].observations if o.kind == "default_change"]
    assert (default.value, default.note) == (date(2025, 3, 17), "to 2024-08-06")
    tuned = [o for o in versions[NANO].observations if o.kind == "fine_tune_retire"]
    assert all(o.scope.fine_tuned for o in tuned)
    assert [(o.value, o.certainty, o.note) for o in tuned] == [
        (date(2027, 4, 14), "not_before", "training stops; no earlier than; existing customers"),
        (date(2027, 10, 14), "planned", "fine-tuned deployments stop"),
    ]
    (moved,) = [o for o in versions["azure-openai/gpt-4@0314"].observations if o.kind == "default_change"]
    assert (moved.value, moved.note[:7]) == (date(2023, 11, 30), "to 0613")
    assert dates(versions["azure-openai/gpt-4@1106-preview"], "auto_upgrade_start") == [
        ("2025-04-17", "not_before", "2025-03-24")
    ]


def test_all_observations_of_the_nano(versions):
    assert sorted(dates(versions[NANO]), key=lambda d: d[2]) == [
        ("2026-04-11", "not_before", "2025-04-15"),
        ("2026-10-14", "planned", "2025-12-16"),
        ("2027-10-14", "planned", "2026-04-23"),
        ("2026-10-14", "planned", "2026-07-07"),
        ("2027-04-14", "planned", "2026-09-02"),
        ("2026-10-14", "planned", "2026-09-24"),
        ("2027-04-14", "planned", "2026-11-12"),
    ]
    assert {o.publisher for o in versions[NANO].observations if o.observed_at == "2026-09-24"} == {"llm-sunset"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("google-vertex/gemini-2.5-pro", ("2026-10-20", "planned", "2026-10-16")),
        ("google/gemini-2.5-pro", ("2026-06-17", "not_before", "2026-03")),
        ("aws-bedrock/anthropic.claude-3-haiku-20240307-v1:0", ("2026-09-10", "planned", "2026-10-16")),
        ("anthropic/claude-sonnet-4-5@20250929", ("2026-09-29", "not_before", "2026-09-24")),
        ("openai/gpt-5@2025-08-07", ("2026-12-11", "planned", "2026-11-12")),
        ("openai/gpt-5@2025-08-07", ("2026-12-11", "planned", "2026-11")),
        ("azure-openai/text-embedding-3-large@1", ("2028-02-09", "planned", "2026-09-02")),
    ],
)
def test_published_date(versions, key, expected):
    assert expected in dates(versions[key])


def test_the_event_list_agrees(versions):
    assert len(MOVES) == 174
    moved = {key for key, *_ in MOVES if key.startswith("azure-openai/")}
    assert len(moved) == 71, "of the shipped Azure OpenAI versions; 83 with those held back"
    for key, before, after, source, day in MOVES:
        seen = [
            (o.value.isoformat(), o.source, o.observed_at) for o in versions[key].observations if o.kind == "retire"
        ]
        assert (after, source, day) in seen
        assert any(value == before and observed[:7] <= day[:7] for value, _, observed in seen)


def test_each_observation_once(versions):
    for version in versions.values():
        seen = [(o.kind, o.value, o.source, o.observed_at, o.scope) for o in version.observations]
        assert len(seen) == len(set(seen)), version.key


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "field", "value", "source", "as_of"),
    [
        (GPT_4O, "price_input", 5, "litellm", "2026-11-12"),
        (GPT_4O, "price_output", 15, "litellm", "2026-11-12"),
        (GPT_4O, "replacement", ["gpt-5.6-sol"], "ms-foundry-policy-2026-10-05", "2026-10-05"),
        (GPT_4O, "max_output_tokens", 4096, "ms-models-2026-06-11", "2026-06-11"),
        (GPT_4O, "lifecycle_label", "Deprecated", "ms-foundry-sched-2026-09-02", "2026-09-02"),
        (NANO, "replacement", [], "ms-foundry-sched-2026-09-02", "2026-09-02"),
        (NANO, "price_cached_input", 0.025, "litellm", "2026-11-12"),
        (NANO, "knowledge_cutoff", "2024-05-31", "ms-models-2026-06-11", "2026-06-11"),
        ("azure-openai/text-embedding-3-large@1", "price_input", 0.13, "azure-genai-prices", "2026-08-11"),
        ("azure-openai/text-embedding-3-large@1", "embedding_dimensions", 3072, "ms-models-2026-06-11", "2026-06-11"),
        ("anthropic/claude-sonnet-4-5@20250929", "price_output", 15, "genai-prices", "2026-11"),
        ("anthropic/claude-3-opus@20240229", "release_date", "2024-03-04", "metr", "2026-01-20"),
        ("google-vertex/gemini-1.0-pro-001", "replacement", ["gemini-2.5-flash"], "bydtech", "2026-10-16"),
        ("mistral/mistral-large-4", "price_input", 1.36, "litellm", "2026-11-12"),
        ("openai/gpt-5@2025-08-07", "knowledge_cutoff", "2024-09-30", "models.dev", "2026-07-02"),
    ],
)  # fmt: skip
def test_value_as_published(versions, key, field, value, source, as_of):
    fact = versions[key].fact(field)
    assert fact is not None
    assert (fact.value, fact.source, fact.as_of) == (value, source, as_of)


def test_other_claims_follow_the_chosen_one(versions):
    claims = versions["deepseek/deepseek-chat"].facts["price_input"]
    assert [(c.value, c.source) for c in claims[:3]] == [
        (0.28, "litellm"),
        (0.135, "genai-prices"),
        (0.14, "models.dev"),
    ]
    targets = [c.value[0] for c in versions[GPT_4O].facts["replacement"]]
    assert targets == ["gpt-5.6-sol", "gpt-5.1", "gpt-4.1 (2025-04-14)"]


def test_price_history_says_its_period(versions):
    claims = versions["openai/o3@2025-04-16"].facts["price_input"]
    assert [(c.value, c.note) for c in claims] == [
        (2, "in effect from 2025-06-10"),
        (10, "in effect until 2025-06-10"),
    ]


def test_an_implausible_value_is_warned_of(versions):
    (claim,) = versions["deepseek/deepseek-v3.2"].facts["max_output_tokens"]
    assert claim.value == 163840
    assert claim.note == "implausible as published: context window, smaller than the output (128000)"


def test_aliases_ids_and_links(versions):
    assert versions["openai/gpt-4o"].alias_of == tuple(
        f"openai/gpt-4o@{day}" for day in ("2024-05-13", "2024-08-06", "2024-11-20")
    )
    assert sum(bool(v.alias_of) for v in versions.values()) == 11
    assert versions[GPT_4O].api_ids == ("azure/gpt-4o-2024-05-13",)
    (link,) = versions["google-vertex/gemini-2.5-pro"].links
    assert (link.rel, link.url.split("/")[2]) == ("lifecycle", "docs.cloud.google.com")


def test_same_snapshot_elsewhere(versions):
    assert versions[GPT_4O].same_as == ("openai/gpt-4o@2024-05-13",)
    assert versions["azure-openai/gpt-4@turbo-2024-04-09"].same_as == ("openai/gpt-4-turbo@2024-04-09",)
    bedrock = "aws-bedrock/anthropic.claude-3-haiku-20240307-v1:0"
    assert versions[bedrock].same_as == ("anthropic/claude-3-haiku@20240307",)
    assert versions["google/gemini-2.5-pro"].same_as == ()
    for version in versions.values():
        for twin in version.same_as:
            assert version.key in versions[twin].same_as
            assert version.value("publisher") == versions[twin].value("publisher")


@pytest.mark.parametrize(
    ("provider", "model", "version", "name"),
    [
        ("openai", "gpt-4", "0613", "gpt-4-0613"),
        ("mistral", "Mistral-large", "2411", "mistral-large-2411"),
        ("azure-foundry", "claude-opus-4-5", "1", None),
        ("google", "gemini-1.5-pro", "002", None),
        ("openai", "gpt-4o", None, None),
    ],
)
def test_only_a_dated_name_is_a_snapshot(provider, model, version, name):
    row = {"provider": provider, "model": model, "version": version, "publisher": "X", "is_alias": False}
    assert snapshot_name(row) == name


# ── metrics ───────────────────────────────────────────────────────────────────────────────────────────────────────


def one(measurements: list[Measurement], version: str, metric: str, **fields: object) -> Measurement:
    found = [
        m
        for m in measurements
        if (m.version, m.metric) == (version, metric) and all(getattr(m, k) == v for k, v in fields.items())
    ]
    (single,) = found
    return single


def test_measurements_in_our_units(measurements):
    aider = one(measurements, "openai/gpt-4o@2024-11-20", "aider.pass_rate_2", n=133)
    assert (aider.value, aider.harness, aider.harness_version, aider.edit_format) == (
        0.714,
        "aider",
        "0.63.3.dev",
        "diff",
    )
    polyglot = one(measurements, "openai/gpt-4o@2024-11-20", "aider.pass_rate_2", n=225)
    assert polyglot.value == 0.182
    assert polyglot.series != aider.series
    first = one(measurements, "anthropic/claude-2.1", "ttft_ms", platform="anthropic", region="cdg", period="2024-W16")
    assert (first.value, first.n, first.measured_on) == (474.581, 4, date(2024, 4, 21))
    win = one(measurements, "meta/llama-3-8b-instruct", "alpaca_eval2.lc_winrate")
    assert win.value == pytest.approx(0.22918785)
    assert win.sd == pytest.approx(0.85 * 805**0.5 / 100)
    assert one(measurements, "azure-openai/gpt-6-astra@2026-09-03", "azure.input_tpm_per_ptu").period == "2026-09"


def test_measurements_fit_their_definitions(versions, measurements, metrics):
    for m in measurements:
        assert m.version in versions
        assert m.origin == "reference"
        if metrics[m.metric].kind == "rate":
            assert 0 <= m.value <= 1, m
    assert {m.metric for m in measurements} <= set(metrics)


def test_scores_of_a_whole_set_meet_no_formula(metrics):
    """A spread given with an F1 is no spread of items that average to it: without items nothing is proven."""
    from datetime import date

    from store.records import Measurement
    from store.review.evidence import Margin, not_worse

    for name in ("f1", "auc", "precision", "recall"):
        assert metrics[name].kind == "other"
        a, b = (Measurement(v, name, 0.9, v, n=400, sd=0.01, measured_on=date(2026, 11, 20)) for v in "ab")
        assert not_worse(metrics[name], a, b, Margin(0.05)).answer == "PASS_UNPROVEN"


def test_definitions(metrics):
    standard = {
        "accuracy", "f1", "precision", "recall", "auc", "pass_rate", "hallucination_rate", "error_rate",
        "safety_violation_rate", "throughput_rps", "tokens_per_second", "ttft_ms", "latency_p50_ms", "latency_p95_ms",
        "latency_p99_ms", "model_latency_ms", "cost_per_prediction", "cost_per_1k_predictions",
        "infrastructure_cost_month", "maintenance_cost_month", "user_satisfaction", "click_through_rate",
        "engagement_rate", "revenue_month", "savings_month",
    }  # fmt: skip
    assert standard <= set(metrics)
    assert not {"ttft_s", "output_tps"} & set(metrics)
    assert all(m.direction != "none" for name, m in metrics.items() if name in standard)
    assert len({m.rank for m in metrics.values()}) == len(metrics)
    own = [m.rank for name, m in metrics.items() if name in standard and m.column == "quality"]
    assert max(own) < min(m.rank for name, m in metrics.items() if name not in standard)
    assert (metrics["vectara.hallucination_rate"].direction, metrics["vectara.summary_words"].direction) == (
        "down",
        "none",
    )
    assert (metrics["mmlu"].scale, metrics["mmlu"].unit, metrics["mmlu"].kind) == (100, "%", "rate")
    assert metrics["drop_f1"].kind == "mean", "an average of scores never meets the rate formula"
    assert metrics["bench.swe_atlas_refactoring"].kind == "other", "no unit published, none made up"
