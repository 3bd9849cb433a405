"""ML Metadata read from SQLite files: the captured TFX store, the two Kubeflow conventions, and files that are none."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from remotes import FIXTURES, collect, probe

from store.delivery import Delivery
from store.records import Assignment, Metric, Registry, Version
from store.registries.errors import RemoteError
from store.registries.mlmd import ADAPTER
from store.review.way import way

SQL = (FIXTURES / "mlmd" / "store.sql").read_text()
DAY = 86_400_000
METRICS = {n: Metric(n, n, rank=r) for r, n in enumerate(("accuracy", "auc", "latency_ms", "ndcg"))}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "meta data.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SQL)
    return path


def registry(address: Path | str, **settings: str) -> Registry:
    return Registry("r", "tfx", kind="mlmd", address=str(address), settings=settings)


def versions(found: Delivery) -> dict[str, Version]:
    return {v.key: v for v in found.versions}


def change(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


async def test_a_tfx_store_gives_models_with_evaluation_data_and_what_became_of_them(store: Path) -> None:
    before = store.read_bytes()
    found, _ = await collect(ADAPTER, registry(store))
    known = versions(found)
    assert {k: v.value("remote_stage") for k, v in known.items()} == {
        "tfx/churn-model@1": "Staging",
        "tfx/churn-model@2": "Production",
        "tfx/churn-model@3": "Not blessed",
        "tfx/churn-model@99": "Archived",
    }
    two = known["tfx/churn-model@2"]
    assert {m.metric: m.value for m in found.measurements if m.version == two.key} == {
        "accuracy": 0.874, "auc": 0.91, "latency_ms": 7.5,
    }  # fmt: skip
    assert two.value("created") == "2026-11-23"
    assert two.lineage.data == "examples-2 span 2"
    assert two.lineage.data_hash == "s3://ml/churn/examples/2"
    assert two.lineage.commit == "2a1d0e9f2a1d0e9f2a1d0e9f2a1d0e9f2a1d0e9f"
    assert two.lineage.run.startswith("churn-pipeline.2026-01-02T00:00:00 · train-2 · tfx.components.trainer")
    assert two.lineage.parameters["train_args"] == '{"num_steps": 1000}'
    assert two.lineage.artifact == "s3://ml/churn/model/2"
    assert "framework=tensorflow" in two.tags
    measured = [m for m in found.measurements if m.version == two.key]
    running = Assignment("a", "churn", two.key, since=date(2026, 11, 24))
    assert [(s.kind, s.name, s.detail, s.at) for s in way(two, measured, [running], METRICS)] == [
        ("data", "examples-2 span 2", "s3://ml/churn/examples/2", "2026-11-23"),
        ("execution", "train-2", "Trainer", "2026-11-23"),
        ("model", two.key, "s3://ml/churn/model/2", "2026-11-23"),
        ("evaluation", "evaluate-2", "Evaluator · blessed · accuracy 0.874 · auc 0.91 · latency_ms 7.5", "2026-11-23"),
        ("pushed", "pushed-2", "s3://serving/churn/1767225602", "2026-11-23"),
        ("runs", "churn", "Production · default", "2026-11-24"),
    ]
    assert [s.detail for s in known["tfx/churn-model@3"].way if s.kind == "evaluation"] == ["Evaluator · not blessed"]
    assert known["tfx/churn-model@99"].value("remote_status") == "DELETED"
    assert store.read_bytes() == before
    assert await probe(ADAPTER, registry(store)) == f"{store} can be read; 4 models among 14 artifacts"


KUBEFLOW = f"""
INSERT INTO Type(id, name, type_kind) VALUES
  (50,'system.Model',1),(51,'system.Metrics',1),(52,'system.ContainerExecution',0),(53,'system.PipelineRun',2),
  (54,'system.Dataset',1),(60,'kf.RegisteredModel',2),(61,'kf.ModelVersion',2),(62,'kf.ModelArtifact',1);
INSERT INTO Artifact(id, type_id, uri, state, name, create_time_since_epoch, last_update_time_since_epoch) VALUES
  (50,50,'gs://b/ranker/model',2,NULL,{DAY * 20000},{DAY * 20001}),(51,51,'gs://b/m',2,NULL,0,0),
  (52,54,'gs://b/d',2,'clicks',0,0),(60,62,'s3://b/fraud/1',2,'fraud-1',{DAY * 20002},{DAY * 20002}),
  (61,62,'s3://b/fraud/0',2,'fraud-0',0,0);
