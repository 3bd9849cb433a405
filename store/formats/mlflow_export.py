"""Files that MLflow, or a tool that exports it, wrote: registered models, their versions and runs.

Read are the answers of MLflow's REST API as JSON (`registered_models`, `model_versions`, `runs`, together or alone) and
the `model.json` of mlflow-export-import, in which `mlflow.registered_model` holds the model with its `versions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from store.delivery import Delivery, joined
from store.formats import mlflow, mlflow_wire
from store.formats.wire import shaped

_WHAT = "the file of MLflow"


def looks_like_mlflow(document: Any) -> bool:
    """True where a JSON document can be such a file."""
    return isinstance(document, dict) and any(True for _ in _models(document) | _listed(document, "model_versions"))


def parse_mlflow(document: Mapping[str, Any], provider: str) -> Delivery:
    """Read the versions with what their runs measured.

    Args:
        document: the parsed JSON.
        provider: of the keys, `mlflow` where nobody says otherwise.

    Raises:
        WireFault: a field has another type than MLflow ever writes.
    """
    models = _models(document).values()
    raw = list(_listed(document, "model_versions").values())
    raw += [version for model in models for version in _list(model, "versions") + _list(model, "latest_versions")]
    versions = mlflow.distinct(shaped(mlflow_wire.VersionsPage, {"model_versions": raw}, _WHAT).model_versions or ())
    heads = mlflow.heads(
        shaped(mlflow_wire.ModelsPage, {"registered_models": list(models)}, _WHAT).registered_models or ()
    )
    runs = shaped(mlflow_wire.RunsPage, {"runs": list(_runs(document, raw))}, _WHAT).runs or ()
    by_id = {run.info.run_id: run for run in runs}
    source = mlflow.Source(provider)
    rows = [
        mlflow.Row(v, heads.get(v.name, mlflow.Head()), by_id.get(v.run_id or ""), read=v.run_id in by_id)
        for v in versions
    ]
    return replace(joined([mlflow.deliver(source, rows), mlflow.assignments(source, versions)]), complete=False)


def _models(document: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    inner = document.get("mlflow")
    single = [document.get("registered_model"), inner.get("registered_model") if isinstance(inner, dict) else None]
    found = [m for m in [*_list(document, "registered_models"), *single] if isinstance(m, dict) and "name" in m]
    return dict(enumerate(found))


def _listed(document: Mapping[str, Any], name: str) -> dict[int, dict[str, Any]]:
    return {i: v for i, v in enumerate(_list(document, name)) if "name" in v and "version" in v}


def _list(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = document.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _runs(document: Mapping[str, Any], versions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield from (run for run in _list(document, "runs") if "info" in run)
    yield from (v["run"] for v in versions if isinstance(v.get("run"), dict) and "info" in v["run"])
