"""Parsers of files: what fits becomes records, what does not becomes a fault with its place, and nothing else ever."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from store.formats.azure_cli import parse_azure
from store.formats.metrics import MetricsFault, parse_metrics
from store.formats.results import ResultsFault, items_hash, parse_results
from store.formats.tables import parse_table
from store.records import Metric

TODAY = date(2026, 11, 23)
METRICS = {
    "accuracy": Metric("accuracy", "Accuracy", kind="rate", direction="up"),
    "latency_p95_ms": Metric("latency_p95_ms", "p95", kind="quantile", direction="down"),
}
TABLE = b"""\xef\xbb\xbfkey;use case;owner;stage;share;deployment;region;sku;upgrade option;price_in;accuracy;date;tags
azure-openai/gpt-4o@2024-05-13;support;lead;production;70%;chat;swedencentral;Standard;absent;5;87.4%;2024-05-13;a|b
azure-openai/gpt-4.1@2025-04-14;support;;Staging;;;;;;2.00;0.859;2025-04;'=x

mlflow/churn@7;churn;ds;;;;;;;;;;
"""
AZURE = {
    "value": [
        {
            "id": "/subscriptions/1/resourceGroups/rg/providers/Microsoft/accounts/oai/deployments/chat",
            "name": "chat",
            "sku": {"name": "ProvisionedManaged", "capacity": 50},
            "properties": {
                "model": {"format": "OpenAI", "name": "gpt-4o", "version": "2024-05-13"},
                "versionUpgradeOption": "NoAutoUpgrade",
            },
            "tags": {"team": "growth", "n": 3},
        },
        {
            "name": "phi",
            "sku": {"name": "GlobalStandard", "capacity": 10},
            "properties": {"model": {"format": "Microsoft", "name": "Phi-4", "version": "7"}},
        },
        {"name": "mine", "properties": {"model": {"format": "OpenAI", "name": "gpt-4o.ft-1a2b", "version": "1"}}},
    ]
}


def faults(content: bytes) -> list[str]:
    return [str(f) for f in parse_table(content, METRICS, origin="import:t.csv", today=TODAY).faults]


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_becomes_versions_use_cases_places_and_measurements() -> None:
    parsed = parse_table(TABLE, METRICS, origin="import:t.csv", today=TODAY)
    assert parsed.faults == []
    old = parsed.versions["azure-openai/gpt-4o@2024-05-13"]
    fact = old.facts["price_input"][0]
    assert (fact.value, fact.layer, fact.source, fact.as_of) == (5, "imported", "import:t.csv", "2026-11-23")
    assert (old.value("release_date"), old.tags) == ("2024-05-13", ("a", "b"))
    assert parsed.versions["azure-openai/gpt-4.1@2025-04-14"].tags == ("=x",)
    assert parsed.use_cases["support"].owner == "lead"
    place = parsed.deployments["chat"]
    assert (place.platform, place.sku, place.upgrade_option, place.upgrade_option_known) == (
        "azure",
        "Standard",
        None,
        True,
    )
    runs = [(a.use_case, a.stage, a.share, a.deployment) for a in parsed.assignments]
    assert runs == [("support", "Production", 70, "chat"), ("support", "Staging", 100, "default"),
                    ("churn", "Production", 100, "default")]  # fmt: skip
    assert [(m.metric, m.value, m.use_case, m.source) for m in parsed.measurements] == [
        ("accuracy", 0.874, "support", "own"),
        ("accuracy", 0.859, "support", "own"),
    ]


def test_the_long_form_keeps_what_makes_a_series() -> None:
    parsed = parse_table(
        b"key,use_case,metric,value,n,sd,dataset,slice,measured_on\na/b@1,u,accuracy,0.9,400,0.3,set-1,north,2026-10-01\n",
        METRICS, origin="import:t.csv", today=TODAY,
    )  # fmt: skip
    (m,) = parsed.measurements
    assert (m.n, m.sd, m.dataset, m.slice, m.measured_on) == (400, 0.3, "set-1", "north", date(2026, 10, 1))
    assert parsed.assignments == []  # it only measures


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"nokey,u,,,,,", "line 2, column key: 'nokey' is not a key"),
        (b",u,,,,,", "line 2, column key: the key is empty"),
        (b"a/b@1,U X,,,,,", "line 2, column use_case: 'U X' is not a use-case name"),
        (b"a/b@1,u,Production,120,,,", "line 2, column share: share: 120"),
        (b"a/b@1,u,Production,nan,,,", "line 2, column share: this is not a number"),
        (b"a/b@1,u,,,\"1,5\",,", "line 2, column price_input: this is not a number"),
        (b"a/b@1,u,,,-1,,", "line 2, column price_input: "),
        (b"a/b@1,u,,,,1.2,", "line 2, column accuracy: a rate lies between 0 and 1"),
        (b"a/b@1,u,,,,inf,", "line 2, column accuracy: this is not a number"),
        (b"a/b@1,u,,,,,12/9/2026", "line 2, column released: this is not a date"),
        (b"a/b@1,,Production,,,,", "line 2, column use_case: a stage, share or date of use needs a use case"),
        (b"a/b@1,u", "line 2: it has 2 cells, but the header has 7"),
        (b'a/b@1,"u', "this is no CSV"),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_is_named_by_line_and_column(line: bytes, place: str) -> None:
    found = faults(b"key,use_case,stage,share,price_in,accuracy,released\n" + line + b"\n")
    assert any(place in fault for fault in found), found


def test_every_bad_row_is_listed_and_rows_may_not_contradict_each_other() -> None:
    found = faults(b"key,use_case,owner,price_in\na/b@1,u,x,1\na/b@1,v,y,2\nbad,u,z,1\n")
    assert found == [
        "line 3, column price_input: line 2 says 1.0 about a/b@1 (it has '2.0')",
        "line 4, column key: 'bad' is not a key: write provider/model@version, such as openai/gpt-4o@2024-08-06 "
        "(it has 'bad')",
    ]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"key,acuracy", "did you mean accuracy?"),
        (b"key,zzz", "metric:zzz"),
        (b"use_case,owner", "there is no column key"),
        (b"key,owner,owner", "stands there twice"),
        (b"key,price_in,price_input", "stands there twice"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_header_that_does_not_fit(header: bytes, reason: str) -> None:
    assert reason in " ".join(faults(header + b"\na/b@1,1,2\n"))


def test_a_metric_nobody_defined_is_taken_where_it_is_named_as_one() -> None:
    parsed = parse_table(b"key,metric:toxicity\na/b@1,0.02\n", METRICS, origin="i", today=TODAY)
    assert [(m.metric, m.value) for m in parsed.measurements] == [("toxicity", 0.02)]


# ── Azure ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_azure_deployments() -> None:
    parsed = parse_azure(json.dumps(AZURE).encode(), "2026-11-23T08:00:00Z")
    assert parsed.faults == []
    chat, phi, mine = parsed.deployments.values()
    assert (chat.name, chat.remote_version, chat.sku, chat.units) == (
        "oai/chat", "azure-openai/gpt-4o@2024-05-13", "ProvisionedManaged", 50,
    )  # fmt: skip
    assert (chat.upgrade_option, chat.region, chat.tags, chat.fine_tuned) == (
        "NoAutoUpgrade",
        "",
        ("team=growth",),
        False,
    )
    assert (phi.remote_version, phi.units, phi.upgrade_option, phi.upgrade_option_known) == (
        "azure-foundry/Phi-4@7", None, None, True,
    )  # fmt: skip
    assert mine.fine_tuned is True
    assert list(parse_azure(json.dumps(AZURE["value"]).encode()).deployments) == list(parsed.deployments)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ('{"error": "x"}', "no list of deployments"),
        ("[1, 2]", "no list of deployments"),
        ('[{"properties": {}}]', "name is missing"),
        ('[{"name": "a", "properties": {"model": {"name": "m"}}}, 3]', "line 2: this is no deployment"),
        ('[{"name": "a", "sku": 3, "properties": {"model": {"name": "m"}}}]', "sku is no table"),
        ('[{"name": "a", "properties": {"model": {"name": "m"}, "versionUpgradeOption": "Never"}}]', "is none of Once"),
        ('{"modeltui": "export", "versions": []}', "modeltui restore"),
        ("[" * 100_000, "this is no JSON"),
        ("", "this is no JSON"),
    ],
)
def test_what_azure_never_says(document: str, reason: str) -> None:
    assert reason in " ".join(str(f) for f in parse_azure(document.encode()).faults)


# ── results and metrics ───────────────────────────────────────────────────────────────────────────────────────────


def test_results_keep_items_and_hashes() -> None:
    one = parse_results(b"\xef\xbb\xbfid,score\nb,1\na,0\nc,0.5\n")
    other = parse_results(b'{"id": "a", "score": 1}\n{"id": "c", "score": false}\n\n{"id": "b", "score": 1}', "jsonl")
    assert (one.n, one.mean, one.sd) == (3, 0.5, 0.5)
    assert one.items_hash == other.items_hash == items_hash(["c", "b", "a"])
    assert one.file_hash != other.file_hash
    assert parse_results(b"id,score\na,1").sd is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,score\na,1\na,0\n", "line 3: the id 'a' stands there twice"),
        (b"id,score\na,nan\n", "line 2: the score nan is not a number"),
        (b"id,score\na,\n", "line 2: the score empty is not a number"),
        (b"id,score\n,1\n", "line 2: the id is empty"),
        (b"id,score\na,1,2\n", "line 2: 3 cells"),
        (b"name,score\na,1\n", "write the header id,score"),
        (b"id,score\n", "no results"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_results_that_cannot_be_aligned_are_refused_with_their_line(content: bytes, reason: str) -> None:
    with pytest.raises(ResultsFault, match=reason):
        parse_results(content)


def test_flat_metrics_in_their_four_forms() -> None:
    wanted = {"accuracy": 0.9, "eval.auc": 0.95}
    assert parse_metrics(b'{"accuracy": 0.9, "eval": {"auc": 0.95}}', "m.json") == wanted
    assert parse_metrics(b"accuracy = 0.9\n[eval]\nauc = 0.95\n", "m.toml") == wanted
    assert parse_metrics(b"metric,value\naccuracy,0.9\neval.auc,0.95\n", "m.csv") == wanted
    assert parse_metrics(b"accuracy,eval.auc\n0.9,0.95\n", "m.CSV") == wanted


@pytest.mark.parametrize(
    "content",
    [b'{"a": NaN}', b'{"a": true}', b'{"a": "x"}', b"{}", b"[1]", b'{"a b": 1}', b"{", b"\xff", b'{"a": 1e999}'],
)
def test_metrics_that_are_none(content: bytes) -> None:
    with pytest.raises(MetricsFault):
        parse_metrics(content, "m.json")


# ── anything at all ───────────────────────────────────────────────────────────────────────────────────────────────


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with a few bytes cut, doubled, swapped or replaced."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at, length = chance.randrange(len(data) or 1), chance.randint(1, 12)
        piece = chance.choice(
            [b"", bytes(data[at : at + length]) * 2, chance.randbytes(3), b'"', b"\n", b",", b"nan", b"1e999"]
        )
        data[at : at + chance.choice((0, length))] = piece
    return bytes(data)


def test_no_mutated_file_gets_past_a_parser_with_anything_but_records_or_faults() -> None:
    chance = random.Random(11)
    azure = json.dumps(AZURE).encode()
    results, metrics = b"id,score\na,1\nb,0.5\n", b'{"accuracy": 0.9, "eval": {"auc": 0.95}}'
    refused = 0
    for _ in range(1500):
        refused += bool(parse_table(mutated(TABLE, chance), METRICS, origin="i", today=TODAY).faults)
        refused += bool(parse_azure(mutated(azure, chance)).faults)
        try:
            scores = parse_results(mutated(results, chance), chance.choice(("csv", "jsonl"))).scores
            assert all(abs(score) < float("inf") for score in scores.values())
            assert all(abs(v) < float("inf") for v in parse_metrics(mutated(metrics, chance), "m.json").values())
        except (ResultsFault, MetricsFault):
            refused += 1
    assert refused > 1500
