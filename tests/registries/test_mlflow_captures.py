"""MLflow's captured answers, and those of its dialects, as records."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from remotes import NOW, body_of, capture, collect, probe, replayed

from store.records import Key, Registry
from store.registries.errors import RemoteError
from store.registries.mlflow import MlflowAdapter

ADDRESS = "https://mlflow.example.com/base"
DEFAULT = {
    "registered-models/search": "registered_models_search_all",
    "model-versions/search": "model_versions_search_all",
    "experiments/search": "experiments_search",
    "runs/search": "runs_search_by_ids",
    "logged-models/search": "logged_models_search",
}
SERVER = MlflowAdapter(lambda: NOW)


def registry(**fields: Any) -> Registry:
    return Registry("r", "ml", kind="mlflow", **{"address": ADDRESS, **fields})


def server(**bodies: Any) -> Callable[[httpx.Request], httpx.Response]:
    """The captured server; `bodies` replaces answers by their name, with `/` and `-` written `_`."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.partition("/mlflow/")[2]
        other = bodies.get(name.replace("/", "_").replace("-", "_"))
        if callable(other):
            other = other(request)
        return httpx.Response(200, json=body_of("mlflow", DEFAULT[name]) if other is None else other)

    return answer


async def test_the_capture_becomes_versions_and_measurements() -> None:
    delivery, client = await collect(SERVER, registry(), server())
    versions = {v.key: v for v in delivery.versions}
    assert sorted(versions) == [
        "ml/churn-classifier@1", "ml/churn-classifier@2", "ml/churn-classifier@3",
        "ml/support-summariser@1", "ml/support-summariser@2",
    ]  # fmt: skip
    three = versions["ml/churn-classifier@3"]
    assert three.own
    assert three.value("remote_stage") == "Staging"
    assert versions["ml/support-summariser@1"].value("remote_stage") == "@prod"
    assert versions["ml/support-summariser@2"].fact("remote_stage") is None
    assert three.links[0].url == f"{ADDRESS}/#/models/churn-classifier/versions/3"
    assert "team=growth" in three.tags
    metrics = {(m.version, m.metric): m for m in delivery.measurements}
    assert math.isnan(metrics["ml/churn-classifier@3", "auc"].value)
    assert metrics["ml/churn-classifier@2", "cost_per_1k"].value == 0.0042
    of_model = metrics["ml/churn-classifier@1", "eval_f1"]
    assert (of_model.dataset, of_model.dataset_hash) == ("churn-prediction-train", "d0000001")
    assert not list(delivery.metrics), "an unknown metric stays undefined"
    assert not list(delivery.assignments), "a model's tag says for what it is, not that it runs"
    assert delivery.complete
    assert client.usage.requests == 5
    again, _ = await collect(SERVER, registry(), server())
    assert [m.uid for m in again.measurements] == [m.uid for m in delivery.measurements]


async def test_prompts_are_no_models_even_where_the_server_lists_them() -> None:
    def with_prompts(name: str, key: str) -> Any:
        return {key: body_of("mlflow", DEFAULT[name])[key] + body_of("mlflow", f"{key}_search_prompts")[key]}

    answers = server(
        registered_models_search=with_prompts("registered-models/search", "registered_models"),
        model_versions_search=with_prompts("model-versions/search", "model_versions"),
    )
    delivery, _ = await collect(SERVER, registry(), answers)
    assert len(list(delivery.versions)) == 5
    assert "3 registered models" in await probe(SERVER, registry(), answers)


async def test_an_empty_page_with_a_token_is_followed_and_an_empty_token_ends() -> None:
    empty = body_of("mlflow", "auth_filtered_empty_page_with_token")
    last = body_of("mlflow", "auth_filtered_last_page_empty_token")
    every = body_of("mlflow", "model_versions_search_all")
    asked: list[str] = []

    def pages(request: httpx.Request) -> Any:
        token = parse_qs(request.url.query.decode()).get("page_token", [""])[0]
        asked.append(token)
        return {"": empty, empty["next_page_token"]: {**every, "next_page_token": "x"}, "x": last}[token]

    delivery, _ = await collect(SERVER, registry(), server(model_versions_search=pages))
    assert len(asked) == 3
    assert len(list(delivery.versions)) == 5