INSERT INTO ArtifactProperty(artifact_id, name, is_custom_property, string_value) VALUES
  (50,'display_name',1,'ranker'),(60,'use_case',1,'fraud'),(52,'digest',1,'d1'),
  (50,'labels',1,'mlmd-struct::CgQKAmE=');
INSERT INTO ArtifactProperty(artifact_id, name, is_custom_property, double_value) VALUES (51,'ndcg',1,0.71);
INSERT INTO Execution(id, type_id, last_known_state, name) VALUES (50,52,3,'train-ranker');
INSERT INTO Event(artifact_id, execution_id, type) VALUES (52,50,3),(50,50,4),(51,50,4);
INSERT INTO Context(id, type_id, name) VALUES
  (50,53,'run-7'),(60,60,'fraud'),(61,61,'60:v1.0'),(62,61,'60:v0.9');
INSERT INTO ContextProperty(context_id, name, is_custom_property, string_value) VALUES
  (61,'description',0,'first'),(61,'state',0,'LIVE'),(62,'state',0,'ARCHIVED'),(50,'image',1,'img@sha256:1');
INSERT INTO ParentContext(context_id, parent_context_id) VALUES (61,60),(62,60);
INSERT INTO Attribution(context_id, artifact_id) VALUES (61,60),(62,61);
INSERT INTO Association(context_id, execution_id) VALUES (50,50);
"""


async def test_kubeflow_pipelines_and_its_model_registry(store: Path) -> None:
    change(store, KUBEFLOW)
    found, _ = await collect(ADAPTER, registry(store))
    known = versions(found)
    ranker = known["tfx/ranker@50"]
    assert {m.metric: m.value for m in found.measurements if m.version == ranker.key} == {"ndcg": 0.71}
    assert [str(s) for s in ranker.way] == [
        "data clicks · gs://b/d", "execution train-ranker · ContainerExecution",
    ]  # fmt: skip
    measured = [m for m in found.measurements if m.version == ranker.key]
    assert way(ranker, measured, [], METRICS)[1].detail == "ContainerExecution · ndcg 0.71"
    assert ranker.lineage.run == "run-7 · train-ranker · system.ContainerExecution"
    assert (ranker.lineage.data, ranker.lineage.data_hash) == ("clicks", "d1")
    assert ranker.lineage.environment == "img@sha256:1"
    assert ranker.value("remote_stage") is None, "nothing says what became of it"
    fraud = known["tfx/fraud@v1.0"]
    assert fraud.changes == "first"
    assert known["tfx/fraud@v0.9"].value("remote_stage") == "Archived"
    assert [(a.use_case, a.version) for a in found.assignments] == [("fraud", "tfx/fraud@v1.0")]


def fraud_as_kubeflow_keeps_it(found: Delivery) -> None:
    """What `mlmd_store.py kubeflow` put in: two runs of a pipeline, two registered versions, one of them archived."""
    known = versions(found)
    pipeline = {v.lineage.run.partition(" ")[0]: v for v in known.values() if v.model == "fraud-pipeline"}
    assert sorted(pipeline) == ["run-1-b7c1", "run-2-b7c1"]
    one = pipeline["run-1-b7c1"]
    assert [(s.kind, s.name, s.detail) for s in one.way] == [
        ("data", "tx-1", "minio://risk/tx-1"),
        ("execution", "run-1/train", "ContainerExecution"),
    ]
    assert (one.lineage.commit, one.lineage.environment) == ("c1" * 20, "risk/train@sha256:1")
    assert {m.metric: m.value for m in found.measurements if m.version == one.key} == {"precision": 0.71}
    assert {k: v.value("remote_stage") for k, v in known.items() if v.model == "fraud"} == {
        "tfx/fraud@v1.0": "Archived", "tfx/fraud@v2.0": None,
    }  # fmt: skip
    assert known["tfx/fraud@v2.0"].changes == "release 2"
    assert [(a.use_case, a.version) for a in found.assignments] == [("fraud", "tfx/fraud@v2.0")], "not the archived one"


async def test_a_captured_store_of_kubeflow(tmp_path: Path) -> None:
    path = tmp_path / "kubeflow.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((FIXTURES / "mlmd" / "kubeflow.sql").read_text())
    found, _ = await collect(ADAPTER, registry(path))
    fraud_as_kubeflow_keeps_it(found)


@pytest.mark.soak
async def test_stores_that_the_real_ml_metadata_makes_now(tmp_path: Path, mlmd_home: Path) -> None:
    script = Path(__file__).parent / "servers/mlmd_store.py"
    for convention, more in (("tfx", ["--models", "5000"]), ("kubeflow", [])):
        command = [str(mlmd_home / "env/bin/python"), str(script), convention, str(tmp_path / convention), *more]
        subprocess.run(command, check=True, capture_output=True)
    fraud_as_kubeflow_keeps_it((await collect(ADAPTER, registry(tmp_path / "kubeflow")))[0])
    found, _ = await collect(ADAPTER, registry(tmp_path / "tfx"))
    assert len(list(found.versions)) == 5001
    rank = versions(found)["tfx/rank@7"]
    assert [(s.kind, s.name) for s in rank.way] == [
        ("data", "examples-7 span 7"), ("execution", "train-7"), ("evaluation", "evaluate-7"), ("pushed", "pushed-7"),
    ]  # fmt: skip
    assert rank.value("remote_stage") == "Production"
    assert rank.lineage.commit == "4c3f" * 10


async def test_types_of_one_s_own_and_older_schemas(store: Path) -> None:
    change(
        store,
        "ALTER TABLE ArtifactProperty DROP COLUMN bool_value; ALTER TABLE ArtifactProperty DROP COLUMN proto_value;"
        "UPDATE MLMDEnv SET schema_version = 6; INSERT INTO Type(id, name, type_kind) VALUES (70,'Forest',1);"
        "INSERT INTO Artifact(id, type_id, uri, name) VALUES (70,70,'s3://f/1','oak');",
    )
    found, _ = await collect(ADAPTER, registry(store, model_types="Forest, Bush"))
    assert {"tfx/oak@70", "tfx/churn-model@2"} <= set(versions(found))
    assert versions(found)["tfx/oak@70"].facts == {}, "nothing is dated, so nothing is claimed"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("UPDATE MLMDEnv SET schema_version = 11", "has schema version 11; 6 to 10 can be read; a newer modeltui"),
        ("UPDATE MLMDEnv SET schema_version = 4", "has schema version 4; .* upgrade a copy"),
        ("DELETE FROM MLMDEnv", "has schema version None"),
        ("DROP TABLE MLMDEnv", "no store of ML Metadata"),
        ("DROP TABLE Event", "has not the tables of ML Metadata"),
    ],
)
async def test_a_store_of_another_shape_is_refused(store: Path, script: str, said: str) -> None:
    change(store, script)
    with pytest.raises(RemoteError, match=said):
        await collect(ADAPTER, registry(store))


async def test_files_that_cannot_be_read_have_a_sentence(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.sqlite"
    page.write_text("<!doctype html><html></html>")
    secret = tmp_path / "secret.sqlite"
    secret.write_bytes(bytes(range(256)) * 40)
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    cut = tmp_path / "cut.sqlite"
    cut.write_bytes(store.read_bytes()[: 3 * 4096])
    for address, said in [
        (tmp_path / "nothing.sqlite", "there is no file"),
        (page, "no SQLite file, or it is encrypted"),
        (secret, "no SQLite file, or it is encrypted"),
        (empty, "is empty"),
        (cut, "is damaged|is encrypted or damaged|has not the tables"),
        ("https://host/x.sqlite", "read from a path"),
        ("", "has no address"),
    ]:
        with pytest.raises(RemoteError, match=said):
            await collect(ADAPTER, registry(address))
    monkeypatch.setattr("store.registries.mlmd.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(store, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RemoteError, match="is locked by a program that writes to it"):
            await collect(ADAPTER, registry(store))


async def test_a_store_without_models_says_so(store: Path) -> None:
    change(store, "DELETE FROM Artifact WHERE type_id = 11")
    found, _ = await collect(ADAPTER, registry(store))
    assert found.notes == (
        "there is no model in it: no artifact of a type such as Model, system.Model, kf.ModelArtifact",
    )
