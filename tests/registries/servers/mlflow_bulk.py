"""Fill an MLflow sqlite store, whose schema the server has made, with many versions by SQL.

Usage: python mlflow_bulk.py mlflow.db --models 200 --versions 25
gives 5,000 versions, each with a run of 6 metrics, 3 parameters and 4 tags.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import uuid
from collections.abc import Iterator

START = 1_700_000_000_000
RUN_COLUMNS = "run_uuid,name,source_type,user_id,status,start_time,end_time,lifecycle_stage,artifact_uri,experiment_id"


def fill(path: str, models: int, versions: int) -> None:
    """Add the models and commit."""
    db, chance = sqlite3.connect(path), random.Random(7)
    db.execute(
        "insert or ignore into experiments(experiment_id,name,artifact_location,lifecycle_stage,creation_time,"
        "last_update_time,workspace) values(100,'bulk','mlflow-artifacts:/100','active',?,?,'default')",
        (START, START),
    )
    for m in range(models):
        name = f"bulk-model-{m:04d}"
        db.execute("insert into registered_models values(?,?,?,?,'default')", (name, START, START + m, f"bulk {m}"))
        use_case = chance.choice(["churn", "fraud", "ocr", "chat"])
        db.execute("insert into registered_model_tags values('use_case',?,?,'default')", (use_case, name))
        for v in range(1, versions + 1):
            stage = {versions - 1: "Production", versions: "Staging"}.get(v, "Archived" if v < versions - 5 else "None")
            _version(db, chance, name, v, stage, START + m * 100_000 + v * 1000)
        for alias, v in (("champion", versions - 1), ("challenger", versions)):
            db.execute("insert into registered_model_aliases values(?,?,?,'default')", (alias, v, name))
    db.commit()
    db.close()


def _version(db: sqlite3.Connection, chance: random.Random, name: str, v: int, stage: str, at: int) -> None:
    run = uuid.UUID(int=chance.getrandbits(128)).hex
    artifacts = f"mlflow-artifacts:/100/{run}/artifacts"
    db.execute(
        f"insert into runs({RUN_COLUMNS}) values(?,?,'UNKNOWN','','FINISHED',?,?,'active',?,100)",
        (run, f"run-{name}-{v}", at, at + 500, artifacts),
    )
    for metric, value in _metrics(chance):
        db.execute("insert into latest_metrics values(?,?,?,0,0,?)", (metric, value, at, run))
        db.execute("insert into metrics values(?,?,?,?,0,0)", (metric, value, at, run))
    for param in ("lr", "depth", "seed"):
        db.execute("insert into params values(?,?,?)", (param, str(chance.randint(1, 9)), run))
    commit = uuid.UUID(int=chance.getrandbits(128)).hex + "00000000"
    tags = {"mlflow.user": "bulk", "mlflow.source.git.commit": commit, "mlflow.source.name": "train.py"}
    for tag, text in {**tags, "mlflow.runName": f"run-{name}-{v}"}.items():
        db.execute("insert into tags values(?,?,?)", (tag, text, run))
    db.execute(
        "insert into model_versions values(?,?,?,?,?,NULL,?,?,?,'READY',NULL,NULL,NULL,'default')",
        (name, v, at, at, f"version {v} of {name}: retrained", stage, f"{artifacts}/model", run),
    )
    for tag, text in (("framework", "xgboost"), ("data_version", f"d{v}")):
        db.execute("insert into model_version_tags values(?,?,?,?,'default')", (tag, text, name, v))


def _metrics(chance: random.Random) -> Iterator[tuple[str, float]]:
    yield "accuracy", 0.7 + 0.25 * chance.random()
    yield "f1", 0.6 + 0.3 * chance.random()
    yield "loss", chance.random()
    yield "latency_ms", 5 + 50 * chance.random()
    yield "throughput_rps", 100 + 400 * chance.random()
    yield "cost_per_1k", chance.random() / 100


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("db")
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--versions", type=int, default=25)
    given = parser.parse_args()
    fill(given.db, given.models, given.versions)