async def test_a_token_that_comes_back_ends_the_sync() -> None:
    turning = {**body_of("mlflow", "model_versions_search_all"), "next_page_token": "same"}
    with pytest.raises(RemoteError, match="same page again"):
        await collect(SERVER, registry(), server(model_versions_search=turning))


async def test_a_version_that_moved_from_one_page_to_the_next_counts_once_as_it_was_last() -> None:
    every = body_of("mlflow", "model_versions_search_all")["model_versions"]
    newer = every[0] | {"last_updated_timestamp": every[0]["last_updated_timestamp"] + 1, "description": "newer"}
    pages = iter([{"model_versions": [newer, *every[1:3]], "next_page_token": "x"}, {"model_versions": every}])
    delivery, _ = await collect(SERVER, registry(), server(model_versions_search=lambda _: next(pages)))
    assert len(list(delivery.versions)) == 5
    assert next(v for v in delivery.versions if v.key == "ml/support-summariser@2").changes == "newer"


async def test_an_empty_registry_answers_with_nothing_and_that_is_an_answer() -> None:
    delivery, client = await collect(SERVER, registry(), server(registered_models_search={}, model_versions_search={}))
    assert not list(delivery.versions)
    assert client.usage.requests == 2


async def test_odd_numbers_mean_what_was_measured() -> None:
    runs = body_of("mlflow", "runs_search_by_ids")
    odd = {"a": -1.7976931348623157e308, "b": "Infinity", "c": "-Infinity", "d": "what", "e": 7}
    runs["runs"][0]["data"]["metrics"] = [{"key": k, "value": v, "timestamp": 0} for k, v in odd.items()]
    delivery, _ = await collect(SERVER, registry(), server(runs_search=runs, logged_models_search={}))
    found = {m.metric: m for m in delivery.measurements if m.version == "ml/support-summariser@1"}
    assert {k: m.value for k, m in found.items()} == {"a": -math.inf, "b": math.inf, "c": -math.inf, "e": 7.0}
    assert found["e"].measured_on is None, "no time is no date, never 1970"


async def test_metrics_of_another_logged_model_of_the_same_run_are_not_this_version_s() -> None:
    logged = body_of("mlflow", "logged_models_search")
    stray = {**logged["models"][1]["data"]["metrics"][0], "key": "eval_accuracy", "value": 0.1, "model_id": "m-other"}
    logged["models"][1]["data"]["metrics"].append(stray)
    delivery, _ = await collect(SERVER, registry(), server(logged_models_search=logged))
    found = [m for m in delivery.measurements if (m.version, m.metric) == ("ml/churn-classifier@3", "eval_accuracy")]
    assert [m.value for m in found] == [0.881]


async def test_a_run_that_may_not_be_read_is_said_and_nothing_else_is_lost() -> None:
    delivery, _ = await collect(SERVER, registry(), server(runs_search={}))
    assert len(list(delivery.versions)) == 5
    assert "4 runs were not found" in delivery.notes[0]


async def test_hostile_names_become_harmless_text_or_are_left_out_with_a_note() -> None:
    versions = body_of("mlflow", "model_versions_search_all")
    versions["model_versions"][0] |= {"description": "a\x1b[2Jb\u202ec"}
    versions["model_versions"].append({"name": "", "version": "1"})
    models = body_of("mlflow", "registered_models_search_all")
    models["registered_models"].append({"name": ""})
    delivery, _ = await collect(
        SERVER, registry(), server(model_versions_search=versions, registered_models_search=models)
    )
    first = next(v for v in delivery.versions if v.key == "ml/support-summariser@2")
    assert first.changes == "a[2Jbc"
    assert len(list(delivery.versions)) == 5
    assert any("left out" in note for note in delivery.notes)
    assert not delivery.complete, "what was left out must not count as gone"


