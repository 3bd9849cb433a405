"""Fill a running MLflow server over its REST API with three models, their runs, metrics, data sets and a prompt.

Usage: python mlflow_populate.py --base http://127.0.0.1:5601
One metric is NaN, one infinite, one run is deleted afterwards, one version has no run, one model no version.
"""

from __future__ import annotations

import argparse
import json
import time
import urllib.error
import urllib.request
from typing import Any

EXPERIMENT = "churn-prediction"
REPOSITORY = "https://mira:s3cr3t@git.example.com/ml/churn.git"
MODELS: dict[str, Any] = {
    "churn-classifier": {
        "description": "Predicts 30 day churn for retail customers",
        "tags": {"use_case": "customer churn", "team": "growth"},
        "aliases": {"champion": 2, "challenger": 3, "latest-stable": 2},
        "versions": [
            {
                "description": "baseline logistic regression",
                "stage": "Archived",
                "commit": "1f0c9d4e5b6a79881a2b3c4d5e6f708192a3b4c5",
                "metrics": {"accuracy": 0.812, "f1": 0.774, "latency_ms": 4.1},
                "params": {"C": "1.0", "solver": "lbfgs"},
                "tags": {"framework": "sklearn"},
            },
            {
                "description": "gradient boosting, new features",
                "stage": "Production",
                "commit": "2a1d0e9f8c7b6a5948372615f0e1d2c3b4a59687",
                "metrics": {"accuracy": 0.874, "f1": 0.842, "latency_ms": 7.9, "loss": float("inf")},
                "params": {"n_estimators": "400", "seed": "17"},
                "tags": {"framework": "xgboost", "changes": "added tenure and support-ticket features"},
            },
            {
                "description": "same as v2 but calibrated",
                "stage": "Staging",
                "commit": "3b2e1f0a9d8c7b6a594837261504f3e2d1c0b9a8",
                "metrics": {"accuracy": 0.881, "f1": 0.851, "auc": float("nan")},
                "params": {"n_estimators": "400", "calibration": "isotonic"},
                "tags": {"framework": "xgboost", "use_case": "churn"},
            },
        ],
    },
    "support-summariser": {
        "description": "LLM prompt chain for ticket summaries (Zusammenfassung ✓)",
        "tags": {"use_case": "summarisation"},
        "aliases": {"prod": 1},
        "versions": [
            {
                "description": "gpt-4o-mini chain",
                "stage": "None",
                "commit": None,
                "metrics": {"rouge_l": 0.41, "tokens_per_second": 92.5},
                "params": {"model": "gpt-4o-mini", "temperature": "0.2"},
                "tags": {"price_in_per_m": "0.15", "price_out_per_m": "0.60"},
            },
            {"description": "", "stage": "None", "tags": {}, "run": False},
        ],
    },
    "empty-model": {"description": "registered, no versions yet", "tags": {}, "aliases": {}, "versions": []},
}


class Rest:
    """Calls of one server."""

    def __init__(self, base: str) -> None:
        self._root = f"{base}/api/2.0/mlflow/"

    def __call__(self, method: str, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self._root + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path} -> {error.code} {error.read()[:400]!r}") from error


def pairs(table: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in table.items()]


def text(value: float) -> float | str:
    return "NaN" if value != value else "Infinity" if value == float("inf") else value


def log_run(rest: Rest, experiment: str, name: str, number: int, version: dict[str, Any]) -> tuple[str, str]:
    """A run with its logged model; both ids."""
    tags = {"mlflow.user": "mira", "mlflow.source.name": "train.py"}
    if version["commit"]:
        git = {"commit": version["commit"], "repoURL": REPOSITORY, "branch": "main"}
        tags |= {f"mlflow.source.git.{key}": value for key, value in git.items()}
    now = int(time.time() * 1000)
    body: dict[str, Any] = {"experiment_id": experiment, "run_name": f"{name}-{number}", "start_time": now}
    run = rest("POST", "runs/create", {**body, "tags": pairs(tags)})["run"]["info"]["run_id"]
    body = {"experiment_id": experiment, "name": f"model-{number}", "source_run_id": run, "model_type": "sklearn"}
    logged = rest("POST", "logged-models", {**body, "params": pairs(version["params"])})["model"]["info"]["model_id"]
    data = {
        "name": f"{EXPERIMENT}-train",
        "digest": f"d{number:07d}",
        "source_type": "http",
        "source": json.dumps({"url": f"https://data.example.com/{EXPERIMENT}/v{number}.parquet"}),
    }
    use = [{"key": "mlflow.data.context", "value": "training"}]
    rest("POST", "runs/log-inputs", {"run_id": run, "datasets": [{"tags": use, "dataset": data}], "models": []})
    metrics = [
        {"key": key, "value": text(value), "timestamp": now, "step": 0} for key, value in version["metrics"].items()
    ]
    # an earlier value, which must not count
    first = next(iter(version["metrics"]))
    metrics.insert(0, {"key": first, "value": 0.1, "timestamp": now - 60_000, "step": -1})
    rest("POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": pairs(version["params"]), "tags": []})
    where = {"model_id": logged, "dataset_name": data["name"], "dataset_digest": data["digest"]}
    measured = {"key": f"eval_{first}", "value": version["metrics"][first], "timestamp": now, "step": 0}
    rest("POST", "runs/log-metric", {"run_id": run, **measured, **where})
    rest("PATCH", f"logged-models/{logged}", {"model_id": logged, "status": "LOGGED_MODEL_READY"})
    rest("POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": int(time.time() * 1000)})
    return run, logged


def add_model(rest: Rest, experiment: str, name: str, model: dict[str, Any]) -> list[str]:
    """A registered model with its versions; the runs' ids."""
    head = {"name": name, "description": model["description"], "tags": pairs(model["tags"])}
    rest("POST", "registered-models/create", head)
    runs = []
    for number, version in enumerate(model["versions"], 1):
        body: dict[str, Any] = {"name": name, "description": version["description"], "tags": pairs(version["tags"])}
        if version.get("run", True):
            run, logged = log_run(rest, experiment, name, number, version)
            runs.append(run)
            body |= {"source": f"models:/{logged}", "run_id": run, "model_id": logged}
        else:
            body |= {"source": f"s3://ml-bucket/{name}/{number}"}
        rest("POST", "model-versions/create", body)
        if version["stage"] != "None":
            move = {"name": name, "version": str(number), "stage": version["stage"], "archive_existing_versions": False}
            rest("POST", "model-versions/transition-stage", move)
    for alias, number in model["aliases"].items():
        rest("POST", "registered-models/alias", {"name": name, "alias": alias, "version": str(number)})
    return runs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", default="http://127.0.0.1:5601")
    rest = Rest(parser.parse_args().base)
    experiment = rest("POST", "experiments/create", {"name": EXPERIMENT})["experiment_id"]
    runs = {name: add_model(rest, experiment, name, model) for name, model in MODELS.items()}
    # prompts stand in the same registry
    prompt = {"mlflow.prompt.is_prompt": "true"}
    rest("POST", "registered-models/create", {"name": "ticket-prompt", "tags": pairs(prompt)})
    words = {"mlflow.prompt.text": "Summarise: {{text}}"}
    body = {"name": "ticket-prompt", "source": "prompt-template", "tags": pairs({**prompt, **words})}
    rest("POST", "model-versions/create", body)
    rest("POST", "runs/delete", {"run_id": runs["churn-classifier"][0]})
    print(json.dumps({"experiment_id": experiment, "runs": runs}))


if __name__ == "__main__":
    main()
