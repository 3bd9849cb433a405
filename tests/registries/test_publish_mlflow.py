"""Publishing to the real MLflow, and syncing from there into a second store."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Mlflow
from remotes import TODAY

from store import publish, sync
from store.catalog import Catalog, fixed_clock
from store.outgoing import Writes
from store.publish import Result
from store.records import Registry, UseCase
from store.sync_run import connector, read

HOW = connector(environ={"HOME": "/nonexistent"}, today=TODAY)
ONE, TWO, THREE = (f"ml/churn-classifier@{n}" for n in (1, 2, 3))
UNTOLD = "ml/support-summariser@2"


def stores(tmp_path: Path, mlflow: Mlflow, name: str) -> Catalog:
    catalog = Catalog.open(tmp_path / f"{name}.json", actor=name, clock=fixed_clock(TODAY))
    catalog.add_registry(Registry("", "ml", kind="mlflow", address=mlflow.base))
    return catalog


@pytest.fixture
def ann(tmp_path: Path, mlflow: Mlflow) -> Iterator[Catalog]:
    with stores(tmp_path, mlflow, "ann") as catalog:
        yield catalog


@pytest.fixture
def ben(tmp_path: Path, mlflow: Mlflow) -> Iterator[Catalog]:
    with stores(tmp_path, mlflow, "ben") as catalog:
        yield catalog


async def synced(catalog: Catalog) -> sync.Plan:
    run = await read(catalog.registry("ml"), HOW)
    assert run.error == ""
    assert run.delivery is not None
    wanted = sync.plan(catalog, "ml", run.delivery)
    sync.apply(catalog, wanted)
    return wanted


async def published(catalog: Catalog, **how: bool) -> tuple[Writes, Result]:
    wanted = await publish.plan(catalog, catalog.registry("ml"), HOW, **how)
    return wanted, await publish.carry_out(catalog, catalog.registry("ml"), HOW, wanted, **how)


def moved(server: Mlflow, alias: str, version: str) -> None:
    body = json.dumps({"name": "churn-classifier", "alias": alias, "version": version}).encode()
    url = f"{server.base}/api/2.0/mlflow/registered-models/alias"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"})).close()


async def test_a_second_store_sees_stages_progress_and_verdict(ann: Catalog, ben: Catalog, mlflow: Mlflow) -> None:
    await synced(ann)
    ann.remove_use_case("churn")
    ann.add_use_case(UseCase("u1", "retention", owner="ann"))
    ann.assign("retention", TWO)
    ann.start_upgrade("retention", THREE)
    upgrade = ann.upgrade("retention")
    ann.tick_item(upgrade.uid, next(iter(upgrade.items)), "done")
    ann.assign("retention", THREE, stage="Staging")
    before = ann.version(ONE)
    wanted, done = await published(ann)
    assert (done.error, done.left, done.differs) == ("", [], [])
    fields: dict[Any, Any] = {(w.subject, w.field): w.after for w in wanted.writes}
    assert fields["churn-classifier", "alias production"] == "2"
    assert fields["churn-classifier", "alias staging"] == "3"
    assert fields[TWO, "modeltui.retention.stage"] == "Production"
    assert fields[THREE, "modeltui.retention.progress"].startswith("1/")
    assert (await publish.plan(ann, ann.registry("ml"), HOW)).writes == [], "again, nothing is written"
    assert ann.version(ONE) == before

    await synced(ben)
    assert {a.version: a.stage for a in ben.runs_in("retention")} == {TWO: "Production", THREE: "Staging"}
    said = ben.version(THREE).value("published_retention")
    verdict = ann.verdict_of(ann.upgrade("retention"))
    assert verdict is not None
    assert said.startswith(f"Staging · {verdict.verdict} · checklist 1/")
    (mine,) = (s.said for s in publish.outgoing(ann, ann.registry("ml")).standings if s.version.key == THREE)
    assert said == mine.text
    assert mine.record[:12] in said, "the hash of the upgrade's record"
    assert not any(tag.startswith("modeltui.") for tag in ben.version(TWO).tags)
    assert (await synced(ben)).rewritten == []

    # what changed is told there where nothing is told yet, and never over what is
    for key in (ONE, UNTOLD):
        known = ann.version(key)
        ann.edit_version(replace(known, changes="Deeper trees.", local=(*known.local, "changes")), known)
    wanted, done = await published(ann)
    assert (done.error, done.differs) == ("", [])
    assert [(w.subject, w.field, w.after) for w in wanted.writes] == [(UNTOLD, "description", "Deeper trees.")]
    await synced(ben)
    assert ben.version(UNTOLD).changes == "Deeper trees."

    # somebody moves the alias in MLflow: drift here, and a conflict for who publishes
    moved(mlflow, "production", "1")
    moved(mlflow, "champion", "1")
    plan = await synced(ben)
    drift = [(d.field, d.remote) for d in plan.drift if d.use_case == "retention" and d.recorded == TWO]
    assert drift == [("version", ONE)]
    wanted, done = await published(ann)
    (conflict,) = [w for w in wanted.writes if w.conflict]
    assert (conflict.field, conflict.before, conflict.after) == ("alias production", "1", "2")
    assert done.written == []
    _, done = await published(ann, take_ours=True)
    assert (done.error, done.differs) == ("", [])
    assert not [d for d in (await synced(ben)).drift if d.use_case == "retention"]


async def test_a_server_that_refuses_in_the_middle(ann: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    from store.registries.errors import RemoteError
    from store.registries.mlflow_publish import MlflowPublisher

    await synced(ann)
    ann.add_use_case(UseCase("u9", "summaries", owner="ann"))
    ann.assign("summaries", "ml/support-summariser@2")
    write, sent = MlflowPublisher.write, []

    async def breaking(self: MlflowPublisher, registry: Registry, client: Any, one: Any, push: bool) -> None:
        if sent:
            raise RemoteError("broken", "the server has trouble of its own (503); try again later")
        sent.append(one)
        await write(self, registry, client, one, push)

    monkeypatch.setattr(MlflowPublisher, "write", breaking)
    wanted, done = await published(ann)
    assert done.error.startswith("the server has trouble")
    assert (len(done.written), len(done.left)) == (1, len(wanted.writes) - 1)
    monkeypatch.setattr(MlflowPublisher, "write", write)
    again, done = await published(ann)
    assert [w.field for w in again.writes] == [w.field for w in wanted.writes[1:]]
    assert done.differs == []