async def test_names_with_at_and_percent_survive_in_keys() -> None:
    name = "50% @home ✓"
    models = {"registered_models": [{"name": name}]}
    versions = {"model_versions": [{"name": name, "version": 7, "creation_timestamp": 1795405430688}]}
    delivery, _ = await collect(
        SERVER, registry(), server(registered_models_search=models, model_versions_search=versions)
    )
    (version,) = delivery.versions
    assert version.parts == Key("ml", name, "7")


@pytest.mark.parametrize(
    ("bodies", "where"),
    [
        ({"model_versions_search": {"model_versions": [{"name": 3, "version": "1"}]}}, "model_versions[0].name"),
        ({"registered_models_search": {"registered_models": {"a": 1}}}, "registered_models"),
        ({"runs_search": {"runs": [{"info": {}}]}}, "run_id"),
    ],
)
async def test_a_wrong_type_is_refused_with_its_place(bodies: Any, where: str) -> None:
    with pytest.raises(RemoteError) as refused:
        await collect(SERVER, registry(), server(**bodies))
    assert refused.value.kind == "not_an_api"
    assert where in str(refused.value)


async def test_a_name_that_would_change_the_question_is_refused() -> None:
    versions = body_of("mlflow", "model_versions_search_all")
    versions["model_versions"][1]["run_id"] = "x') OR ('1'='1"
    with pytest.raises(RemoteError, match="quote"):
        await collect(SERVER, registry(), server(model_versions_search=versions))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("html_200_ui_index", "not_an_api"), ("err_401_basic_auth", "unauthorized"), ("err_400_filter", "refused")],
)
async def test_what_a_captured_trouble_says(name: str, kind: str) -> None:
    said = capture("mlflow", name)["response"]
    with pytest.raises(RemoteError) as trouble:
        await probe(SERVER, registry(), lambda _request: replayed(said))
    assert trouble.value.kind == kind


async def test_a_certificate_that_mlflow_would_wave_through_is_explained() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise RemoteError("certificate", "the certificate is not trusted")

    environ = {"HOME": "/nonexistent", "MLFLOW_TRACKING_INSECURE_TLS": "true"}
    with pytest.raises(RemoteError, match="INSECURE_TLS is not followed"):
        await probe(SERVER, registry(), refuse, environ)


# ── incremental ──


async def test_runs_are_read_again_only_where_something_changed() -> None:
    first, _ = await collect(SERVER, registry(), server())
    known = registry(state=dict(first.state))
    again, client = await collect(SERVER, known, server())
    assert client.usage.requests == 2
    assert len(list(again.versions)) == 5
    assert not list(again.measurements)
    assert again.state == first.state
    versions = body_of("mlflow", "model_versions_search_all")
    versions["model_versions"][3]["last_updated_timestamp"] += 10_000_000
    asked: list[str] = []

    def runs(request: httpx.Request) -> None:
        asked.append(json.loads(request.content)["filter"])

    await collect(SERVER, known, server(model_versions_search=versions, runs_search=runs))
    assert asked == ["attributes.run_id IN ('450693cdf8894cbcafc314175794f804')"]
    moved = registry(state=dict(first.state), address="https://other.example.com")
    _, client = await collect(SERVER, moved, server())
    assert client.usage.requests == 5, "another server is read whole"


async def test_a_version_from_the_future_hides_no_change_of_another() -> None:
    versions = body_of("mlflow", "model_versions_search_all")
    versions["model_versions"][0]["last_updated_timestamp"] = 10**15
    first, _ = await collect(SERVER, registry(), server(model_versions_search=versions))
    versions["model_versions"][3]["last_updated_timestamp"] += 10_000
    asked: list[str] = []

    def runs(request: httpx.Request) -> None:
        asked.append(json.loads(request.content)["filter"])

    known = registry(state=dict(first.state))
    await collect(SERVER, known, server(model_versions_search=versions, runs_search=runs))
    assert versions["model_versions"][3]["run_id"] in asked[0]


