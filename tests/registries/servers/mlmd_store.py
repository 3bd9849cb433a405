"""Stores made by the real ml-metadata, in its own environment: mlmd_store.py CONVENTION FILE [--models N].

`tfx` is a pipeline with data, training, evaluation, blessing and a push; `kubeflow` a pipeline's run beside the model
registry of Kubeflow, which keeps models and versions as contexts.
"""

import argparse

from ml_metadata.metadata_store.metadata_store import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as proto

KINDS = {str: proto.STRING, int: proto.INT, float: proto.DOUBLE, bool: proto.BOOLEAN}
FIELDS = {str: "string_value", int: "int_value", float: "double_value", bool: "bool_value"}


class Writer:
    """Nodes with a type that is made on first use; `own` are properties of the type, the rest custom ones."""

    def __init__(self, path):
        config = proto.ConnectionConfig()
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = proto.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self.store = MetadataStore(config)

    def _node(self, kind, type_kind, type_name, name, own, custom, **more):
        made = type_kind(name=type_name, properties={k: KINDS[type(v)] for k, v in own.items()})
        put = {
            proto.ArtifactType: self.store.put_artifact_type,
            proto.ExecutionType: self.store.put_execution_type,
            proto.ContextType: self.store.put_context_type,
        }[type_kind]
        node = kind(type_id=put(made, can_add_fields=True, can_omit_fields=True), **more)
        if name:
            node.name = name
        for values, target in ((own, node.properties), (custom, node.custom_properties)):
            for key, value in values.items():
                if isinstance(value, dict):
                    target[key].struct_value.update(value)
                else:
                    setattr(target[key], FIELDS[type(value)], value)
        return node

    def artifact(self, type_name, name, uri, own=None, state=proto.Artifact.LIVE, **custom):
        node = self._node(proto.Artifact, proto.ArtifactType, type_name, name, own or {}, custom, uri=uri, state=state)
        return self.store.put_artifacts([node])[0]

    def execution(self, type_name, name, reads=(), writes=(), own=None, **custom):
        node = self._node(
            proto.Execution, proto.ExecutionType, type_name, name, own or {}, custom,
            last_known_state=proto.Execution.COMPLETE,
        )  # fmt: skip
        found = self.store.put_executions([node])[0]
        events = [proto.Event(artifact_id=a, execution_id=found, type=proto.Event.INPUT) for a in reads]
        events += [proto.Event(artifact_id=a, execution_id=found, type=proto.Event.OUTPUT) for a in writes]
        self.store.put_events(events)
        return found

    def context(self, type_name, name, artifacts=(), executions=(), parent=None, own=None, **custom):
        node = self._node(proto.Context, proto.ContextType, type_name, name, own or {}, custom)
        found = self.store.put_contexts([node])[0]
        self.store.put_attributions_and_associations(
            [proto.Attribution(artifact_id=a, context_id=found) for a in artifacts],
            [proto.Association(execution_id=e, context_id=found) for e in executions],
        )
        if parent is not None:
            self.store.put_parent_contexts([proto.ParentContext(child_id=found, parent_id=parent)])
        return found


def tfx(to):
    data = to.artifact("Examples", "examples-7", "s3://ml/rank/examples/7", {"span": 7, "version": 0})
    model = to.artifact("Model", "rank:7", "s3://ml/rank/model/7", {"name": "rank", "version": 7}, framework="jax")
    figures = to.artifact("ModelEvaluation", "eval-7", "s3://ml/rank/eval/7", ndcg=0.71, latency_ms=8.5)
    blessing = to.artifact("ModelBlessing", "blessing-7", "s3://ml/rank/blessing/7", blessed=1)
    pushed = to.artifact("PushedModel", "pushed-7", "s3://serving/rank/7", pushed=1)
    train = to.execution("tfx.components.Trainer", "train-7", [data], [model], {"component_id": "Trainer"}, seed=11)
    judge = to.execution("tfx.components.Evaluator", "evaluate-7", [model, data], [figures, blessing])
    push = to.execution("tfx.components.Pusher", "push-7", [model, blessing], [pushed])
    everything = ([data, model, figures, blessing, pushed], [train, judge, push])
    to.context("pipeline_run", "rank.2026-11-01", *everything, own={"git_commit": "4c3f" * 10})


def kubeflow(to):
    registered = to.context("kf.RegisteredModel", "fraud", own={"state": "LIVE", "owner": "risk"})
    for number, precision, state in ((1, 0.71, "ARCHIVED"), (2, 0.88, "LIVE")):
        uri = f"minio://risk/model-{number}"
        data = to.artifact("system.Dataset", None, f"minio://risk/tx-{number}", {"display_name": f"tx-{number}"})
        model = to.artifact("system.Model", None, uri, {"display_name": "fraud-pipeline"}, framework="lightgbm")
        figures = to.artifact(
            "system.Metrics", None, "", {"display_name": "metrics"}, precision=precision, detail={"threshold": 0.5}
        )
        train = to.execution(
            "system.ContainerExecution",
            f"run-{number}/train",
            [data],
            [model, figures],
            {"image": "risk/train@sha256:1"},
        )
        run = f"run-{number}-b7c1"
        to.context("system.PipelineRun", run, [data, model, figures], [train], commit=f"c{number}" * 20)
        kept = to.artifact(
            "kf.ModelArtifact", f"fraud-{number}", uri, {"model_format_name": "lightgbm"}, use_case="fraud"
        )
        said = {"description": f"release {number}", "state": state}
        to.context("kf.ModelVersion", f"{registered}:v{number}.0", [kept], parent=registered, own=said)


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("convention", choices=("tfx", "kubeflow"))
parser.add_argument("file")
parser.add_argument("--models", type=int, default=0, help="so many more models, for measuring")
given = parser.parse_args()
writer = Writer(given.file)
{"tfx": tfx, "kubeflow": kubeflow}[given.convention](writer)
for n in range(given.models):
    writer.artifact("Model", f"bulk:{n}", f"s3://b/{n}", {"name": f"m{n % 200}", "version": n // 200}, accuracy=n / 1e6)
