"""A sync with the real MLflow server: what comes in, what comes again, and what disappears."""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from remotes import TODAY, Mlflow

from store.catalog import Catalog, fixed_clock
from store.records import Measurement, Registry
from store.registries.errors import RemoteError
from store.sync import Plan, apply, plan
from store.sync_run import Run, connector, probe, read

ENVIRON = {"HOME": "/nonexistent"}


@pytest.fixture
def own(tmp_path: Path, mlflow: Mlflow) -> Iterator[Catalog]:
    """An empty catalog that knows the server as `ml`."""
    with Catalog.open(tmp_path / "own.json", actor="ann", clock=fixed_clock(TODAY)) as catalog:
        with catalog.command("add registry") as draft:
            draft.create(Registry("r1", "ml", kind="mlflow", address=mlflow.base))
        yield catalog


async def synced(catalog: Catalog, **settings: Any) -> tuple[Run, Plan]:
    """One sync, applied."""
    registry = catalog.registries.get("ml")
    assert registry is not None
    registry.settings.update(settings)
    run = await read(registry, connector(environ=ENVIRON, today=TODAY))
    assert run.error == ""
    assert run.delivery is not None
    wanted = plan(catalog, "ml", run.delivery)
    apply(catalog, wanted)
    return run, wanted


def measured(catalog: Catalog, key: str) -> dict[tuple[str, str], Measurement]:
    return {(m.metric, m.dataset): m for m in catalog.measurements.records() if m.version == key}


def call(server: Mlflow, method: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{server.base}/api/2.0/mlflow/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"},
        method=method,
    )  # fmt: skip
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or b"{}")


async def test_versions_metrics_and_lineage_come_in_and_a_second_sync_writes_nothing(own: Catalog) -> None:
    first, _ = await synced(own)
    assert first.requests <= 6
    keys = {v.key for v in own.versions.records()}
    assert keys == {f"ml/churn-classifier@{n}" for n in (1, 2, 3)} | {f"ml/support-summariser@{n}" for n in (1, 2)}
    two = own.version("ml/churn-classifier@2")
    assert two.own
    assert two.registry == "ml"
    assert two.value("remote_stage") == "Production"
    assert list(two.value("aliases")) == ["champion", "latest-stable"]
    assert two.changes == "gradient boosting, new features\n\nadded tenure and support-ticket features"
    lineage = two.lineage
    assert lineage.commit == "2a1d0e9f8c7b6a5948372615f0e1d2c3b4a59687"
    assert lineage.repository == "https://git.example.com/ml/churn.git", "credentials are cut out"
    assert (lineage.branch, lineage.seed, lineage.data) == ("main", "17", "churn-prediction-train")
    assert lineage.data_hash == "d0000002"
    assert lineage.parameters == {"n_estimators": "400", "seed": "17"}
    assert lineage.artifact.startswith("models:/m-")
    assert len(lineage.run) == 32

    metrics = measured(own, two.key)
    assert metrics["accuracy", ""].value == 0.874, "the latest value, not the one before"
    assert metrics["loss", ""].value == math.inf
    assert metrics["eval_accuracy", "churn-prediction-train"].dataset_hash == "d0000002"
    assert ("eval_accuracy", "") not in metrics
    assert math.isnan(measured(own, "ml/churn-classifier@3")["auc", ""].value)
    assert measured(own, "ml/churn-classifier@1")["f1", ""].value == 0.774, "the run was deleted"
    assert own.version("ml/support-summariser@1").value("price_input") == 0.15
    assert own.version("ml/support-summariser@2").lineage.artifact == "s3://ml-bucket/support-summariser/2"

    events = len(own.events())
    second, wanted = await synced(own)
    assert wanted.empty, wanted.changed
    assert len(own.events()) == events
    assert second.requests == 2, "models and versions; no run is read again"


async def test_only_the_tag_use_case_of_a_version_makes_an_assignment(own: Catalog) -> None:
    await synced(own)
    found = {(a.use_case, a.version) for a in own.assignments.records()}
    assert found == {("churn", "ml/churn-classifier@3")}


async def test_what_changes_is_read_again_and_what_is_logged_later_after_some_hours(
    own: Catalog, mlflow: Mlflow
) -> None:
    await synced(own)
    key = "ml/churn-classifier@3"
    version = own.version(key)
    call(mlflow, "POST", "runs/log-metric", {
        "run_id": version.lineage.run, "key": "recall", "value": 0.7, "timestamp": 1795405429167, "step": 0,
    })  # fmt: skip
    run, _ = await synced(own)
    assert run.requests == 2
    assert ("recall", "") not in measured(own, key), "nothing tells that a metric was logged"
    moved = {"name": "churn-classifier", "version": "3", "description": "calibrated"}
    call(mlflow, "PATCH", "model-versions/update", moved)
    run, _ = await synced(own)
    assert run.requests == 5, "one version has changed: its run is read again"
    assert own.version(key).changes == "calibrated"
    assert measured(own, key)["recall", ""].value == 0.7
    run, wanted = await synced(own, max_age_hours=0)
    assert run.requests == 5
    assert not wanted.changed


async def test_an_alias_moves_and_a_deleted_version_is_flagged_not_deleted(own: Catalog, mlflow: Mlflow) -> None:
    await synced(own)
    call(mlflow, "DELETE", "registered-models/alias", {"name": "support-summariser", "alias": "prod"})
    call(mlflow, "DELETE", "model-versions/delete", {"name": "support-summariser", "version": "2"})
    await synced(own)
    assert own.version("ml/support-summariser@1").value("remote_stage") is None
    assert own.version("ml/support-summariser@2").missing_since == TODAY
    kept = own.version("ml/churn-classifier@2").lineage
    assert kept.commit, "a run that is not read again says nothing against what it said before"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/#/models", "MLflow answers; 3 registered models can be read"),
        ("/no/such/place", "answers with a web page, not with the API"),
    ],
)
async def test_registries_test_says_in_one_line_what_answers(mlflow: Mlflow, path: str, says: str) -> None:
    registry = Registry("r", "ml", kind="mlflow", address=mlflow.base + path)
    try:
        said = await probe(registry, connector(environ=ENVIRON))
    except RemoteError as error:
        said = str(error)
    assert says in said
    assert "\n" not in said


@pytest.mark.soak
async def test_five_thousand_versions_with_metrics_take_few_requests(mlflow_bulk: Mlflow) -> None:
    registry = Registry("r", "ml", kind="mlflow", address=mlflow_bulk.base)
    first = await read(registry, connector(environ=ENVIRON, today=TODAY))
    assert first.delivery is not None, first.error
    assert len(list(first.delivery.versions)) == 5000
    assert len(list(first.delivery.measurements)) == 30_000
    assert first.requests <= 20
    registry.state.update(first.delivery.state)
    again = await read(registry, connector(environ=ENVIRON, today=TODAY))
    assert again.requests <= 3
    assert again.delivery is not None
    assert len(list(again.delivery.versions)) == 5000