async def test_many_runs_are_asked_for_in_few_questions() -> None:
    many = [
        {"name": "m", "version": str(n), "run_id": f"{n:032x}", "last_updated_timestamp": 1, "creation_timestamp": 1}
        for n in range(2500)
    ]
    sizes: list[int] = []

    def runs(request: httpx.Request) -> Any:
        names = json.loads(request.content)["filter"].count("'") // 2
        sizes.append(names)
        return {}

    answers = server(
        registered_models_search={"registered_models": [{"name": "m"}]},
        model_versions_search={"model_versions": many},
        runs_search=runs,
    )
    delivery, client = await collect(SERVER, registry(), answers)
    assert sizes == [1000, 1000, 500]
    assert client.usage.requests == 6
    assert len(list(delivery.versions)) == 2500


async def test_a_use_case_that_two_versions_claim_is_a_person_s_to_decide() -> None:
    versions = body_of("mlflow", "model_versions_search_all")
    for row, tag in ((0, "summarise"), (2, "churn"), (3, "churn"), (4, "No Name")):
        versions["model_versions"][row]["tags"] = [{"key": "use_case", "value": tag}]
    delivery, _ = await collect(SERVER, registry(), server(model_versions_search=versions))
    assert [(a.use_case, a.version) for a in delivery.assignments] == [("summarise", "ml/support-summariser@2")]
    assert sum("use_case" in note for note in delivery.notes) == 2


# ── the other dialects ──


async def test_databricks_gives_logged_models_by_fifty_and_takes_its_own_token() -> None:
    host = "https://adb-1.2.azuredatabricks.net"
    seen: list[httpx.Request] = []

    versions = [
        {"name": "churn-classifier", "version": str(n), "source": f"models:/m-{n:032x}", "run_id": f"{n:032x}"}
        for n in range(120)
    ]
    answers = server(model_versions_search={"model_versions": versions}, logged_models_search={}, runs_search={})

    def databricks(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers(request)

    environ = {"HOME": "/nonexistent", "DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "dapi-1"}
    delivery, _ = await collect(SERVER, registry(address=""), databricks, environ)
    assert len(list(delivery.versions)) == 120
    assert {r.headers["authorization"] for r in seen} == {"Bearer dapi-1"}
    logged = [json.loads(r.content)["max_results"] for r in seen if r.url.path.endswith("logged-models/search")]
    assert logged == [50, 50, 20]
    assert not next(iter(delivery.versions)).links, "its pages stand elsewhere"


async def test_unity_catalog_says_tags_aliases_and_metrics_version_by_version() -> None:
    name = "main.risk.churn"
    version = {
        "name": name, "version": "4", "creation_timestamp": 1795405430688, "last_updated_timestamp": 1795405430688,
        "run_id": "", "source": "dbfs:/x", "status": "READY",
    }  # fmt: skip
    whole = {
        **version,
        "tags": [{"key": "team", "value": "risk"}],
        "aliases": [{"alias": "champion", "version": "4"}],
        "model_id": "m-1",
        "model_metrics": [{"key": "auc", "value": 0.9, "timestamp": 1795405430688, "dataset_name": "test"}],
        "model_params": [{"key": "depth", "value": "4"}],
    }
    asked: list[str] = []

    def unity(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/2.0/mlflow/")
        asked.append(path)
        bodies: dict[str, Any] = {
            "unity-catalog/registered-models/search": {"registered_models": [{"name": name}]},
            "unity-catalog/model-versions/search": {"model_versions": [version]},
            "unity-catalog/model-versions/get": {"model_version": whole},
            "experiments/search": {},
        }
        if path.endswith("model-versions/search"):
            assert request.url.params["filter"] == f"name='{name}'"
        return httpx.Response(200, json=bodies[path])

    environ = {"HOME": "/nonexistent", "DATABRICKS_HOST": "adb-1.azuredatabricks.net", "DATABRICKS_TOKEN": "dapi-1"}
    delivery, _ = await collect(SERVER, registry(address="databricks-uc"), unity, environ)
    (found,) = delivery.versions
    assert found.key == "ml/main.risk.churn@4"
    assert found.value("remote_stage") == "@champion"
    assert found.tags == ("team=risk",)
    assert found.lineage.parameters == {"depth": "4"}
    (metric,) = delivery.measurements
    assert (metric.metric, metric.value, metric.dataset) == ("auc", 0.9, "test")
    assert "runs/search" not in asked
